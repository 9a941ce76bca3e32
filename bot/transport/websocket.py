"""Hold one client WebSocket to Slack over ``websockets``: whole text messages in and out."""

import logging
import ssl
import threading
import time
from typing import Any, Final

from websockets.exceptions import (
    ConnectionClosed,
    ConnectionClosedOK,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)
from websockets.sync.client import ClientConnection, connect

from handlers.context.web_addresses import taken_apart

LARGEST_MESSAGE: Final = 4 * 1024 * 1024
"""Bytes; Slack's payloads are far below."""
GOODBYE_WITHIN: Final = 1.0
"""Seconds the other side may take to say goodbye too."""

UNHEARD: Final = logging.Logger("websocket", level=logging.CRITICAL + 1)  # noqa: LOG001 - in nobody's tree, on purpose
"""For the library: however a connection ends, it is told here as ``Lost``; its own tracebacks of a close that
met another end of the same connection are no errors of ours."""


class Lost(OSError):
    """The connection is of no use any more, or never was."""


class HandshakeRefused(WebSocketException):
    """The other side answered the handshake with a status of HTTP; a redirect is one of them."""


class _Direct(ClientConnection):
    """Connect to the given address only: the library would follow a redirect to any host."""

    def handshake(self, *arguments: Any, **named: Any) -> None:
        """Raises ``HandshakeRefused`` where the library's own would make the caller follow."""
        try:
            super().handshake(*arguments, **named)
        except InvalidStatus as refused:
            raise HandshakeRefused(f"status {refused.response.status_code}") from None


class WebSocket:
    """An open connection. ``pinged`` is when the last ping went, on the monotonic clock."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._heard = self.pinged = time.monotonic()
        self._pong: threading.Event | None = None

    @property
    def heard(self) -> float:
        """Return when the last sign of life came: a message, or the answer to the last ping."""
        return (
            max(self._heard, self.pinged) if self._pong is not None and self._pong.is_set() else self._heard
        )

    def receive(self) -> str | None:
        """Return the next message; ``None`` when the other side says goodbye.

        Raises ``Lost``, also after ``close``.
        """
        try:
            message = self._connection.recv(decode=True)
        except ConnectionClosedOK:
            return None
        except (ConnectionClosed, OSError) as ended:
            raise Lost("the connection ended without a goodbye") from ended
        self._heard = time.monotonic()
        return message

    def send(self, text: str) -> None:
        """Send one message whole. Raises ``Lost``."""
        try:
            self._connection.send(text)
        except (ConnectionClosed, OSError) as ended:
            raise Lost("the connection broke") from ended

    def ping(self) -> None:
        """Ask for a sign of life, which shows in ``heard``. Raises ``Lost``."""
        self._heard = self.heard
        try:
            self._pong, self.pinged = self._connection.ping(), time.monotonic()
        except (ConnectionClosed, OSError) as ended:
            raise Lost("the connection broke") from ended

    def close(self) -> None:
        """Close the connection, wake its receiver and free the socket; may be called more than once."""
        self._connection.close()


def dial(url: str, *, tls: ssl.SSLContext | None, proxy: str | None, within: float) -> WebSocket:
    """Open a WebSocket, following no redirect; plain ``ws`` to loopback only.

    ``proxy`` is a URL with its scheme, ``within`` the seconds for it. Raises ``Lost``.
    """
    try:
        address = taken_apart(url)
    except ValueError:
        raise Lost("the address is neither wss nor on loopback") from None
    secure = address.scheme == "wss"
    if not secure and not (address.scheme == "ws" and address.stays_here):
        raise Lost("the address is neither wss nor on loopback")
    try:
        connection = connect(
            str(address),
            ssl=(tls or ssl.create_default_context()) if secure else None,
            proxy=proxy if secure else None,
            compression=None,
            create_connection=_Direct,
            open_timeout=within,
            close_timeout=GOODBYE_WITHIN,
            ping_interval=None,  # whoever keeps the connections asks, and judges the silence
            max_size=LARGEST_MESSAGE,
            logger=UNHEARD,
            legacy=True,  # held, not used as a context manager: whoever keeps the connections closes it
        )
    except (OSError, ValueError, InvalidURI, WebSocketException) as failed:
        raise Lost(f"no connection ({type(failed).__name__})") from failed
    return WebSocket(connection)
