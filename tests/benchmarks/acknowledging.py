"""How soon commands are acknowledged: one at a time, sixteen in flight, and sixty-four at once while Exchange
is slow."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from bot.sandbox.shared.ports import free_port
from tests.benchmarks.subjects import Subjects, wait_for_port
from tests.benchmarks.table import Figure
from tests.benchmarks.workspace import Line, Wire, Workspace, payload

T = TypeVar("T")

IN_FLIGHT = 16
ON_POSTGRES = "postgresql"
BURST = 64
SLOW = 2.0
"""Seconds that Exchange takes during the burst."""
UNHURRIED = 0.2
"""Seconds between two commands when each is answered before the next."""
REST = 0.5
"""Seconds between two subjects' turns, in which what the last one caused comes to an end."""


class Carrier(Protocol):
    """Carries commands to a subject, over either of Slack's two ways."""

    async def acknowledge(self, body: dict[str, str]) -> float:
        """Seconds until the command is acknowledged."""


async def measure_socket_mode(workspace: Workspace, subjects: Subjects, rounds: int) -> list[Figure]:
    """Socket Mode over a local WebSocket."""
    for kind in ("floor", "inline", "default"):
        subjects.bare(kind, "socket")
    subjects.ours("socket")
    names = ["floor", "inline", "ours", "default"]
    if (database := subjects.postgres.new_database()) is not None:
        subjects.ours("socket", name=ON_POSTGRES, DATABASE_URL=database)
        names.append(ON_POSTGRES)
    lines = {name: await workspace.line(name) for name in names}
    url = workspace.url
    await asyncio.sleep(2)
    hurried = await _in_turns(
        rounds, {name: _alone(line, url, 20 if name == "default" else 150) for name, line in lines.items()}
    )
    calm = await _in_turns(
        rounds, {name: _alone(lines[name], url, 8, pause=UNHURRIED) for name in ("inline", "ours")}
    )
    rates = await _in_turns(
        rounds,
        {
            name: _together([line] * IN_FLIGHT, url, 160 if name == "default" else 800)
            for name, line in lines.items()
        },
    )
    busy = lines["ours"].refused
    bursts = [
        await _burst(workspace, subjects, lines, name, rounds=max(1, rounds // 2))
        for name in ("ours", ON_POSTGRES)
    ]
    alone = {name: _median(taken) for name, taken in hurried.items()}
    unhurried = {name: _median(taken) for name, taken in calm.items()}
    told = f"{busy} told that the bot is busy"
    return [
        Figure(
            "ack of status, one after the other",
            "ms",
            alone["ours"],
            "<= 1.3x",
            alone["inline"],
            floor=alone["floor"],
        ),
        Figure("ack of status, each answered first", "ms", unhurried["ours"], "<= 1.3x", unhurried["inline"]),
        Figure(
            "ack of status, against default flags",
            "ms",
            alone["ours"],
            "<= 0.1x",
            alone["default"],
            "Bolt's default flags",
        ),
        _throughput("Socket Mode", rates, note=told),
        *_on_postgres(alone, rates, subjects.postgres.why),
        *bursts,
    ]


def _on_postgres(alone: Mapping[str, float], rates: Mapping[str, Sequence[float]], why: str) -> list[Figure]:
    """The same acknowledgements by a bot whose ledger is on PostgreSQL."""
    return [
        Figure(
            "ack of status, on PostgreSQL", "ms", alone.get(ON_POSTGRES), "<= 1.3x", alone["inline"], note=why
        ),
        _rate_on_postgres("", rates, why),
    ]


def _rate_on_postgres(way: str, rates: Mapping[str, Sequence[float]], why: str) -> Figure:
    rate = statistics.median(rates[ON_POSTGRES]) if ON_POSTGRES in rates else None
    inline = statistics.median(rates["inline"])
    return Figure(
        f"acks a second, {IN_FLIGHT} in flight, {way}on PostgreSQL", "1/s", rate, ">= 0.7x", inline, note=why
    )


async def measure_http(workspace: Workspace, subjects: Subjects, rounds: int) -> list[Figure]:
    """HTTP over kept-alive connections, each request signed."""
    ports = {
        kind: int(await asyncio.to_thread(subjects.bare(kind, "http").line)) for kind in ("floor", "inline")
    }
    ports["ours"] = free_port()
    subjects.ours("http", port=ports["ours"])
    if (database := subjects.postgres.new_database()) is not None:
        ports[ON_POSTGRES] = free_port()
        subjects.ours("http", port=ports[ON_POSTGRES], name=ON_POSTGRES, DATABASE_URL=database)
    for port in ports.values():
        await asyncio.to_thread(wait_for_port, port)
    wires = {name: [await Wire.open(port) for _ in range(IN_FLIGHT)] for name, port in ports.items()}
    url = workspace.url
    await asyncio.sleep(2)
    alone = await _in_turns(rounds, {name: _alone(several[0], url, 100) for name, several in wires.items()})
    rates = await _in_turns(rounds, {name: _together(several, url, 480) for name, several in wires.items()})
    for several in wires.values():
        for wire in several:
            wire.writer.close()
    medians = {name: _median(taken) for name, taken in alone.items()}
    ours, floor = statistics.median(rates["ours"]), statistics.median(rates["floor"])
    return [
        Figure(
            "HTTP: ack of status, one after the other",
            "ms",
            medians["ours"],
            "-",
            medians["inline"],
            floor=medians["floor"],
        ),
        _throughput("HTTP", rates),
        Figure("acks a second, 16 in flight, HTTP", "1/s", ours, ">= 0.3x", floor, "raw WSGI with HMAC"),
        _rate_on_postgres("HTTP, ", rates, subjects.postgres.why),
    ]


def _throughput(way: str, rates: Mapping[str, Sequence[float]], note: str = "") -> Figure:
    ours, bare, floor = (statistics.median(rates[name]) for name in ("ours", "inline", "floor"))
    return Figure(
        f"acks a second, {IN_FLIGHT} in flight, {way}", "1/s", ours, ">= 0.7x", bare, floor=floor, note=note
    )


async def _burst(
    workspace: Workspace, subjects: Subjects, lines: Mapping[str, Line], name: str, *, rounds: int
) -> Figure:
    """Many at once while Exchange takes long. Raises ``TimeoutError`` unless everybody is answered with the
    value."""
    what = f"slowest ack of {BURST} at once, Exchange takes {SLOW:.0f} s" + (
        ", on PostgreSQL" if name == ON_POSTGRES else ""
    )
    line = lines.get(name)
    if line is None:
        return Figure(what, "ms", None, "<= 200 ms", note=subjects.postgres.why)
    slowest, answered, reads = [], [], []
    for _ in range(rounds):
        await _quiet(workspace)
        workspace.answers.clear()
        before = subjects.tenant.slow(SLOW)
        began = time.perf_counter()
        acks = await asyncio.gather(*(line.acknowledge(payload(workspace.url)) for _ in range(BURST)))
        done = await workspace.answered(BURST, "not set")
        slowest.append(max(acks) * 1000)
        answered.append(max(done) - began)
        reads.append(subjects.tenant.slow(0) - before)
    note = f"all answered with the value after {max(answered):.1f} s, by {max(reads)} readings"
    return Figure(what, "ms", max(slowest), "<= 200 ms", note=note)


async def _quiet(workspace: Workspace) -> None:
    """Wait until no answer has come for a while."""
    before = -1
    while before < (count := sum(map(len, workspace.answers.values()))):
        before = count
        await asyncio.sleep(2.5)


def _alone(
    carrier: Carrier, url: str, count: int, *, pause: float = 0.0
) -> Callable[[], Awaitable[list[float]]]:
    """Milliseconds of each acknowledgement, the next command only after it."""

    async def measure() -> list[float]:
        taken = []
        for _ in range(count):
            taken.append(await carrier.acknowledge(payload(url)) * 1000)
            await asyncio.sleep(pause)
        return taken

    return measure


def _together(carriers: Sequence[Carrier], url: str, count: int) -> Callable[[], Awaitable[float]]:
    """Acknowledgements a second while as many commands are under way as there are carriers."""

    async def keep_on(carrier: Carrier) -> None:
        for _ in range(count // len(carriers)):
            await carrier.acknowledge(payload(url))

    async def measure() -> float:
        began = time.perf_counter()
        await asyncio.gather(*(keep_on(carrier) for carrier in carriers))
        return count / (time.perf_counter() - began)

    return measure


async def _in_turns(rounds: int, deeds: Mapping[str, Callable[[], Awaitable[T]]]) -> dict[str, list[T]]:
    """Do each deed once a round, so that all meet the same machine."""
    done: dict[str, list[T]] = {name: [] for name in deeds}
    for _ in range(rounds):
        for name, deed in deeds.items():
            done[name].append(await deed())
            await asyncio.sleep(REST)
    return done


def _median(rounds: Sequence[Sequence[float]]) -> float:
    return statistics.median(taken for once in rounds for taken in once)
