"""What somebody with SQL does behind the bot's back: the guards are taken off, a statement runs, and the
guards are put back."""

from sqlalchemy import text

from storage.engine import Database
from storage.schema import guards


def unguard(database: Database) -> None:
    """Take every guard off, as an owner of the tables can."""
    with database.write() as connection:
        for guard in guards.SQLITE if database.is_sqlite else guards.POSTGRESQL:
            on = "" if database.is_sqlite else f" ON {guard.table}"
            connection.exec_driver_sql(f"DROP TRIGGER {guard.name}{on}")


def tamper(database: Database, *statements: str) -> None:
    """Run statements that the guards refuse, and leave no trace but what they did."""
    unguard(database)
    with database.write() as connection:
        for statement in statements:
            assert connection.exec_driver_sql(statement.replace("%", "%%")).rowcount, (
                f"nothing was done: {statement}"
            )
        guards.put_back(connection)


def stored(database: Database, table: str, column: str, which: str) -> str:
    """One value as SQL spells it, to be put back later."""
    with database.read() as connection:
        value = connection.execute(text(f"SELECT {column} FROM {table} WHERE {which}")).scalar()
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"
