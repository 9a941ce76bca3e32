"""A guard that is missing, switched off or emptied is named, and can be put back; what the migrations create
lacks none."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from storage.engine import Database
from storage.schema import guards
from storage.schema.guards import POSTGRESQL, SQLITE, missing, put_back


def names(connection: Connection) -> set[str]:
    """Every trigger there is, whoever created it."""
    if connection.dialect.name == "sqlite":
        return set(
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
        )
    return set(connection.execute(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")).scalars())


def test_the_guards_are_exactly_what_the_migrations_create(database: Database) -> None:
    with database.read() as connection:
        expected = SQLITE if database.is_sqlite else POSTGRESQL
        assert names(connection) == {guard.name for guard in expected}
        assert missing(connection) == []


def dropped(connection: Connection, guard: guards.Guard) -> None:
    on = "" if connection.dialect.name == "sqlite" else f" ON {guard.table}"
    connection.exec_driver_sql(f"DROP TRIGGER {guard.name}{on}")


def emptied(connection: Connection, guard: guards.Guard) -> None:
    """One of its name stands there still, and refuses nothing that matters."""
    dropped(connection, guard)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"CREATE TRIGGER {guard.name} BEFORE DELETE ON leases BEGIN SELECT 1; END")
    else:
        never = (
            f"CREATE TRIGGER {guard.name} BEFORE INSERT ON {guard.table} FOR EACH ROW EXECUTE FUNCTION "
            "legacytls_refuse()"
        )
        connection.exec_driver_sql(never)


def switched_off(connection: Connection, guard: guards.Guard) -> None:
    if connection.dialect.name == "sqlite":
        return emptied(connection, guard)
    connection.exec_driver_sql(f"ALTER TABLE {guard.table} DISABLE TRIGGER {guard.name}")
    return None


@pytest.mark.parametrize("how", [dropped, emptied, switched_off])
def test_each_guard_that_is_missing_is_named_and_put_back(
    how: Callable[[Connection, guards.Guard], None], database: Database, subtests: pytest.Subtests
) -> None:
    for guard in SQLITE if database.is_sqlite else POSTGRESQL:
        with subtests.test(guard.name), database.write() as connection:
            how(connection, guard)
            assert missing(connection) == [guard.name]
            assert put_back(connection) == [guard.name]
            assert missing(connection) == []


def test_a_function_that_refuses_nothing_is_no_guard(database: Database) -> None:
    if database.is_sqlite:
        return  # its guards have no function
    with database.write() as connection:
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION legacytls_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RETURN NEW; END $$"
        )
        assert missing(connection) == sorted(guard.name for guard in POSTGRESQL)
        put_back(connection)
        assert missing(connection) == []
