"""Compares rows with what the believed events of the record say they have to be.

It judges nobody and changes nothing. Rows are read as they are stored, so that a damaged one is a difference
like any other. Ask inside a recording transaction for an answer that holds: between two statements outside of
one, somebody may record something.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, Table, bindparam, select, type_coerce

from storage.database.instants import Instant
from storage.integrity import believing, replay
from storage.integrity.believing import Disbelieved, spelled_instant
from storage.integrity.damaged import DAMAGE, is_damage
from storage.schema.tables import (
    attempts,
    baselines,
    change_requests,
    decisions,
    organizations,
    reasons,
    rules,
)

Stored = Mapping[str, Any]
"""One row as it is stored, instants spelled as ``canonical.stamp`` does."""

WHOLE = "*"
"""The column of a difference that is about a whole row: one that no event tells of, or that is missing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a row does not agree with the record."""

    table: str
    row: str
    """The key of the row, as people find it: a number, or a tenant."""
    column: str
    stored: str | None = None
    recorded: str | None = None

    def __str__(self) -> str:
        """The place alone, as it is named to people."""
        return (
            f"{self.table} {self.row}" if self.column == WHOLE else f"{self.table} {self.row}: {self.column}"
        )


def raw(table: Table) -> list[ColumnElement[Any]]:
    """Return the columns of a table as they are stored; nothing is parsed, so nothing fails."""
    return [_raw(column).label(column.name) for column in table.c]


def _raw(column: Any) -> ColumnElement[Any]:
    if isinstance(column.type, Instant):
        return spelled_instant(column)
    return type_coerce(column, String) if isinstance(column.type, String) else column


def _newest_row(table: Table) -> Select[Any]:
    mine = select(*raw(table)).where(table.c.tenant_id == bindparam("tenant")).limit(1)
    return mine.order_by(table.c.id.desc()) if "id" in table.c else mine


_REQUEST = bindparam("request", type_=change_requests.c.id.type)
_TENANT = bindparam("tenant", type_=change_requests.c.tenant_id.type)
_MINE = (change_requests.c.id == _REQUEST, change_requests.c.tenant_id == _TENANT)
_ONE = select(*raw(change_requests)).where(*_MINE)
_ABOUT = {
    part: select(*raw(part)).where(part.c.request_id == _REQUEST).order_by(*part.primary_key.columns)
    for part in (decisions, attempts, reasons)
}
_NEWEST = {table: _newest_row(table) for table in (baselines, rules, organizations)}
"""Built once: every act asks them first, and building a statement costs more than running it."""


def request_differences(
    connection: Connection, tenant_id: str, request_id: int, *, through: bool = False
) -> tuple[list[Difference], replay.Replay]:
    """Where a request, its votes, its reason and its attempts differ from its events, and what those say.

    ``through`` follows every link of the record since the request was opened; else its own events alone are
    looked up.
    """
    try:
        told = replay.replay(_events(connection, tenant_id, request_id, through), request_id)
    except Disbelieved as altered:
        return [Difference("audit_events", altered.place, WHOLE)], replay.Replay()
    found = list(_request(connection, tenant_id, request_id, told))
    for table, recorded in ((decisions, told.decisions), (attempts, told.attempts), (reasons, told.reasons)):
        rows = stored_rows(connection, table, _ABOUT[table], {"request": request_id})
        expected = [{**row, "tenant_id": tenant_id} for row in recorded]
        found += pairwise(table.name, rows, expected, at=str(request_id))
    return found, told


def _events(
    connection: Connection, tenant_id: str, request_id: int, through: bool
) -> Iterable[believing.Told]:
    look = believing.since if through else believing.of_request
    return look(connection, tenant_id, request_id)


def _request(
    connection: Connection, tenant_id: str, request_id: int, told: replay.Replay
) -> Iterator[Difference]:
    mine = {"request": request_id, "tenant": tenant_id}
    row = next(iter(stored_rows(connection, change_requests, _ONE, mine)), None)
    if row is None or not told.opened:
        yield Difference(change_requests.name, str(request_id), WHOLE)
    else:
        yield from columns(change_requests.name, str(request_id), row, told.request)


def baseline_differences(connection: Connection, tenant_id: str) -> list[Difference]:
    """Return where the row that says what ought to be differs from the newest such event."""
    return _newest(
        connection, baselines, tenant_id, believing.newest(connection, tenant_id, "baseline"), replay.baseline
    )


def rule_differences(connection: Connection, tenant_id: str) -> list[Difference]:
    """Return where the newest row of the rules differs from the newest recorded rule."""
    return _newest(connection, rules, tenant_id, believing.newest(connection, tenant_id, "rule"), replay.rule)


def organization_differences(connection: Connection, tenant_id: str) -> list[Difference]:
    """Return where the kept organisation differs from the one that was recorded."""
    event = believing.newest(connection, tenant_id, "organization")
    return _newest(
        connection, organizations, tenant_id, event, lambda told: {"name": told.payload.get("name")}
    )


def _newest(
    connection: Connection, table: Table, tenant_id: str, event: believing.Told | None, row_of: Any
) -> list[Difference]:
    row = next(iter(stored_rows(connection, table, _NEWEST[table], {"tenant": tenant_id})), None)
    if row is None and event is None:
        return []
    key = str(row.get("id", tenant_id)) if row is not None else tenant_id
    if row is None or event is None:
        return [Difference(table.name, key, WHOLE)]
    return list(columns(table.name, key, row, row_of(event)))


def pairwise(
    table: str, rows: Iterable[Stored], recorded: Iterable[replay.Row], *, at: str
) -> Iterator[Difference]:
    """Compare rows with events, both in recording order; ``at`` names a place without a row."""
    for row, expected in zip_longest(rows, recorded):
        if row is None or expected is None:
            key = str(row.get("id", row.get("request_id"))) if row is not None else f"of #{at}"
            yield Difference(table, key, WHOLE)
        else:
            yield from columns(table, str(row.get("id", row.get("request_id"))), row, expected)


def columns(table: str, key: str, row: Stored, expected: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield the determined columns of one row that are not as recorded."""
    for name, recorded in expected.items():
        stored = row[name]
        if name == "body":
            stored = _parsed(stored)
        if stored != recorded or type(stored) is not type(recorded):
            yield Difference(table, key, name, _text(row[name]), _text(recorded))


def stored_rows(
    connection: Connection, table: Table, query: Select[Any], values: Mapping[str, object] | None = None
) -> Sequence[Stored]:
    """Few rows as they are stored; text that is no text any more is handed out as its repr.

    ``values`` are those of the parameters of ``query``.
    """
    try:
        return [dict(row) for row in connection.execute(query, values).mappings()]
    except DAMAGE as damage:
        if not is_damage(damage):
            raise
    keys = connection.execute(query.with_only_columns(*table.primary_key.columns), values).all()
    return [_unspelled(connection, table, tuple(key)) for key in keys]


def _unspelled(connection: Connection, table: Table, key: tuple[Any, ...]) -> Stored:
    """One row column by column: what cannot be read is not equal to anything that was recorded."""
    mine = [column == value for column, value in zip(table.primary_key.columns, key, strict=True)]
    row: dict[str, Any] = {}
    for column in raw(table):
        try:
            row[column.name] = connection.execute(select(column).where(*mine)).scalar()
        except DAMAGE as damage:
            if not is_damage(damage):
                raise
            row[column.name] = _UNREADABLE
    return row


_UNREADABLE = b"unreadable"


def _parsed(stored: Any) -> object:
    try:
        return json.loads(stored)
    except (ValueError, TypeError):
        return stored


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else repr(value)
