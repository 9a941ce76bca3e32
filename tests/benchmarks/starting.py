"""How long a start takes until Slack can reach the process, and how much memory it has once it has read.

The bot stands beside the libraries that it needs, loaded and connected with by a process that does nothing
else (``tests.benchmarks.libraries``), and beside bare Bolt.
"""

import asyncio
import itertools
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.shared.server import free_port
from storage.migrate import upgrade
from tests.benchmarks.subjects import Subject, Subjects, wait_for_port
from tests.benchmarks.table import Figure
from tests.benchmarks.workspace import LONGEST_WAIT, Workspace

LIBRARIES = "its libraries alone"
SETTLED = 1.0
"""Seconds from the last that was waited for until memory is looked at."""

_names = itertools.count(1)


Begin = Callable[[str, int], Subject]


@dataclass(frozen=True, slots=True)
class _Start:
    """One start: seconds until Slack can reach it, seconds of processor time until then, MiB once it has read
    the live value."""

    seconds: float
    processor: float
    resident: float


async def measure_start(workspace: Workspace, subjects: Subjects, rounds: int) -> list[Figure]:
    """Start, wait until it is reached, look at the memory, end; the database is migrated, and nothing is on
    record."""
    figures = [*await _measure(workspace, subjects, rounds, mode="socket", postgres=False)]
    figures += await _measure(workspace, subjects, rounds, mode="http", postgres=False)
    if subjects.postgres.new_database() is None:
        what = "start until connected, Socket Mode, PostgreSQL"
        return [*figures, Figure(what, "ms", None, "<= 1.3x", note=subjects.postgres.why)]
    return figures + await _measure(workspace, subjects, rounds, mode="socket", postgres=True)


async def _measure(
    workspace: Workspace, subjects: Subjects, rounds: int, *, mode: str, postgres: bool
) -> list[Figure]:
    fresh = _postgres(subjects) if postgres else _sqlite(subjects)
    taken: dict[str, list[_Start]] = {"bare": [], "libraries": [], "ours": []}
    for _ in range(rounds):
        for kind, begin in _beginning(subjects, mode, fresh()).items():
            taken[kind].append(await _start(workspace, subjects, kind, mode, begin))
    where = f"{'Socket Mode' if mode == 'socket' else 'HTTP'}, {'PostgreSQL' if postgres else 'SQLite'}"
    return [
        *_figures(f"start until connected, {where}", taken, lambda one: one.seconds * 1000, 1.3, 3),
        *_figures(f"processor time of it, {where}", taken, lambda one: one.processor * 1000, 1.3, 3),
        *_figures(f"resident memory after a reading, {where}", taken, lambda one: one.resident, 1.15, 2.5),
    ]


def _beginning(subjects: Subjects, mode: str, url: str) -> dict[str, Begin]:
    """What starts each, given a name and a port."""
    return {
        "bare": lambda name, port: subjects.bare("inline", mode, name=name),
        "libraries": lambda name, port: subjects.libraries(mode, name=name, DATABASE_URL=url),
        "ours": lambda name, port: subjects.ours(mode, port=port, name=name, DATABASE_URL=url),
    }


def _figures(
    what: str,
    taken: dict[str, list[_Start]],
    of: Callable[[_Start], float],
    to_libraries: float,
    to_bare: float,
) -> list[Figure]:
    """One thing twice: beside the libraries, and beside bare Bolt."""
    ours, libraries, bare = (
        statistics.median(of(one) for one in taken[kind]) for kind in ("ours", "libraries", "bare")
    )
    unit = "MiB" if what.startswith("resident") else "ms"
    return [
        Figure(what, unit, ours, f"<= {to_libraries}x", libraries, LIBRARIES),
        Figure(what, unit, ours, f"<= {to_bare}x", bare),
    ]


def _sqlite(subjects: Subjects) -> Callable[[], str]:
    migrated = subjects.folder / "migrated.db"
    upgrade(f"sqlite:///{migrated}")

    def fresh() -> str:
        copy = subjects.folder / f"starting{next(_names)}.db"
        shutil.copy(migrated, copy)
        return f"sqlite:///{copy}"

    return fresh


def _postgres(subjects: Subjects) -> Callable[[], str]:
    def fresh() -> str:
        url = subjects.postgres.new_database()
        assert url is not None
        upgrade(url)
        return url

    return fresh


async def _start(workspace: Workspace, subjects: Subjects, kind: str, mode: str, begin: Begin) -> _Start:
    name, port, readings = f"starting{next(_names)}", free_port(), subjects.tenant.slow(0)
    began = time.perf_counter()
    subject = await asyncio.to_thread(begin, name, port)
    if mode == "socket":
        await workspace.line(name)
    elif kind == "ours":
        await asyncio.to_thread(wait_for_port, port)
    else:
        await asyncio.to_thread(subject.line)  # it prints its port
    seconds, processor = time.perf_counter() - began, subject.processor()
    async with asyncio.timeout(LONGEST_WAIT):
        while kind != "bare" and subjects.tenant.slow(0) == readings:  # noqa: ASYNC110 - its process tells when asked
            await asyncio.sleep(0.05)
    await asyncio.sleep(SETTLED)
    resident = subject.resident()
    subject.end()
    return _Start(seconds, processor, resident)
