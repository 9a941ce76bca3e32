"""What the evidence of a year costs, as ratios of one run on one machine: ``pytest -m long
tests/benchmarks``.

It prints and asserts nothing about time: a busy machine is no defect. PostgreSQL does not sync in tests, on
both sides alike.
"""

import io
import json
import time
import tracemalloc
import zipfile
from datetime import timedelta
from typing import IO

import pytest

from handlers.evidence.pack import Pack
from handlers.policy.periods import Period
from storage.engine import Database
from storage.integrity.canonical import stamp
from storage.ledger import Entry, Ledger
from tests.benchmarks.test_ledger_speed import RawPostgresql, RawSqlite, Show, database, raw, show
from tests.storage.states import NOW, TENANT

__all__ = ["database", "show"]

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

CHANGES, EACH = 10_000, 10
"""Changes of the year, and events of each."""

YEAR = Period(NOW.date(), NOW.date() + timedelta(days=365))
TEXT = (
    "The scanners of the warehouse speak TLS 1.0 alone; no delivery note leaves the house without them. " * 3
)


def change(entry: Entry, number: int) -> None:
    """The events that an opt-in with one approval leaves, and the daily ones of a change."""
    at = stamp(entry.now)
    opened = {
        "kind": "opt_in", "state": "pending", "requester_id": "U0ALICE", "door": "command", "reason": TEXT,
        "clients": TEXT, "from_value": "opted out", "to_value": "opted in", "protocols": "smtp-auth",
        "created_at": at, "window_end": at, "rule_digest": "d" * 64, "expires_at": at,
        "ticket": f"CHG-{number}",
    }  # fmt: skip
    voted = {"vote": "approve", "door": "button", "digest": "d" * 64, "voted_at": at}
    moves = [("pending", "approved"), ("approved", "applying"), ("applying", "applied")]
    entry.record("request_opened", "U0ALICE", opened, number)
    entry.record("voted", "U0BOB", voted, number)
    for before, after in moves[:2]:
        entry.record("moved", "bot", {"from": before, "to": after, "detail": "Approved by @U0BOB."}, number)
    for step in ("sending", "answered", "read_back"):
        entry.record(
            "attempt", "bot", {"step": step, "value": "opted in", "detail": "", "outcome": None}, number
        )
    entry.record("moved", "bot", {"from": moves[2][0], "to": moves[2][1], "detail": "Applied."}, number)
    row = {
        "id": str(number),
        "at": at,
        "actor": "app",
        "value": "opted in",
        "result": "succeeded",
        "matched": "yes",
    }
    said = [{"number": number, "at": at, "matched": "yes"}]
    told = {"rows": [row | {"number": number, "why": "the bot sent it then"}], "changes": said}
    entry.record("reconciled", "bot", {"from": at, "until": at, **told})
    entry.record("notified", "bot", {"person": "U0ALICE"}, number)


def fill(ledger: Ledger, first: int, last: int) -> None:
    """Record changes, some hundred in a transaction, spread over the year."""
    for number in range(first, last, 500):
        with ledger.recording(NOW + timedelta(minutes=50 * number)) as entry:
            for each in range(number, min(number + 500, last)):
                change(entry, each)


def pack(database: Database, file: IO[bytes]) -> None:
    Pack(database, TENANT, YEAR, named=None).write(file)


def bare(driver: RawSqlite | RawPostgresql, files: dict[str, bytes]) -> None:
    """Read each event once and zip what the pack holds."""
    query = (
        "SELECT seq, at, kind, actor, request_id, payload, prev_hash, hash FROM audit_events WHERE "
        f"tenant_id = {driver.mark}"
    )
    for row in driver.execute(f"{query} ORDER BY seq", (TENANT,)):
        json.dumps([str(row[1]), *row[2:5], json.loads(row[5]), *row[6:]], sort_keys=True)
    with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)


def peak(database: Database) -> float:
    """MiB that a pack takes beside what is there, the zip itself aside."""
    tracemalloc.start()
    pack(database, _Nowhere())  # type: ignore[arg-type]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20


class _Nowhere(io.RawIOBase):
    """Takes any number of bytes."""

    at = 0

    def write(self, piece: object) -> int:
        self.at += len(piece)  # type: ignore[arg-type]
        return len(piece)  # type: ignore[arg-type]

    def tell(self) -> int:
        return self.at

    def writable(self) -> bool:
        return True


def test_the_evidence_of_a_year(database: Database, show: Show) -> None:
    ledger, driver = Ledger(database, TENANT), raw(database)
    fill(ledger, 1, CHANGES // 10)
    few = peak(database)
    fill(ledger, CHANGES // 10, CHANGES + 1)
    written = io.BytesIO()
    began = time.perf_counter()
    pack(database, written)
    ours = time.perf_counter() - began
    with zipfile.ZipFile(written) as made:
        files = {name: made.read(name) for name in made.namelist()}
    began = time.perf_counter()
    bare(driver, files)
    raw_seconds = time.perf_counter() - began
    driver.connection.close()
    size = sum(map(len, files.values())) / 2**20
    show(
        f"{database.engine.dialect.name}: evidence of {CHANGES} changes, {CHANGES * EACH} events ({size:.0f} "
        f"MiB): {ours:.1f} s, {ours / raw_seconds:.2f}x reading and zipping (goal 2x)"
    )
    many = peak(database)
    show(f"    memory {many:.1f} MiB, with a tenth of it {few:.1f} MiB (goal: flat)")
