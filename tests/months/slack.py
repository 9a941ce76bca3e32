"""Slack in the same process: the sandbox's workspace with a channel for each tenant, and a client that asks
it without a socket."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from urllib.request import Request

from bot.sandbox.shared.fault_queue import FaultQueue
from bot.sandbox.slack import cast
from bot.sandbox.slack.api import Arguments, WebApi
from bot.sandbox.slack.cast import BOT_USER, Channel
from bot.sandbox.slack.chat import Chat
from bot.sandbox.slack.deliveries import Parcel
from bot.sandbox.slack.directory import Directory
from bot.sandbox.slack.faults import Fault
from bot.sandbox.slack.files import Files
from bot.sandbox.slack.interactions import Interactions
from bot.sandbox.slack.messages import JSON, Content, Message, SlackError
from bot.sandbox.slack.modals import Modals, Views
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.workspace import Workspace
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.scopes import BOT_SCOPES
from handlers.suggested import COMMAND

HOME = "https://contoso.slack.com"
POSTING = ("chat.postMessage", "chat.postEphemeral")

Trouble = Callable[[str, str], str]
"""What Slack says of a call instead of doing it, by method and channel; empty where it does it."""


class Rooms(Workspace):
    """The workspace with one channel a tenant; it knows which messages are new or drawn again."""

    def __init__(self, clock: Callable[[], datetime], channels: Iterable[str]) -> None:
        super().__init__(clock=clock)
        people = {member.id for member in cast.members()}
        for name in channels:
            self._channels[name] = Channel(name, name.lower(), set(people))
            self._messages[name] = []
        self._by_ts: dict[tuple[str, str], Message] = {}
        self.touched: dict[tuple[str, str], tuple[Message, bool]] = {}
        """Since they were last taken: the message, and whether it is new."""
        self.forgiven: set[tuple[str, str]] = set()
        """First copies, of which the bot does not know that it posted them."""

    def post(self, channel: str, user: str, content: Content, **more: Any) -> Message:
        message = super().post(channel, user, content, **more)
        self._by_ts[channel, message.ts] = message
        if user == BOT_USER:
            self.touched[channel, message.ts] = message, True
        return message

    def revise(self, message: Message, content: Content) -> None:
        before = message.text, message.blocks
        super().revise(message, content)
        del message.earlier[:-1]
        if before != (message.text, message.blocks):
            self.touched.setdefault((message.channel, message.ts), (message, False))

    def message(self, channel: str, ts: str, *, seen_by: str | None = None) -> Message:
        found = self._by_ts.get((self.channel(channel).id, ts))
        if found is None or found.ephemeral_to not in {None, seen_by}:
            raise SlackError("message_not_found")
        return found

    def buttons(self, channel: str, action: str, seen_by: str | None = None) -> list[Message]:
        """Messages that carry this button, newest first.

        Nobody presses a copy that is never drawn again; a private answer has none.
        """
        seen = (one for one in reversed(self._messages[channel]) if one.is_visible_to(seen_by))
        shown = (one for one in seen if one.ephemeral_to or (channel, one.ts) not in self.forgiven)
        return [one for one in shown if any(action == name for name in _actions(one.blocks))]


def _actions(blocks: list[JSON]) -> list[str]:
    rows = (block.get("elements", []) for block in blocks if block.get("type") == "actions")
    return [str(element.get("action_id")) for row in rows for element in row]


class Slack:
    """The workspace behind its API, without a server. ``carry`` takes what people do to the bot."""

    def __init__(
        self, clock: Callable[[], datetime], channels: Iterable[str], carry: Callable[[Parcel], None]
    ) -> None:
        self.workspace = Rooms(clock, channels)
        self.modals = Modals(self.workspace, trigger_lifetime=10.0**9)
        faults = FaultQueue[Fault]()
        self.urls = ResponseUrls(self.workspace, faults, lifetime=10.0**9)
        self._carry = carry
        parts = {"base": lambda: HOME}
        self.people = Interactions(
            self.workspace,
            self.modals,
            self,
            self.urls,
            command=COMMAND,
            scopes=BOT_SCOPES,
            **parts,  # type: ignore[arg-type]
        )
        methods = {
            **Directory(self.workspace, scopes=tuple(BOT_SCOPES), **parts).methods(),
            **Chat(self.workspace, **parts).methods(),
            **Views(self.modals).methods(),
            **Files(self.workspace, **parts).methods(),
        }
        self.api = WebApi(methods, faults, tuple(BOT_SCOPES))

    def send(self, parcel: Parcel) -> Parcel:
        """Implements the sandbox's ``Carrier``: deliver at once."""
        self._carry(parcel)
        return parcel


class Client(SlackWebClient):
    """The bot's client; ``moment`` is told before and after each call, and may end the process there."""

    def __init__(
        self,
        slack: Slack,
        *,
        moment: Callable[[str], None],
        posted: Callable[[str, str], None],
        trouble: Trouble,
    ) -> None:
        super().__init__(token=cast.BOT_TOKEN, base_url=f"{HOME}/api/", timeout=10, retry_handlers=[])
        self.slack = slack
        self._moment, self._posted, self._trouble = moment, posted, trouble

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        name, given = url.split("?", maxsplit=1)[0].rpartition("/")[2], _given(req)
        channel = str(given.get("channel") or "")
        self._moment(f"before {name}")
        wrong = self._trouble(name, channel)
        if wrong == "ratelimited":
            body = json.dumps(SlackError(wrong).as_answer())
            return {"status": 429, "headers": {"Retry-After": "10"}, "body": body}
        if wrong:
            return {"status": 200, "headers": {}, "body": json.dumps(SlackError(wrong).as_answer())}
        answer = self.slack.api._answer(name, cast.BOT_TOKEN, Arguments(given))
        text = answer.text or ""
        if name in POSTING:
            said = json.loads(text)
            if said.get("ok"):
                self._posted(str(said.get("channel") or channel), str(said.get("ts") or said["message_ts"]))
        self._moment(f"after {name}")
        return {"status": answer.status, "headers": dict(answer.headers), "body": text}


def _given(req: Request) -> dict[str, Any]:
    body = req.data or b""
    assert isinstance(body, bytes)
    if "json" in str(req.headers.get("Content-type") or req.headers.get("Content-Type")):
        found: dict[str, Any] = json.loads(body)
        return found
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


class Answers:
    """Posts to the address that came with a command, likewise."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def post(self, url: str, message: dict[str, Any]) -> bool:
        self._client._moment("before response_url")
        before = set(self._client.slack.workspace.touched)
        answer = self._client.slack.urls._answer(url.rpartition("/")[2], message)
        for channel, ts in set(self._client.slack.workspace.touched) - before:
            self._client._posted(channel, ts)
        self._client._moment("after response_url")
        return answer.status == 200


@dataclass
class Told:
    """What people read, by tenant: each message at the end of each instant in which it was new or changed."""

    tenants: dict[str, str]
    """Alias by channel."""
    said: dict[str, list["Said"]] = field(default_factory=lambda: defaultdict(list))
    nobodys: list[str] = field(default_factory=list)

    def whose(self, channel: str, text: str) -> str:
        """The alias of a message: by its channel, else by the first line."""
        if channel in self.tenants:
            return self.tenants[channel]
        named = re.findall(r" · (t\d{3})(?= · |$)", text.partition("\n")[0])
        return named[-1] if named else ""


@dataclass(frozen=True)
class Said:
    """One message as somebody reads it at the end of an instant, and after how many seconds of it it came.

    ``forgiven``: the process died before it could note that it had posted it, so it may come once more.
    """

    instant: int
    where: str
    again: bool
    text: str
    after: int
    forgiven: bool = False

    @property
    def shown(self) -> tuple[int, str, bool, str]:
        return self.instant, self.where, self.again, self.text
