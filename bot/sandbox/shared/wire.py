"""Puts answers on a socket, whole or spoilt: cut short, a few bytes at a time, or not at all but a reset."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from weakref import WeakSet

from aiohttp import web

DRIP_STEPS = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer before it meets a socket."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def end_connections_at_shutdown(app: web.Application) -> None:
    """Break what is still connected when ``app`` shuts down.

    Closing TLS in good order waits for the peer, and a peer that keeps its connection for later never
    answers.
    """
    connections: WeakSet[asyncio.Transport] = WeakSet()

    async def remember(request: web.Request, response: web.StreamResponse) -> None:
        if request.transport is not None:
            connections.add(request.transport)

    async def end(app: web.Application) -> None:
        for connection in list(connections):
            connection.abort()

    app.on_response_prepare.append(remember)
    app.on_shutdown.append(end)


def respond(answer: Answer) -> web.Response:
    """Return the answer as it is."""
    return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))


def reset(request: web.Request) -> web.Response:
    """Break the connection so that the client sees a reset rather than an orderly end."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def drip(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    """Send the body evenly over ``seconds``: every single read is quick, the whole is slow."""
    response = await _begin(request, answer)
    size = max(1, -(-len(answer.body) // DRIP_STEPS))
    with suppress(ConnectionError):  # the client may have lost patience
        for start in range(0, len(answer.body), size):
            await asyncio.sleep(seconds / DRIP_STEPS)
            await response.write(answer.body[start : start + size])
        await response.write_eof()
    return response


async def cut_short(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Promise the whole body, send half of it, and end the connection."""
    response = await _begin(request, answer)
    await response.write(answer.body[: len(answer.body) // 2])
    response.force_close()
    if request.transport is not None:
        request.transport.close()
    return response


async def _begin(request: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
    response.content_length = len(answer.body)
    await response.prepare(request)
    return response
