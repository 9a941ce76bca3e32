"""Keep a SQLite database's files to the bot's account: they hold reasons and names.

SQLite gives its journals the rights of the database file (sqlite.org/walformat.html and
``findCreateFileMode`` in ``os_unix.c``), so the file is made before SQLite would make it; files that are
there already, from an older version or put back by hand, lose what others may do with them. Where there are
no such rights (Windows) nothing is done.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from sqlalchemy.engine import URL

OWNER_ONLY: Final = 0o600
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
JOURNALS: Final = ("-wal", "-shm", "-journal")


def file_of(url: URL) -> Path | None:
    """Return a SQLite database's own file behind any link; ``None``: in memory or a server."""
    named = url.database or ""
    if url.get_backend_name() != "sqlite" or not named or ":memory:" in named:
        return None
    return Path(unquote(named.removeprefix("file:")) if named.startswith("file:") else named).resolve()


class InPlace:
    """Tell whether a SQLite database is the file first found there; always so without a file."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._first: tuple[int, int] | None = None

    def holds(self) -> bool:
        """Tell whether the very file is where it was; costs microseconds."""
        if self._file is None:
            return True
        try:
            found = self._file.stat()
        except OSError:
            return self._first is None  # SQLite is about to make it
        self._first = self._first or (found.st_dev, found.st_ino)
        return self._first == (found.st_dev, found.st_ino)


def keep_private(file: Path) -> None:
    """Make the file, empty and private, or take others' rights from it and its journals.

    What this account may not change stays as it is; ``open_to_others`` then tells.
    """
    if os.name != "posix":
        return
    with suppress(OSError):  # no folder, or no right to write in it: SQLite is about to say so
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY))
    for found in open_to_others(file):
        with suppress(OSError):
            found.chmod(stat.S_IMODE(found.stat().st_mode) & ~OTHERS)


def open_to_others(file: Path) -> list[Path]:
    """Return which of a database's files somebody else may read or write."""
    return [found for found in _all_of(file) if is_open_to_others(found)]


def is_open_to_others(file: Path) -> bool:
    """Tell whether others have a right on a file; ``False`` where it or rights do not exist."""
    try:
        found = file.stat()
    except OSError:
        return False
    return os.name == "posix" and stat.S_ISREG(found.st_mode) and bool(found.st_mode & OTHERS)


def _all_of(file: Path) -> list[Path]:
    return [file, *(file.with_name(file.name + journal) for journal in JOURNALS)]
