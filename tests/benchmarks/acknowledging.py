"""How soon commands are acknowledged, and what they cost: the bot on one processor, the load on another.

Each subject in turn, when all others are at rest: ``status`` one at a time and sixteen in flight, ``help``,
which has no work behind it, and sixty-four at once while Exchange is slow.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.sandbox.shared.server import free_port
from tests.benchmarks.subjects import Subject, Subjects, wait_for_port
from tests.benchmarks.table import Figure
from tests.benchmarks.workspace import Line, Wire, Workspace, payload

IN_FLIGHT = 16
ON_POSTGRES = "postgresql"
OURS = {"ours": "SQLite", ON_POSTGRES: "PostgreSQL"}
BURST = 64
FLOOD = 320
SLOW = 2.0
"""Seconds that Exchange takes during the burst."""
UNHURRIED = 0.25
"""Seconds between two commands when each is answered before the next."""
BESIDE = {
    "inline": "bare Bolt, inline", "default": "Bolt's default flags", "floor": "raw WSGI with HMAC",
}  # fmt: skip


class Carrier(Protocol):
    """Carries commands to a subject, over either of Slack's two ways."""

    async def acknowledge(self, body: dict[str, str]) -> float:
        """Seconds until the command is acknowledged."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one subject did in its turn."""

    alone: float
    """Median milliseconds of an acknowledgement, the next command only after it."""
    calm: float
    """The same with time to answer between them."""
    status: float
    """Acknowledgements a second, sixteen in flight."""
    ack: float
    """Milliseconds of processor time until one of these was acknowledged."""
    help: float
    one: float
    """Milliseconds of processor time that one command costs until all is done."""
    sixteen: float
    """The same for each of sixteen at once."""


@dataclass(frozen=True, slots=True)
class Load:
    """Commands for one subject, over as many carriers as are in flight."""

    carriers: Sequence[Carrier]
    subject: Subject
    subjects: Subjects
    url: str
    hurried: bool = True
    """Whether it can take many: Bolt's default flags take ten milliseconds for each."""

    async def turn(self) -> Turn:
        """One turn, each part of it after a rest."""
        many = 480 if self.hurried else 160
        alone = await self._alone(150 if self.hurried else 20)
        await self.subjects.rest()
        (status, ack), (help_, _) = [await self._together(many, text) for text in ("status", "help")]
        calm: list[float] = []

        async def unhurried() -> None:
            calm.append(await self._alone(6, "", pause=UNHURRIED))

        async def bursts() -> None:
            for _ in range(3):
                await self.keep_on(IN_FLIGHT, group="SIXTEEN")
                await asyncio.sleep(2 * UNHURRIED)

        one, sixteen = await self._cost(unhurried, 6), await self._cost(bursts, 3 * IN_FLIGHT)
        return Turn(alone, calm[0], status, ack, help_, one, sixteen)

    async def _alone(self, count: int, group: str = "CROWD", *, pause: float = 0.0) -> float:
        taken = []
        for _ in range(count):
            taken.append(await self.carriers[0].acknowledge(payload(self.url, group=group)) * 1000)
            await asyncio.sleep(pause)
        return statistics.median(taken)

    async def _together(self, count: int, text: str) -> tuple[float, float]:
        busy, seconds = await self._busy(lambda: self.keep_on(count, text))
        await self.subjects.rest()
        return count / seconds, busy / count * 1000

    async def keep_on(self, count: int, text: str = "status", group: str = "CROWD") -> None:
        """Send so many, all carriers at once."""

        async def each(carrier: Carrier) -> None:
            for _ in range(count // len(self.carriers)):
                await carrier.acknowledge(payload(self.url, text, group))

        await asyncio.gather(*(each(carrier) for carrier in self.carriers))

    async def _cost(self, deed: Callable[[], Awaitable[object]], count: int) -> float:
        """Milliseconds of processor time for each of ``count``, without what the subject does all the
        time."""
        idle = min([(await self._busy(lambda: asyncio.sleep(0.5)))[0] * 2 for _ in range(3)])

        async def whole() -> None:
            await deed()
            await self.subjects.rest()

        busy, seconds = await self._busy(whole)
        return max(0.0, busy - idle * seconds) / count * 1000

    async def _busy(self, deed: Callable[[], Awaitable[object]]) -> tuple[float, float]:
        before, began = self.subject.processor_seconds(), time.perf_counter()
        await deed()
        return self.subject.processor_seconds() - before, time.perf_counter() - began


async def measure_socket_mode(workspace: Workspace, subjects: Subjects, rounds: int) -> list[Figure]:
    """Socket Mode over a local WebSocket."""
    running = {kind: subjects.bare(kind, "socket") for kind in ("floor", "inline", "default")}
    running["ours"] = subjects.ours("socket")
    if (database := subjects.postgres.new_database()) is not None:
        running[ON_POSTGRES] = subjects.ours("socket", name=ON_POSTGRES, DATABASE_URL=database)
    lines = {name: await workspace.line(name) for name in running}
    loads = {
        name: Load([lines[name]] * IN_FLIGHT, subject, subjects, workspace.url, name != "default")
        for name, subject in running.items()
    }
    figures = await _measured("Socket Mode", loads, subjects, rounds)
    for name, where in OURS.items():
        flood = await _flood(workspace, loads[name]) if name in loads else None
        note = "all answered" if flood else subjects.postgres.why
        figures.append(Figure(f"answered a second in a flood, {where}", "1/s", flood, "-", note=note))
        figures.append(await _burst(workspace, subjects, lines, name, rounds=max(1, rounds // 2)))
    return figures


async def measure_http(workspace: Workspace, subjects: Subjects, rounds: int) -> list[Figure]:
    """HTTP over kept-alive connections, each request signed."""
    running = {kind: subjects.bare(kind, "http") for kind in ("floor", "inline", "default")}
    ports = {name: int(await asyncio.to_thread(subject.line)) for name, subject in running.items()}
    ports["ours"] = free_port()
    running["ours"] = subjects.ours("http", port=ports["ours"])
    if (database := subjects.postgres.new_database()) is not None:
        ports[ON_POSTGRES] = free_port()
        running[ON_POSTGRES] = subjects.ours(
            "http", port=ports[ON_POSTGRES], name=ON_POSTGRES, DATABASE_URL=database
        )
    for port in ports.values():
        await asyncio.to_thread(wait_for_port, port)
    wires = {name: [await Wire.open(port) for _ in range(IN_FLIGHT)] for name, port in ports.items()}
    loads = {
        name: Load(wires[name], subject, subjects, workspace.url, name != "default")
        for name, subject in running.items()
    }
    figures = await _measured("HTTP", loads, subjects, rounds)
    for several in wires.values():
        for wire in several:
            wire.writer.close()
    return figures


async def _measured(way: str, loads: Mapping[str, Load], subjects: Subjects, rounds: int) -> list[Figure]:
    """All subjects in turns, so that they meet the same machine."""
    await asyncio.sleep(2)
    await subjects.rest()
    taken: dict[str, list[Turn]] = {name: [] for name in loads}
    for _ in range(rounds):
        for name, load in loads.items():
            taken[name].append(await load.turn())
    return [
        figure
        for name, where in OURS.items()
        for figure in _figures(f"{way}, {where}", taken, name, subjects.postgres.why)
    ]


def _figures(where: str, taken: Mapping[str, Sequence[Turn]], name: str, why: str) -> list[Figure]:
    def row(what: str, unit: str, goal: str, of: Callable[[Turn], float], beside: str = "inline") -> Figure:
        middle = {each: statistics.median(of(turn) for turn in turns) for each, turns in taken.items()}
        ours, note = middle.get(name), "" if name in middle else why
        return Figure(
            f"{what}, {where}", unit, ours, goal, middle[beside], BESIDE[beside], middle["floor"], note
        )

    raw = [row("acks of status a second, 16 in flight", "1/s", ">= 0.3x", lambda turn: turn.status, "floor")]
    return [
        row("ack of status, one after the other", "ms", "<= 1.3x", lambda turn: turn.alone),
        row("ack of status, one after the other", "ms", "<= 0.1x", lambda turn: turn.alone, "default"),
        row("ack of status, each answered first", "ms", "-", lambda turn: turn.calm),
        row("acks of status a second, 16 in flight", "1/s", ">= 0.7x", lambda turn: turn.status),
        *(raw if where.startswith("HTTP") else []),
        row("processor time until an ack, 16 in flight", "ms", "<= 1.43x", lambda turn: turn.ack),
        row("acks of help a second, 16 in flight", "1/s", ">= 0.7x", lambda turn: turn.help),
        row("processor time of one status", "ms", "-", lambda turn: turn.one),
        row("processor time of each of 16 status at once", "ms", "-", lambda turn: turn.sixteen),
    ]


async def _flood(workspace: Workspace, load: Load) -> float:
    """Answers a second, from the first command to the last answer."""
    workspace.answers.clear()
    began = time.perf_counter()
    await load.keep_on(FLOOD, group="FLOOD")
    done = await workspace.answered(FLOOD, "not set")
    await load.subjects.rest()
    return FLOOD / (max(done) - began)


async def _burst(
    workspace: Workspace, subjects: Subjects, lines: Mapping[str, Line], name: str, *, rounds: int
) -> Figure:
    """Many at once while Exchange takes long. Raises ``TimeoutError`` unless everybody is answered with the
    value."""
    what = f"slowest ack of {BURST} at once, Exchange takes {SLOW:.0f} s, {OURS[name]}"
    line = lines.get(name)
    if line is None:
        return Figure(what, "ms", None, "<= 200 ms", note=subjects.postgres.why)
    slowest, answered, reads = [], [], []
    for _ in range(rounds):
        await asyncio.sleep(SLOW)
        await subjects.rest()
        workspace.answers.clear()
        before = subjects.tenant.slow(SLOW)
        began = time.perf_counter()
        bodies = [payload(workspace.url, group="BURST") for _ in range(BURST)]
        acks = await asyncio.gather(*(line.acknowledge(body) for body in bodies))
        done = await workspace.answered(BURST, "not set")
        slowest.append(max(acks) * 1000)
        answered.append(max(done) - began)
        reads.append(subjects.tenant.slow(0) - before)
    note = f"all answered with the value after {max(answered):.1f} s, by {max(reads)} readings"
    return Figure(what, "ms", max(slowest), "<= 200 ms", note=note)
