"""Serve several simulated tenants on one authority and admin API, told apart by the path."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot.sandbox.microsoft.authority import Entra
from bot.sandbox.microsoft.exchange import PATH, Exchange

Act = Callable[[Entra, web.Request], Awaitable[web.StreamResponse]]


def authority_of(entras: Mapping[str, Entra], otherwise: Entra) -> web.Application:
    """Route to the tenant in the path, by id or domain; ``otherwise`` refuses what is nobody's."""

    def handler(act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await act(entras.get(request.match_info["tenant"].lower(), otherwise), request)

        return handle

    app = web.Application()
    app.router.add_get(
        "/{tenant}/v2.0/.well-known/openid-configuration", handler(lambda one, asked: one.discovery(asked))
    )
    app.router.add_get("/{tenant}/discovery/v2.0/keys", handler(lambda one, asked: one.keys(asked)))
    app.router.add_post("/{tenant}/oauth2/v2.0/token", handler(lambda one, asked: one.token(asked)))
    return app


def admin_api_of(exchanges: Mapping[str, Exchange], otherwise: Exchange) -> web.Application:
    """Route to the tenant in the path, by id or domain; ``otherwise`` refuses what is nobody's."""

    async def handle(request: web.Request) -> web.StreamResponse:
        route = PATH.fullmatch(request.path)
        tenant = route["tenant"].lower() if route else ""
        return await exchanges.get(tenant, otherwise).serve(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app
