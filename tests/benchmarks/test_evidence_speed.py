"""What the evidence of a year costs, as ratios of one run on one machine: ``pytest -m long
tests/benchmarks``.

It prints and asserts nothing about time: a busy machine is no defect. PostgreSQL does not sync in tests, on
both sides alike.
"""

import hashlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest
from sqlalchemy import text

from handlers.evidence.pack import Pack
from handlers.policy.periods import Period
from storage.engine import Database
from storage.integrity.canonical import stamp
from storage.record.verify import verify
from tests.benchmarks.long_record import LongRecord
from tests.benchmarks.test_ledger_speed import RawPostgresql, RawSqlite, Show, database, raw, seconds, show
from tests.storage.states import NOW, TENANT

__all__ = ["database", "show"]

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

EACH = 10
"""Events of each change."""

YEAR = Period(NOW.date(), NOW.date() + timedelta(days=365))
TEXT = (
    "The scanners of the warehouse speak TLS 1.0 alone; no delivery note leaves the house without them. " * 3
)


def change(entry: LongRecord, number: int, searched_until: datetime) -> None:
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
    entry.record("reconciled", "bot", {"from": stamp(searched_until), "until": at, **told})
    entry.record("notified", "bot", {"person": "U0ALICE"}, number)


def fill(database: Database, record: LongRecord, first: int, last: int, step: timedelta) -> None:
    """Record changes, one after the other."""
    for number in range(first, last):
        record.now = NOW + number * step
        change(record, number, record.now - step)
    record.flush()
    with database.write() as connection:
        connection.execute(text("ANALYZE"))  # as PostgreSQL does by itself within a minute


def pack(database: Database, file: IO[bytes]) -> None:
    Pack(database, TENANT, YEAR, named=None).write(file)


def rows(driver: RawSqlite | RawPostgresql) -> Iterator[Any]:
    """Each event once, as the driver has it; PostgreSQL's would keep all of them without a cursor there."""
    query = (
        "SELECT seq, at, kind, actor, request_id, payload, prev_hash, hash FROM audit_events WHERE "
        f"tenant_id = {driver.mark} ORDER BY seq"
    )
    if isinstance(driver, RawSqlite):
        yield from driver.execute(query, (TENANT,))
        return
    with driver.connection.cursor("rows") as cursor:
        cursor.itersize = 2000
        yield from cursor.execute(query.encode(), (TENANT,))


def spelled(row: Any) -> str:
    """Decode and encode an event."""
    event = [str(row[1]), *row[2:5], json.loads(row[5]), *row[6:]]
    return json.dumps(event, sort_keys=True, separators=(",", ":"))


def raw_check(driver: RawSqlite | RawPostgresql) -> None:
    """The least that checking has to do."""
    for row in rows(driver):
        hashlib.sha256(spelled(row).encode()).hexdigest()


def bare(driver: RawSqlite | RawPostgresql, files: Path) -> None:
    """Read each event once and zip what the pack holds."""
    for row in rows(driver):
        spelled(row)
    with zipfile.ZipFile(files / "bare.zip", "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted((files / "pack").rglob("*")):
            target.write(path)


def peak(deed: Callable[[], object]) -> float:
    """MiB that something takes beside what is there."""
    tracemalloc.start()
    deed()
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


@pytest.mark.parametrize("changes", [10_000, 100_000])
def test_the_evidence_of_a_year(database: Database, show: Show, tmp_path: Path, changes: int) -> None:
    record, driver, step = LongRecord(database, NOW), raw(database), timedelta(days=347) / changes
    fill(database, record, 1, changes // 10, step)
    few = peak(lambda: pack(database, _Nowhere()))  # type: ignore[arg-type]
    fill(database, record, changes // 10, changes + 1, step)
    with (tmp_path / "pack.zip").open("wb+") as written:
        ours = seconds(lambda: pack(database, written))
        with zipfile.ZipFile(written) as made:
            made.extractall(tmp_path / "pack")
    raw_seconds = seconds(lambda: bare(driver, tmp_path))
    checked, raw_checked = seconds(lambda: verify(database, TENANT)), seconds(lambda: raw_check(driver))
    driver.connection.close()
    show(
        f"{database.engine.dialect.name}: evidence of {changes} changes, {changes * EACH} events: {ours:.1f} "
        f"s, {ours / raw_seconds:.2f}x reading and zipping (goal 2x at 100,000, 1.5x at a million)"
    )
    show(f"    checking the chain: {checked:.1f} s, {checked / raw_checked:.2f}x a raw loop (goal 1.5x)")
    many, check = peak(lambda: pack(database, _Nowhere())), peak(lambda: verify(database, TENANT))  # type: ignore[arg-type]
    show(
        f"    memory {many:.1f} MiB, with a tenth of it {few:.1f} MiB (goal: flat); checking {check:.1f} MiB"
    )
