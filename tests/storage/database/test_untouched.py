"""Whoever checks a record does not change it: not the file, not its folder, not one that is not there."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import URL

from storage.engine import Database, Unreachable
from storage.inbox import Inbox
from storage.ledger import Ledger
from storage.migrate import is_current
from storage.record.verify import Verdict, verify
from tests.storage.states import NOW, TENANT, asked, opened


@pytest.fixture
def original(migrated_sqlite_url: str) -> Iterator[Database]:
    """The database of a running bot: one request is on record, in the log beside the file and not in the file
    itself."""
    database = Database(migrated_sqlite_url)
    opened(Ledger(database, TENANT))
    yield database
    database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder whose name means something in a URI, to be put under lock by the test."""
    made = tmp_path / "record #1, 100%25?"
    made.mkdir()
    yield made
    made.chmod(0o700)


def path_of(database: Database) -> Path:
    return Path(database.engine.url.database or "")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While this lasts nobody but root may put anything into the folder, and whatever root did shows as
    well."""
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    folder.chmod(0o500)
    yield
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def looked(path: Path, *, as_uri: bool = False) -> Verdict:
    url = URL.create("sqlite", database=str(path))
    if as_uri:
        url = url.set(database=f"file:{quote(str(path))}", query={"uri": "true"})
    database = Database(url, look_only=True)
    with closing(database):
        assert is_current(database)
        return verify(database, TENANT)


def test_a_copy_of_any_kind_stays_as_it_is_and_its_folder_too(original: Database, folder: Path) -> None:
    with (
        closing(sqlite3.connect(path_of(original))) as source,
        closing(sqlite3.connect(folder / "in-wal.db")) as target,
    ):
        source.execute("VACUUM INTO ?", (str(folder / "vacuumed.db"),))
        source.backup(target)
    with locked(folder):
        assert looked(folder / "in-wal.db").checked == looked(folder / "vacuumed.db").checked == 1


def test_the_database_of_a_bot_that_was_stopped_stays_as_it_is(original: Database, folder: Path) -> None:
    original.close()
    shutil.copy(path_of(original), folder / "legacytls.db")
    with locked(folder):
        assert looked(folder / "legacytls.db").ok


def test_the_database_of_a_running_bot_is_read_with_what_came_last_and_the_bot_goes_on(
    original: Database,
) -> None:
    path = path_of(original)
    before, log = path.read_bytes(), path.with_name(f"{path.name}-wal").read_bytes()
    database = Database(f"sqlite:///{path}", look_only=True)
    with closing(database):
        assert verify(database, TENANT).checked == 1
        with Ledger(original, TENANT).recording(NOW) as entry:
            entry.record("noted", "bot", {})
        assert verify(database, TENANT).checked == 2
    assert path.read_bytes() == before
    assert path.with_name(f"{path.name}-wal").read_bytes().startswith(log)


def test_what_a_killed_bot_left_in_its_log_counts_and_stays_there(original: Database, folder: Path) -> None:
    path = path_of(original)
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", folder / f"legacytls.db{ending}")
    before = [(folder / f"legacytls.db{ending}").read_bytes() for ending in ("", "-wal")]
    assert looked(folder / "legacytls.db").checked == 1
    assert [(folder / f"legacytls.db{ending}").read_bytes() for ending in ("", "-wal")] == before


def test_a_link_to_the_database_of_a_running_bot_is_read_with_what_came_last(
    original: Database, folder: Path
) -> None:
    (folder / "link.db").symlink_to(path_of(original))
    with locked(folder):
        assert looked(folder / "link.db").checked == 1


def test_an_address_that_is_a_uri_already_is_looked_at_as_well(original: Database, folder: Path) -> None:
    original.close()
    shutil.copy(path_of(original), folder / "legacytls.db")
    with locked(folder):
        assert looked(folder / "legacytls.db", as_uri=True).ok


def test_a_file_that_is_not_there_is_unreachable_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        looked(tmp_path / "mistyped.db")
    assert list(tmp_path.iterdir()) == []


def test_nothing_can_be_written_by_that_way(original: Database) -> None:
    database = Database(original.engine.url, look_only=True)
    with closing(database), pytest.raises(Unreachable):
        Inbox(database, TENANT).put("key", "vote", {}, now=NOW, patience=1)


def test_postgresql_is_looked_at_in_the_ordinary_way(migrated_postgres_url: str) -> None:
    writer, looking = Database(migrated_postgres_url), Database(migrated_postgres_url, look_only=True)
    with closing(writer), closing(looking):
        with Ledger(writer, TENANT).recording(NOW) as entry:
            asked(entry)
        assert verify(looking, TENANT).checked == 1
