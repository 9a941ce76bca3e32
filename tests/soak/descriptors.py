"""What the open descriptors of a process are for: each server's connections, files, and the like."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.exchange.http.session import POOL as HTTP_POOL
from bot.transport.socket_connections import CONNECTIONS
from bot.wiring import CREW
from bot.worker.plan import DELIVERING, OF_SEVERAL
from storage.database.connections import POOL, QUICK_POOL

DATABASE, ENTRA, EXCHANGE, SLACK, RECEIVER, ASKED, FILES, REST = KINDS = (
    "descriptors: connections to the database",
    "descriptors: connections to Entra",
    "descriptors: connections to Exchange",
    "descriptors: connections to Slack",
    "descriptors: connections to the receiver of events",
    "descriptors: connections to the health port",
    "descriptors: files",
    "descriptors: pipes, pollers and all other sockets",
)

SENDERS = 2 * OF_SEVERAL["private-1"] + DELIVERING + CREW
"""Threads that call Slack's Web API, each over a connection that is closed at once."""

MOST = {
    DATABASE: 2 * (POOL + QUICK_POOL),
    ENTRA: HTTP_POOL,
    EXCHANGE: HTTP_POOL,
    SLACK: CREW + 2 * CONNECTIONS + SENDERS,
    RECEIVER: OF_SEVERAL["stream"],
    ASKED: 2,
    FILES: 8,
    REST: 20,
}
"""How many of each there may be, however long the process runs: a connection is opened where a thread finds
none that is free, and kept. Of files three stay open, of the rest twelve; more of them are there for a
moment only."""

LISTENING = "0A"
"""The state of a socket in ``/proc/net/tcp`` (include/net/tcp_states.h of Linux)."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The ports of a TCP socket."""

    here: int
    there: int
    listens: bool


def descriptors(pid: int, servers: Mapping[int, str]) -> dict[str, float]:
    """Count the descriptors of a process by kind; ``servers`` tells the kind of each port."""
    proc = Path("/proc") / str(pid)
    counted = Counter(dict.fromkeys(KINDS, 0))
    sockets = {inode: ends for name in ("tcp", "tcp6") for inode, ends in _sockets(proc / "net" / name)}
    for link in (proc / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            counted[_kind(str(link.readlink()), sockets, servers)] += 1
    return {kind: float(number) for kind, number in counted.items()}


def _kind(link: str, sockets: Mapping[str, Ends], servers: Mapping[int, str]) -> str:
    if link.startswith("/"):
        return FILES
    ends = sockets.get(link.removeprefix("socket:[").removesuffix("]"))
    if ends is None or ends.listens:
        return REST
    return servers.get(ends.there) or servers.get(ends.here) or REST


def _sockets(table: Path) -> Iterable[tuple[str, Ends]]:
    """Each TCP socket by the number of its inode (``man 5 proc``)."""
    for line in table.read_text(encoding="ascii").splitlines()[1:]:
        _, here, there, state, *more = line.split()
        yield more[5], Ends(_port(here), _port(there), listens=state == LISTENING)


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
