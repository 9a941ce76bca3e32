"""How long a start takes until Slack can reach the process, and how much memory it then has."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable

from tests.benchmarks.subjects import Subject, Subjects
from tests.benchmarks.table import Figure
from tests.benchmarks.workspace import Workspace

_names = itertools.count(1)


async def measure_start(workspace: Workspace, subjects: Subjects, rounds: int) -> list[Figure]:
    """Start, wait for the WebSocket, look at the memory, end. The database is migrated, as at every start but
    the first."""
    first = f"starting{next(_names)}"
    database = f"sqlite:///{subjects.folder / 'starting.db'}"
    await _start(workspace, lambda name: subjects.ours("socket", name=name, DATABASE_URL=database), first)
    taken: dict[str, list[tuple[float, float]]] = {"ours": [], "bare": []}
    for _ in range(rounds):
        for kind, begin in (
            ("bare", lambda name: subjects.bare("inline", "socket", name=name)),
            ("ours", lambda name: subjects.ours("socket", name=name, DATABASE_URL=database)),
        ):
            taken[kind].append(await _start(workspace, begin, f"starting{next(_names)}"))
    (ours, bare), (ours_mib, bare_mib) = (
        [statistics.median(once[index] for once in taken[kind]) for kind in ("ours", "bare")]
        for index in (0, 1)
    )
    return [
        Figure("start until connected", "ms", ours * 1000, "<= 3x", bare * 1000),
        Figure("resident memory, connected", "MiB", ours_mib, "<= 2x", bare_mib),
    ]


async def _start(workspace: Workspace, begin: Callable[[str], Subject], name: str) -> tuple[float, float]:
    began = time.perf_counter()
    subject = await asyncio.to_thread(begin, name)
    await workspace.line(name)
    seconds = time.perf_counter() - began
    await asyncio.sleep(1)
    resident = subject.resident()
    subject.end()
    return seconds, resident
