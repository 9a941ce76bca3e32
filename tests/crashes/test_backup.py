"""A backup taken while the bot runs, restored elsewhere: the record proves itself, and a new bot goes on
where it stood."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from storage.engine import Database
from storage.lifecycle import State
from tests.bot.machine import command
from tests.crashes.beginnings import Begin, Beginning, on_postgres
from tests.crashes.conftest import Beginnings
from tests.crashes.world import ALICE, BOB, World
from tests.postgres import NoPostgres, Server, _account, _binaries, _libpq, _text


def go_on(world: World, restored: str) -> None:
    """The first bot is gone with its database; another one begins with the copy."""
    tenant = {"DATABASE_URL": restored, "AZURE_TENANT_ID": world.tenant.tenant_id}
    verified = command("verify", settings=tenant, folder=world.folder)
    assert (verified.code, verified.said.startswith("The record is sound")) == (0, True), verified.said
    world.kill()
    world.database.close()
    assert_guarded(restored)
    world.url, world.database = restored, Database(restored)
    world.let_claims_expire()
    world.start()
    world.press(BOB, "approve")
    world.wait(lambda: world.newest_state() is State.APPLIED and world.owes_nothing())
    assert [call.effective for call in world.writes] == [True]
    assert [text[:8] for text in world.direct(ALICE)] == ["Applied:"]
    assert command("verify", settings=tenant, folder=world.folder).code == 0


def assert_guarded(url: str) -> None:
    """The copy's record cannot be altered either."""
    copy = Database(url)
    with pytest.raises(DBAPIError, match="never altered"), copy.write() as connection:
        connection.execute(text("UPDATE audit_events SET actor = 'nobody'"))
    copy.close()


def test_a_sqlite_backup(beginnings: Beginnings, tmp_path: Path) -> None:
    with beginnings[Begin.ASKED].world(tmp_path) as world:
        world.start()
        original, copy = make_url(world.url).database, tmp_path / "copy.db"
        assert original
        _dot_backup(original, copy)
        go_on(world, f"sqlite:///{copy}")


def _dot_backup(original: str, copy: Path) -> None:
    """What ``sqlite3 original ".backup copy"`` does, by the shell where there is one, else by the same
    function of SQLite."""
    shell = shutil.which("sqlite3")
    if shell:
        subprocess.run([shell, original, f".backup {copy}"], check=True, capture_output=True, timeout=30)
        return
    with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


@pytest.fixture(scope="module")
def on_server(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beginning]:
    with on_postgres(postgres_server, tmp_path_factory.mktemp("beginning"), begin=Begin.ASKED) as beginning:
        yield beginning


def test_a_postgresql_backup(on_server: Beginning, postgres_server: Server, tmp_path: Path) -> None:
    dumped = tmp_path / "dump.sql"
    with on_server.world(tmp_path) as world, postgres_server.database() as empty:
        world.start()
        _client("pg_dump", "--no-owner", "--file", str(dumped), _libpq(make_url(world.url)))
        _client("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(dumped), _libpq(empty))
        with ended(world):
            go_on(world, _text(empty))


@contextmanager
def ended(world: World) -> Iterator[None]:
    """Whatever happens, no bot is left on a database that is about to be dropped."""
    try:
        yield
    finally:
        world.kill()
        world.database.close()


def _client(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs, as an operator would."""
    try:
        folder = _binaries(_account())
    except NoPostgres as absent:
        pytest.skip(str(absent))  # somebody else's server is used, and nothing is installed here
    run = subprocess.run(
        [folder / name, *arguments],
        env={"PATH": os.defpath, "LC_ALL": "C"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
