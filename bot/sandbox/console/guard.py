"""Keeps other web pages out: whatever a browser elsewhere shows must neither read nor drive the sandbox."""

from collections.abc import Awaitable, Callable

from aiohttp import web

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
    """An answer that says no in words."""
    return web.json_response({"ok": False, "error": sentence}, status=status)
