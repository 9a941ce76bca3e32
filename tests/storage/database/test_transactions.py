"""A transaction is there as a whole or not at all, lasts once committed, and never waits longer than it
may."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage.engine import Busy, Database, Unreachable
from storage.inbox import Inbox
from storage.ledger import Ledger
from storage.lifecycle import State
from storage.record.verify import verify
from tests.storage.racer import racers, record
from tests.storage.states import NOW, TENANT, asked, everything, opened

MARGIN = 1.5
"""Seconds that a busy machine may add to a wait."""


class Stumble(Exception):
    """Something goes wrong inside a transaction."""


def test_what_raises_leaves_nothing(ledger: Ledger) -> None:
    stood = everything(ledger.database)
    with pytest.raises(Stumble), ledger.recording(NOW) as entry:  # noqa: PT012
        record(entry)
        entry.holding.keep_rule("r" * 64, {})
        raise Stumble
    assert everything(ledger.database) == stood
    assert opened(ledger).state is State.PENDING


def test_what_is_not_committed_is_seen_by_nobody_else(ledger: Ledger) -> None:
    stood = everything(ledger.database)
    with ledger.recording(NOW) as entry:
        record(entry)
        assert everything(ledger.database) == stood
    assert everything(ledger.database) != stood


FAILURES = [
    "INSERT INTO no_such_table VALUES (1)",
    "INSERT INTO decisions (id) VALUES (NULL)",
    "SELECT nothing",
]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_statement_that_fails_leaves_nothing_and_the_next_transaction_works(
    failure: str, ledger: Ledger
) -> None:
    stood = everything(ledger.database)
    with pytest.raises(DBAPIError), ledger.recording(NOW) as entry:  # noqa: PT012
        record(entry)
        entry.connection.execute(text(failure))
    assert everything(ledger.database) == stood
    opened(ledger)


def test_a_process_killed_in_the_middle_leaves_nothing_and_holds_nobody_up(
    ledger: Ledger, migrated_database_url: str
) -> None:
    stood = everything(ledger.database)
    with racers(migrated_database_url, 1) as one:
        assert one.all("begin", TENANT) == ["written"]
        with pytest.raises(Busy):
            busy_after(ledger, patience=0.05)
        one.kill()
    assert everything(ledger.database) == stood
    opened(ledger)


def busy_after(ledger: Ledger, patience: float) -> None:
    with ledger.recording(NOW, patience=patience) as entry:
        asked(entry)


def test_killed_before_any_statement_a_transaction_is_there_as_a_whole_or_not_at_all(
    database: Database, migrated_database_url: str
) -> None:
    ended = []
    with racers(migrated_database_url, 1) as one:
        while not ended or ended[-1] == "killed":
            ended += one.all("die_at", f"tenant-{len(ended)}", str(len(ended) + 1))
    assert ended[-1] == "ended 0"
    assert len(ended) > 8
    whole = [tenant for tenant in range(len(ended)) if _rows(database, f"tenant-{tenant}")]
    assert whole == [len(ended) - 1]
    assert _rows(database, f"tenant-{whole[0]}") == {
        "change_requests": 1,
        "decisions": 1,
        "audit_events": 3,
        "notices": 1,
    }
    assert verify(database, f"tenant-{whole[0]}").ok


def _rows(database: Database, tenant: str) -> dict[str, int]:
    rows = {name: [row for row in found if tenant in row] for name, found in everything(database).items()}
    return {name: len(found) for name, found in rows.items() if found}


@contextmanager
def a_stranger_holding_the_lock(database: Database) -> Iterator[None]:
    """Another program's connection that is in the middle of writing."""
    url = database.engine.url
    if database.is_sqlite:
        with closing(sqlite3.connect(url.database or "", isolation_level=None)) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            yield
        return
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as stranger:
        stranger.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 42))", [TENANT])
        yield


@pytest.mark.parametrize("patience", [0.0, 0.0001, 0.3, 1.0])
def test_a_lock_held_elsewhere_is_waited_for_as_long_as_one_may(patience: float, ledger: Ledger) -> None:
    stood = everything(ledger.database)
    with a_stranger_holding_the_lock(ledger.database):
        began = time.monotonic()
        with pytest.raises(Busy):
            busy_after(ledger, patience)
        waited = time.monotonic() - began
    assert patience <= waited < patience + MARGIN
    assert everything(ledger.database) == stood


def test_a_lock_that_is_given_back_in_time_is_taken(ledger: Ledger) -> None:
    begun = threading.Event()

    def hold() -> None:
        with ledger.recording(NOW) as entry:
            begun.set()
            asked(entry)
            time.sleep(0.2)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(timeout=10)
    with ledger.recording(NOW, patience=10) as entry:
        assert entry.reader.open_request() is not None
    holder.join()


def test_waiting_for_our_own_threads_and_then_for_others_takes_one_patience_and_not_two(
    ledger: Ledger,
) -> None:
    def wait_too() -> None:
        with pytest.raises(Busy):
            busy_after(ledger, patience=2.0)

    ahead_of_us = threading.Thread(target=wait_too)
    with a_stranger_holding_the_lock(ledger.database):
        ahead_of_us.start()
        while ledger.database.is_sqlite and not ledger.database._one_writer.locked():
            pass
        began = time.monotonic()
        with pytest.raises(Busy):
            busy_after(ledger, patience=2.5)
        waited = time.monotonic() - began
    ahead_of_us.join()
    assert waited < 2.5 + MARGIN


def test_a_delivery_already_being_kept_elsewhere_is_waited_for_as_long_as_one_may(database: Database) -> None:
    inbox = Inbox(database, TENANT)
    inbox.put("before", "click", {}, now=NOW, patience=1)
    with a_stranger_writing(database), pytest.raises(Busy):
        inbox.put("key", "click", {}, now=NOW, patience=0.1)
    assert inbox.put("key", "click", {}, now=NOW, patience=1) is not None


@contextmanager
def a_stranger_writing(database: Database) -> Iterator[None]:
    """Another replica that has put the same key and has not committed."""
    other = Database(database.engine.url)
    try:
        with other.write() as connection:
            connection.execute(
                text(
                    "INSERT INTO inbox (tenant_id, key, kind, payload, received_at, claimed_until) "
                    "VALUES (:tenant, 'key', 'click', '{}', '2026-11-23 12:00:00.000000', 0)"
                ),
                {"tenant": TENANT},
            )
            yield
            connection.execute(text("DELETE FROM inbox WHERE key = 'key'"))
    finally:
        other.close()


class TestOnSqlite:
    """What SQLite has to be told on every connection, and how it fails."""

    @pytest.fixture
    def migrated_database_url(self, migrated_sqlite_url: str) -> str:
        return migrated_sqlite_url

    def test_every_pooled_connection_is_durable_and_checks_references(self, database: Database) -> None:
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
        connections = [database.engine.connect() for _ in range(12)]
        try:
            for connection in connections:
                found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
                assert found == wanted
            assert len({id(connection.connection.driver_connection) for connection in connections}) == 12
        finally:
            for connection in connections:
                connection.close()

    def test_a_connection_opened_after_the_pool_was_emptied_is_durable_too(self, database: Database) -> None:
        opened(Ledger(database, TENANT))
        database.close()
        with database.write() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2

    def test_a_full_disk_is_told_as_such_and_leaves_nothing(self, ledger: Ledger) -> None:
        database = ledger.database
        stood = everything(database)
        with pytest.raises(Unreachable, match="SQLITE_FULL"), ledger.recording(NOW) as entry:  # noqa: PT012
            pages = entry.connection.exec_driver_sql("PRAGMA page_count").scalar()
            entry.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            asked(entry, reason="x" * 200_000)
        assert everything(database) == stood
        with database.read() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        opened(ledger)

    def test_what_sqlite_rolled_back_by_itself_is_told_by_its_cause(self, ledger: Ledger) -> None:
        opened(ledger)
        stood = everything(ledger.database)
        taken = "INSERT OR ROLLBACK INTO organizations VALUES ('t', 'one'), ('t', 'two')"
        with pytest.raises(IntegrityError, match="UNIQUE"), ledger.recording(NOW) as entry:
            entry.connection.execute(text(taken))
        assert everything(ledger.database) == stood

    def test_a_database_that_may_only_be_read_is_told_as_such(self, migrated_sqlite_url: str) -> None:
        path = migrated_sqlite_url.removeprefix("sqlite:///")
        read_only = Database(f"sqlite:///file:{path}?mode=ro&uri=true")
        with pytest.raises(Unreachable, match="SQLITE_READONLY"):
            opened(Ledger(read_only, TENANT))
        read_only.close()

    def test_readers_are_not_held_up_by_a_writer(self, ledger: Ledger) -> None:
        opened(ledger)
        with a_stranger_holding_the_lock(ledger.database), ledger.reading() as reader:
            assert reader.open_request() is not None


class TestOnPostgresql:
    """What PostgreSQL promises by itself."""

    @pytest.fixture
    def migrated_database_url(self, migrated_postgres_url: str) -> str:
        return migrated_postgres_url

    def test_a_commit_waits_for_the_disk(self, database: Database) -> None:
        with database.read() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"

    def test_two_tenants_record_side_by_side(self, database: Database) -> None:
        with Ledger(database, "one").recording(NOW) as entry:
            asked(entry)
            opened(Ledger(database, "two"))

    def test_waits_are_limited_and_the_chain_is_locked_in_one_statement(self, database: Database) -> None:
        """Each is a way to the server and back, and every act records."""
        spoken: list[str] = []
        event.listen(database.engine, "before_cursor_execute", lambda *args: spoken.append(args[2]))
        with database.recording(TENANT):
            assert len(spoken) == 1
        assert len(spoken) == 1

    def test_patience_ends_with_the_transaction(self, database: Database) -> None:
        before = _lock_timeout(database)
        with database.write(patience=0.5) as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "500ms"
        assert _lock_timeout(database) == before == "10s"


def _lock_timeout(database: Database) -> object:
    with database.read() as connection:
        return connection.exec_driver_sql("SHOW lock_timeout").scalar()
