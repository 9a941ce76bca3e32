"""The schema is brought up once, as a whole, by whoever comes first, and never downgraded."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, Connection, column, insert, inspect, make_url, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.dialects import sqlite

from storage import migrate
from storage.engine import Database
from storage.ledger import Ledger
from storage.lifecycle import State
from storage.migrate import NewerDatabase, is_current, upgrade
from storage.record.verify import verify
from storage.schema.base import ONLY
from storage.schema.tables import metadata
from tests.postgres import DATABASES, Server, copy_sqlite
from tests.storage.racer import racers
from tests.storage.states import BOB, NOW, TENANT, everything, opened
from tests.storage.test_retention import a_year_and_more

SCRIPTS = migrate._scripts()
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]
HEAD = REVISIONS[-1]
EMPTY = {"cards", "leases", "organizations", "permalinks", "reasons", "homes"}
"""The tables in which the record of these tests has no row."""


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def test_an_empty_database_is_brought_to_the_current_schema(empty: Database, database_url: str) -> None:
    assert not is_current(empty)
    assert upgrade(database_url) == HEAD
    assert is_current(empty)
    assert set(inspect(empty.engine).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_the_files_name_the_revisions_that_they_hold() -> None:
    assert migrate.revisions() == REVISIONS


def test_a_current_database_is_recognised_without_loading_what_migrates(migrated_database_url: str) -> None:
    program = (
        "import sys; from storage.migrate import upgrade; upgrade(sys.argv[1]); print('alembic' in "
        "sys.modules)"
    )
    root = Path(migrate.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-c", program, migrated_database_url],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "False\n"


def test_upgrading_again_changes_nothing(database: Database, migrated_database_url: str) -> None:
    opened(Ledger(database, TENANT))
    stood = everything(database)
    assert upgrade(migrated_database_url) == HEAD
    assert everything(database) == stood


def test_the_schema_is_what_the_program_believes_it_to_be(database: Database) -> None:
    _as_believed(database)


def _as_believed(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        assert dict(_conditions(connection)).keys() == _conditional().keys()
        if database.is_sqlite:  # PostgreSQL spells them its own way
            assert dict(_conditions(connection)) == _conditional()


def _conditional() -> dict[str, str]:
    """The indexes that have a condition, as the program sees them."""
    plain = {"dialect": sqlite.dialect(), "compile_kwargs": {"literal_binds": True, "include_table": False}}
    indexes = (index for table in metadata.tables.values() for index in table.indexes)
    return {str(one.name): str(one.info[ONLY].compile(**plain)) for one in indexes if ONLY in one.info}


def _conditions(connection: Connection) -> Iterator[tuple[str, str]]:
    """The same as the database has them."""
    inspected = inspect(connection)
    for table in metadata.tables:
        for index in inspected.get_indexes(table):
            told = index.get("dialect_options", {})
            only = told.get("sqlite_where", told.get("postgresql_where"))
            if only is not None:
                yield str(index["name"]), str(only)


def test_a_newer_database_is_refused_and_left_alone(database: Database, migrated_database_url: str) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase, match="newer version"):
        upgrade(migrated_database_url)
    assert not is_current(database)
    with database.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_downgrade_is_refused(revision: str) -> None:
    with pytest.raises(NotImplementedError, match="never downgraded"):
        SCRIPTS.get_revision(revision).module.downgrade()


@contextmanager
def up_to(revision: str) -> Iterator[None]:
    """A program whose newest schema is this one."""
    with pytest.MonkeyPatch.context() as older:
        older.setattr(migrate, "revisions", lambda: REVISIONS[: REVISIONS.index(revision) + 1])
        yield


@pytest.fixture(scope="module", params=DATABASES)
def growing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A database that is brought up revision by revision, as the tests come to them."""
    if request.param == "sqlite":
        yield make_url(f"sqlite:///{tmp_path_factory.mktemp('growing')}/growing.db")
        return
    with request.getfixturevalue("postgres_server").database() as url:
        yield url


@pytest.fixture
def older_url(revision: str, growing: URL, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database with the schema of that revision: a copy of the one that grows."""
    with up_to(revision):
        assert upgrade(growing.render_as_string(hide_password=False)) == revision
    name = growing.database or ""
    if growing.get_backend_name() == "sqlite":
        copy_sqlite(Path(name), tmp_path / "older.db")
        yield f"sqlite:///{tmp_path / 'older.db'}"
        return
    with request.getfixturevalue("postgres_server").database(template=name) as url:
        yield url.render_as_string(hide_password=False)


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_older_schema_is_brought_to_the_current_one(revision: str, older_url: str) -> None:
    older = Database(older_url)
    assert is_current(older) == (revision == HEAD)
    assert upgrade(older_url) == HEAD
    opened(Ledger(older, TENANT))
    _as_believed(older)
    older.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database in which everything has happened."""
    upgrade(url := f"sqlite:///{tmp_path_factory.mktemp('written')}/written.db")
    database = Database(url)
    a_year_and_more(Ledger(database, TENANT), NOW)
    yield database
    database.close()


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    """The columns that each revision knows, by table: of one database, brought up step by step."""
    url = f"sqlite:///{tmp_path_factory.mktemp('earlier')}/earlier.db"
    return {revision: _columns_at(revision, url) for revision in REVISIONS}


def _columns_at(revision: str, url: str) -> dict[str, list[str]]:
    with up_to(revision):
        assert upgrade(url) == revision
    earlier = Database(url)
    try:
        seen = inspect(earlier.engine)
        there = set(seen.get_table_names())
        ours = (table.name for table in metadata.sorted_tables if table.name in there)
        return {name: [str(found["name"]) for found in seen.get_columns(name)] for name in ours}
    finally:
        earlier.close()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_a_replica_of_an_earlier_version_goes_on_writing_beside_this_one(
    revision: str, known: dict[str, dict[str, list[str]]], written: Database, database: Database
) -> None:
    """What it knows are the columns of its own schema, and it inserts nothing else: every later one has to do
    without."""
    for name, columns in known[revision].items():
        theirs = sql_table(name, *(column(each, metadata.tables[name].c[each].type) for each in columns))
        with written.read() as connection:
            rows = [dict(row._mapping) for row in connection.execute(select(theirs))]
        assert rows or name in EMPTY, f"nothing is tried on {name}"
        with database.write() as connection:
            for row in rows:
                connection.execute(insert(theirs).values(row))
    assert verify(database, TENANT).ok
    with Ledger(database, TENANT).recording(NOW) as entry:
        (request,) = entry.reader.in_states({State.PENDING})
        assert entry.move(request, State.APPROVED, actor=BOB, detail="").version == request.version + 1


def test_an_upgrade_that_fails_leaves_nothing_and_succeeds_later(
    empty: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as breaking:
        breaking.setattr(migrate, "_scripts", lambda: SCRIPTS)
        breaking.setattr(SCRIPTS.get_revision(HEAD).module, "upgrade", broken)
        with pytest.raises(ZeroDivisionError):
            upgrade(database_url)
    assert inspect(empty.engine).get_table_names() == []
    assert upgrade(database_url) == HEAD


@pytest.mark.parametrize(
    "files", [pytest.param(8), pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)
def test_three_processes_that_upgrade_at_once_upgrade_once(
    files: int, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    with racers(migrated_sqlite_url, 3) as replicas:
        for number in range(files):
            url = f"sqlite:///{tmp_path / f'fresh-{number}.db'}"
            assert replicas.all("migrate", url) == [HEAD] * 3
            _is_whole(url)


def test_three_processes_that_upgrade_postgresql_at_once_upgrade_once(
    migrated_sqlite_url: str, postgres_server: Server
) -> None:
    with racers(migrated_sqlite_url, 3) as replicas:
        for _ in range(3):
            with postgres_server.database() as fresh:
                url = fresh.render_as_string(hide_password=False)
                assert replicas.all("migrate", url) == [HEAD] * 3
                _is_whole(url)


def _is_whole(url: str) -> None:
    database = Database(url)
    try:
        assert is_current(database)
        assert set(inspect(database.engine).get_table_names()) >= set(metadata.tables)
        opened(Ledger(database, secrets.token_hex(4)))
    finally:
        database.close()
