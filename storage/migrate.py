"""Brings a database to the current schema, once, however many processes ask at the same time.

SQLite: the whole upgrade is one immediate transaction; others wait for it and then find nothing to do.
PostgreSQL: an advisory lock. A database that is newer than this program is refused, never downgraded. Alembic
is loaded only where there is something to migrate: it takes a tenth of a start and of the memory, and hardly
any start needs it.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError

from storage.engine import Database, lacks_a_privilege
from storage.schema import guards

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

UPGRADE_PATIENCE = 60.0
"""Seconds one replica waits while another migrates."""
_LOCK = 4_242_001


class NewerDatabase(Exception):
    """The database was written by a newer version of this program."""


class NotTheOwner(Exception):
    """The role in the URL may use the tables and not change them."""


def upgrade(url: str | URL) -> str:
    """Upgrade the database at ``url`` and return its revision.

    Raises ``NewerDatabase`` and ``NotTheOwner``.
    """
    database = Database(url)
    try:
        with database.write(patience=UPGRADE_PATIENCE) as connection:
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            return _upgrade(connection)
    finally:
        database.close()


def put_guards_back(url: str | URL) -> list[str]:
    """Create the record's missing triggers anew and return their names; for a person, never by itself.

    Raises ``NotTheOwner``.
    """
    database = Database(url)
    try:
        with database.read() as connection:
            if not guards.missing(connection):
                return []
        with database.write(patience=UPGRADE_PATIENCE) as connection:
            try:
                return guards.put_back(connection)
            except DatabaseError as refused:
                if not lacks_a_privilege(refused):
                    raise
                raise NotTheOwner(
                    "The guards have to be put back by the role that owns the tables."
                ) from refused
    finally:
        database.close()


def is_current(database: Database) -> bool:
    """Tell whether the database has exactly the schema this program was written for."""
    with database.read() as connection:
        return _current(connection) == revisions()[-1]


def is_newer(database: Database) -> bool:
    """Tell whether the database has a schema that this program has never heard of."""
    with database.read() as connection:
        current = _current(connection)
    return current is not None and current not in revisions()


def revisions() -> list[str]:
    """Return every schema this program knows, oldest first, as the names of the migrations' files tell."""
    names = sorted(entry.name for entry in (files("storage") / "migrations" / "versions").iterdir())
    return [found[1] for name in names if (found := re.fullmatch(r"v(\d{4})_\w+\.py", name))]


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> str:
    current, known = _current(connection), revisions()
    if current is not None and current not in known:
        raise NewerDatabase(
            "The database was written by a newer version: start that version, or restore a backup."
        )
    if current != known[-1]:
        try:
            _migrate(connection, current, known[-1])
        except DatabaseError as refused:
            if not lacks_a_privilege(refused):
                raise
            raise NotTheOwner(
                "The database has to be upgraded first, by the role that owns it: `legacytls migrate`."
            ) from refused
    return known[-1]


def _migrate(connection: Connection, current: str | None, head: str) -> None:
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415 - see above

    scripts = _scripts()

    def steps(revision: object, context: "MigrationContext") -> object:
        # as alembic.command.upgrade does, on a connection we hold
        return scripts._upgrade_revs(head, current or "base")

    with EnvironmentContext(_config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, transaction_per_migration=False, transactional_ddl=True)
        environment.run_migrations()


def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see above

    return ScriptDirectory.from_config(_config())


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(Path(str(files("storage"))) / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
