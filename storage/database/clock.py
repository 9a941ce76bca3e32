"""Read the database's own clock, by which claims and leases are judged."""

from typing import Any

from sqlalchemy import ColumnElement, or_
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
