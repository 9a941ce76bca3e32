"""Simulate Microsoft around one tenant: Entra, Exchange Online and its mail hosts, on loopback TLS.

Several tenants share one authority and one admin API, told apart by the path.

Puts the parts together and hands out the settings with which the production client, MSAL included, runs
against it unchanged. Knows nothing of Slack or of the bot.
"""

import secrets
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path

from aiohttp import web
from pydantic import SecretStr

from bot.sandbox.microsoft.authority import Entra
from bot.sandbox.microsoft.certificates import Root, client_certificate, server_context, write_private
from bot.sandbox.microsoft.exchange import FOREIGN, PATH, Exchange
from bot.sandbox.microsoft.mail import Mail
from bot.sandbox.microsoft.registration import Registration
from bot.sandbox.microsoft.tenant import Tenant
from bot.sandbox.microsoft.tokens import Tokens
from bot.sandbox.shared import wire
from bot.sandbox.shared.server import Server

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
    app.router.add_route("*", f"{FOREIGN}/{{path:.*}}", otherwise.strayed)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


CLIENT_ID = "66666666-7777-8888-9999-aaaaaaaaaaaa"
OBJECT_ID = "bbbbbbbb-cccc-dddd-eeee-ffffffffffff"
"""Object id of the app's service principal, the ``oid`` of its tokens."""


class Microsoft:
    """Microsoft's side of the sandbox.

    ``folder`` takes the CA bundle and the client's and servers' keys, each readable by its owner only;
    ``clock`` (aware UTC) dates changes and audit rows, while tokens and certificates keep real time;
    ``changed`` is called from any thread after each visible change.
    """

    def __init__(
        self, folder: Path, *, clock: Callable[[], datetime], changed: Callable[[], None] = lambda: None
    ) -> None:
        self.tenant = Tenant(clock=clock, changed=changed)
        self.others: list[Tenant] = []
        """More tenants, added before ``start``."""
        self.tokens = Tokens(self.tenant.tenant_id, self.tenant.grants)
        self.client_secret = SecretStr(secrets.token_urlsafe(24))
        """Accepted in place of the certificate; not part of ``environment``, which names exactly one
        credential."""
        self.environment: dict[str, str] = {}
        """After ``start``: the settings that point the bot here."""
        self._folder = folder
        self._servers: list[Server] = []
        self._mail: Mail | None = None

    def start(self) -> None:
        """Make keys and certificates, listen on free ports, fill ``environment``."""
        context = self._write_certificates()
        entra, exchange_api = self._sides_of(self.tenant, self.tokens)
        sides = {one: self._sides_of(one, Tokens(one.tenant_id, one.grants)) for one in self.others}
        sides[self.tenant] = entra, exchange_api
        named = [(name, *both) for one, both in sides.items() for name in (one.tenant_id, one.organization)]
        authority = self._serve(authority_of({name: its for name, its, _ in named}, entra), context)
        exchange = self._serve(admin_api_of({name: its for name, _, its in named}, exchange_api), context)
        for its, _ in sides.values():
            its.origin = authority.url
        self._mail = Mail(self._folder / "server.pem")
        self._mail.start()
        self.environment = {
            "AZURE_TENANT_ID": self.tenant.tenant_id,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_CERTIFICATE_PATH": str(self._folder / "client.pem"),
            "AZURE_AUTHORITY_HOST": authority.url,
            "EXCHANGE_API_URL": exchange.url,
            "EXCHANGE_ORGANIZATION": self.tenant.organization,
            "REQUESTS_CA_BUNDLE": str(self._folder / "ca.pem"),
            "LEGACYTLS_PROBE_ENDPOINTS": self._mail.endpoints,
        }

    def stop(self) -> None:
        """Close every server; the tenant keeps its state."""
        if self._mail is not None:
            self._mail.stop()
            self._mail = None
        while self._servers:
            self._servers.pop().stop()

    def _sides_of(self, tenant: Tenant, tokens: Tokens) -> tuple[Entra, Exchange]:
        """One tenant's authority and admin API."""
        names = tenant.tenant_id, tenant.organization
        entra = Entra(*names, self._registration, tokens, take_fault=tenant.take_fault)
        return entra, Exchange(tenant, tokens)

    def _serve(self, app: web.Application, context: ssl.SSLContext) -> Server:
        wire.end_connections_at_shutdown(app)
        server = Server(app, tls=context)
        try:
            server.start()
        except OSError:
            self.stop()
            raise
        self._servers.append(server)
        return server

    def _write_certificates(self) -> ssl.SSLContext:
        root, client = Root(), client_certificate("legacytls")
        self._registration = Registration(CLIENT_ID, OBJECT_ID, client.certificate, self.client_secret)
        self._folder.mkdir(parents=True, exist_ok=True)
        write_private(self._folder / "ca.pem", root.pem())
        write_private(self._folder / "client.pem", client.pem())
        write_private(self._folder / "server.pem", root.server().pem())
        return server_context(self._folder / "server.pem")
