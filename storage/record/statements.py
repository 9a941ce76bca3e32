"""What a pack of evidence asks of the record: where a period ends in it, when it began, and single hashes."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, select

from storage.engine import Database
from storage.schema.tables import audit_events

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
