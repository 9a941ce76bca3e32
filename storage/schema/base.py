"""What every table's definition begins with: the one collection of tables, and the tenant's column."""

from typing import Any

from sqlalchemy import Column, ColumnElement, ForeignKey, Index, MetaData, String, TextClause

metadata = MetaData()

ONLY = "only"
"""Under which an index names its condition."""


def tenant() -> Column[str]:
    """Return the column that says whose row it is."""
    return Column("tenant_id", String(64), nullable=False)


def authenticator() -> Column[str]:
    """Define the column that proves that the bot wrote the row; ``None`` where it ran without a key."""
    return Column("authenticator", String(96))


def of_request() -> Column[int]:
    """Define the column that names the change a row is of."""
    return Column("request_id", ForeignKey("change_requests.id"), nullable=False)


def index_where(
    only: TextClause | ColumnElement[bool], name: str, *columns: Column[Any], unique: bool = False
) -> Index:
    """Define an index of the rows for which ``only`` holds.

    The condition stands in ``info``, as the migrations make the index (``storage.migrations.steps``): the
    arguments ``sqlite_where`` and ``postgresql_where`` would load the dialects of both databases.
    """
    return Index(name, *columns, unique=unique, info={ONLY: only})
