"""Replays the whole record and compares every table that it determines, as one snapshot has them.

It never writes. Rows and events come in the same order and are held against each other as they pass, so a
longer record needs no more memory: of one request at a time what its events say, and a few rows ahead.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, or_, select

from storage.devices import replay as device_replay
from storage.engine import Database
from storage.integrity import believed_events, replay, row_comparison
from storage.integrity.believed_events import Disbelieved, Told
from storage.integrity.damaged_rows import any_bytes
from storage.integrity.row_comparison import WHOLE, Difference, Stored, columns, raw
from storage.schema.device_tables import device_acts, devices, reports
from storage.schema.tables import (
    attempts,
    audit_events,
    change_requests,
    decisions,
    reasons,
    reminder_answers,
    rules,
)

AHEAD = 20
"""Rows and events looked ahead for the place where both agree again: one that was put in is then told from
all behind it."""

_BATCH = 200


def differences(database: Database, tenant_id: str) -> Iterator[Difference]:
    """Yield every place where a row disagrees with the record, to the first unbelieved event."""
    with _snapshot(database) as connection:
        try:
            yield from _requests(connection, tenant_id)
            yield from _register(connection, tenant_id)
            yield from _listed(connection, tenant_id, reports, "report_imported", device_replay.report)
            yield from _listed(connection, tenant_id, rules, "rule", replay.rule)
            yield from _listed(
                connection, tenant_id, reminder_answers, "reminder_answered", replay.reminder_answer
            )
        except Disbelieved as altered:
            yield Difference(audit_events.name, altered.place, WHOLE)
        yield from row_comparison.baseline_differences(connection, tenant_id)
        yield from row_comparison.organization_differences(connection, tenant_id)


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """One state of the database for every statement; somebody may go on writing meanwhile."""
    with database.read() as connection, any_bytes(connection):
        if not database.is_sqlite:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection
            return
        connection.exec_driver_sql("BEGIN")
        try:
            yield connection
        finally:
            connection.exec_driver_sql("ROLLBACK")


def _requests(connection: Connection, tenant_id: str) -> Iterator[Difference]:
    """Requests with their votes, reasons and attempts, in the order of their numbers."""
    table = audit_events.c
    about = (
        believed_events.events_of(tenant_id)
        .where(table.request_id.is_not(None))
        .order_by(table.request_id, table.seq)
    )
    told = _Ahead(
        replay.grouped(believed_events.streamed(connection, tenant_id, about)), lambda group: group[0]
    )
    whole = _Ahead(_rows(connection, tenant_id, change_requests), lambda row: row["id"])
    parts = [
        (part, _Ahead(_rows(connection, tenant_id, part), lambda row: row["request_id"]), said)
        for part, said in ((decisions, _decisions), (attempts, _attempts), (reasons, _reasons))
    ]
    streams = (told, whole, *(rows for _, rows, _ in parts))
    while any(stream.more for stream in streams):
        number = min(stream.key for stream in streams if stream.more)
        _, said = next(told.take(number), (number, replay.Replay()))
        yield from _request(number, next(whole.take(number), None), said)
        for part, rows, expected in parts:
            recorded = ({**row, "tenant_id": tenant_id} for row in expected(said))
            yield from aligned(part.name, rows.take(number), recorded, at=f"of #{number}")


def _request(number: int, row: Stored | None, told: replay.Replay) -> Iterator[Difference]:
    if row is not None and told.opened:
        yield from columns(change_requests.name, str(number), row, told.request)
    elif row is not None or told.opened:
        yield Difference(change_requests.name, str(number), WHOLE)


def _register(connection: Connection, tenant_id: str) -> Iterator[Difference]:
    """The entries of the register with the acts on them, in the order of their numbers."""
    of_acts = (device_acts.c.tenant_id == tenant_id, device_acts.c.seq == audit_events.c.seq)
    about = (
        believed_events.events_of(tenant_id)
        .where(*of_acts)
        .order_by(device_acts.c.device_id, audit_events.c.seq)
    )
    told = _Ahead(
        device_replay.grouped(believed_events.streamed(connection, tenant_id, about)), lambda group: group[0]
    )
    whole = _Ahead(_rows(connection, tenant_id, devices), lambda row: row["id"])
    acts = _Ahead(_rows(connection, tenant_id, device_acts), lambda row: row["device_id"])
    while any(stream.more for stream in (told, whole, acts)):
        number = min(stream.key for stream in (told, whole, acts) if stream.more)
        _, said = next(told.take(number), (number, device_replay.DeviceReplay()))
        row = next(whole.take(number), None)
        if row is None or not said.row:
            yield Difference(devices.name, str(number), WHOLE)
        else:
            yield from columns(devices.name, str(number), row, said.row)
        recorded = ({**act, "tenant_id": tenant_id} for act in said.acts)
        yield from aligned(device_acts.name, acts.take(number), recorded, at=f"of D{number}")
    yield from device_replay.unacted(connection, tenant_id)


def _decisions(told: replay.Replay) -> list[replay.Row]:
    return told.decisions


def _attempts(told: replay.Replay) -> list[replay.Row]:
    return told.attempts


def _reasons(told: replay.Replay) -> list[replay.Row]:
    return told.reasons


def _listed(
    connection: Connection, tenant_id: str, table: Table, kind: str, row_of: Callable[[Told], replay.Row]
) -> Iterator[Difference]:
    """A table whose rows each come from one event of a kind, in the order of recording."""
    of_kind = (
        believed_events.events_of(tenant_id).where(audit_events.c.kind == kind).order_by(audit_events.c.seq)
    )
    recorded = (row_of(event) for event in believed_events.streamed(connection, tenant_id, of_kind))
    yield from aligned(table.name, _rows(connection, tenant_id, table), recorded, at=f"of a {kind} event")


def aligned(
    table: str, rows: Iterable[Stored], recorded: Iterable[replay.Row], *, at: str
) -> Iterator[Difference]:
    """Compare rows with events in recording order; name what is on one side only."""
    ours, theirs = _Window(rows), _Window(recorded)
    while (row := ours.first()) is not None or theirs.first() is not None:
        expected = theirs.first()
        if row is None or expected is None:
            yield Difference(table, _key(row) if row is not None else at, WHOLE)
        elif found := list(columns(table, _key(row), row, expected)):
            extra, lost = ours.find(partial(_agree, expected)), theirs.find(partial(_agreeing, row))
            if extra or lost:
                yield from (Difference(table, _key(each), WHOLE) for each in ours.drop(extra))
                yield from (Difference(table, at, WHOLE) for _ in theirs.drop(0 if extra else lost))
                continue
            yield from found
        ours.drop(1)
        theirs.drop(1)


def _agree(expected: replay.Row, row: Stored) -> bool:
    return not any(columns("", "", row, expected))


def _agreeing(row: Stored, expected: replay.Row) -> bool:
    return _agree(expected, row)


def _key(row: Stored) -> str:
    return str(row.get("id", row.get("request_id")))


def _rows(connection: Connection, tenant_id: str, table: Table) -> Iterator[Stored]:
    """The rows of a table in the order of recording, as they are stored, a batch at a time."""
    mine = table.c.tenant_id == tenant_id
    if table is device_acts:
        query = select(*raw(table)).where(mine).order_by(table.c.device_id, *table.primary_key.columns)
    elif "request_id" in table.c:
        ours = select(change_requests.c.id).where(change_requests.c.tenant_id == tenant_id)
        mine = or_(mine, table.c.request_id.in_(ours))
        query = select(*raw(table)).where(mine).order_by(table.c.request_id, *table.primary_key.columns)
    else:
        query = select(*raw(table)).where(mine).order_by(*table.primary_key.columns)
    with connection.execute(query, execution_options={"yield_per": _BATCH}) as found:
        yield from (dict(row) for row in found.mappings())


class _Ahead:
    """Items in the order of a number, taken number by number."""

    def __init__(self, items: Iterator[Any], key: Callable[[Any], int]) -> None:
        self._items, self._key = items, key
        self._next: list[Any] = list(islice(items, 1))

    @property
    def more(self) -> bool:
        """Whether there is another."""
        return bool(self._next)

    @property
    def key(self) -> int:
        """The number of the next one."""
        return self._key(self._next[0])

    def take(self, number: int) -> Iterator[Any]:
        """Hand out what has this number."""
        while self._next and self.key == number:
            item = self._next[0]
            self._next = list(islice(self._items, 1))
            yield item


class _Window:
    """The next few of a stream, to be looked at before they are passed."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._rest = iter(items)
        self._seen: deque[Any] = deque()

    def first(self) -> Any:
        """Return the next one; ``None`` at the end."""
        self._fill(1)
        return self._seen[0] if self._seen else None

    def find(self, fits: Callable[[Any], bool]) -> int:
        """Count how many come before the first that fits among those ahead; 0 where none does."""
        self._fill(AHEAD)
        return next((place for place, item in enumerate(self._seen) if fits(item)), 0)

    def drop(self, count: int) -> list[Any]:
        """Pass so many."""
        self._fill(count)
        return [self._seen.popleft() for _ in range(min(count, len(self._seen)))]

    def _fill(self, count: int) -> None:
        self._seen.extend(islice(self._rest, max(0, count - len(self._seen))))
