"""Answer people where no tenant is meant or known: nothing of any tenant is in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from slack_bolt import Respond

from handlers.context.people import People
from handlers.context.rate_limits import ForAMinute
from handlers.slack.client.native_blocks import NativeBlocks
from handlers.slack.client.response_urls import Answers
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.edge import TOO_LATE, Reply, answered
from handlers.slack.executor import Executor
from handlers.slack.home_pages import HomePages
from handlers.slack.turns import Job

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SharedEdge:
    """Implements ``handlers.slack.edge.Speaker`` for no tenant.

    ``people`` knows members, and who may see all tenants.
    """

    executor: Executor
    client: SlackWebClient
    people: People
    answers: Answers = field(default_factory=Answers)
    homes: HomePages = field(default_factory=HomePages)
    native: NativeBlocks = field(default_factory=NativeBlocks)
    bot_user: str = ""
    told: ForAMinute[tuple[str, str, str], bool] = field(default_factory=ForAMinute)

    def shown(self, arguments: Mapping[str, Any], place: str) -> dict[str, Any]:
        """Return the arguments of a message, as they are."""
        return dict(arguments)

    def owe(self, person: str, text: str) -> None:
        """Log that somebody was not answered: no tenant's outbox can keep it owed."""
        log.warning("slack.not_answered", person=person)

    def is_news(self, person: str, what: str, text: str, request_id: int | None) -> bool:
        """Tell the same refusal of the same person once a minute; it is kept in memory alone."""
        said = (person, what, text)
        is_news = self.told.get(said) is None
        if is_news:
            self.told.keep(said, True)
        return is_news

    def reply(self, respond: Respond, *, person: str, channel: str, thread: str = "") -> Reply:
        """Return the private answer to one act."""
        return Reply(self, respond, person=person, channel=channel, thread=thread)

    def do(self, reply: Reply, job: Job, *, urgent: bool = False) -> bool:
        """Have ``job`` done once its acknowledgement has left; ``False``: no room for it."""

        def too_late() -> None:
            reply.say(TOO_LATE)

        return self.executor.submit(answered(reply, job), drop=too_late, person=reply.person, urgent=urgent)
