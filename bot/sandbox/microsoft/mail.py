"""The simulated mail hosts: the three legacy ones and the standard one, as far as TLS goes.

They take no sign-in and no mail. Like Microsoft's, a legacy host completes a handshake in old TLS whatever
the tenant's setting is. Names below ``localhost`` lead to this machine (RFC 6761, 6.3).
"""

import asyncio
import ssl
import threading
import warnings
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from bot.sandbox.microsoft.certificates import server_context

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Mail:
    """Listen on free ports of 127.0.0.1 in a thread; ``pem`` holds the hosts' key and certificate."""

    def __init__(self, pem: Path) -> None:
        self._old, self._modern = _with_old_tls(pem), server_context(pem)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox-mail", daemon=True)
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._closing = False
        self.endpoints = ""
        """After ``start``: what ``LEGACYTLS_PROBE_ENDPOINTS`` takes."""

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(timeout=30)

    def stop(self) -> None:
        """Close every connection and end the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _listen(self) -> None:
        hosts: list[tuple[str, Serve, ssl.SSLContext | None]] = [
            ("smtp-legacy", partial(_smtp, self._old), None),
            ("pop-legacy", _inside, self._old),
            ("imap-legacy", _inside, self._old),
            ("smtp", partial(_smtp, self._modern), None),
        ]
        found = []
        for name, serve, implicit in hosts:
            server = await asyncio.start_server(partial(self._serve, serve), "127.0.0.1", 0, ssl=implicit)
            self._servers.append(server)
            found.append(f"{name}.localhost:{server.sockets[0].getsockname()[1]}")
        self.endpoints = ",".join(found)

    async def _serve(self, serve: Serve, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closing:
            return writer.transport.abort()
        self._open.add(writer)
        try:
            await serve(reader, writer)
        except (OSError, EOFError, ValueError):
            return None  # whoever connected has gone, or speaks something else
        finally:
            self._open.remove(writer)
            writer.close()
        return None

    async def _close(self) -> None:
        """End connections by their transport: asyncio logs a task cancelled before it began as a defect."""
        self._closing = True
        for server in self._servers:
            server.close()
        for writer in self._open:
            writer.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)


def _with_old_tls(pem: Path) -> ssl.SSLContext:
    context = server_context(pem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


async def _inside(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Within TLS nothing is answered."""
    while await reader.read(4096):
        pass


async def _smtp(context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 sandbox.localhost Microsoft ESMTP MAIL Service ready\r\n")
    while command := (await reader.readuntil(b"\n")).strip().upper():
        if command.startswith(b"EHLO"):
            writer.write(b"250-sandbox.localhost\r\n250-STARTTLS\r\n250 SIZE 157286400\r\n")
        elif command == b"STARTTLS":
            writer.write(b"220 2.0.0 SMTP server ready\r\n")
            protocol = writer.transport.get_protocol()
            protocol._over_ssl = True  # type: ignore[attr-defined]  # else asyncio warns of every client that ends the handshake
            await writer.start_tls(context)
            return  # within TLS nothing is served
        else:
            writer.write(b"530 5.7.57 Client not authenticated\r\n")
