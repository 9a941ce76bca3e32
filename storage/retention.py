"""Remove old readings, handled deliveries, sent messages and senders of old reports.

Requests, decisions, reasons, attempts, rules and events are the record: no statement here names them, and
triggers guard them.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Table, and_, delete, func, select

from storage.engine import Database
from storage.schema.device_tables import devices, sightings
from storage.schema.tables import inbox, notices, observations

BATCH = 500
"""Rows in one transaction, so that nobody waits for it."""

KEPT = 10
"""The newest readings stay, however old: whether a failure is new, or an outage over, is told by them."""


def prune(database: Database, tenant_id: str, *, before: datetime, kinds: Collection[str]) -> int:
    """Remove what was done before an instant; ``kinds`` are the messages whose keys cannot come again.

    Returns how many rows went; a full ``BATCH`` or more: call again. Raises ``Unreachable``.
    """
    return (
        _remove(database, observations, _seen(tenant_id, before))
        + _remove(database, inbox, and_(inbox.c.tenant_id == tenant_id, inbox.c.done_at < before))
        + _remove(database, notices, _sent(tenant_id, before, kinds))
        + _forget_senders(database, tenant_id, before)
    )


def _seen(tenant_id: str, before: datetime) -> ColumnElement[bool]:
    table = observations.c
    newest = select(table.id).where(table.tenant_id == tenant_id).order_by(table.id.desc()).limit(KEPT)
    readable = select(func.max(table.id)).where(table.tenant_id == tenant_id, table.value.is_not(None))
    return and_(
        table.tenant_id == tenant_id,
        table.at < before,
        table.id.not_in(select(newest.subquery().c.id)),
        table.id != func.coalesce(readable.scalar_subquery(), 0),
    )


def _sent(tenant_id: str, before: datetime, kinds: Collection[str]) -> ColumnElement[bool]:
    return and_(
        notices.c.tenant_id == tenant_id, notices.c.delivered_at < before, notices.c.kind.in_(list(kinds))
    )


def _forget_senders(database: Database, tenant_id: str, before: datetime) -> int:
    """Remove what old reports said of senders that no standing entry of the register has."""
    table = sightings.c
    listed = select(devices.c.sender).where(
        devices.c.tenant_id == tenant_id, devices.c.state.in_(("proposed", "active"))
    )
    old = select(table.sender).where(
        table.tenant_id == tenant_id, table.imported_at < before, table.sender.not_in(listed)
    )
    with database.read() as connection:
        senders = connection.execute(old.limit(BATCH)).scalars().all()
    if not senders:
        return 0
    gone = delete(sightings).where(
        table.tenant_id == tenant_id, table.imported_at < before, table.sender.in_(senders)
    )
    with database.write() as connection:
        return connection.execute(gone).rowcount


def _remove(database: Database, table: Table, which: ColumnElement[bool]) -> int:
    """Look first: most of the time there is nothing, and looking locks nobody out."""
    with database.read() as connection:
        old = (
            connection.execute(select(table.c.id).where(which).order_by(table.c.id).limit(BATCH))
            .scalars()
            .all()
        )
    if not old:
        return 0
    with database.write() as connection:
        return connection.execute(delete(table).where(table.c.id.in_(old))).rowcount
