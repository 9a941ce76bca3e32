"""Writes the audit record out for people who have no access to the database, one line an event, oldest first.

A line is the canonical event (see ``storage.chain``) in JSON with its ``hash`` added, so that the export
proves itself offline. This module never judges the record: what was tampered with is exported as it stands,
and fails the check.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from json.encoder import encode_basestring_ascii
from typing import Any

from sqlalchemy import Row, Select, String, false, func, select, type_coerce

from storage import chain
from storage.engine import Database
from storage.integrity.canonical import canonical, stamp
from storage.integrity.damaged_rows import any_bytes
from storage.record.evidence_queries import MOST
from storage.record.verify import Stored
from storage.schema.tables import audit_events

Event = dict[str, object]
"""The canonical event with its ``hash``; an authenticator is no part of it."""

_BATCH = 500
_Bounds = tuple[datetime | None, datetime | None, int | None]
_COLUMNS = [column for column in audit_events.c if column.name != "at"]


def length_of(database: Database, tenant_id: str) -> int:
    """Return how many events are on record of this tenant."""
    with database.read() as connection:
        return chain.head(connection, tenant_id)[0]


def tenants(database: Database) -> list[str]:
    """Return the tenants of which anything is on record; reads the whole record."""
    with database.read() as connection:
        return sorted(connection.execute(select(audit_events.c.tenant_id).distinct()).scalars())


def lines(
    database: Database,
    tenant_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    up_to: int | None = None,
) -> Iterator[str]:
    """Yield the tenant's events from ``since`` up to, not including, ``until``, each with its newline.

    Both bounds are aware; ``None`` is no bound. No event between the first and the last of them is left out,
    even if a clock ran backwards: what is exported is always an unbroken piece of the chain. ``up_to`` is the
    number of the last event; with it, two passes yield the same. Events are read a few at a time, so a record
    of any length takes the same memory, and no connection is held between them. Raises ``ValueError`` for a
    bound without a zone.
    """
    if any(bound is not None and bound.tzinfo is None for bound in (since, until)):
        raise ValueError("an instant must be aware")
    return _lines(database, tenant_id, (since, until, up_to))


def events_behind(database: Database, tenant_id: str, seq: int, limit: int) -> list[Event]:
    """Return the next events behind one number in their order, at most ``limit``. Raises ``Unreachable``."""
    piece = _of_tenant(tenant_id).where(audit_events.c.seq > seq).limit(limit)
    return [_event(row) for row in _batch(database, piece)]


def line_of(stored: Stored, hashed: bytes, tenant_id: str) -> bytes:
    """The line of an event that was read for its check.

    ``hashed``: the bytes that have its hash, empty where none have; the line is these with the hash in them.
    """
    if not hashed or not hashed.isascii() or b"\n" in hashed:
        return spelled(stored, tenant_id).encode("utf-8", "surrogateescape")
    place = hashed.index(b',"kind":')  # within a text its quotes would be escaped
    return b'%b,"hash":"%b"%b\n' % (hashed[:place], stored.hash.encode("ascii"), hashed[place:])


def spelled(stored: Stored, tenant_id: str) -> str:
    """Spell an event that was read for its check as its line, with its payload as it stands.

    A payload is kept in its canonical form, so that it is not parsed to be written: that costs most of the
    time.
    """
    # altered: it must not look like several events
    if _is_mistyped(stored) or "\n" in stored.payload:
        return canonical(_altered(stored, tenant_id)) + "\n"
    texts = (stored.actor, spelled_at(stored.at), stored.hash, stored.kind, stored.prev_hash, tenant_id)
    actor, at, digest, kind, prev, tenant = map(encode_basestring_ascii, texts)
    request = "null" if stored.request_id is None else stored.request_id
    return (
        f'{{"actor":{actor},"at":{at},"hash":{digest},"kind":{kind},"payload":{stored.payload},'
        f'"prev":{prev},"request":{request},"seq":{stored.seq},"tenant":{tenant}}}\n'
    )


def _is_mistyped(stored: Stored) -> bool:
    """Tell whether SQLite has a value of another type in a column than was written there."""
    _, at, kind, actor, request_id, payload, prev_hash, digest, _ = stored
    texts = {type(at), type(kind), type(actor), type(payload), type(prev_hash), type(digest)}
    return texts != {str} or not (request_id is None or type(request_id) is int)


def _altered(stored: Stored, tenant_id: str) -> Event:
    names = ("seq", "at", "kind", "actor", "request", "payload", "prev", "hash")
    return _as_it_stands({"tenant": tenant_id, **dict(zip(names, stored, strict=False))})


def events_of_kinds(database: Database, tenant_id: str, seq: int, kinds: Collection[str]) -> Iterator[Event]:
    """Yield the events of these kinds behind one number in their order. Raises ``Unreachable``."""
    piece = _of_tenant(tenant_id).where(audit_events.c.seq > seq, audit_events.c.kind.in_(list(kinds)))
    return (_event(row) for row in _rows(database, piece))


def _lines(database: Database, tenant_id: str, bounds: _Bounds) -> Iterator[str]:
    for row in _rows(database, _piece(database, tenant_id, bounds)):
        yield canonical(_event(row)) + "\n"


def _rows(database: Database, piece: Select[Any]) -> Iterator[Row[Any]]:
    """Yield a piece's rows batch by batch; events are only added, so each may see the newest."""
    batch: Sequence[Row[Any]] = _batch(database, piece.limit(_BATCH))
    while batch:
        yield from batch
        batch = _batch(database, piece.where(audit_events.c.seq > batch[-1].seq).limit(_BATCH))


def _batch(database: Database, some: Select[Any]) -> Sequence[Row[Any]]:
    with database.read() as connection, any_bytes(connection):
        return connection.execute(some).all()


def _piece(database: Database, tenant_id: str, bounds: _Bounds) -> Select[Any]:
    """The events between two numbers, which are looked up once: there is no index on the time."""
    since, until, up_to = bounds
    table = audit_events.c
    of_tenant = table.tenant_id == tenant_id
    piece = _of_tenant(tenant_id)
    with database.read() as connection:
        if since is not None:
            first = connection.execute(
                select(func.min(table.seq)).where(of_tenant, table.at >= since)
            ).scalar()
            piece = piece.where(table.seq >= first if first is not None else false())
        if until is not None:
            last = connection.execute(select(func.max(table.seq)).where(of_tenant, table.at < until)).scalar()
            piece = piece.where(table.seq <= last if last is not None else false())
    return piece if up_to is None else piece.where(table.seq <= up_to)


def _of_tenant(tenant_id: str) -> Select[Any]:
    table = audit_events.c
    columns = (*_COLUMNS, type_coerce(table.at, String).label("stored_at"))
    return select(*columns).where(table.tenant_id == tenant_id, table.seq <= MOST).order_by(table.seq)


def _event(row: Row[Any]) -> Event:
    return _as_it_stands(
        {
            "tenant": row.tenant_id,
            "seq": row.seq,
            "at": row.stored_at,
            "kind": row.kind,
            "actor": row.actor,
            "request": row.request_id,
            "payload": row.payload,
            "prev": row.prev_hash,
            "hash": row.hash,
        }
    )


def _as_it_stands(stored: Event) -> Event:
    """Make an event of a row's values; SQLite keeps any of them in any column, bytes that are no text too."""
    event = {
        name: value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
        for name, value in stored.items()
    }
    return event | {"at": spelled_at(event["at"]), "payload": _payload(event["payload"])}


def spelled_at(stored: object) -> str:
    """Spell a stored instant as in a line.

    Text goes out as it stands: an altered time may be none any more.
    """
    if isinstance(stored, datetime):
        return stamp(stored)
    return stored.replace(" ", "T") + "Z" if isinstance(stored, str) else str(stored)


def _payload(stored: Any) -> object:
    try:
        return json.loads(stored)
    except (ValueError, TypeError):
        return stored
