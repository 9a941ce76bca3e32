"""Answer what a pack of evidence asks of the record: every change, where a period ends, single hashes.

The events alone are read, so two passes up to the same number yield the same whatever happens meanwhile. They
are not judged: what was tampered with is handed out as it stands, and ``storage.record.verify`` finds it.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, tuple_

from storage.engine import Database
from storage.integrity.believed_events import Told, spelled_instant
from storage.integrity.damaged_rows import any_bytes
from storage.integrity.replay import Replay
from storage.lifecycle import State
from storage.schema.tables import audit_events

_BATCH = 500


@dataclass(slots=True)
class RecordedChange:
    """One change as its events have it. Times are spelled as ``canonical.stamp`` does; ``None``: never."""

    number: int
    told: Replay = field(default_factory=Replay)
    detail: str = ""
    """The sentence of its newest move."""
    approved_at: str | None = None
    corrected_at: str | None = None
    """When a change that was given up as failed was found to have arrived after all."""

    def take(self, event: Told) -> None:
        """Add what one more of its events says."""
        self.told.take(event)
        said = event.payload.get("detail")
        if event.kind in ("request_opened", "moved") and isinstance(said, str):
            self.detail = said
        if event.kind == "moved" and event.payload.get("to") == State.APPROVED:
            self.approved_at = event.at
        if event.kind == "correction":
            self.corrected_at = event.at


def recorded_changes(
    database: Database, tenant_id: str, *, up_to: int | None = None
) -> Iterator[RecordedChange]:
    """Yield every change of a tenant by number, from events up to ``up_to`` (``None``: all).

    One change is kept at a time, and no connection between two batches of events.
    """
    told = told_by_change(database, tenant_id, up_to)
    for number, events in groupby(told, key=lambda event: event.request_id or 0):
        change = RecordedChange(number)
        for event in events:
            change.take(event)
        yield change


def told_by_change(database: Database, tenant_id: str, up_to: int | None) -> Iterator[Told]:
    """Yield the events about changes, ordered by change and then by sequence, as the index on them is."""
    table = audit_events.c
    at = spelled_instant(table.at).label("spelled_at")
    about = select(table.seq, at, table.kind, table.actor, table.request_id, table.payload)
    mine = about.where(table.tenant_id == tenant_id, table.request_id.is_not(None), table.request_id <= MOST)
    if up_to is not None:
        mine = mine.where(table.seq <= up_to)
    behind = tuple_(table.request_id, table.seq) > tuple_(bindparam("request"), bindparam("event"))
    query = mine.where(behind).order_by(table.request_id, table.seq).limit(_BATCH)
    last = (0, MOST)
    while True:
        with database.read() as connection, any_bytes(connection):
            batch: Sequence[Any] = connection.execute(query, {"request": last[0], "event": last[1]}).all()
        if not batch:
            return
        for seq, spelled_at, kind, actor, request_id, payload in batch:
            yield Told(seq, spelled_at, kind, actor, request_id, _payload(payload))
        last = batch[-1].request_id, batch[-1].seq


def _payload(stored: str) -> dict[str, Any]:
    try:
        found = json.loads(stored)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


STATEMENTS = ("day", "reconciled", "head_posted", "timestamped")
"""The kinds by which the bot records what a pack shows beside the changes: no news to anybody by
themselves."""

MOST = 2**31 - 1
"""The highest number that an event or a request can have; in SQLite any text stands behind all numbers."""


def last_before(database: Database, tenant_id: str, end: datetime) -> int:
    """Return the number of the newest event recorded before an instant; 0 where there is none.

    Raises ``Unreachable``.
    """
    table = audit_events.c
    is_number = table.seq <= MOST
    query = select(func.max(table.seq)).where(table.tenant_id == tenant_id, table.at < end, is_number)
    with database.read() as connection:
        return connection.execute(query).scalar() or 0


def hashes_of(database: Database, tenant_id: str, numbers: Collection[int]) -> dict[int, str]:
    """Return the hashes of these events, as far as they are there. Raises ``Unreachable``."""
    table = audit_events.c
    query = select(table.seq, table.hash).where(table.tenant_id == tenant_id, table.seq.in_(list(numbers)))
    with database.read() as connection:
        return {row.seq: row.hash for row in connection.execute(query)}


def began_at(database: Database, tenant_id: str) -> datetime | None:
    """When the first event was recorded; ``None`` where nothing is on record. Raises ``Unreachable``."""
    query = select(audit_events.c.at).where(audit_events.c.tenant_id == tenant_id, audit_events.c.seq == 1)
    with database.read() as connection:
        return connection.execute(query).scalar()


def noteworthy(connection: Connection, tenant_id: str, kinds: Collection[str]) -> int:
    """Return the number of the newest event that is of none of these kinds; 0 where there is none."""
    table = audit_events.c
    query = select(table.seq).where(table.tenant_id == tenant_id, table.kind.not_in(list(kinds)))
    return connection.execute(query.order_by(table.seq.desc()).limit(1)).scalar() or 0
