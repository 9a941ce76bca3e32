"""Breaks a record as its owner could: the guards are taken off first, which only whoever owns the database
can do."""

import hashlib
from typing import Any

from sqlalchemy import Connection, select, text

from storage.engine import Database
from storage.integrity.canonical import canonical, stamp
from storage.ledger import Ledger
from storage.schema.tables import audit_events
from tests.storage.states import BOB, NOW, approve, opened

LENGTH = 24
"""How many events a record made here has."""


def fill(ledger: Ledger, length: int = LENGTH) -> None:
    """Write a record of so many events, with the characters that are awkward in it."""
    opened(ledger, reason='Zürich "old"\n\\ scanners 🖨 \u2028')
    with ledger.recording(NOW) as entry:
        approve(entry, entry.reader.request(1), person_id=BOB)
        for number in range(length - 2):
            entry.record(
                "baseline",
                "bot",
                {"number": number, "nothing": None, "text": f"{number}: é", "deep": {"b": 1, "a": [True]}},
            )


def unguard(connection: Connection) -> None:
    """Take the guards of the audit record off."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
        return
    named = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'")
    for name in connection.execute(named).scalars().all():
        connection.execute(text(f"DROP TRIGGER {name}"))


def spoil(database: Database, *statements: str) -> None:
    """Run statements on the unguarded record."""
    with database.write() as connection:
        unguard(connection)
        for statement in statements:
            connection.execute(text(statement.replace(":", r"\:")))


def swap(first: int, second: int) -> list[str]:
    """Exchange the places of two events, links included as they stand."""
    return [
        f"UPDATE audit_events SET seq = {to} WHERE seq = {at}"
        for at, to in ((first, -1), (second, first), (-1, second))
    ]


def rebuild(database: Database, start: int, **changed: Any) -> None:
    """Alter one event and calculate every later link anew: what a forger with time would do."""
    with database.write() as connection:
        unguard(connection)
        later = select(audit_events).where(audit_events.c.seq >= start).order_by(audit_events.c.seq)
        rows = [dict(row) for row in connection.execute(later).mappings()]
        connection.execute(audit_events.delete().where(audit_events.c.seq >= start))
        rows[0] |= changed
        for before, row in zip([None, *rows], rows, strict=False):
            row["prev_hash"] = before["hash"] if before else row["prev_hash"]
            row["hash"] = _digest(row)
            connection.execute(audit_events.insert().values(**row))


def _digest(row: dict[str, Any]) -> str:
    payload = "@payload@"
    event = {
        "tenant": row["tenant_id"],
        "seq": row["seq"],
        "at": stamp(row["at"]),
        "kind": row["kind"],
        "actor": row["actor"],
        "request": row["request_id"],
        "payload": payload,
        "prev": row["prev_hash"],
    }
    return hashlib.sha256(canonical(event).replace(f'"{payload}"', row["payload"]).encode()).hexdigest()
