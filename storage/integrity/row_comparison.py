"""Compare rows with what the believed events of the record say they have to be, or what they say instead.

It judges nobody and changes nothing. Rows are read as they are stored, so that a damaged one is a difference
like any other.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, Table, bindparam, select, type_coerce

from storage.database.clock import Instant
from storage.integrity import believed_events, replay
from storage.integrity.believed_events import Disbelieved, Told, spelled_instant
from storage.integrity.damaged_rows import DAMAGE, Damaged, is_damage
from storage.lifecycle import State
from storage.records import Baseline, SettingValue
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
) -> Iterable[believed_events.Told]:
    look = believed_events.since if through else believed_events.of_request
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
        connection,
        baselines,
        tenant_id,
        believed_events.newest(connection, tenant_id, "baseline"),
        replay.baseline,
    )


def rule_differences(connection: Connection, tenant_id: str) -> list[Difference]:
    """Return where the newest row of the rules differs from the newest recorded rule."""
    return _newest(
        connection, rules, tenant_id, believed_events.newest(connection, tenant_id, "rule"), replay.rule
    )


def organization_differences(connection: Connection, tenant_id: str) -> list[Difference]:
    """Return where the kept organisation differs from the one that was recorded."""
    event = believed_events.newest(connection, tenant_id, "organization")
    return _newest(
        connection, organizations, tenant_id, event, lambda told: {"name": told.payload.get("name")}
    )


def _newest(
    connection: Connection, table: Table, tenant_id: str, event: believed_events.Told | None, row_of: Any
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


LATELY = timedelta(days=1)
"""For how long what was found is said where nobody has to look for it."""

_NEVER_MADE = frozenset(
    {State.PENDING, State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.STALE, State.SUPERSEDED}
)


def instant(spelled: object) -> datetime | None:
    """Return the instant that ``canonical.stamp`` spelled; ``None`` for none. Raises ``Damaged``."""
    if spelled is None:
        return None
    if not isinstance(spelled, str):
        raise Damaged("not an instant")
    try:
        found = datetime.fromisoformat(spelled)
    except ValueError as none:
        raise Damaged("not an instant") from none
    if found.tzinfo is None:
        raise Damaged("an instant must be aware")
    return found


def recorded_baseline(told: Told, row: Baseline | None) -> Baseline | None:
    """Return the row where the newest such event agrees or is missing, else the event's word.

    Earlier versions did not record since when: the row's word counts as far as it agrees, else the time of
    the event.
    """
    try:
        value, end = SettingValue(told.payload["value"]), instant(told.payload["window_end"])
        since = instant(told.payload.get("since"))
    except (KeyError, ValueError):
        return row
    agrees = row is not None and (row.value, row.window_end, row.request_id) == (value, end, told.request_id)
    if agrees and row is not None and since in (None, row.since):
        return row
    return Baseline(
        value=value,
        since=since or datetime.fromisoformat(told.at),
        request_id=told.request_id,
        window_end=end,
    )


def recorded_end(connection: Connection, tenant_id: str, request_id: int) -> datetime | None:
    """Return until when a request was approved, by events; ``None``: no end, or not opened."""
    try:
        told = replay.replay(believed_events.of_request(connection, tenant_id, request_id), request_id)
        return (
            instant(told.request.get("window_end"))
            if told.opened and told.request["state"] not in _NEVER_MADE
            else None
        )
    except (Disbelieved, Damaged):
        return None


def guards_missed(connection: Connection, tenant_id: str) -> list[str]:
    """Return the guards that were missing when this was recorded last; none where it never was."""
    told = believed_events.newest(connection, tenant_id, "guards")
    gone = told.payload.get("missing") if told is not None else None
    return [str(name) for name in gone] if isinstance(gone, list) else []


def lately_disagreed(connection: Connection, tenant_id: str, now: datetime) -> list[str]:
    """The places that were recorded last as disagreeing with the record, if that is less than a day ago."""
    told = believed_events.newest(connection, tenant_id, "disagreed")
    if told is None or now - datetime.fromisoformat(told.at) >= LATELY:
        return []
    places = told.payload.get("places")
    return [str(place) for place in places] if isinstance(places, list) else []
