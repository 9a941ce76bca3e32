"""Registers the few listeners with Bolt and catches, once, whatever a listener lets through."""

import re
from collections.abc import Callable
from typing import Any

import structlog
from slack_bolt import App, BoltResponse

from handlers.slack.actions import Clicks, Submissions
from handlers.slack.commands import Commands
from handlers.slack.edge import Edge
from handlers.slack.parsing import Malformed
from handlers.slack.reactions import Reactions
from handlers.slack.scopes import COMMAND, EVENTS
from storage.engine import Unreachable

log = structlog.get_logger(__name__)

ANY = re.compile(".*", re.DOTALL)


def register(app: App, edge: Edge) -> None:
    """Hang the listeners in; Bolt must run with ``process_before_response=True``, so that each acknowledges inline."""
    commands, clicks, submissions, reactions = Commands(edge), Clicks(edge), Submissions(edge), Reactions(edge)
    app.command(COMMAND)(commands.listen)
    app.action(ANY)(clicks.listen)
    app.view(ANY)(submissions.listen)
    for event in EVENTS:
        app.event(event)(reactions.listen)
    app.error(failed)


def failed(error: Exception, body: dict[str, Any]) -> BoltResponse:
    """Answer what a listener raised: a malformed payload is dropped, everything else is left for Slack to send again."""
    if isinstance(error, Malformed | KeyError | TypeError):
        log.warning("slack.malformed", kind=str(body.get("type")), problem=str(error))
        return BoltResponse(status=200)
    if isinstance(error, Unreachable):
        log.warning("slack.not_kept", kind=str(body.get("type")), problem=str(error))
        return BoltResponse(status=503)
    log.error("slack.listener_failed", kind=str(body.get("type")), error=type(error).__name__, exc_info=error)
    return BoltResponse(status=503)


def guarded(job: Callable[[], None]) -> None:
    """Run one job of the crew: what it lets through is logged and must not end its thread."""
    try:
        job()
    except Unreachable as away:
        log.warning("slack.job_postponed", problem=str(away))  # what was kept is taken up by the worker
    except Exception as error:
        log.error("slack.job_failed", error=type(error).__name__, exc_info=error)
