"""What the role that the bot logs in with may do in PostgreSQL: all that it needs, and better nothing more.

SQLite has no roles: whoever can write the file owns it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, insert, inspect, text

from storage.engine import Database
from storage.schema.tables import cards, inbox, leases, metadata, notices, observations

REMOVED_FROM = (cards, inbox, notices, observations)
"""The tables that old rows are deleted from; everything else is kept for ever."""


@dataclass(frozen=True, slots=True)
class Role:
    """Tell whether the role may act as owner of guarded tables (``None``: none yet), and its gaps."""

    owns_tables: bool | None
    lacks: tuple[str, ...]


_OWNS = text("""
    SELECT bool_or(pg_has_role(current_user, relowner, 'MEMBER'))
        OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    FROM pg_class
    WHERE oid IN (to_regclass('audit_events'), to_regclass('decisions'), to_regclass('attempts'))
""")
"""A member of the owning role may do as that role may, and a superuser as everybody."""

_LACKS = text("""
    SELECT privilege, name
    FROM unnest(cast(:privileges AS text[]), cast(:names AS text[])) AS needed (privilege, name)
    WHERE NOT CASE
        WHEN to_regclass(name) IS NULL THEN true
        WHEN privilege = 'USAGE' THEN has_sequence_privilege(name, privilege)
        ELSE has_table_privilege(name, privilege)
    END
    ORDER BY privilege, name
""")
"""What is not there yet is no matter of privileges."""


def role_of(database: Database) -> Role:
    """Ask PostgreSQL what the role may do. Raises ``Unreachable``."""
    if database.is_sqlite:
        return Role(owns_tables=None, lacks=())
    privileges, names = zip(*_needed(), strict=True)
    with database.read() as connection:
        owns = connection.execute(_OWNS).scalar()
        lacking = connection.execute(_LACKS, {"privileges": list(privileges), "names": list(names)}).all()
    return Role(
        owns,
        tuple(_words(privilege, rows) for privilege, rows in groupby(lacking, lambda row: row.privilege)),
    )


def _needed() -> Iterator[tuple[str, str]]:
    """Privilege and relation, as docs/operate.md grants them."""
    yield "SELECT", "alembic_version"
    for table in metadata.sorted_tables:
        for privilege in ("SELECT", "INSERT", "UPDATE", *(["DELETE"] if table in REMOVED_FROM else [])):
            yield privilege, table.name
        if table.autoincrement_column is not None:
            yield "USAGE", f"{table.name}_{table.autoincrement_column.name}_seq"


def _words(privilege: str, rows: Iterable[Row[Any]]) -> str:
    return f"{privilege} on {', '.join(row.name for row in rows)}"


class _TakenBack(Exception):
    """Ends the transaction without a commit."""


def prove_write(database: Database) -> None:
    """Write one row, or a table where there is none yet, and roll it back.

    Raises ``Unreachable``, whose trouble says why not.
    """
    try:
        with database.write() as connection:
            if inspect(connection).has_table(leases.name):
                row = {"name": f"check:{uuid4()}", "holder": "check", "epoch": 0, "until": 0}
                connection.execute(insert(leases).values(row))
            else:
                connection.exec_driver_sql(f"CREATE TABLE check_{uuid4().hex} (id INTEGER)")
            raise _TakenBack
    except _TakenBack:
        return
