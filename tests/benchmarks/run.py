"""Takes every figure once, both sides of each in turns, with what is measured and who measures on processors
of their own."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.acknowledging import measure_http, measure_socket_mode
from tests.benchmarks.databases import Postgres
from tests.benchmarks.outgoing import measure_exchange, measure_ledger, measure_slack, measure_tokens
from tests.benchmarks.starting import measure_start
from tests.benchmarks.subjects import Subjects, pin
from tests.benchmarks.table import Figure
from tests.benchmarks.workspace import Workspace

Measuring = Callable[[Workspace, Subjects, int], Awaitable[list[Figure]]]
PARTS: dict[str, Measuring] = {"socket": measure_socket_mode, "http": measure_http, "start": measure_start}
"""What is measured with processes of the bot, each part with its own."""
OUTGOING, LEDGER = "outgoing", "ledger"
ALL = (*PARTS, OUTGOING, LEDGER)


def measure(rounds: int, parts: Sequence[str] = ALL, folder: Path | None = None) -> list[Figure]:
    """The figures of these parts; more rounds take longer and tell more.

    SQLite's files lie in ``folder``; ``None``: in the system's temporary one, which may be memory.
    """
    before = os.sched_getaffinity(0)
    pin(0, measured=False)
    try:
        with tempfile.TemporaryDirectory(prefix="legacytls-", dir=folder) as name, Postgres() as postgres:
            ways = [way for part, way in PARTS.items() if part in parts]
            figures = [figure for way in ways for figure in _alone(way, Path(name), postgres, rounds)]
            if OUTGOING in parts:
                figures += _outgoing(Path(name), postgres, rounds)
            if LEDGER in parts:
                print("measure the ledger ...", file=sys.stderr, flush=True)
                figures += measure_ledger(Path(name), postgres, rounds)
            return figures
    finally:
        os.sched_setaffinity(0, before)


def _alone(way: Measuring, folder: Path, postgres: Postgres, rounds: int) -> list[Figure]:
    """With processes of its own, which end before the next way is measured."""

    async def run(own: Path) -> list[Figure]:
        with ExitStack() as stack:
            async with Workspace() as workspace:
                return await way(workspace, Subjects(stack, own, workspace.url, postgres), rounds)

    print(f"{way.__name__.replace('_', ' ')} ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        return asyncio.run(run(Path(name)))


def _outgoing(folder: Path, postgres: Postgres, rounds: int) -> list[Figure]:
    print("measure what goes out ...", file=sys.stderr, flush=True)
    with ExitStack() as stack:
        tenant = Subjects(stack, folder, "http://127.0.0.1:9", postgres).tenant
        return [
            *measure_slack(tenant, folder, rounds),
            *measure_exchange(tenant, rounds),
            *measure_tokens(rounds),
        ]
