"""Keep on disk what is needed for a while only, so that memory stays flat.

Databases of SQLite's own without a name: they lie in the folder for temporary files, and are gone when they
are closed (sqlite.org/inmemorydb.html, temporary databases). Nothing here is of the record.
"""

import errno
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

_TOGETHER: Final = 500
"""What is said of so many keys is written at once."""


class Spooled:
    """What was last said of each key, both of any kind that JSON spells.

    The newest few of them are not on disk yet.
    """

    def __init__(self, spool: sqlite3.Connection, name: str) -> None:
        spool.execute(f"CREATE TABLE {name} (key TEXT PRIMARY KEY, said TEXT) WITHOUT ROWID")
        self._spool = spool
        self._put = f"REPLACE INTO {name} VALUES (?, ?)"  # noqa: S608 - a name of ours
        self._one = f"SELECT said FROM {name} WHERE key = ?"  # noqa: S608
        self._all = f"SELECT said FROM {name}"  # noqa: S608
        self._fresh: dict[str, str] = {}

    def __setitem__(self, key: Any, said: Any, /) -> None:
        self._fresh[json.dumps(key)] = json.dumps(said)
        if len(self._fresh) >= _TOGETHER:
            self._flush()

    def get(self, key: Any, /) -> Any:
        """Return what was said last; ``None``: nothing."""
        self._flush()
        row = self._spool.execute(self._one, (json.dumps(key),)).fetchone()
        return None if row is None else json.loads(row[0])

    def values(self) -> Iterator[Any]:
        """Return everything that was said last, in any order."""
        self._flush()
        return (json.loads(said) for (said,) in self._spool.execute(self._all))

    def _flush(self) -> None:
        if self._fresh:
            self._spool.executemany(self._put, self._fresh.items())
            self._fresh.clear()


class Sorted:
    """Rows of ``width`` texts in the order in which ``sorted`` has them, each time they are asked for.

    Bytes of UTF-8 have the order of the characters.
    """

    def __init__(self, spool: sqlite3.Connection, rows: Iterable[list[str]], width: int) -> None:
        cells = ", ".join(f"cell{number}" for number in range(width))
        marks = ", ".join("?" for _ in range(width))
        spool.execute(f"CREATE TABLE sorted ({cells})")
        spooled = ([cell.encode("utf-8", "surrogatepass") for cell in row] for row in rows)
        spool.executemany(f"INSERT INTO sorted VALUES ({marks})", spooled)  # noqa: S608 - names of ours
        self._spool = spool
        self._all = f"SELECT * FROM sorted ORDER BY {cells}"  # noqa: S608

    def __iter__(self) -> Iterator[list[str]]:
        for row in self._spool.execute(self._all):
            yield [cell.decode("utf-8", "surrogatepass") for cell in row]


class Spool:
    """Makes what is kept on disk."""

    def __init__(self, spool: sqlite3.Connection) -> None:
        self._spool = spool

    def latest(self, name: str) -> Spooled:
        """Begin a collection by its name, a word."""
        return Spooled(self._spool, name)

    def in_order(self, rows: Iterable[list[str]], width: int) -> Sorted:
        """Sort rows of ``width`` texts; once in a spool."""
        return Sorted(self._spool, rows, width)


@contextmanager
def spooling() -> Iterator[Spool]:
    """Keep things on disk until the end.

    Raises ``OSError`` where there is no space for them.
    """
    with closing(sqlite3.connect("")) as spool:
        try:
            yield Spool(spool)
        except sqlite3.Error as failed:
            raise OSError(errno.EIO, f"a temporary file: {failed}") from failed
