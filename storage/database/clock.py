"""Read the database's own clock, by which claims and leases are judged, and store instants as UTC."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Dialect, TypeDecorator, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import BigInteger


class database_clock(GenericFunction[int]):  # noqa: N801 - SQL functions are spelled in lower case
    """The database's own clock in milliseconds since 1970: leases are compared with nothing else."""

    type = BigInteger()
    inherit_cache = True


@compiles(database_clock, "sqlite")
def _sqlite_clock(element: database_clock, compiler: Any, **kw: Any) -> str:
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(database_clock, "postgresql")
def _postgresql_clock(element: database_clock, compiler: Any, **kw: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


def is_over(until: ColumnElement[int], milliseconds: int) -> ColumnElement[bool]:
    """Tell by the database's clock whether a claim of at most ``milliseconds`` is over.

    One that ends twice as far ahead is over as well: the clock was set back since, and its holder may be long
    gone. An hour or a day without anybody on duty would be worse than a live holder that loses its claim
    once, as every holder must bear.
    """
    return or_(until < database_clock(), until > database_clock() + 2 * milliseconds)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant.

    SQLite keeps no zone, so it is cut before the write and put back after the read.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: they have no meaning here."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Hand out aware UTC, whatever the driver gave."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
