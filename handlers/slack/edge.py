"""Share dispatch, executor, client and private answers among all listeners."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from slack_bolt import Respond
from slack_sdk.models.views import View

from handlers.dispatch import BROKEN, Dispatch, Kept
from handlers.policy.rule import Verdict, about
from handlers.ports import Unavailable
from handlers.queries.probe import Probing
from handlers.slack.client.calls import call, direct
from handlers.slack.client.native_blocks import NativeBlocks
from handlers.slack.client.response_urls import Answers
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.edge_tenant import EdgeTenant
from handlers.slack.executor import Executor
from handlers.slack.home_pages import HomePages
from handlers.slack.parsing import trigger
from handlers.slack.views.blocks import Message
from handlers.slack.views.links import linked
from handlers.slack.views.mrkdwn import sentence
from handlers.slack.views.signed import Signature, signed, signed_form
from handlers.suggested import Suggested
from storage.engine import Unreachable
from storage.errors import NoSuchDevice, NoSuchRequest

STALE_COMMAND = timedelta(seconds=20)
"""A read that could not begin within this time is dropped with a word: whoever asked has stopped waiting."""

PROGRESS_AFTER = 2.0
"""Seconds after which something that is not done yet says so."""

READING_FIRST = "Reading the live value from Exchange Online first; your request is opened when it is known…"
BUSY = "The bot is busy right now. Try again in a moment."
NOT_RECORDED = "This was *not recorded*, because the database is busy. Try again in a moment."
NOT_KNOWN = (
    "It is *not known* whether this was recorded, because the database went away in that moment. Look at the "
    "message again before you do it once more."
)
NOT_KNOWN_FORM = (
    "It is not known whether this was recorded, because the database went away in that moment. Send the form "
    "again as it is: it counts only once."
)
NO_DATABASE = (
    "The bot's database does not answer, so this could not be done and nothing was changed. Try again in a "
    "few minutes."
)
TOO_LATE = "This waited too long and was not done, because the bot was busy. Try again."
MISREAD = (
    "Slack sent this in a shape that the bot does not understand, so nothing was done. Try again, or use a "
    f"command instead: {Suggested('help')}."
)
UNKNOWN_BUTTON = (
    f"This button is not in use any more, so nothing was done. {Suggested('status')} shows how things stand, "
    f"{Suggested('help')} what can be asked for."
)


@dataclass(frozen=True, slots=True)
class Edge:
    """Handed to every listener at registration."""

    dispatch: Dispatch
    executor: Executor
    client: SlackWebClient
    around: EdgeTenant
    bot_user: str = ""
    """The bot's own user id."""
    answers: Answers = field(default_factory=Answers)
    homes: HomePages = field(default_factory=HomePages)
    native: NativeBlocks = field(default_factory=NativeBlocks)
    probing: Probing = field(default_factory=lambda: Probing(list))
    signature: Signature | None = None
    """Whose messages these are, where there are several tenants; ``None``: there is one."""

    @property
    def tenant(self) -> str:
        """Whose share of the executor its jobs are done in; empty where there is one tenant."""
        return self.signature.tenant_id if self.signature is not None else ""

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which days are chosen."""
        return self.around.zone

    def work(
        self,
        kept: Kept,
        then: Callable[[bool], None] = lambda rejected: None,
        *,
        over: str = "",
        urgent: bool = True,
    ) -> None:
        """Handle a kept delivery once its acknowledgement has left.

        No room is no loss: the worker takes up the rest. ``over``: the hash of the person's App Home, where
        they acted on that; it is drawn anew. ``urgent``: as in ``do``.
        """
        person = kept.interaction.person

        def handle() -> None:
            try:
                then(self.dispatch.handle(kept))
            finally:
                self.homes.acted(person, over)

        self.executor.submit(handle, person=person, urgent=urgent, tenant=self.tenant)

    def say_if_slow(self, person: str, channel: str, finished: Callable[[], bool]) -> None:
        """Say after two seconds what is awaited; a word that cannot be said holds nothing up."""

        def progress() -> None:
            if finished():
                return
            with contextlib.suppress(Unavailable):
                call(self.client.chat_postEphemeral, channel=channel, user=person, text=READING_FIRST)

        if channel:
            self.executor.follow(progress, delay=PROGRESS_AFTER)

    def do(
        self, reply: "Reply", job: Callable[[], None], *, within: float = 30.0, urgent: bool = False
    ) -> bool:
        """Do ``job`` after its acknowledgement and answer whatever comes of it; ``False``: no room.

        ``urgent`` is what leads to an opt-in or out.
        """
        drop, whose = partial(reply.say, TOO_LATE), self.tenant
        act = answered(reply, job)
        return self.executor.submit(
            act, within=within, drop=drop, person=reply.person, urgent=urgent, tenant=whose
        )

    def shown(self, arguments: Mapping[str, Any], place: str) -> dict[str, Any]:
        """Return the arguments of a message, its numbers linked and its tenant named."""
        elsewhere = place != self.around.rule.channel
        return signed(linked(arguments, self.around.find), self.signature, elsewhere=elsewhere)

    def owe(self, person: str, text: str) -> None:
        """Have somebody told later what Slack does not take now. Raises ``Unreachable``."""
        self.dispatch.enqueue_word(person, text)

    def is_news(self, person: str, what: str, text: str, request_id: int | None) -> bool:
        """Keep a refusal on record; tells whether the person was not told the same within the minute."""
        return self.dispatch.refusals.keep(person, what, text, request_id)

    def open_form(self, body: Mapping[str, Any], view: View) -> None:
        """Open a form within Slack's three seconds, upon the one in which its button was pressed.

        Raises ``Unavailable``.
        """
        below = body.get("view")
        pressed_in_form = (
            isinstance(below, Mapping)
            and below.get("type") == "modal"
            and body.get("type") == "block_actions"
        )
        method = self.client.views_push if pressed_in_form else self.client.views_open
        call(method, trigger_id=trigger(body), view=signed_form(view.to_dict(), self.signature))


class Speaker(Protocol):
    """Whoever answers people: for one tenant, or for none."""

    @property
    def client(self) -> SlackWebClient:
        """Slack's Web API."""

    @property
    def answers(self) -> Answers:
        """Posts to a ``response_url``."""

    @property
    def native(self) -> NativeBlocks:
        """Which of Slack's own blocks it takes."""

    def shown(self, arguments: Mapping[str, Any], place: str) -> dict[str, Any]:
        """Return the arguments of a message as it is sent to a channel; empty: to one person."""

    def owe(self, person: str, text: str) -> None:
        """Have somebody told later what Slack does not take now."""

    def is_news(self, person: str, what: str, text: str, request_id: int | None) -> bool:
        """Keep a refusal; tells whether it is to be told."""


class Reply:
    """Answer one act privately: by ``response_url``, else ephemeral, else by direct message.

    ``thread`` is the thread that the person wrote in (its ``ts``), where an ephemeral answer is seen; empty
    where there is none.
    """

    def __init__(
        self, edge: Speaker, respond: Respond, *, person: str, channel: str, thread: str = ""
    ) -> None:
        self._edge = edge
        self._respond = respond
        self.person = person
        self.channel = channel
        self._place = {"channel": channel, **({"thread_ts": thread} if thread else {})}
        self._said = threading.Lock()
        self._progress_shown = False
        self._finished = False

    def progress(self, message: Message) -> None:
        """Say that it takes longer, unless the answer is there already."""
        with self._said:
            if not self._finished:
                self._progress_shown = self._send(message, replace=False)

    def finish(self, message: Message) -> None:
        """Give the answer, in place of the progress line if there was one."""
        with self._said:
            self._finished = True
            if not self._send(message, replace=self._progress_shown):
                self._fall_back(message)

    def say(self, text: str) -> None:
        """Answer with one of our own sentences; people in it become mentions.

        While Slack takes none, it stays owed.
        """
        try:
            self.finish(Message(text=sentence(text)))
        except Unavailable:
            self._edge.owe(self.person, text)

    def refuse(self, what: str, verdict: Verdict, request_id: int | None = None) -> None:
        """Answer with why not and record it, the same once a minute, before any form opens.

        What could not be found out is answered every time.
        """
        text = about(request_id, verdict.sentence)
        if self._edge.is_news(self.person, what, text, request_id) or not verdict.is_refusal:
            self.say(text)

    def admits(self, what: str, verdict: Verdict, request_id: int | None = None) -> bool:
        """Tell whether the verdict lets the person go on; else it is answered as ``refuse`` does."""
        if not verdict.allowed:
            self.refuse(what, verdict, request_id)
        return verdict.allowed

    def send_file(self, name: str, length: int, pieces: Iterable[bytes]) -> None:
        """Send the person a file of ``length`` bytes as a direct message. Raises ``Unavailable``."""
        client = self._edge.client
        # an upload takes no person's id
        opened = call(client.conversations_open, users=self.person).get("channel")
        place = opened.get("id") if isinstance(opened, dict) else self.person
        call(client.send_file, channel=place, name=name, length=length, pieces=pieces)

    def _send(self, message: Message, *, replace: bool) -> bool:
        """By ``response_url``; where that does not work, the Web API is tried and tells why."""
        url, native = self._respond.response_url, self._edge.native.taken_in(message)
        arguments = self._edge.shown(message.arguments(native=native), self.channel)
        told = {"response_type": "ephemeral", "replace_original": replace, **arguments}
        return url is not None and self._edge.answers.post(url, told)

    def _fall_back(self, message: Message) -> None:
        if not self.person:
            return  # a payload that does not say who sent it
        client, native = self._edge.client, self._edge.native
        if self.channel:  # an App Home and a shortcut have none
            here = partial(call, client.chat_postEphemeral, user=self.person, **self._place)
            with contextlib.suppress(Unavailable):
                native.sent(message, lambda arguments: here(**self._edge.shown(arguments, self.channel)))
                return
        there = partial(call, client.chat_postMessage, channel=direct(client, self.person))
        native.sent(message, lambda arguments: there(**self._edge.shown(arguments, "")))


def answered(reply: Reply, job: Callable[[], None]) -> Callable[[], None]:
    """Do ``job``, and tell the person where it could not be done.

    What is a defect is told too, and raised again for the log.
    """

    def run() -> None:
        try:
            job()
        except Unavailable as away:
            reply.say(f"This could not be done: {away.sentence} {away.mend}".strip())
        except (NoSuchRequest, NoSuchDevice) as unknown:
            reply.say(str(unknown))
        except Unreachable:
            reply.say(NO_DATABASE)
        except Exception:
            reply.say(BROKEN)
            raise

    return run
