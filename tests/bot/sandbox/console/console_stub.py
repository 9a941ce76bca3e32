"""A console with canned state: what the page is tested against without Slack, Exchange or the bot."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import bot.sandbox.console
from bot.sandbox.shared.server import Server
from tests.bot.sandbox import canned

PAGE = Path(bot.sandbox.console.__file__).parent / "page"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
Json = dict[str, Any]


class ConsoleStub:
    """Serves the page and ``state``; keeps each POST in ``posts``, answers it as ``answers`` says or with
    ``{"ok": true}``."""

    def __init__(self) -> None:
        self.state: Json = canned.state()
        self.posts: list[tuple[str, Json]] = []
        self.answers: dict[str, tuple[int, Json]] = {}
        self._listeners: set[asyncio.Queue[int | None]] = set()
        app = web.Application()
        app.on_shutdown.append(self._end_events)
        app.router.add_get("/", self._index)
        app.router.add_get("/page/{name}", self._file)
        app.router.add_get("/console/state", self._state)
        app.router.add_get("/console/events", self._events)
        app.router.add_post("/console/{what}", self._post)
        self._server = Server(app)
        self._server.start()
        self.url = self._server.url

    def stop(self) -> None:
        """End the server."""
        self._server.stop()

    def changed(self) -> None:
        """Tell every open page that the state is another one now."""
        self._server.run(self._tell())

    def posted(self, what: str) -> list[Json]:
        """Bodies of the POSTs to ``what``, oldest first."""
        return [body for name, body in self.posts if name == what]

    async def _tell(self) -> None:
        self.state["revision"] += 1
        for listener in self._listeners:
            listener.put_nowait(self.state["revision"])

    async def _end_events(self, _: web.Application) -> None:
        for listener in self._listeners:
            listener.put_nowait(None)

    async def _index(self, _: web.Request) -> web.Response:
        return _served("index.html")

    async def _file(self, request: web.Request) -> web.Response:
        return _served(request.match_info["name"])

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(canned.seen_by(self.state, request.query["as"]))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        queue: asyncio.Queue[int | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while (revision := await queue.get()) is not None:
                await response.write(f"data: {json.dumps({'revision': revision})}\n\n".encode())
        except ConnectionResetError:
            pass  # the page was closed
        finally:
            self._listeners.discard(queue)
        return response

    async def _post(self, request: web.Request) -> web.Response:
        what = request.match_info["what"]
        self.posts.append((what, await request.json()))
        status, answer = self.answers.get(what, (200, {"ok": True}))
        return web.json_response(answer, status=status)


def _served(name: str) -> web.Response:
    path = PAGE / name
    return web.Response(body=path.read_bytes(), content_type=TYPES[path.suffix], charset="utf-8")


@pytest.fixture
def console() -> Iterator[ConsoleStub]:
    """A fresh console on loopback."""
    stub = ConsoleStub()
    yield stub
    stub.stop()
