"""Serve the console: the page's files, its state, a stream of changes, and what a person does.

What does not come from the page itself is refused first. Must never block the server's loop:
what may wait for the bot runs in threads of its own.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from bot.sandbox.console import state
from bot.sandbox.console.acts import Act, Refused
from bot.sandbox.console.controls import Controls
from bot.sandbox.slack.deliveries import Carrier
from bot.sandbox.slack.messages import SlackError
from bot.sandbox.slack.modals import Modals
from bot.sandbox.slack.workspace import Workspace

LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
CONSOLE = "/console/"


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def own_page_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a foreign host name (DNS rebinding), a foreign origin, and an act that is not JSON."""
    if request.host.rsplit(":", 1)[0] not in LOOPBACK:
        return refusal(403, "The sandbox answers to this machine's own names only.")
    own = f"http://{request.host}"
    if request.headers.get("Origin", own) != own:
        return refusal(403, "Only the sandbox's own page may do this.")
    if (
        request.method == "POST"
        and request.path.startswith(CONSOLE)
        and request.content_type != "application/json"
    ):
        return refusal(415, "The console takes application/json only.")
    return await handler(request)


def refusal(status: int, sentence: str) -> web.Response:
    """Return an answer that says no in words."""
    return web.json_response({"ok": False, "error": sentence}, status=status)


T = TypeVar("T")

PAGE = Path(__file__).parent / "page"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
"""Said outright: some systems think that scripts are plain text, and a browser then refuses them."""
HEARTBEAT_SECONDS = 15.0
COALESCE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to show."""

    workspace: Workspace
    modals: Modals
    carrier: Carrier
    command: str
    controls: Callable[[], Controls]


class Console:
    """The page's server. ``acts`` maps the last word of a path under ``/console/`` to what it does."""

    def __init__(self, scene: Scene, acts: dict[str, Act]) -> None:
        self._scene = scene
        self._acts = acts
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="sandbox-console")
        self._streams: set[asyncio.Event] = set()
        self._ended = asyncio.Event()

    def mount(self, app: web.Application) -> None:
        """Serve the page and its API."""
        app.router.add_get("/", self._index)
        app.router.add_get("/archives/{channel}/{message}", self._permalink)
        app.router.add_get("/page/{name}", self._file)
        app.router.add_get("/console/state", self._state)
        app.router.add_get("/console/events", self._events)
        app.router.add_post("/console/{act}", self._act)
        app.on_shutdown.append(self._end)

    # Files

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return _page_file("index.html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return _page_file(request.match_info["name"])

    async def _permalink(self, request: web.Request) -> web.StreamResponse:
        """Where ``chat.getPermalink`` points: the page with that channel open."""
        raise web.HTTPFound(f"/?in={request.match_info['channel']}")

    # State

    async def _state(self, request: web.Request) -> web.StreamResponse:
        scene, as_ = self._scene, request.query.get("as", "")
        try:
            shown = await self._in_thread(
                lambda: state.state(
                    scene.workspace, scene.modals, scene.controls(),
                    as_=as_, command=scene.command, connected=scene.carrier.connections > 0,
                )
            )  # fmt: skip
        except SlackError as error:
            return refusal(400, f"There is nobody with the id {as_!r} ({error.code}).")
        return web.json_response(shown, headers={"Cache-Control": "no-store"})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """One line per change, at most twenty a second, and a heartbeat so that a dead stream is noticed."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        news, loop = asyncio.Event(), asyncio.get_running_loop()
        self._streams.add(news)
        unwatch = self._scene.workspace.watch(lambda: loop.call_soon_threadsafe(news.set))
        try:
            with contextlib.suppress(ConnectionError):
                await self._stream(response, news)
        finally:
            unwatch()
            self._streams.discard(news)
        return response

    async def _stream(self, response: web.StreamResponse, news: asyncio.Event) -> None:
        while not self._ended.is_set():
            news.clear()
            line = json.dumps({"revision": self._scene.workspace.revision})
            await response.write(f"data: {line}\n\n".encode())
            while not self._ended.is_set() and not await _happens(news, HEARTBEAT_SECONDS):
                await response.write(b": still here\n\n")
            await asyncio.sleep(COALESCE_SECONDS)

    # Acts

    async def _act(self, request: web.Request) -> web.StreamResponse:
        act = self._acts.get(request.match_info["act"])
        if act is None:
            return refusal(404, f"The console has no {request.match_info['act']!r}.")
        try:
            given: Any = await request.json()
            result = await self._in_thread(lambda: act(given))
        except Refused as refused:
            return refusal(refused.status, str(refused))
        except SlackError as error:
            return refusal(400, f"Slack refuses this: {error}.")
        except KeyError as missing:
            return refusal(400, f"The request lacks or misnames {missing}.")
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            return refusal(400, str(error))
        return web.json_response({"ok": True} | result)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Run what may wait for the bot outside the server's loop, which delivers to the bot."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _end(self, _app: web.Application) -> None:
        self._ended.set()
        for news in self._streams:
            news.set()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _page_file(name: str) -> web.StreamResponse:
    if not (PAGE / name).is_file() or (PAGE / name).parent != PAGE:
        return refusal(404, "There is no such file.")
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
    if Path(name).suffix in TYPES:
        headers["Content-Type"] = TYPES[Path(name).suffix]
    return web.FileResponse(PAGE / name, headers=headers)


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
