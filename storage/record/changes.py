"""Reads every change out of the audit record, one after the other: what its events up to a number say of it.

The events alone are read, so two passes up to the same number yield the same whatever happens meanwhile. They
are not judged: what was tampered with is handed out as it stands, and ``storage.record.verify`` finds it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, select, tuple_

from storage.engine import Database
from storage.integrity.believing import Told, spelled_instant
from storage.integrity.damaged import any_bytes
from storage.integrity.replay import Replay
from storage.lifecycle import State
from storage.record.statements import MOST
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
