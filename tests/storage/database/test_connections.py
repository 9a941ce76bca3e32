"""Connections: nothing waits for ever, acknowledging waits for nobody, and a failover is survived."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text

from storage import engine
from storage.database.connections import POOL
from storage.engine import PATIENCE, Busy, Database, Unreachable
from storage.inbox import Inbox
from storage.ledger import Ledger
from storage.record.verify import verify
from tests.postgres import _libpq
from tests.sentences import says
from tests.storage.states import TENANT, asked

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def database(migrated_postgres_url: str) -> Iterator[Database]:
    opened = Database(migrated_postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def either(migrated_database_url: str) -> Iterator[Database]:
    """On both databases."""
    opened = Database(migrated_database_url)
    yield opened
    opened.close()


@pytest.fixture
def admin(migrated_postgres_url: str) -> Iterator[psycopg.Connection]:
    """Somebody else on the same database."""
    with psycopg.connect(_libpq(make_url(migrated_postgres_url)), autocommit=True) as connection:
        yield connection


def demote(admin: psycopg.Connection, standby: bool) -> None:
    """Have every session from now on only read, as on a standby, or write again, as on a primary."""
    admin.execute(f'ALTER DATABASE "{admin.info.dbname}" SET default_transaction_read_only = {standby}')


def test_an_acknowledgement_does_not_wait_for_connections_that_slow_work_holds(either: Database) -> None:
    with ExitStack() as slow:
        for _ in range(2 * POOL):
            slow.enter_context(either.read()).execute(text("SELECT 1"))
        began = time.monotonic()
        assert Inbox(either, TENANT).put("key", "vote", {}, now=NOW, patience=1) is not None
        assert time.monotonic() - began < 1


def test_a_full_pool_is_unreachable_within_the_patience(
    either: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert either.engine.pool.timeout() == PATIENCE
    monkeypatch.setattr(either.engine.pool, "_timeout", 0.1)
    with ExitStack() as slow:
        for _ in range(2 * POOL):
            slow.enter_context(either.read()).execute(text("SELECT 1"))
        with pytest.raises(Unreachable), either.read():
            pass


def test_a_write_on_a_standby_is_unreachable_and_the_next_one_finds_the_primary(
    database: Database, admin: psycopg.Connection
) -> None:
    demote(admin, standby=True)
    with pytest.raises(Unreachable, match="only reads"), Ledger(database, TENANT).recording(NOW) as entry:
        asked(entry)
    with pytest.raises(Unreachable, match="only reads"):
        Inbox(database, TENANT).put("key", "vote", {}, now=NOW, patience=1)
    demote(admin, standby=False)
    with Ledger(database, TENANT).recording(NOW) as entry:
        asked(entry)
    assert Inbox(database, TENANT).put("key", "vote", {}, now=NOW, patience=1) is not None
    assert verify(database, TENANT).checked == 1


def test_of_several_hosts_only_one_that_writes_is_taken(
    migrated_postgres_url: str, admin: psycopg.Connection
) -> None:
    one = make_url(migrated_postgres_url)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        dead = gone.getsockname()[1]
    several = one.set(host=None, port=None).update_query_dict(
        {"host": [f"127.0.0.1:{dead}", f"127.0.0.1:{one.port}"]}
    )
    database = Database(several)
    try:
        with database.read() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
        database.close()
        demote(admin, standby=True)
        with pytest.raises(Unreachable), database.read():
            pass
    finally:
        database.close()


def test_what_the_url_says_wins(migrated_postgres_url: str, admin: psycopg.Connection) -> None:
    demote(admin, standby=True)
    one = make_url(migrated_postgres_url)
    asked = {"host": [f"127.0.0.1:{one.port}"] * 2, "target_session_attrs": "any"}
    database = Database(one.set(host=None, port=None).update_query_dict(asked))
    try:
        with database.read() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
    finally:
        database.close()


def test_a_server_that_takes_the_connection_and_says_nothing_is_unreachable_within_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = Database(f"postgresql+psycopg://bot:x@127.0.0.1:{silent.getsockname()[1]}/nothing")
        began = time.monotonic()
        with pytest.raises(Unreachable):
            Inbox(database, TENANT).put("key", "vote", {}, now=NOW, patience=1)
        assert time.monotonic() - began < 3  # Slack waits no longer


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"password": "hush"}, "the server refuses the login"),
        ({"username": "nobody_here"}, "the server refuses the login"),
        ({"database": "nowhere_here"}, "the server has no database of this name"),
        ({"port": 9}, "the server does not answer"),
        ({"host": "nowhere.invalid"}, "the server's name cannot be resolved"),
    ],
)
def test_why_there_is_no_connection_is_said_in_plain_words_and_without_names(
    migrated_postgres_url: str, other: dict[str, Any], why: str
) -> None:
    database = Database(make_url(migrated_postgres_url).set(**other))
    with pytest.raises(Unreachable) as unreachable, database.read():
        pass
    said = str(unreachable.value)
    assert re.sub(r" \([0-9A-Z]{5}\)$", "", said) == says("the_database_could_not_be_reached", why=why)


def test_a_file_in_no_folder_is_said_to_be_one_that_cannot_be_opened() -> None:
    with (
        pytest.raises(Unreachable, match="folder or file cannot be opened"),
        Database("sqlite:////no/such/folder/x.db").read(),
    ):
        pass


def test_a_reader_does_not_wait_for_ever_for_a_table_that_somebody_rebuilds(
    migrated_postgres_url: str, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 0.2)
    database = Database(migrated_postgres_url)
    rebuilt, done = threading.Event(), threading.Event()

    def rebuild() -> None:
        with admin.transaction():
            admin.execute("LOCK TABLE change_requests IN ACCESS EXCLUSIVE MODE")
            rebuilt.set()
            done.wait(20)

    thread = threading.Thread(target=rebuild)
    thread.start()
    try:
        assert rebuilt.wait(10)
        with pytest.raises(Busy), Ledger(database, TENANT).reading() as reader:
            reader.page()
    finally:
        done.set()
        thread.join()
        database.close()
