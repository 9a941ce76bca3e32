"""Checks of the database: reachable, migrated, durable, and not owned by the account that the bot uses."""

from collections.abc import Iterator

from bot.checks.verdict import Verdict, failed, passed, warned
from bot.options import Settings
from storage.engine import Database, Unreachable, durability
from storage.migrate import is_current, is_newer

OPEN_FILE = "Check the path in DATABASE_URL: the folder has to exist, and this account has to be able to write there."
LOG_IN = "Check DATABASE_URL: that the server runs at that address, that the database exists, and who may log in."


def database_verdicts(settings: Settings) -> Iterator[Verdict]:
    """Each check of the database; the later ones are left out when it cannot be reached."""
    database = Database(settings.database_url.get_secret_value())
    try:
        found = durability(database)
        current, newer = is_current(database), is_newer(database)
    except Unreachable as unreachable:
        yield failed("Database", str(unreachable), OPEN_FILE if database.is_sqlite else LOG_IN)
        return
    finally:
        database.close()
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    yield passed("Database", f"{kind}, reachable")
    if current:
        yield passed("Database schema", "current")
    elif newer:
        yield failed("Database schema", "written by a newer version", "Start that version here, or restore a backup.")
    else:
        yield warned("Database schema", "not current", "`legacytls migrate` or the next start brings it up to date.")
    if found.durable:
        yield passed("Database durability", found.finding)
    else:
        yield failed("Database durability", found.finding, "Switch it on: a recorded decision has to survive a power cut.")
    if found.owns_tables:
        mend = (
            "Give the tables to another role (README, operations) that this one is no member of: whoever may do as their owner, "
            "or is a superuser, can drop the guards of the record."
        )
        yield warned("Database role", "the bot's role may do as the owner of the tables", mend)
    elif current and not database.is_sqlite:
        yield passed("Database role", "does not own the tables")
