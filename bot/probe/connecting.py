"""Resolve an endpoint's name and connect to whichever address answers first; say failures in words."""

import asyncio
import errno
import socket
import threading
from contextlib import suppress
from typing import Any, Final

from aiohappyeyeballs import start_connection

from handlers.probe_ports import ProbeTarget

HEAD_START: Final = 0.25
"""Seconds before the next address is tried beside the one that has not answered yet (RFC 8305)."""

_WHY: Final = {
    errno.ECONNREFUSED: "the connection was refused: nothing listens there, or a firewall says so",
    errno.ENETUNREACH: "there is no way to that network from this machine",
    errno.EHOSTUNREACH: "there is no way to that host from this machine",
    errno.EACCES: "this machine's own rules forbid the connection",
    errno.EPERM: "this machine's own rules forbid the connection",
}

Addresses = list[tuple[Any, ...]]


class OutOfReach(Exception):
    """No connection came about; the text says why, for people."""


async def look_up(target: ProbeTarget) -> Addresses:
    """The addresses of a name, as the system finds them.

    Raises ``OutOfReach``, and waits no longer than it is let. In a thread of its own that nobody waits for at
    the end: the system's resolver cannot be interrupted.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Addresses] = loop.create_future()

    def settle(addresses: Addresses | None) -> None:
        if found.done():
            return
        if addresses:
            found.set_result(addresses)
        else:
            found.set_exception(
                OutOfReach("the name cannot be looked up: check its spelling, and this machine's DNS")
            )

    def ask() -> None:
        addresses = None
        host = "localhost" if target.host.endswith(".localhost") else target.host  # RFC 6761, 6.3
        with suppress(OSError, UnicodeError):  # the second: labels that no name can have
            addresses = list(socket.getaddrinfo(host, target.port, type=socket.SOCK_STREAM))
        with suppress(RuntimeError):  # the loop is over, and with it whoever asked
            loop.call_soon_threadsafe(settle, addresses)

    threading.Thread(target=ask, name="probe-look-up", daemon=True).start()
    return await found


async def connect(addresses: Addresses) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """One connection to whichever of the addresses answers first.

    Raises ``OutOfReach``, and ``OSError`` once it was reached.
    """
    try:
        connection = await start_connection(addresses, happy_eyeballs_delay=HEAD_START, interleave=1)
    except ConnectionResetError:
        raise  # somebody is there
    except OSError as failed:
        raise OutOfReach(_WHY.get(failed.errno or 0, "no connection could be made")) from failed
    return await asyncio.open_connection(sock=connection)
