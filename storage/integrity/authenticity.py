"""Judges rows that were read to be acted upon, and remembers those that this process did not believe.

Without a key it signs nothing and believes every row. It decides nothing about requests.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Row, Table

from storage.integrity.damaged_rows import NotAuthentic
from storage.integrity.keyring import Doubt, Keyring

T = TypeVar("T")

OPTION = "legacytls_authenticity"
"""The execution option by which every connection of a database knows its keys."""

SET_ASIDE = "Set aside: it did not come from this bot, was altered, or cannot be read."
"""What stands beside a row that nothing was done for."""

REMEMBERED = 1000
"""Rows that are remembered: whoever plants more gains nothing by it."""

_IDENTITY: Mapping[str, tuple[str, ...]] = {
    "audit_events": ("seq",), "cards": ("channel", "ts"), "inbox": ("id",), "notices": ("id",),
}  # fmt: skip
"""By table the columns by which people find a row."""


@dataclass(frozen=True, slots=True)
class Unbelieved:
    """One row that was set aside: nothing was done because of it."""

    table: str
    row: str
    """What people find it by, such as ``id 7``."""
    doubt: Doubt


class Authenticity:
    """The keys of this process, and the rows that it did not believe since it started.

    Safe on every thread.
    """

    def __init__(self, keys: Keyring | None = None) -> None:
        self.keys = keys or Keyring()
        self._lock = threading.Lock()
        self._unbelieved: dict[tuple[str, str], Unbelieved] = {}

    def sign(self, table: Table, row: Mapping[str, object]) -> str | None:
        """Make the authenticator of a row that is about to be written; ``None`` without a key."""
        return self.keys.sign(table.name, row)

    def checked(self, table: Table, made: Callable[[Row[Any]], T]) -> Callable[[Row[Any]], T]:
        """Return what ``made`` makes of a row, for a row that a bot with one of our keys wrote.

        It raises ``NotAuthentic``.
        """

        def make(row: Row[Any]) -> T:
            doubt = self.doubt(table, row)
            if doubt is not None:
                raise NotAuthentic(doubt)
            return made(row)

        return make

    def doubt(self, table: Table, row: Row[Any]) -> Doubt | None:
        """Say why a row to be acted on is not believed, and remember it; ``None`` where it is."""
        if not self.keys:
            return None
        columns = cast("Mapping[str, Any]", row._mapping)  # noqa: SLF001 - SQLAlchemy's own public name for it
        found = self.keys.doubt(table.name, columns)
        if found is not None:
            self._remember(table.name, [columns[name] for name in _IDENTITY[table.name]], found)
        return found

    def event_doubt(self, tenant_id: str, row: Row[Any]) -> Doubt | None:
        """Say the same of an event read without its tenant, its instant spelled canonically."""
        if not self.keys:
            return None
        columns = cast("Mapping[str, Any]", row._mapping)  # noqa: SLF001 - SQLAlchemy's own public name for it
        found = self.keys.doubt("audit_events", {**columns, "tenant_id": tenant_id, "at": row.spelled_at})
        if found is not None:
            self._remember("audit_events", [row.seq], found)
        return found

    def unbelieved(self) -> list[Unbelieved]:
        """Return rows not believed since the start, in order of finding: the last ``REMEMBERED``."""
        with self._lock:
            return list(self._unbelieved.values())

    def _remember(self, table: str, key: Sequence[object], found: Doubt) -> None:
        name = " ".join(
            f"{column} {_shown(value)}" for column, value in zip(_IDENTITY[table], key, strict=True)
        )
        with self._lock:
            self._unbelieved.setdefault((table, name), Unbelieved(table, name, found))
            while len(self._unbelieved) > REMEMBERED:
                del self._unbelieved[next(iter(self._unbelieved))]


def authenticity_of(connection: Connection) -> Authenticity:
    """Return the keys of a connection's database; none without our ``Database`` around it."""
    known: Authenticity | None = connection.get_execution_options().get(OPTION)
    return known if known is not None else Authenticity()


def _shown(value: object) -> str:
    """Return what of a row's name people may see: whoever planted it chose the name."""
    shown = str(value)
    return (
        shown if re.fullmatch(r"[0-9]{1,19}(\.[0-9]{1,19})?|[CDG][A-Z0-9]{1,31}", shown) else "(no proper id)"
    )
