"""Takes every figure once, both sides of each in turns, with what is measured and who measures on processors
of their own."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
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


def measure(rounds: int) -> list[Figure]:
    """All figures; more rounds take longer and tell more."""
    before = os.sched_getaffinity(0)
    pin(0, measured=False)
    try:
        with tempfile.TemporaryDirectory(prefix="legacytls-benchmarks-") as name, Postgres() as postgres:
            ways = (measure_socket_mode, measure_http, measure_start)
            figures = [figure for way in ways for figure in _alone(way, postgres, rounds)]
            return [*figures, *_outgoing(Path(name), postgres, rounds)]
    finally:
        os.sched_setaffinity(0, before)


def _alone(way: Measuring, postgres: Postgres, rounds: int) -> list[Figure]:
    """With processes of its own, which end before the next way is measured."""

    async def run(folder: Path) -> list[Figure]:
        with ExitStack() as stack:
            async with Workspace() as workspace:
                return await way(workspace, Subjects(stack, folder, workspace.url, postgres), rounds)

    print(f"{way.__name__.replace('_', ' ')} ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="legacytls-benchmarks-") as name:
        return asyncio.run(run(Path(name)))


def _outgoing(folder: Path, postgres: Postgres, rounds: int) -> list[Figure]:
    print("measure what goes out, and the ledger ...", file=sys.stderr, flush=True)
    with ExitStack() as stack:
        tenant = Subjects(stack, folder, "http://127.0.0.1:9", postgres).tenant
        return [
            *measure_slack(tenant, folder, rounds),
            *measure_exchange(tenant, rounds),
            *measure_tokens(rounds),
            *measure_ledger(folder, postgres, rounds),
        ]
