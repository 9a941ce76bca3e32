"""Keep on disk what is needed for a while only, so that memory stays flat.

Databases of SQLite's own without a name: they lie in the folder for temporary files, and are gone when they
are closed (sqlite.org/inmemorydb.html, temporary databases). Nothing here is of the record.
"""

import errno
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
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
        """Everything that was said last, in any order."""
        self._flush()
        return (json.loads(said) for (said,) in self._spool.execute(self._all))

    def _flush(self) -> None:
        if self._fresh:
            self._spool.executemany(self._put, self._fresh.items())
            self._fresh.clear()


@contextmanager
def spooling() -> Iterator[Callable[[str], Spooled]]:
    """Make collections by name (a word), until the end.

    Raises ``OSError`` where there is no space for them.
    """
    with closing(sqlite3.connect("")) as spool:
        try:
            yield lambda name: Spooled(spool, name)
        except sqlite3.Error as failed:
            raise OSError(errno.EIO, f"a temporary file: {failed}") from failed


def in_order(rows: Iterable[list[str]], width: int) -> Iterator[list[str]]:
    """Sort rows of ``width`` texts as ``sorted`` does: bytes of UTF-8 have the order of the characters."""
    cells = ", ".join(f"cell{number}" for number in range(width))
    put = f"REPLACE INTO rows VALUES ({', '.join('?' for _ in range(width))})"  # noqa: S608 - names of ours
    with closing(sqlite3.connect("")) as spool:
        spool.execute(f"CREATE TABLE rows ({cells})")
        spool.executemany(put, ([cell.encode("utf-8", "surrogatepass") for cell in row] for row in rows))
        for row in spool.execute(f"SELECT * FROM rows ORDER BY {cells}"):  # noqa: S608
            yield [cell.decode("utf-8", "surrogatepass") for cell in row]
