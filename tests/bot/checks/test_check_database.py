"""legacytls check on the database and what guards the record from outside it."""

import json
import sqlite3
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from bot.cli import main
from storage.migrate import upgrade
from tests.bot.checks.conftest import Setup
from tests.postgres import Server, standby
from tests.sentences import says


def test_a_new_database_is_a_warning_because_the_start_migrates_it(setup: Setup) -> None:
    setup.set(DATABASE_URL=f"sqlite:///{setup.folder}/new.db")
    code, verdicts = setup.check()
    assert (code, verdicts["Database schema"]["outcome"]) == (0, "warning")
    assert says("legacytls_migrate") in verdicts["Database schema"]["mend"]


def test_a_postgresql_that_may_lose_a_commit_fails(setup: Setup, migrated_postgres_url: str) -> None:
    address = migrated_postgres_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
    setup.set(DATABASE_URL=migrated_postgres_url)
    failed = setup.failed()
    assert "synchronous_commit off" in failed["Database durability"]["finding"]
    assert says("survive_a_power_cut") in failed["Database durability"]["mend"]
    _, verdicts = setup.check()
    assert verdicts["Database role"]["outcome"] == "warning"


def test_a_postgresql_role_that_was_not_granted_everything_fails_by_name(
    setup: Setup, migrated_postgres_url: str
) -> None:
    url = make_url(migrated_postgres_url)
    role = f"ungranted_{url.database}"
    with psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    ) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
        owner.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}".encode())
        owner.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}".encode())
        setup.set(DATABASE_URL=url.set(username=role, password="x").render_as_string(hide_password=False))
        found = setup.failed()["Database role"]
        owner.execute(f"DROP OWNED BY {role}".encode())
        owner.execute(f"DROP ROLE {role}".encode())
    assert found["finding"] == says("lacks_delete_on_cards_inbox_notices_observations")
    assert "GRANT lines" in found["mend"]


def test_a_database_that_only_reads_fails_and_all_else_is_told(
    setup: Setup, migrated_postgres_url: str
) -> None:
    url = make_url(migrated_postgres_url)
    with psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    ) as owner:
        owner.execute(f'ALTER DATABASE "{url.database}" SET default_transaction_read_only = on'.encode())
    setup.set(DATABASE_URL=migrated_postgres_url)
    code, verdicts = setup.check()
    found = verdicts["Database writes"]
    assert (code, found["outcome"]) == (1, "failed")
    assert found["finding"] == says("the_database_only_reads_as_a_standby")
    assert "default_transaction_read_only" in found["mend"]
    assert verdicts["Get-TransportConfig"]["outcome"] == "ok"


def test_a_hot_standby_fails_by_name(setup: Setup, postgres_server: Server) -> None:
    with postgres_server.database() as url:
        upgrade(url)
        with standby(postgres_server) as copy:
            setup.set(DATABASE_URL=copy.set(database=url.database).render_as_string(hide_password=False))
            found = setup.failed()
    assert list(found) == ["Database writes"]
    assert found["Database writes"]["finding"] == says("the_database_only_reads_as_a_standby")


@pytest.mark.parametrize("migrated", [True, False])
def test_that_it_can_write_is_proven_and_nothing_is_left_of_the_proof(
    migrated: bool, setup: Setup, database_url: str
) -> None:
    if migrated:
        upgrade(database_url)
    setup.set(DATABASE_URL=database_url)
    _, verdicts = setup.check()
    assert verdicts["Database writes"]["outcome"] == "ok"
    engine = create_engine(database_url)
    try:
        tables = inspect(engine).get_table_names()
        assert [name for name in tables if name.startswith("check_")] == []
        with engine.connect() as connection:
            assert not migrated or connection.execute(text("SELECT count(*) FROM leases")).scalar() == 0
    finally:
        engine.dispose()


def test_a_file_that_only_reads_fails_by_name(setup: Setup) -> None:
    setup.set(DATABASE_URL=f"sqlite:///file:{setup.folder}/record.db?mode=ro&uri=true")
    assert setup.failed()["Database writes"]["finding"] == says("the_database_s_file_or_folder_can")


def test_a_database_of_somebody_elses_fails_and_all_else_is_told(setup: Setup) -> None:
    with closing(sqlite3.connect(setup.folder / "record.db")) as connection:
        connection.execute("ALTER TABLE alembic_version RENAME COLUMN version_num TO other")
    code, verdicts = setup.check()
    assert (code, verdicts["Database schema"]["outcome"]) == (1, "failed")
    assert verdicts["Get-TransportConfig"]["outcome"] == "ok"


@pytest.mark.parametrize("option", ["schema=x", "sslmode=paranoid", "connection_limit=4"])
def test_an_address_that_cannot_be_used_is_named_and_all_else_is_told(option: str, setup: Setup) -> None:
    setup.set(DATABASE_URL=f"postgresql://bot:hush@127.0.0.1/x?{option}")
    assert main(["check", "--json"]) == 2
    answer = json.loads(setup.capsys.readouterr().out)
    verdicts = {verdict["check"]: verdict for verdict in answer["checks"]}
    assert answer["ok"] is False
    assert option.split("=", maxsplit=1)[0] in verdicts["Database"]["finding"]
    assert verdicts["Get-TransportConfig"]["outcome"] == verdicts["Slack token"]["outcome"] == "ok"
