"""Limit an HTTP listener on waitress to so many connections; a newcomer replaces an idle one.

So nobody can keep others out by staying, whether silent, half-open or kept alive; no thread is held by a
connection that asks nothing.
"""

import socket
import threading
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server

NEWCOMERS = 16
"""Connections on which nothing was asked yet that are not shown out for the sake of newer ones."""


class Guest(HTTPChannel):  # type: ignore[misc]
    """One connection, as waitress keeps it, and whether anything was ever asked on it."""

    asked = False

    @property
    def is_idle(self) -> bool:
        """Tell whether it can be closed without loss: no whole request in hand, nothing to be sent."""
        return not (self.requests or self.total_outbufs_len or self.will_close)

    @property
    def standing(self) -> tuple[bool, float]:
        """The lower, the sooner it has to go; who only drips bytes does not rise by it."""
        return self.asked, self.last_activity if self.asked else self.creation_time

    def service(self) -> None:
        """Answer what was asked (on a thread of waitress' own)."""
        self.asked = True
        super().service()


class Listener:
    """Serve one address with ``places`` connections and ``spare`` ones for newcomers, on waitress.

    Listens from construction on, and answers in ``run``. Raises ``OSError`` when the address cannot be had.
    """

    def __init__(
        self,
        application: Callable[..., Any],
        *,
        host: str,
        port: int,
        places: int,
        spare: int,
        **settings: Any,
    ) -> None:
        """``settings`` are waitress' own."""
        self._places, self._most = places, places + spare
        self._connections: dict[int, Any] = {}
        self._closing = threading.Lock()
        self._closed = False
        self._server = create_server(
            application, map=self._connections, sockets=[listen(host, port)], ident=None,
            asyncore_use_poll=True, connection_limit=self._most, cleanup_interval=5,
            clear_untrusted_proxy_headers=True, **settings,
        )  # fmt: skip
        self._server.channel_class = Guest

    @property
    def port(self) -> int:
        """The port in use, also when 0 was asked for."""
        return int(self._server.effective_port)

    def finish(self, *, within: float) -> None:
        """Have what is in hand answered, and take nothing more."""
        self._server.task_dispatcher.shutdown(timeout=within)

    def wake(self) -> None:
        """Have ``turn`` look up at once; does nothing after closing, when the descriptor may be another's."""
        with self._closing:
            if not self._closed:
                self._server.pull_trigger()

    def run(self, stopping: threading.Event) -> None:
        """Answer until told to stop.

        Waitress' own ``run`` ends only with its last connection; a kept-alive one must not hold up the end.
        """
        while not stopping.is_set():
            self.turn(1.0)
            if len(self._connections) > self._places:
                self._make_room()

    def turn(self, timeout: float) -> None:
        """Wait for something to happen on a connection, and deal with it."""
        wasyncore.loop(timeout=timeout, map=self._connections, use_poll=True, count=1)

    def has_unsent(self) -> bool:
        """Tell whether an answer has not left yet."""
        return any(getattr(connection, "total_outbufs_len", 0) for connection in self._connections.values())

    def close(self) -> None:
        """Close every connection."""
        with self._closing:
            self._closed = True
            wasyncore.close_all(self._connections, ignore_all=True)

    def _make_room(self) -> None:
        """Give away the places of those who have been idle longest, first of those who never asked anything.

        The newest of these may be about to ask: they stay unless no other could come in.
        """
        guests = [guest for guest in self._connections.values() if isinstance(guest, Guest)]
        idle = sorted((guest for guest in guests if guest.is_idle), key=lambda guest: guest.standing)
        silent = [guest for guest in idle if not guest.asked]
        newest = silent[-NEWCOMERS:]
        order = silent[:-NEWCOMERS] + [guest for guest in idle if guest.asked]
        if len(self._connections) >= self._most:
            order += newest
        for guest in order[: max(0, len(self._connections) - self._places)]:
            guest.will_close = True


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket on the first address of ``host``; waitress treats several differently.

    Raises ``OSError`` when the address cannot be had.
    """
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(address, family=family)
