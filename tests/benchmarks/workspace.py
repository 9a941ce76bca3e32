"""A Slack made for measuring: answers the Web API at once, takes answers, and times acknowledgements on raw
connections.

Each subject has an app token of its own, so that several can be connected and measured in turn. It checks
nothing.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import WSMsgType, web

TEAM, BOT, PERSON, CHANNEL = "T0CONTOSO", "U0LEGACY", "U0ALICE", "C0CHANGES"
SECRET = "a-signing-secret-for-measuring"
LONGEST_WAIT = 20.0
"""Seconds until a measurement gives up."""

_numbers = itertools.count(1)


def payload(url: str, text: str = "status", group: str = "") -> dict[str, str]:
    """``/legacytls status``, or another subcommand, as Slack sends it.

    From Alice, or from one of the 64 people of a group: who asks often is shown what was read before.
    """
    number = next(_numbers)
    person = f"U0{group}{number % 64:03}" if group else PERSON
    return {
        "token": "x", "team_id": TEAM, "team_domain": "contoso", "channel_id": CHANNEL,
        "channel_name": "mail-changes", "user_id": person, "user_name": "alice", "command": "/legacytls",
        "text": text, "api_app_id": "A0LEGACY", "is_enterprise_install": "false",
        "response_url": f"{url}/answer/{number}", "trigger_id": f"{number}.1",
    }  # fmt: skip


@dataclass
class Line:
    """One subject's WebSocket: envelopes go out, acknowledgements come in."""

    socket: web.WebSocketResponse
    owed: dict[str, asyncio.Future[float]] = field(default_factory=dict)
    refused: int = 0
    """Commands that were acknowledged with a word (that the bot is busy) instead of being taken."""

    async def acknowledge(self, body: dict[str, str]) -> float:
        """Send one command and wait for its acknowledgement; returns seconds."""
        number = f"{next(_numbers):032x}"
        envelope = {
            "envelope_id": number,
            "type": "slash_commands",
            "accepts_response_payload": True,
            "payload": body,
        }
        text = json.dumps(envelope)
        arrived: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.owed[number] = arrived
        began = time.perf_counter()
        await self.socket.send_str(text)
        async with asyncio.timeout(LONGEST_WAIT):
            return await arrived - began

    def receive(self, text: str) -> None:
        """Take one frame from the subject."""
        now = time.perf_counter()
        answer = json.loads(text)
        self.refused += "payload" in answer
        arrived = self.owed.pop(answer.get("envelope_id", ""), None)
        if arrived is not None and not arrived.done():
            arrived.set_result(now)


class Workspace:
    """Serves on loopback inside the running event loop; use as an async context manager."""

    def __init__(self) -> None:
        self.url = ""
        self.lines: dict[str, Line] = {}
        self.answers: dict[str, list[tuple[float, str]]] = {}
        self._arrived = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/{method}", self._api)
        app.router.add_post("/answer/{number}", self._answer)
        app.router.add_get("/socket", self._socket)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def line(self, subject: str, *, within: float = LONGEST_WAIT) -> Line:
        """The subject's connection, once it has one."""
        async with asyncio.timeout(within), self._arrived:
            await self._arrived.wait_for(lambda: subject in self.lines)
        return self.lines[subject]

    async def answer_to(self, body: dict[str, str]) -> float:
        """Wait for the answer to one command; returns when it came, on the clock of ``perf_counter``."""
        number = body["response_url"].rpartition("/")[2]
        async with asyncio.timeout(LONGEST_WAIT), self._arrived:
            await self._arrived.wait_for(lambda: number in self.answers)
        return self.answers[number][0][0]

    async def answered(self, count: int, saying: str) -> list[float]:
        """Wait until so many commands have been answered with ``saying``; returns when, on the clock of
        ``perf_counter``."""
        async with asyncio.timeout(LONGEST_WAIT), self._arrived:
            await self._arrived.wait_for(lambda: len(self._told(saying)) >= count)
        return self._told(saying)

    def _told(self, saying: str) -> list[float]:
        return [at for given in self.answers.values() for at, text in given if saying in text]

    async def _answer(self, request: web.Request) -> web.Response:
        text = (await request.json())["text"]
        self.answers.setdefault(request.match_info["number"], []).append((time.perf_counter(), text))
        async with self._arrived:
            self._arrived.notify_all()
        return web.Response(text="ok")

    async def _api(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        asked = str((await request.post()).get("user") or request.query.get("user") or PERSON)
        return web.json_response({"ok": True, **self._say(request.match_info["method"], token, asked)})

    def _say(self, method: str, token: str, asked: str) -> dict[str, Any]:
        person = {"id": asked, "name": "alice", "team_id": TEAM, "deleted": False, "is_bot": False}
        place = self.url.replace("http", "ws", 1)
        told: dict[str, dict[str, Any]] = {
            "auth.test": {
                "team_id": TEAM,
                "user_id": BOT,
                "bot_id": "B0LEGACY",
                "team": "Contoso",
                "user": "legacytls",
            },
            "apps.connections.open": {"url": f"{place}/socket?subject={token}"},
            "users.info": {"user": person},
            "usergroups.users.list": {"users": []},
            "conversations.info": {"channel": {"id": CHANNEL, "is_ext_shared": False}},
        }
        return told.get(method, {"channel": CHANNEL, "ts": f"{time.time():.6f}"})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        line, subject = Line(socket), request.query["subject"].removeprefix("xapp-")
        await socket.send_json(
            {"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0LEGACY"}}
        )
        self.lines[subject] = line
        async with self._arrived:
            self._arrived.notify_all()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                line.receive(message.data)
        if self.lines.get(subject) is line:
            del self.lines[subject]
        return socket


@dataclass
class Wire:
    """One kept-alive HTTP connection to a subject, on which signed commands go out."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int) -> "Wire":
        """Connect to a subject on loopback."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def acknowledge(self, body: dict[str, str]) -> float:
        """Post one command and wait for the answer; returns seconds. Raises ``AssertionError`` unless it is
        200."""
        request = signed(urlencode(body).encode())
        began = time.perf_counter()
        self.writer.write(request)
        async with asyncio.timeout(LONGEST_WAIT):
            head = await self.reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head.split(b"\r\n", 1)[0], head
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await self.reader.readexactly(int(length.split(b":")[1]))
        return time.perf_counter() - began


def signed(body: bytes) -> bytes:
    """A whole request with Slack's signature on it."""
    stamp = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    lines = (
        "POST /slack/events HTTP/1.1", "Host: localhost", "Content-Type: application/x-www-form-urlencoded",
        f"X-Slack-Request-Timestamp: {stamp}", f"X-Slack-Signature: v0={digest}",
        f"Content-Length: {len(body)}", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode() + body
