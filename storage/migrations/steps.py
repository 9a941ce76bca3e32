"""What several migrations do: indexes of some rows, the triggers that guard the record, and no way back."""

from alembic import op
from sqlalchemy import TextClause

from storage.schema.guards import Guard


def partial_index(
    name: str, table: str, columns: list[str], which: TextClause, *, unique: bool = False
) -> None:
    """Create an index of the rows for which ``which`` holds, the same in both databases."""
    op.create_index(name, table, columns, unique=unique, sqlite_where=which, postgresql_where=which)


def guard(*guards: Guard) -> None:
    """Create triggers as the database at hand spells them."""
    for one in guards:
        op.execute(one.for_sqlite() if in_sqlite() else one.for_postgresql())


def append_only(table: str, same: str) -> None:
    """Let rows of a table only be added; ``same`` as for ``never_replaced``."""
    altered = f"{table}: the record is never altered"
    if in_sqlite():
        guard(
            Guard(f"{table}_no_update", table, ("UPDATE",), message=altered),
            Guard(f"{table}_no_delete", table, ("DELETE",), message=altered),
        )
    else:
        guard(Guard(f"{table}_append_only", table, ("UPDATE", "DELETE")))
    never_replaced(table, same)


def never_replaced(table: str, same: str) -> None:
    """Refuse what removes rows without asking the trigger of a DELETE: REPLACE in SQLite, or TRUNCATE.

    ``same`` is what makes a new row the same as an old one.
    """
    if in_sqlite():
        there = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - constants of the migrations
        altered = f"{table}: the record is never altered"
        guard(Guard(f"{table}_no_replace", table, ("INSERT",), when=there, message=altered))
    else:
        guard(Guard(f"{table}_no_truncate", table, ("TRUNCATE",)))


def in_sqlite() -> bool:
    """Whether the database at hand is SQLite, otherwise PostgreSQL."""
    return op.get_bind().dialect.name == "sqlite"


def refused() -> None:
    """How every revision answers a downgrade: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
