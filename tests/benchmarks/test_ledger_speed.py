"""What the ledger costs beside the bare driver, as ratios of one run on one machine: ``pytest -m long
tests/benchmarks``.

It prints and asserts nothing about time: a busy machine is no defect. PostgreSQL does not sync in tests, on
both sides alike. ``TESTS_HISTORY_ROWS=1000000`` looks at a longer history.
"""

import hashlib
import json
import os
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from handlers.changes.change_author import Attribution
from handlers.reminders.remind import Reminders
from storage.engine import Database
from storage.history_pages import EVERYTHING, HistoryFilter
from storage.ledger import Ledger
from storage.lifecycle import Kind, State
from storage.record.verify import verify
from storage.records import SettingValue
from tests.handlers.audit_log import AuditLog
from tests.handlers.driver import House
from tests.storage.states import NOW, TENANT, opened

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

ROUNDS = 300
EVENTS = 5000
LONG_HISTORY = int(os.environ.get("TESTS_HISTORY_ROWS", "100000"))
AT = "2026-11-23 12:00:00.123456+00:00"
EVENT = "tenant_id, seq, at, kind, actor, request_id, payload, prev_hash, hash"

Show = Callable[[str], None]


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Show:
    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n    {line}", end="", flush=True)

    return say


@pytest.fixture
def database(migrated_database_url: str) -> Iterator[Database]:
    opened_here = Database(migrated_database_url)
    yield opened_here
    opened_here.close()


def seconds(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def medians(*deeds: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Median milliseconds of each deed, taken in turns so that both sides meet the same machine."""
    for deed in deeds:
        deed()
    taken = [[seconds(deed) for deed in deeds] for _ in range(rounds)]
    return [statistics.median(column) * 1000 for column in zip(*taken, strict=True)]


class RawSqlite:
    """The driver alone, at the same durability."""

    mark = "?"

    def __init__(self, database: Database) -> None:
        self.connection = sqlite3.connect(database.engine.url.database or "", isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.execute = self.connection.execute

    def begin(self) -> None:
        self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.execute("COMMIT")


class RawPostgresql:
    """The driver alone, on a connection that stays open."""

    mark = "%s"

    def __init__(self, database: Database) -> None:
        url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.connection = psycopg.connect(url)
        self.execute: Any = self.connection.execute

    def begin(self) -> None:
        limit, lock = (
            "set_config('lock_timeout', '10000', true)",
            "pg_advisory_xact_lock(hashtextextended(%s, 42))",
        )
        self.execute(f"SELECT {limit}, {lock}", (TENANT,))

    def commit(self) -> None:
        self.connection.commit()


def raw(database: Database) -> RawSqlite | RawPostgresql:
    return RawSqlite(database) if database.is_sqlite else RawPostgresql(database)


def chained(driver: RawSqlite | RawPostgresql, request_id: int) -> None:
    """Read a request, append one linked event, commit: the ledger's statements without the ledger."""
    mark = driver.mark
    driver.begin()
    driver.execute(
        f"SELECT * FROM change_requests WHERE tenant_id = {mark} AND id = {mark}", (TENANT, request_id)
    ).fetchone()
    newest = f"SELECT seq, hash FROM audit_events WHERE tenant_id = {mark} ORDER BY seq DESC LIMIT 1"
    seq, prev = driver.execute(newest, (TENANT,)).fetchone()
    event = {
        "tenant": TENANT,
        "seq": seq + 1,
        "at": AT,
        "kind": "moved",
        "actor": "bot",
        "request": request_id,
        "prev": prev,
    }
    digest = hashlib.sha256(json.dumps(event | {"payload": {}}, sort_keys=True).encode()).hexdigest()
    driver.execute(
        f"INSERT INTO audit_events ({EVENT}) VALUES ({', '.join([mark] * 9)})",
        (TENANT, seq + 1, AT, "moved", "bot", request_id, "{}", prev, digest),
    )
    driver.commit()


def test_one_read_and_one_audit_event(database: Database, show: Show) -> None:
    ledger = Ledger(database, TENANT)
    request_id = opened(ledger).id
    driver = raw(database)

    def ours() -> None:
        with ledger.recording(NOW) as entry:
            entry.reader.request(request_id)
            entry.record("moved", "bot", {}, request_id)

    bare, core = medians(lambda: chained(driver, request_id), ours)
    driver.connection.close()
    show(
        f"{_name(database)}: read + audit event: driver {bare:.3f} ms, ledger {core:.3f} ms: "
        f"{core / bare:.2f}x (goal 2x)"
    )


def _name(database: Database) -> str:
    return database.engine.dialect.name


def test_sixteen_writers_on_sqlite(migrated_sqlite_url: str, show: Show) -> None:
    database = Database(migrated_sqlite_url)
    ledger = Ledger(database, TENANT)
    opened(ledger)
    alone, _ = _throughput(ledger, threads=1, each=640)
    together, slowest = _throughput(ledger, threads=16, each=40)
    database.close()
    assert verify(database, TENANT).checked == 1 + 2 * 640
    database.close()
    show(
        f"sqlite: 16 writers: {together:.0f}/s against {alone:.0f}/s alone: {together / alone:.2f}x (goal "
        f"0.9x), no lock error, slowest {slowest * 1000:.0f} ms (goal 300 ms)"
    )


def _throughput(ledger: Ledger, *, threads: int, each: int) -> tuple[float, float]:
    barrier = threading.Barrier(threads + 1)

    def write(_: int) -> float:
        barrier.wait()
        return max(seconds(lambda: _write(ledger)) for _ in range(each))

    with ThreadPoolExecutor(threads) as pool:
        writing = pool.map(write, range(threads))
        barrier.wait()
        began = time.perf_counter()
        slowest = max(writing)
    return threads * each / (time.perf_counter() - began), slowest


def _write(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        entry.reader.request(1)
        entry.record("moved", "bot", {}, 1)


def test_a_page_of_a_long_history(database: Database, show: Show) -> None:
    ledger = Ledger(database, TENANT)
    opened(ledger, Kind.OUTSIDE)
    _lengthen(database, 1000)
    short = _pages(ledger, 1000)
    _lengthen(database, LONG_HISTORY)
    long = _pages(ledger, LONG_HISTORY)
    told = ", ".join(
        f"{where} {after / before:.2f}x" for where, before, after in zip(PLACES, short, long, strict=True)
    )
    show(
        f"{_name(database)}: history page at {LONG_HISTORY} rows against 1000: {told} (goal 1.5x; "
        f"{short[0]:.3f} ms)"
    )


def test_a_tick_beside_a_long_record(database: Database, show: Show) -> None:
    house = House(database)
    house.observe()
    house.tenant.value = SettingValue.OPTED_IN
    house.clock.advance(minutes=10)
    house.observe()
    _lengthen(database, 1000)
    short = _tick(house)
    _lengthen(database, LONG_HISTORY)
    long = _tick(house)
    show(
        f"{_name(database)}: tick at {LONG_HISTORY} rows against 1000: {long / short:.2f}x (goal 1.5x; "
        f"{short:.3f} ms)"
    )


def _tick(house: House) -> float:
    """What every lane asks of the ledger when nothing is due."""
    dispatch, lease = house.dispatch, house.lease()
    attribution, reminders = Attribution(house.context, AuditLog()), Reminders(house.context)
    reminders.run()
    house.deliver()

    def tick() -> None:
        assert (
            not dispatch.take_up_leftovers()
            + dispatch.withdrawals.expire_due()
            + dispatch.optouts.end_window()
        )
        assert not house.apply.run(lease) + attribution.run() + reminders.run()
        assert not dispatch.drift.observe(timedelta(minutes=10))
        with house.ledger.reading() as reader:
            reader.head()  # while it stands still, nothing is counted anew

    return medians(tick)[0]


PLACES = ("first page", "middle", "last page", "of a state", "of a kind", "of a person", "of a day")

PERSON = "U0BOB"


def _lengthen(database: Database, rows: int) -> None:
    """Copy the one change until there are so many, a minute apart: every 50th rejected, every 7th asked for
    by one person."""
    numbers = (
        "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)"
        if database.is_sqlite
        else "WITH numbers AS (SELECT generate_series(CAST(:first AS int), CAST(:last AS int)) AS n)"
    )
    columns = "tenant_id, kind, door, reason, clients, protocols, to_value, rule_digest, version, detail"
    varied = f"CASE WHEN n % 50 = 0 THEN 'rejected' ELSE state END, CASE WHEN n % 7 = 0 THEN '{PERSON}' END"
    minute = (
        "strftime('%Y-%m-%d %H:%M:%f000', created_at, '+' || n || ' minutes')"
        if database.is_sqlite
        else "created_at + n * interval '1 minute'"
    )
    copy = (
        f"INSERT INTO change_requests (id, {columns}, state, requester_id, created_at) {numbers} "
        f"SELECT n, {columns}, {varied}, {minute} FROM numbers, change_requests WHERE id = 1"
    )
    with database.write() as connection:
        present = connection.execute(text("SELECT max(id) FROM change_requests")).scalar_one()
        connection.execute(text(copy), {"first": present + 1, "last": rows})
    if database.is_sqlite:
        return  # nobody analyzes it in real life
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _pages(ledger: Ledger, rows: int) -> list[float]:
    def page(before: int | None, only: HistoryFilter = EVERYTHING) -> None:
        with ledger.reading() as reader:
            numbers = reader.history.numbers(before=before, limit=20, only=only)
            assert len(reader.history.requests(numbers)) == 20

    middle = NOW + timedelta(minutes=rows // 2)
    rejected, outside = frozenset({State.REJECTED}), frozenset({Kind.OUTSIDE})
    return medians(
        lambda: page(None),
        lambda: page(rows // 2),
        lambda: page(21),
        lambda: page(None, HistoryFilter(states=rejected)),
        lambda: page(None, HistoryFilter(kinds=outside)),
        lambda: page(None, HistoryFilter(person=PERSON)),
        lambda: page(
            None, HistoryFilter(since=middle - timedelta(hours=2), until=middle + timedelta(hours=2))
        ),
    )


def test_checking_a_record(database: Database, show: Show) -> None:
    fill(database)
    driver = raw(database)
    raw_loop, checked = medians(lambda: raw_check(driver), lambda: verify(database, TENANT), rounds=7)
    assert verify(database, TENANT).checked == EVENTS
    driver.connection.close()
    each, ratio = checked * 1000 / EVENTS, checked / raw_loop
    show(
        f"{_name(database)}: check of {EVENTS} events: {each:.1f} us each, {ratio:.2f}x a raw loop (goal "
        "1.5x)"
    )


def fill(database: Database) -> None:
    """Record events until there are so many."""
    with Ledger(database, TENANT).recording(NOW) as entry:
        for number in range(EVENTS - entry.reader.head()[0]):
            entry.record("voted", "U0BOB", {"vote": "approve", "digest": "d" * 64, "number": number}, 1)


def raw_check(driver: RawSqlite | RawPostgresql) -> None:
    """The least a check has to do: read every event, decode, encode, hash."""
    query = (
        "SELECT seq, at, kind, actor, request_id, payload, prev_hash, hash FROM audit_events WHERE "
        f"tenant_id = {driver.mark}"
    )
    for row in driver.execute(f"{query} ORDER BY seq", (TENANT,)):
        event = [str(row[1]), *row[2:5], json.loads(row[5]), *row[6:]]
        hashlib.sha256(json.dumps(event, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
