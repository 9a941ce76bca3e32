"""Socket Mode: connections, envelopes, acks, and the wish to disconnect.

Follows docs.slack.dev/apis/events-api/using-socket-mode: single-use tickets, up to 10 connections, each
payload to any one of them. Must never decide what a payload or an answer means.
"""

import asyncio
import contextlib
import itertools
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.shared.watched import Watched
from bot.sandbox.slack.cast import APP_ID
from bot.sandbox.slack.deliveries import Carrier, Delivery, Parcel
from bot.sandbox.slack.messages import JSON

MOST_CONNECTIONS = 10
HEARTBEAT_SECONDS = 30.0
CLOSING_SECONDS = 1.0
"""How long to wait for the other side's part of the closing handshake."""
WARNING_SECONDS = 10.0
"""How long a connection is left open after a ``warning``; other reasons close it at once."""


@dataclass(slots=True)
class Connection:
    """One open WebSocket; ``leaving`` once it was told to disconnect."""

    number: int
    socket: web.WebSocketResponse
    request: web.Request
    leaving: bool = False


class SocketMode(Carrier):
    """Slack's end of the bot's WebSockets.

    ``redelivery`` holds the pauses, in seconds, before an event is sent again.
    """

    def __init__(
        self, watched: Watched, *, ack_within: float = 3.0, redelivery: Sequence[float] = (0.0, 60.0, 300.0)
    ) -> None:
        super().__init__(watched, ack_within=ack_within, redelivery=redelivery)
        self._tickets: set[str] = set()
        self._numbers = itertools.count(1)
        self._connections: list[Connection] = []
        self._owed: dict[str, tuple[Delivery, asyncio.Future[JSON]]] = {}
        self._arrived = asyncio.Event()

    def mount(self, app: web.Application, path: str) -> None:
        """Serve the WebSocket at ``path``."""
        app.router.add_get(path, self._serve)
        app.on_startup.append(self._begin)
        app.on_shutdown.append(self._end)

    @property
    def connections(self) -> int:
        """How many connections take payloads."""
        return sum(not connection.leaving for connection in self._connections)

    def ticket(self) -> str:
        """Return what opens one connection, once."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        return ticket

    async def dismiss(self, reason: str) -> None:
        """Tell every connection to disconnect, as Slack does several times a day."""
        for connection in list(self._connections):
            await self._dismiss(connection, reason)

    async def sever(self) -> None:
        """Drop every connection without a word."""
        for connection in list(self._connections):
            connection.leaving = True
            if connection.request.transport is not None:
                connection.request.transport.abort()

    # Connections

    async def _end(self, app: web.Application) -> None:
        await super()._end(app)
        for connection in list(self._connections):
            await connection.socket.close()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="This ticket is unknown or was used.")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, timeout=CLOSING_SECONDS)
        await socket.prepare(request)
        connection = Connection(next(self._numbers), socket, request)
        await self._admit(connection)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(message.data)
        finally:
            self._connections.remove(connection)
            self._watched.touch()
        return socket

    async def _admit(self, connection: Connection) -> None:
        too_many = self.connections >= MOST_CONNECTIONS
        self._connections.append(connection)
        hello = {
            "type": "hello",
            "num_connections": len(self._connections),
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        }
        with contextlib.suppress(ConnectionError):
            await connection.socket.send_json(hello)
        if too_many:
            await self._dismiss(connection, "too_many_websockets")
        self._arrived.set()
        self._watched.touch()

    async def _dismiss(self, connection: Connection, reason: str) -> None:
        connection.leaving = True
        with contextlib.suppress(ConnectionError):
            await connection.socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
            )
        self._start(self._close(connection, WARNING_SECONDS if reason == "warning" else 0.0))

    async def _close(self, connection: Connection, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await connection.socket.close()

    def _receive(self, text: str) -> None:
        """Take an ack, on whichever connection it comes: it may have been owed for another one."""
        ack: dict[str, Any] = json.loads(text)
        delivery, answer = self._owed.get(ack.get("envelope_id", ""), (None, None))
        if delivery is None or answer is None or delivery.acked_after is not None:
            return
        self._acknowledged(delivery, ack.get("payload"))
        if not answer.done():
            answer.set_result(delivery.answer or {})

    # Parcels

    async def _attempt(self, parcel: Parcel, attempt: int) -> JSON:
        """Send one envelope and wait for its ack.

        Raises ``TimeoutError``, or ``ConnectionError`` when nobody is connected.
        """
        connection = await self._next_connection()
        reason = "timeout" if attempt else ""
        envelope_id = secrets.token_hex(16)
        delivery = Delivery(envelope_id, parcel.kind, parcel.payload, connection.number, attempt, reason)
        answer: asyncio.Future[JSON] = asyncio.get_running_loop().create_future()
        self._owed[envelope_id] = delivery, answer
        self._sent(delivery)
        await connection.socket.send_json(delivery.as_envelope())
        async with asyncio.timeout(self.ack_within):
            return await answer

    async def _next_connection(self) -> Connection:
        """Choose a connection, a different one each time; wait a while for one that is about to come back."""
        try:
            async with asyncio.timeout(self.ack_within):
                while not (
                    ready := [connection for connection in self._connections if not connection.leaving]
                ):
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise ConnectionError("the bot is not connected") from None
        return ready[len(self._deliveries) % len(ready)]
