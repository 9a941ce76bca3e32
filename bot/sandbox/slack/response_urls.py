"""The response_url that comes with a command or a click: five posts within thirty minutes, then 404.

Source of the limits: docs.slack.dev/interactivity/implementing-slash-commands. Nothing else proves who posts,
so the address is a secret.
"""

import secrets
import time
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.shared.fault_queue import FaultQueue
from bot.sandbox.shared.wire import reset
from bot.sandbox.slack.chat import respond_with
from bot.sandbox.slack.faults import RESPONSE_URL, Fault, faulty_answer
from bot.sandbox.slack.messages import JSON, Message, SlackError
from bot.sandbox.slack.workspace import Workspace

MOST_USES = 5
PATH = "/response"


@dataclass(slots=True)
class Reply:
    """What a response_url stands for."""

    channel: str
    user: str
    original: Message | None
    born: float
    uses: int = 0


class ResponseUrls:
    """Mints and serves response_urls. ``lifetime`` is in seconds of real time."""

    def __init__(self, workspace: Workspace, faults: FaultQueue[Fault], *, lifetime: float = 1800.0) -> None:
        self._workspace = workspace
        self._faults = faults
        self._lifetime = lifetime
        self._replies: dict[str, Reply] = {}

    def mount(self, app: web.Application) -> None:
        """Serve them."""
        app.router.add_post(PATH + "/{secret}", self._serve)

    def mint(self, channel: str, user: str, original: Message | None = None) -> str:
        """Return the path of a new one; ``original`` is the message that was pressed."""
        secret = secrets.token_hex(16)
        self._replies[secret] = Reply(channel, user, original, time.monotonic())
        return f"{PATH}/{secret}"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.take(RESPONSE_URL)
        if fault is not None and (spoilt := await faulty_answer(request, fault)) is not None:
            return spoilt
        answer = self._answer(request.match_info["secret"], await request.json())
        if fault is not None and fault.name == "lost_answer":
            return reset(request)
        return answer

    def _answer(self, secret: str, given: JSON) -> web.Response:
        try:
            reply = self._usable(secret)
        except SlackError as error:
            return web.json_response(error.as_answer(), status=404)
        try:
            respond_with(
                self._workspace, given, channel=reply.channel, user=reply.user, original=reply.original
            )
        except SlackError as error:
            return web.Response(status=400, text=error.code)
        reply.uses += 1
        return web.Response(text="ok")

    def _usable(self, secret: str) -> Reply:
        reply = self._replies.get(secret)
        if reply is None:
            raise SlackError("invalid_token")
        if time.monotonic() - reply.born > self._lifetime:
            raise SlackError("expired_url")
        if reply.uses >= MOST_USES:
            raise SlackError("used_url")
        return reply
