"""Register the listeners with Bolt and catch what they raise: people are answered all the same."""

import re
from typing import Any

import structlog
from slack_bolt import App, BoltResponse, Respond

from handlers.dispatch import BROKEN
from handlers.slack.edge import MISREAD, NO_DATABASE, Edge, Reply
from handlers.slack.listeners.clicks_and_submissions import Clicks, Submissions
from handlers.slack.listeners.commands import Commands
from handlers.slack.listeners.home import HomeOpened, Shortcut
from handlers.slack.listeners.mentions import Mentions
from handlers.slack.listeners.reactions import Reactions
from handlers.slack.listeners.routing import Router
from handlers.slack.parsing import Malformed, channel_of, first_field, person_of
from handlers.slack.scopes import HOME_OPENED, MENTION, REACTIONS, SHORTCUT
from handlers.slack.shared_edge import SharedEdge
from handlers.slack.workspace_guard import OTHER_WORKSPACE, ForeignWorkspace
from handlers.suggested import COMMAND, without_alias
from storage.engine import Unreachable

log = structlog.get_logger(__name__)

ANY = re.compile(".*", re.DOTALL)


def register(app: App, edge: Edge) -> None:
    """Attach the listeners; Bolt must run with ``process_before_response=True``."""
    commands, clicks, submissions, reactions = (
        Commands(edge),
        Clicks(edge),
        Submissions(edge),
        Reactions(edge),
    )
    app.command(COMMAND)(commands.listen)
    app.action(ANY)(clicks.listen)
    app.view(ANY)(submissions.listen)
    for event in REACTIONS:
        app.event(event)(reactions.listen)
    app.event(MENTION)(Mentions(edge).listen)
    app.event(HOME_OPENED)(HomeOpened(edge).listen)
    app.shortcut(SHORTCUT)(Shortcut(edge).listen)
    app.error(Failures(edge).answer)


def register_several(app: App, router: Router, shared_edge: SharedEdge) -> None:
    """Register what finds the tenant of each act first."""
    app.command(COMMAND)(router.command)
    app.action(ANY)(router.click)
    app.view(ANY)(router.submission)
    for event in REACTIONS:
        app.event(event)(router.reaction)
    app.event(MENTION)(router.mention)
    app.event(HOME_OPENED)(router.home_opened)
    app.shortcut(SHORTCUT)(router.shortcut)
    app.error(Failures(shared_edge).answer)


class Failures:
    """Answer for a listener that raised: tell a person; drop an event or leave it to be resent."""

    def __init__(self, edge: Edge | SharedEdge) -> None:
        self._edge = edge

    def answer(self, error: Exception, body: dict[str, Any], respond: Respond) -> BoltResponse:
        """Return what Slack gets in place of the listener's acknowledgement.

        Slack sends only events again, so only they may get 503.
        """
        told = _noted(error, str(body.get("type") or "command"))
        if "command" in body:
            return BoltResponse(status=200, body=without_alias(told))
        if body.get("type") in ("block_actions", "shortcut"):
            self._tell(told, body, respond)
            return BoltResponse(status=200)
        if body.get("type") == "view_submission":
            return _form_error(told, body)
        return BoltResponse(status=503 if _is_worth_sending_again(told, body) else 200)

    def _tell(self, told: str, body: dict[str, Any], respond: Respond) -> None:
        try:
            person, channel = person_of(body), channel_of(body)
        except Malformed:
            person = channel = ""
        self._edge.executor.follow(
            lambda: Reply(self._edge, respond, person=person, channel=channel).say(told)
        )


def _is_worth_sending_again(told: str, body: dict[str, Any]) -> bool:
    """Tell whether Slack shall resend: a reaction that could not be kept, not an unreadable one."""
    event = body.get("event")
    decides = isinstance(event, dict) and event.get("type") in REACTIONS
    return decides and told not in (MISREAD, OTHER_WORKSPACE)


def _noted(error: Exception, kind: str) -> str:
    """Log what went wrong; returns the sentence for the person."""
    if isinstance(error, ForeignWorkspace):
        log.warning("slack.other_workspace", kind=kind)
        return OTHER_WORKSPACE
    if isinstance(error, Malformed | KeyError | TypeError):
        # a KeyError repeats what was sent
        problem = str(error) if isinstance(error, Malformed) else type(error).__name__
        log.warning("slack.malformed", kind=kind, problem=problem)
        return MISREAD
    if isinstance(error, Unreachable):
        log.warning("slack.not_kept", kind=kind, problem=str(error))
        return NO_DATABASE
    log.error("slack.listener_failed", kind=kind, error=type(error).__name__, exc_info=error)
    return BROKEN


def _form_error(told: str, body: dict[str, Any]) -> BoltResponse:
    """The form stays open, so that nothing typed is lost; a form without fields has no place for a word."""
    field = first_field(body.get("view"))
    if not field:
        return BoltResponse(status=200)
    errors = {"response_action": "errors", "errors": {field: without_alias(told).replace("`", "")}}
    return BoltResponse(status=200, body=errors, headers={"content-type": "application/json"})
