"""Answer mentions of the bot (``@legacytls …``): they decide nothing, and the person is told what to type.

Must never look at, keep, repeat or log what somebody wrote: of a mention only who, where and when is read.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from slack_bolt import Respond

from handlers.policy.rule import Reason
from handlers.slack.edge import Edge, Reply
from handlers.slack.parsing import Malformed, at, identity, stamped
from handlers.suggested import Suggested
from storage.engine import Unreachable

log = structlog.get_logger(__name__)

INSTEAD = (
    f"A mention does nothing here, and its text was not read. Type {Suggested('status')} for how things "
    f"stand, {Suggested('help')} for all that can be asked for."
)

WITHIN = timedelta(minutes=1)
"""How long one answer speaks for all mentions by the same person."""

KEPT = 1024
"""People whose last answer is looked through at a time before those that are over are forgotten."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention by a person."""

    person: str
    channel: str
    thread: str
    """The thread it was written in (its ``ts``); empty where it was in none."""
    at: datetime


def mention(body: Mapping[str, Any], *, bot: str = "") -> Mention | None:
    """Read who mentioned the bot; ``None`` for what bots write, the bot itself (user ``bot``) among them.

    Raises ``Malformed``. Slack names the bot of a message as ``bot_id``, and gives one that has no user the
    subtype ``bot_message`` (docs.slack.dev/reference/events/message/bot_message).
    """
    event = body.get("event")
    if not isinstance(event, Mapping):
        raise Malformed("event is missing")
    if event.get("bot_id") or event.get("subtype") == "bot_message" or (bot and event.get("user") == bot):
        return None
    thread = event.get("thread_ts")
    return Mention(
        person=identity(event.get("user")),
        channel=identity(event.get("channel")),
        thread=stamped(thread) if thread else "",
        at=at(event.get("ts")),
    )


class Mentions:
    """The listener for ``app_mention``."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._answered: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def listen(self, body: dict[str, Any], respond: Respond) -> None:
        """Hand a person's mention over to be answered; without room it is dropped."""
        found = mention(body, bot=self._edge.bot_user)
        if found is not None and not self._edge.executor.submit(
            lambda: self._answer(found, respond), person=found.person, tenant=self._edge.tenant
        ):
            log.warning("slack.mention_not_answered", problem="busy")

    def _answer(self, found: Mention, respond: Respond) -> None:
        """Tell the person, and nobody from another workspace and no bot.

        Raises ``Unavailable`` where who it is is not known.
        """
        if not self._is_first(found):
            return
        verdict = self._edge.dispatch.may_read(found.person)
        reply = Reply(self._edge, respond, person=found.person, channel=found.channel, thread=found.thread)
        if verdict.allowed:
            reply.say(INSTEAD)
        elif verdict.reason is Reason.GUEST:
            reply.say(verdict.sentence)  # the commands would refuse them as well

    def _is_first(self, found: Mention) -> bool:
        """Tell whether this person and mention are unanswered, within the minute and by any replica.

        That a redelivery or another replica has it is told by the database; while that is away, each copy
        answers for itself.
        """
        now = self._edge.around.now()
        with self._lock:
            last = self._answered.get(found.person)
            if last is not None and timedelta() <= now - last < WITHIN:
                return False
            if len(self._answered) >= KEPT:
                self._answered = {person: at for person, at in self._answered.items() if now - at < WITHIN}
            self._answered[found.person] = now
        minute = int(found.at.timestamp() // WITHIN.total_seconds())
        try:
            return self._edge.dispatch.is_first(f"mention:{found.person}:{minute}")
        except Unreachable as away:
            log.warning("slack.mention_not_noted", problem=str(away))
            return True
