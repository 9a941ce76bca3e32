"""Appends to the audit record: a hash chain without gaps, one per tenant.

Canonical form of an event: the JSON object {"actor", "at", "kind", "payload", "prev", "request", "seq",
"tenant"} with sorted keys, no blanks, ASCII only, ``at`` as ``2026-11-23T12:00:00.000000Z``. Its SHA-256
(hex) is ``hash``, and the next event's ``prev``. The first event's ``prev`` is sixty-four zeros. This module
never changes or removes an event; triggers refuse it too.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from storage.integrity.authenticity import authenticity_of
from storage.integrity.canonical import canonical, stamp
from storage.schema.tables import audit_events

GENESIS = "0" * 64

_HEAD = (
    select(audit_events.c.seq, audit_events.c.hash)
    .where(audit_events.c.tenant_id == bindparam("tenant"))
    .order_by(audit_events.c.seq.desc())
    .limit(1)
)
_APPEND = insert(audit_events)
"""Built once: these run with every write, and building a statement costs more than running it."""

BOT = "bot"
"""The actor of events that no person caused."""


def head(connection: Connection, tenant_id: str) -> tuple[int, str]:
    """Sequence number and hash of the newest event; ``(0, GENESIS)`` when there is none."""
    row = connection.execute(_HEAD, {"tenant": tenant_id}).one_or_none()
    return (row.seq, row.hash) if row else (0, GENESIS)


def hash_of(row: Mapping[str, Any]) -> str:
    """Hash the content of an event, by the names of its columns."""
    event = {
        "tenant": row["tenant_id"],
        "seq": row["seq"],
        "at": stamp(row["at"]),
        "kind": row["kind"],
        "actor": row["actor"],
        "request": row["request_id"],
        "payload": json.loads(row["payload"]),
        "prev": row["prev_hash"],
    }
    return hashlib.sha256(canonical(event).encode("ascii")).hexdigest()


def append(
    connection: Connection,
    tenant_id: str,
    *,
    at: datetime,
    kind: str,
    actor: str,
    payload: Mapping[str, object],
    request_id: int | None = None,
) -> str:
    """Add one event in a recording transaction and return its hash, signed if there is a key."""
    seq, prev = head(connection, tenant_id)
    row = {
        "tenant_id": tenant_id,
        "seq": seq + 1,
        "at": at,
        "kind": kind,
        "actor": actor,
        "request_id": request_id,
        "payload": canonical(payload),
        "prev_hash": prev,
    }
    digest = hash_of(row)
    row["hash"] = digest
    connection.execute(_APPEND, row | {"authenticator": authenticity_of(connection).sign(audit_events, row)})
    return digest
