"""Serve one aiohttp application on loopback from a thread, on a port that may be known beforehand."""

import asyncio
import random
import socket
import ssl
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import web

PORTS = range(20000, 32000)
"""Below those that systems hand out by themselves (Linux: from 32768), so that no connection takes it before
the server does."""

_chance = random.SystemRandom()
"""Never seeded: two runs beside each other must not try the same ports in the same order."""


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    for port in _chance.sample(PORTS, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("a hundred ports were tried and all of them are taken")


T = TypeVar("T")


class Server:
    """Serves ``app`` on ``127.0.0.1``; ``port`` 0 lets the system choose.

    ``url`` is known once ``start`` returned.
    """

    def __init__(self, app: web.Application, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._app = app
        self._tls = tls
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox-server", daemon=True)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Scheme, host and port, without a trailing slash."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen; raises ``OSError`` when the port is taken."""
        self._thread.start()
        try:
            self.run(self._listen())
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._runner is not None:
            self.run(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's own loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _listen(self) -> None:
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls)
        await site.start()
        server = site._server
        assert isinstance(server, asyncio.Server)
        self.port = server.sockets[0].getsockname()[1]
