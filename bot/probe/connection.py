"""Connect to an endpoint and speak its protocol up to the server's consent to begin TLS.

Whichever address answers first is taken; failures are said in words. No name, no password and no mail is ever
said. Only reply codes are read; no text of the server's gets any further.
"""

import asyncio
import errno
import re
import socket
import threading
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final

from aiohappyeyeballs import start_connection

from bot.probe.targets import Opening
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


GREETING_WITHIN: Final = 1.5
"""Seconds for which a port of unknown use is given to greet first, as SMTP, POP3 and IMAP do; TLS waits for
the client."""

_LINES: Final = 100
"""Lines that one reply may have."""

_STARTTLS: Final = re.compile(rb"250[- ]STARTTLS\s*", re.IGNORECASE)
_GREETINGS: Final = {b"220": Opening.SMTP, b"+OK": Opening.POP3, b"* ": Opening.IMAP}

NO_STARTTLS: Final = (
    "it offers no STARTTLS here (a firewall on the way may have taken the offer out), so no version was tried"
)


class NoTls(Exception):
    """The server was reached, and TLS could not begin; the text says why, for people."""


async def open_with(opening: Opening, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Opening:
    """Bring a fresh connection to where TLS begins; returns the protocol that was spoken.

    Raises ``NoTls``.
    """
    if opening is Opening.TLS:
        return opening
    first = b""
    if opening is Opening.FOUND_OUT:
        try:
            async with asyncio.timeout(GREETING_WITHIN):
                first = await reader.readexactly(3)
        except TimeoutError:
            return Opening.TLS
        except asyncio.IncompleteReadError:
            raise NoTls("it closed the connection without a word") from None
        opening = _greeted(first)
    await _SPEAK[opening](first, reader, writer)
    return opening


def _greeted(first: bytes) -> Opening:
    found = next((opening for beginning, opening in _GREETINGS.items() if first.startswith(beginning)), None)
    if found is None:
        raise NoTls("it speaks first, and neither SMTP, POP3 nor IMAP")
    return found


async def _smtp(first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    _expect(b"220", await _reply(reader, first), "SMTP greeting")
    _say(writer, b"EHLO " + _own_name(writer))
    offered = await _reply(reader)
    _expect(b"250", offered, "answer to EHLO")
    if not any(_STARTTLS.fullmatch(line) for line in offered):
        raise NoTls(NO_STARTTLS)
    _say(writer, b"STARTTLS")
    _expect(b"220", await _reply(reader), "answer to STARTTLS")


async def _pop3(first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    _agreed(first + await _line(reader), b"+OK", "POP3 greeting")
    _say(writer, b"STLS")
    _agreed(await _line(reader), b"+OK", "answer to STLS")


async def _imap(first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    _agreed(first + await _line(reader), b"* OK", "IMAP greeting")
    _say(writer, b"a1 STARTTLS")
    for _ in range(_LINES):
        line = await _line(reader)
        if not line.startswith(b"* "):
            return _agreed(line, b"a1 OK", "answer to STARTTLS")
    raise NoTls("its answer to STARTTLS does not end")


_SPEAK: Final = {Opening.SMTP: _smtp, Opening.POP3: _pop3, Opening.IMAP: _imap}


async def _reply(reader: asyncio.StreamReader, first: bytes = b"") -> list[bytes]:
    """One SMTP reply: lines such as ``250-SIZE``, the last one without the hyphen (RFC 5321, 4.2)."""
    lines = [first + await _line(reader)]
    while lines[-1][3:4] == b"-":
        if len(lines) == _LINES:
            raise NoTls("its reply does not end")
        lines.append(await _line(reader))
    return lines


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        raise NoTls("it closed the connection before TLS could begin") from None
    except asyncio.LimitOverrunError:
        raise NoTls("it sends a line without an end") from None
    return line


def _expect(code: bytes, lines: list[bytes], what: str) -> None:
    said = lines[-1][:3]
    if said != code:
        number = said.decode("ascii") if said.isdigit() else "no reply code"
        raise NoTls(f"its {what} is {number}, not {code.decode()}, so TLS could not begin")


def _agreed(line: bytes, consent: bytes, what: str) -> None:
    if not line.upper().startswith(consent.upper()):
        raise NoTls(f"its {what} is not OK, so TLS could not begin")


def _say(writer: asyncio.StreamWriter, words: bytes) -> None:
    writer.write(words + b"\r\n")


def _own_name(writer: asyncio.StreamWriter) -> bytes:
    """This machine's address on the connection, as EHLO takes it where there is no name (RFC 5321, 4.1.3)."""
    address = ip_address(str(writer.get_extra_info("sockname")[0]).partition("%")[0])
    return f"[IPv6:{address}]".encode() if address.version == 6 else f"[{address}]".encode()
