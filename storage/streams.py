"""How far one receiver of the stream has got in a tenant's record, and what it said last. Sends nothing.

A position that the record does not hold (a backup was put back, or another database is used) counts as none:
everything is sent from the first event on, under the ids it had before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.chain import GENESIS, head
from storage.engine import Database
from storage.record.export import Event, events_behind
from storage.schema.tables import audit_events
from storage.schema.work_tables import streams

LONGEST_WAIT = timedelta(days=1)
"""No receiver is left alone for longer, whatever it asks for; an instant further ahead means a clock that was
set back."""


@dataclass(frozen=True, slots=True)
class Position:
    """Hold the last event taken, ``seq`` 0 before; ``tries`` failed since, for ``problem``."""

    seq: int = 0
    hash: str = GENESIS
    taken_at: datetime | None = None
    tries: int = 0
    problem: str | None = None
    next_at: datetime | None = None
    """When the next event is tried again; ``None``: nothing failed."""

    def rests(self, now: datetime) -> bool:
        """Tell whether the receiver is to be left alone at ``now``."""
        return self.next_at is not None and now < self.next_at <= now + LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events that a receiver has not taken yet, and when the oldest of them was recorded."""

    events: int
    since: datetime | None
    position: Position


class Streams:
    """The position of one receiver (any name of at most 64 characters) in one tenant's record."""

    def __init__(self, database: Database, tenant_id: str, receiver: str) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._mine = (streams.c.tenant_id == tenant_id, streams.c.receiver == receiver)
        self._key = {"tenant_id": tenant_id, "receiver": receiver}

    def position(self) -> Position:
        """How far the receiver has got. Raises ``Unreachable``."""
        with self._database.read() as connection:
            return self._position(connection)

    def backlog(self) -> Backlog:
        """Return what waits to be sent. Raises ``Unreachable``."""
        with self._database.read() as connection:
            position = self._position(connection)
            newest, _ = head(connection, self._tenant_id)
            table = audit_events.c
            following = select(table.at).where(
                table.tenant_id == self._tenant_id, table.seq == position.seq + 1
            )
            return Backlog(newest - position.seq, connection.execute(following).scalar(), position)

    def behind(self, position: Position, limit: int) -> Sequence[Event]:
        """Return the next events in their order, as they are exported. Raises ``Unreachable``."""
        return events_behind(self._database, self._tenant_id, position.seq, limit)

    def taken(self, known: Position, event: Event, now: datetime) -> Position | None:
        """Move on to an event; ``None`` when somebody else has moved from ``known`` meanwhile.

        Raises ``Unreachable``.
        """
        return self._moved(known, Position(int(str(event["seq"])), str(event["hash"]), taken_at=now))

    def refused(self, known: Position, problem: str, next_at: datetime) -> Position | None:
        """Keep that the next event was not taken, and when to try again; ``None`` as above.

        Raises ``Unreachable``.
        """
        return self._moved(known, replace(known, tries=known.tries + 1, problem=problem, next_at=next_at))

    def _moved(self, known: Position, to: Position) -> Position | None:
        values = {name: getattr(to, name) for name in Position.__dataclass_fields__}
        with self._database.write() as connection:
            stored = self._stored(connection)
            if stored is None:
                return to if self._added(connection, values) else None
            if known not in (stored, self._believed(connection, stored)):
                return None
            same = (streams.c.seq == stored.seq, streams.c.tries == stored.tries)
            return (
                to
                if connection.execute(update(streams).where(*self._mine, *same).values(**values)).rowcount
                else None
            )

    def _added(self, connection: Connection, values: dict[str, Any]) -> bool:
        try:
            with connection.begin_nested():
                connection.execute(insert(streams).values(**self._key, **values))
        except IntegrityError:
            return False
        return True

    def _position(self, connection: Connection) -> Position:
        stored = self._stored(connection)
        return Position() if stored is None else self._believed(connection, stored)

    def _stored(self, connection: Connection) -> Position | None:
        row: Row[Any] | None = connection.execute(select(streams).where(*self._mine)).one_or_none()
        return (
            None
            if row is None
            else Position(row.seq, row.hash, row.taken_at, row.tries, row.problem, row.next_at)
        )

    def _believed(self, connection: Connection, stored: Position) -> Position:
        if not stored.seq:
            return stored
        table = audit_events.c
        there = select(table.hash).where(table.tenant_id == self._tenant_id, table.seq == stored.seq)
        return stored if connection.execute(there).scalar() == stored.hash else Position()
