"""One handshake in one TLS version over an open connection, and what was seen of it.

Nothing is sent once it is complete.
"""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

from bot.probe.records import Records


class End(Enum):
    """How a handshake ended."""

    COMPLETE = auto()
    ALERT = auto()
    """By a fatal alert of the server's."""
    CLOSED = auto()
    """By the end of the connection, without an alert."""
    RESET = auto()
    TIMED_OUT = auto()
    FOREIGN = auto()
    """By an answer that is no TLS."""
    GIVEN_UP = auto()
    """By our own OpenSSL."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one handshake; ``choice`` and ``alert`` are numbers as they stand on the wire."""

    end: End
    choice: int | None = None
    alert: int | None = None
    reason: str = ""
    """OpenSSL's name for why it gave up."""
    cipher: str = ""
    answered: bool = True
    """Whether anything came back at all."""


async def shake_hands(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    context: ssl.SSLContext,
    host: str,
    *,
    deadline: float,
) -> Seen:
    """Try one handshake until ``deadline`` (the loop's clock); a ``host`` that is a name is told (SNI)."""
    incoming, outgoing, records = ssl.MemoryBIO(), ssl.MemoryBIO(), Records()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=host)

    def seen(end: End, **more: str) -> Seen:
        return Seen(end, records.choice, records.alert, answered=not records.silent, **more)

    try:
        async with asyncio.timeout_at(deadline):
            while True:
                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    writer.write(outgoing.read())
                except ssl.SSLError as failed:
                    return seen(_why(records), reason=failed.reason or "SSL_ERROR")
                else:
                    with suppress(ssl.SSLError):  # it would wait for the answer
                        tls.unwrap()
                    writer.write(outgoing.read())
                    return seen(End.COMPLETE, cipher=(tls.cipher() or ("",))[0])
                data = await reader.read(16384)
                if not data:
                    return seen(End.CLOSED)
                records.feed(data)
                incoming.write(data)
    except TimeoutError:
        return seen(End.TIMED_OUT)
    except OSError:
        return seen(End.RESET)


def _why(records: Records) -> End:
    if records.alert is not None:
        return End.ALERT
    return End.FOREIGN if records.foreign else End.GIVEN_UP
