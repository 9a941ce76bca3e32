"""Read rows that may be damaged: set unreadable ones aside, return those beside them.

SQLite keeps any bytes in any column, and both databases keep words, JSON and times that this program never
wrote. Most reads meet none of it, so the ordinary way costs nothing more; only where it fails is every row
asked for by itself.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Column, Connection, Engine, Row, Select, Table, select
from sqlalchemy.exc import DataError, DBAPIError, OperationalError

T = TypeVar("T")

Values: TypeAlias = Mapping[str, object] | None

DAMAGE = (ValueError, TypeError, AttributeError, KeyError, LookupError, DataError, OperationalError)
"""What reading a damaged row may raise; ``is_damage`` tells it from trouble with the database itself."""


AT_MOST = 20
"""Damaged rows that are remembered at a time."""

_MET = "met_damaged"


class Damaged(ValueError):
    """A row says something that no row of its table can mean."""


class NotAuthentic(ValueError):
    """Report a row that no bot with our keys wrote, or not so; see ``integrity.authenticity``."""


class Met:
    """Collect damaged rows met since last taken, over all connections; safe on every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[tuple[str, str], None] = {}

    def add(self, table: str, row: str) -> None:
        """Remember one, up to ``AT_MOST``: whoever plants more gains nothing by it."""
        with self._lock:
            if len(self._rows) < AT_MOST:
                self._rows[table, row] = None

    def take(self) -> list[tuple[str, str]]:
        """Table and key of every one that was met, and forget them: what is read again is met again."""
        with self._lock:
            rows, self._rows = list(self._rows), {}
        return rows

    def listen(self, *engines: Engine) -> None:
        """Hear of what is met on the connections of these engines."""
        for engine in engines:
            engine.update_execution_options(**{_MET: self})


def _remember(connection: Connection, table: Table, key: tuple[Any, ...]) -> None:
    met = connection.get_execution_options().get(_MET)
    if isinstance(met, Met):
        met.add(table.name, " ".join(str(part) if isinstance(part, int) else "?" for part in key))


@contextmanager
def any_bytes(connection: Connection) -> Iterator[None]:
    """Let SQLite return text that is not UTF-8, for reading a whole table in one stream."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str


def is_damage(error: Exception) -> bool:
    """Tell whether the stored bytes are to blame, and not the database that handed them out.

    Python's ``sqlite3`` raises an ``OperationalError`` without any code of SQLite's for text that is no
    UTF-8.
    """
    if isinstance(error, DataError) or not isinstance(error, DBAPIError):
        return True
    return type(error.orig).__module__ == "sqlite3" and getattr(error.orig, "sqlite_errorname", None) is None


def readable(
    connection: Connection,
    query: Select[Any],
    table: Table,
    made: Callable[[Row[Any]], T],
    values: Values = None,
) -> list[T]:
    """Return ``made`` of every readable row that ``query`` selects whole from one table.

    ``values`` are those of the parameters of ``query``, here and below.
    """
    return split(connection, query, table, made, values)[0]


def split(
    connection: Connection,
    query: Select[Any],
    table: Table,
    made: Callable[[Row[Any]], T],
    values: Values = None,
) -> tuple[list[T], list[tuple[Any, ...]]]:
    """Return the readable rows, and the keys of those that cannot be read, both in the order of the query."""
    try:
        return [made(row) for row in connection.execute(query, values)], []
    except DAMAGE as damage:
        if not is_damage(damage):
            raise
    return _one_by_one(connection, query, table, made, values)


def one(
    connection: Connection,
    query: Select[Any],
    table: Table,
    made: Callable[[Row[Any]], T],
    values: Values = None,
) -> T | None:
    """Return the one row, or the first that can be read; ``None`` without one."""
    return next(iter(readable(connection, query, table, made, values)), None)


def _one_by_one(
    connection: Connection, query: Select[Any], table: Table, made: Callable[[Row[Any]], T], values: Values
) -> tuple[list[T], list[tuple[Any, ...]]]:
    key: Iterable[Column[Any]] = table.primary_key.columns
    keys = [tuple(row) for row in connection.execute(query.with_only_columns(*key), values)]
    found: list[T] = []
    damaged: list[tuple[Any, ...]] = []
    for numbers in keys:
        one_row = select(table).where(*(column == value for column, value in zip(key, numbers, strict=True)))
        try:
            found.append(made(connection.execute(one_row).one()))
        except DAMAGE as damage:
            if not is_damage(damage):
                raise
            damaged.append(numbers)
            if not isinstance(damage, NotAuthentic):
                _remember(connection, table, numbers)
    return found, damaged
