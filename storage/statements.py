"""What a pack of evidence asks of the record: where a period ends in it, what was said of it later, and single hashes."""

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from storage.engine import Database
from storage.schema.tables import audit_events


def last_before(database: Database, tenant_id: str, end: datetime) -> int:
    """The number of the newest event recorded before an instant; 0 where there is none. Raises ``Unreachable``."""
    table = audit_events.c
    query = select(func.max(table.seq)).where(table.tenant_id == tenant_id, table.at < end)
    with database.read() as connection:
        return connection.execute(query).scalar() or 0


def said_behind(database: Database, tenant_id: str, seq: int, kinds: Collection[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and payload of every event of these kinds behind one number, oldest first. Raises ``Unreachable``."""
    table = audit_events.c
    query = select(table.seq, table.payload).where(table.tenant_id == tenant_id, table.seq > seq, table.kind.in_(list(kinds)))
    with database.read() as connection:
        rows = connection.execute(query.order_by(table.seq)).all()
    for row in rows:
        payload = json.loads(row.payload)
        yield row.seq, payload if isinstance(payload, dict) else {}


def hashes_of(database: Database, tenant_id: str, numbers: Collection[int]) -> dict[int, str]:
    """The hashes of these events, as far as they are there. Raises ``Unreachable``."""
    table = audit_events.c
    query = select(table.seq, table.hash).where(table.tenant_id == tenant_id, table.seq.in_(list(numbers)))
    with database.read() as connection:
        return {row.seq: row.hash for row in connection.execute(query)}
