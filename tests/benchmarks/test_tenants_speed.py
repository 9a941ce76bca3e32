"""What many tenants cost one process, and two that die: ``pytest -m long tests/benchmarks``.

Real processes over loopback. It prints, and asserts nothing about time: a busy machine is no defect. What it
asserts holds on any machine: nobody is left out, and no tenant is read twice at a time.
"""

import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from tests.benchmarks.many import Fleet, Readings, Replica
from tests.benchmarks.test_ledger_speed import Show, show
from tests.benchmarks.workspace import Workspace, payload

__all__ = ["show"]

long = pytest.mark.long
DELAY, THREADS = 0.05, 32
STATUS = 19
"""Commands to each: of more than twenty within a minute the last are answered without a reading."""
MINUTES = float(os.environ.get("TESTS_FLEET_MINUTES", "22"))
MANY = int(os.environ.get("TESTS_FLEET_TENANTS", "10000"))
INTERVAL = float(os.environ.get("TESTS_FLEET_INTERVAL", "600"))
"""Of the long play with two replicas."""

Play = Callable[[Workspace, ExitStack], Awaitable[None]]


@pytest.fixture
def play() -> Callable[[Play], None]:
    """Run a play with a simulated Slack, and end whatever it started."""

    def run(played: Play) -> None:
        async def whole() -> None:
            with ExitStack() as stack:
                async with Workspace() as workspace:
                    await played(workspace, stack)

        asyncio.run(whole())

    return run


async def rounds(
    fleet: Fleet, workspace: Workspace, *, pause: float, count: int
) -> tuple[float, list[Readings]]:
    """Start a replica; returns when it was connected, and its rounds of readings, the first without tokens.

    For every other round the process is stopped until all of its tenants are due, and goes on: then all are
    read at once, with their tokens at hand.
    """
    began = time.time()
    replica = fleet.start("ours")
    await workspace.line("ours", within=600)
    connected = time.time() - began
    found = [await asyncio.to_thread(fleet.all_read, [replica], within=600)]
    for _ in range(count):
        replica.signal(signal.SIGSTOP)
        await asyncio.sleep(pause)
        fleet.exchange.tell("forget")
        replica.signal(signal.SIGCONT)
        found.append(await asyncio.to_thread(fleet.all_read, [replica], within=300))
    return connected, found


def test_every_tenant_is_read_in_each_round(
    play: Callable[[Play], None], sqlite_url: str, tmp_path: Path
) -> None:
    """The same briefly, so that the long play cannot rot."""

    async def briefly(workspace: Workspace, stack: ExitStack) -> None:
        fleet = Fleet(stack, tmp_path / "fleet", workspace.url, sqlite_url, tenants=12, every="3s")
        _, found = await rounds(fleet, workspace, pause=3.5, count=1)
        assert [len(one.times) for one in found] == [12, 12]
        assert [one.most_of_one for one in found] == [1, 1]
        assert found[1].connections < 12

    play(briefly)


@long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("tenants", [1000])
def test_a_round_of_readings(
    play: Callable[[Play], None], database_url: str, tmp_path: Path, show: Show, tenants: int
) -> None:
    async def measured(workspace: Workspace, stack: ExitStack) -> None:
        fleet = Fleet(stack, tmp_path / "fleet", workspace.url, database_url, tenants=tenants, every="20s")
        connected, (first, *others) = await rounds(fleet, workspace, pause=21, count=2)
        ideal = tenants * DELAY / THREADS
        name = database_url.partition(":")[0].partition("+")[0]
        told = f"connected after {connected:.1f} s, first read within {first.span:.1f} s"
        show(f"{name}: {tenants} tenants: {told}")
        taken = [one.span + DELAY for one in others]
        told = ", ".join(f"{seconds:.2f} s" for seconds in taken)
        best = min(taken) / ideal
        show(f"{name}: rounds of {told}; ideal {ideal:.2f} s: {best:.2f}x at best (goal 1.2x)")
        assert {one.most_of_one for one in others} == {1}

    play(measured)


@long
@pytest.mark.timeout(900)
def test_a_command_among_a_thousand_tenants(play: Callable[[Play], None], tmp_path: Path, show: Show) -> None:
    """Turn by turn: a process with one tenant, and one with a thousand that are read every ten minutes."""

    async def measured(workspace: Workspace, stack: ExitStack) -> None:
        sizes, lines = (1, 1000), {}
        for size in sizes:
            database = f"sqlite:///{tmp_path / str(size)}.db"
            fleet = Fleet(stack, tmp_path / str(size), workspace.url, database, tenants=size, every="600s")
            replica = fleet.start(f"of-{size}")
            lines[size] = await workspace.line(f"of-{size}", within=300)
            await asyncio.to_thread(fleet.all_read, [replica], within=300)
        await asyncio.sleep(5)
        taken: dict[int, list[tuple[float, float]]] = {size: [] for size in sizes}
        for turn in range(STATUS):
            for size in random.Random(turn).sample(sizes, 2):
                body = payload(workspace.url)
                began = time.perf_counter()
                acknowledged = await lines[size].acknowledge(body)
                answered = await workspace.answer_to(body) - began
                taken[size].append((acknowledged, answered))
                await asyncio.sleep(0.05)
        for place, what in enumerate(("acknowledged", "answered")):
            one, many = (statistics.median(pair[place] for pair in taken[size]) * 1000 for size in sizes)
            told = f"{many:.1f} ms among 1,000 tenants, {one:.1f} ms with one: {many / one:.2f}x"
            show(f"status is {what} in {told} (goal 1.1x)")

    play(measured)


@long
@pytest.mark.timeout(3600)
def test_two_replicas_that_die(
    play: Callable[[Play], None], postgres_url: str, tmp_path: Path, show: Show
) -> None:
    """Ten thousand tenants every ten minutes for twenty-two minutes, a ``kill -9`` every ninety seconds."""

    async def measured(workspace: Workspace, stack: ExitStack) -> None:
        every = f"{INTERVAL:.0f}s"
        fleet = Fleet(stack, tmp_path / "fleet", workspace.url, postgres_url, tenants=MANY, every=every)
        began, cost = time.time(), Cost(postgres_url)
        replicas = {name: fleet.start(name) for name in ("one", "other")}
        for name in replicas:
            await workspace.line(name, within=900)
            show(f"{name} is connected after {time.time() - began:.0f} s")
        found = await asyncio.to_thread(fleet.all_read, replicas.values(), within=1800)
        show(f"all {MANY} are read within {found.span:.0f} s, {time.time() - began:.0f} s after the start")
        fleet.exchange.tell("forget")
        since, deaths, most = time.time(), 0, Most()
        cost.begin()
        while time.time() < since + MINUTES * 60:
            await _watch(replicas, most, seconds=min(90.0, INTERVAL / 4))
            name = ("one", "other")[deaths % 2]
            replicas[name].signal(signal.SIGKILL)
            replicas[name].process.wait()
            deaths += 1
            await asyncio.sleep(3)
            replicas[name] = fleet.start(name)
        until = time.time()
        waits = [
            max(later - sooner for sooner, later in pairwise((since, *times, until)))
            for times in fleet.exchange.readings().times.values()
        ]
        told = f"the longest without a reading {max(waits):.0f} s of {every}"
        show(f"{deaths} deaths; {len(waits)} tenants, {told}")
        show(f"at most {most.memory:.0f} MiB and {most.threads} threads a replica")
        for line in cost.told():
            show(line)
        assert len(waits) == MANY
        assert fleet.exchange.readings().most_of_one <= 2  # a reading under way at a death is taken again

    play(measured)


class Most:
    """The most that any replica needed."""

    memory, threads = 0.0, 0

    def see(self, replica: Replica) -> None:
        """Look at one that runs."""
        self.memory, self.threads = max(self.memory, replica.resident()), max(self.threads, replica.threads)


async def _watch(replicas: dict[str, Replica], most: Most, *, seconds: float) -> None:
    until = time.time() + seconds
    while time.time() < until:
        for replica in replicas.values():
            assert replica.process.poll() is None, "a replica has ended by itself"
            most.see(replica)
        await asyncio.sleep(1)


class Cost:
    """What PostgreSQL did meanwhile, by its own statistics."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg", "postgresql")

    def begin(self) -> None:
        """Count from now on."""
        self._before, self._rows, self._since = self._statistics(), self._count(), time.time()

    def told(self) -> Iterator[str]:
        """In sentences, by second and by day."""
        seconds, now = time.time() - self._since, self._statistics()
        a_second = {name: (now[name] - self._before[name]) / seconds for name in now}
        told = ", ".join(f"{a_second[name]:.1f} {what}" for name, what in WHAT.items())
        yield f"PostgreSQL: {told} a second"
        rows = {name: count - self._rows.get(name, 0) for name, count in self._count().items()}
        grown = ", ".join(f"{count} in {name}" for name, count in sorted(rows.items()) if count)
        yield f"PostgreSQL: rows within {seconds / 60:.1f} minutes: {grown or 'none'}"

    def _statistics(self) -> dict[str, int]:
        query = f"SELECT {', '.join(WHAT)} FROM pg_stat_database WHERE datname = current_database()"
        with psycopg.connect(self._url) as connection:
            found = connection.execute(query.encode()).fetchone()
        assert found is not None
        return dict(zip(WHAT, found, strict=True))

    def _count(self) -> dict[str, int]:
        names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        with psycopg.connect(self._url) as connection:
            tables = [name for (name,) in connection.execute(names).fetchall()]
            counts = {
                name: connection.execute(f'SELECT count(*) FROM "{name}"'.encode()).fetchone()
                for name in tables
            }
        return {name: int(found[0]) for name, found in counts.items() if found is not None}


WHAT = {
    "xact_commit": "transactions committed",
    "xact_rollback": "rolled back (reads end so)",
    "tup_inserted": "rows inserted",
    "tup_updated": "updated",
    "tup_fetched": "fetched",
}
