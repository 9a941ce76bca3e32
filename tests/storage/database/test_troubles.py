"""What the database's own troubles are called: full, read-only, gone. Nothing above this room knows a
driver's exception."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from storage.database.troubles import Trouble, Watch
from storage.engine import MOVED, Busy, Database, Unreachable
from storage.inbox import Inbox

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_full_database_is_unreachable_and_keeps_nothing_of_the_write(migrated_sqlite_url: str) -> None:
    database = Database(migrated_sqlite_url)
    try:
        inbox = Inbox(database, "tenant")
        with database.write(quick=True) as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(Unreachable, match="SQLITE_FULL"):  # noqa: PT012 - which write fills it up is not known
            for number in range(2000):
                inbox.put(f"key-{number}", "vote", {"reason": "x" * 2000}, now=NOW, patience=1)
    finally:
        database.close()


def test_a_read_only_database_is_unreachable_for_writing_and_still_reads(migrated_sqlite_url: str) -> None:
    path = migrated_sqlite_url.removeprefix("sqlite:///")
    database = Database(f"sqlite:///file:{path}?mode=ro&uri=true")
    try:
        with pytest.raises(Unreachable):
            Inbox(database, "tenant").put("key", "vote", {}, now=NOW, patience=1)
        assert (
            Inbox(Database(migrated_sqlite_url), "tenant").put("key", "vote", {}, now=NOW, patience=1)
            is not None
        )
    finally:
        database.close()


def test_a_server_that_is_gone_is_unreachable_and_its_password_is_not_told() -> None:
    database = Database("postgresql+psycopg://bot:canary-password@127.0.0.1:1/nothing")
    with pytest.raises(Unreachable) as raised, database.read():
        pass
    assert "canary" not in str(raised.value)


def test_a_folder_that_does_not_exist_is_unreachable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'nowhere' / 'first.db'}")
    with pytest.raises(Unreachable), database.read():
        pass


def test_being_busy_is_one_way_of_being_unreachable() -> None:
    assert issubclass(Busy, Unreachable)


def test_a_defect_of_ours_is_not_called_the_databases_trouble(migrated_sqlite_url: str) -> None:
    database = Database(migrated_sqlite_url)
    try:
        with pytest.raises(OperationalError), database.read() as connection:
            connection.exec_driver_sql("SELECT * FROM no_such_table")
    finally:
        database.close()


def test_whoever_watches_hears_of_trouble_within_one_failed_call_and_once_of_its_end(
    migrated_sqlite_url: str,
) -> None:
    database, heard = Database(migrated_sqlite_url), list[str | None]()
    database.watch.tell = heard.append
    for failing in ("read", "write", "read"):
        with suppress(Unreachable), getattr(database, failing)():
            raise OperationalError("", {}, sqlite3.OperationalError("gone"))
    assert len(heard) == 1
    assert heard[0]
    with database.read() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert len(heard) == 1, "that it can be read does not mean that it can be written"
    with database.write() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert heard[1:] == [None]
    database.close()


def test_a_database_that_is_only_busy_is_no_trouble(migrated_sqlite_url: str) -> None:
    database, heard = Database(migrated_sqlite_url), list[str | None]()
    database.watch.tell = heard.append
    with database.write(), pytest.raises(Busy), database.write(patience=0.01):
        """Never begun."""
    assert heard == []
    database.close()


def test_a_database_that_another_program_locks_is_trouble_until_it_can_be_written(
    migrated_sqlite_url: str,
) -> None:
    database, heard = Database(migrated_sqlite_url), list[str | None]()
    database.watch.tell = heard.append
    with closing(sqlite3.connect(str(database.file), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy), database.write(patience=0.01):
            """Never begun."""
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
        assert heard == [Trouble.LOCKED.finding]
        other.execute("ROLLBACK")
    with database.write():
        """Written again."""
    assert heard == [Trouble.LOCKED.finding, None]
    database.close()


def test_a_lock_that_lasts_is_told_while_the_first_writer_still_waits(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.TOLD_AFTER", 0.05)
    database, heard = Database(migrated_sqlite_url), list[str | None]()
    with closing(sqlite3.connect(str(database.file), isolation_level=None, check_same_thread=False)) as other:

        def told(problem: str | None) -> None:
            heard.append(problem)
            if problem:
                other.execute("ROLLBACK")

        database.watch.tell = told
        other.execute("BEGIN IMMEDIATE")
        with database.write():
            """Begun once the lock was given up, which it is only when it is told."""
    assert heard == [Trouble.LOCKED.finding, None]
    database.close()


@pytest.mark.parametrize("way", ["moved", "removed", "replaced"])
def test_a_file_that_was_taken_away_is_neither_read_nor_written_until_it_is_back(
    migrated_sqlite_url: str, way: str
) -> None:
    database, heard = Database(migrated_sqlite_url), list[str | None]()
    database.watch.tell = heard.append
    with database.write():
        """The file is open from now on."""
    file = database.file
    assert file is not None
    aside = file.with_suffix(".aside")
    if way == "removed":
        os.link(file, aside)
        file.unlink()
    else:
        file.rename(aside)
    if way == "replaced":
        shutil.copy(aside, file)
    for opened in (database.read, database.write, partial(database.write, quick=True)):
        with pytest.raises(Unreachable, match="moved, removed or replaced"), opened():
            """Never begun."""
    assert file.exists() == (way == "replaced"), "and no empty one is made in its place"
    assert heard == [MOVED]
    aside.replace(file)
    with database.write():
        """It goes on where it was."""
    assert heard == [MOVED, None]
    database.close()


def test_once_reads_go_well_for_long_a_failed_write_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, heard = Watch(), list[str | None]()
    watch.tell = heard.append
    monkeypatch.setattr("storage.database.troubles.FORGOTTEN_AFTER", 0.0)
    watch.failed("full", writing=True)
    watch.succeeded(writing=False)
    assert heard == ["full", None]
