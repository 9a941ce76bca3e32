"""Takes a record over with a key: from then on, nothing that the key did not authenticate is believed.

It goes in batches and may be ended at any time: the first event is signed last, together with the event that
says so, and by it a later start knows that all is done. What was there before the first key is trusted once.
A new key beside an older one takes over only what the older one authenticated. Any other record is left as it
is until a person accepts it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, bindparam, or_, select, tuple_, update

from storage import chain
from storage.engine import Database
from storage.integrity.keyring import Keyring
from storage.schema.tables import audit_events, cards, change_requests, inbox, notices

BATCH = 500
"""Rows in one transaction, so that nobody waits long for it."""

KEY_ADOPTED = "key_adopted"
"""The kind of the event by which a key takes a record over."""

Columns = Mapping[str, Any]


class Adopted(StrEnum):
    """What became of the attempt to take a record over."""

    NO_KEY = "there is no key"
    BEFORE = "the newest key took it over before"
    NOW = "it was taken over now"
    REFUSED = "it holds what no key of ours authenticated, so a person has to accept it"


class Basis(StrEnum):
    """By what right a row is signed."""

    FIRST_KEY = "first"
    """Nothing was ever authenticated: what has no authenticator is trusted, once."""
    NEW_KEY = "rotation"
    """An older key of ours authenticated it."""
    PERSON = "accepted"
    """A person has accepted the database as it stands; what still waits to be done is left unsigned, and so
    set aside."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One table: how its rows are found in order, and which are signed at all."""

    table: Table
    order: tuple[str, ...]
    which: ColumnElement[bool]
    newest_first: bool = False


def adopt(database: Database, tenant_id: str, now: datetime, *, seen_authenticated: bool) -> Adopted:
    """Take the tenant's record over with the newest key, where nobody has to be asked.

    ``seen_authenticated``: this process has seen the record authenticated before, so one that is not was put
    in its place. Raises ``Unreachable``.
    """
    keys = database.authenticity.keys
    if not keys:
        return Adopted.NO_KEY
    with database.read() as connection:
        basis = _basis(connection, tenant_id, keys, seen_authenticated=seen_authenticated)
    if isinstance(basis, Adopted):
        return basis
    take_over(database, tenant_id, now, basis)
    return Adopted.NOW


def would_adopt(
    connection: Connection, tenant_id: str, keys: Keyring, *, seen_authenticated: bool
) -> Adopted:
    """Tell what ``adopt`` would do, without doing it."""
    if not keys:
        return Adopted.NO_KEY
    basis = _basis(connection, tenant_id, keys, seen_authenticated=seen_authenticated)
    return basis if isinstance(basis, Adopted) else Adopted.NOW


def take_over(database: Database, tenant_id: str, now: datetime, basis: Basis) -> None:
    """Sign what ``basis`` allows, in batches, then the first event together with the event that says so."""
    keys = database.authenticity.keys
    with database.read() as connection:
        began, _ = chain.head(connection, tenant_id)
    for work in _works(tenant_id, basis):
        _sign_all(database, tenant_id, keys, work, basis)
    with database.recording(tenant_id) as connection:
        first = _event(connection, tenant_id, 1)
        if first is not None and keys.names_newest(first.authenticator):
            return  # another replica was faster
        seq, newest = chain.head(connection, tenant_id)
        payload = {
            "key": keys.newest,
            "keys": list(keys.ids),
            "basis": basis.value,
            "head": f"{seq}:{newest}",
        }
        chain.append(connection, tenant_id, at=now, kind=KEY_ADOPTED, actor="bot", payload=payload)
        # others go on writing meanwhile
        first_and_late = or_(audit_events.c.seq == 1, audit_events.c.seq > began)
        last = connection.execute(_every(audit_events, tenant_id).where(first_and_late))
        _sign_batch(connection, keys, audit_events, last, basis)


def first_and_last(connection: Connection, tenant_id: str) -> tuple[Row[Any] | None, Row[Any] | None]:
    """Return the record's first event and its newest one; ``None`` where nothing is on record."""
    newest = _every(audit_events, tenant_id).order_by(audit_events.c.seq.desc()).limit(1)
    return _event(connection, tenant_id, 1), connection.execute(newest).one_or_none()


def _basis(
    connection: Connection, tenant_id: str, keys: Keyring, *, seen_authenticated: bool
) -> Adopted | Basis:
    first, newest = first_and_last(connection, tenant_id)
    if first is None or newest is None:
        return Adopted.REFUSED if seen_authenticated or newest is not None else Basis.FIRST_KEY
    if keys.names_newest(first.authenticator):
        return Adopted.BEFORE
    if keys.doubt(audit_events.name, _columns(first)) is None:
        return Basis.NEW_KEY if keys.doubt(audit_events.name, _columns(newest)) is None else Adopted.REFUSED
    if seen_authenticated or first.authenticator is not None or _was_adopted(connection, tenant_id):
        return Adopted.REFUSED
    return Basis.FIRST_KEY


def _was_adopted(connection: Connection, tenant_id: str) -> bool:
    """Tell whether a key took the record over, by its events: removed authenticators show."""
    said = (audit_events.c.tenant_id == tenant_id, audit_events.c.kind == KEY_ADOPTED)
    return connection.execute(select(audit_events.c.seq).where(*said).limit(1)).first() is not None


def _works(tenant_id: str, basis: Basis) -> Iterable[_Work]:
    """Sign every table, events last and newest first, without the first event: it ends it."""
    known = select(change_requests.c.id).where(change_requests.c.tenant_id == tenant_id)
    yield _Work(cards, ("channel", "ts"), cards.c.request_id.in_(known))
    if basis is Basis.PERSON:
        yield _Work(notices, ("id",), notices.c.delivered_at.is_not(None))
    else:
        yield _Work(notices, ("id",), notices.c.id > 0)
        yield _Work(inbox, ("id",), inbox.c.done_at.is_(None))
    yield _Work(audit_events, ("seq",), audit_events.c.seq > 1, newest_first=True)


def _sign_all(database: Database, tenant_id: str, keys: Keyring, work: _Work, basis: Basis) -> None:
    order = [work.table.c[name] for name in work.order]
    walked = [column.desc() for column in order] if work.newest_first else order
    page = _every(work.table, tenant_id).where(work.which).order_by(*walked).limit(BATCH)
    behind: ColumnElement[bool] | None = None
    while True:
        with database.recording(tenant_id) as connection:
            rows = connection.execute(page if behind is None else page.where(behind)).all()
            _sign_batch(connection, keys, work.table, rows, basis)
        if len(rows) < BATCH:
            return
        last = tuple(rows[-1]._mapping[name] for name in work.order)  # noqa: SLF001 - SQLAlchemy's own public name
        behind = tuple_(*order) < last if work.newest_first else tuple_(*order) > last


def _sign_batch(
    connection: Connection, keys: Keyring, table: Table, rows: Iterable[Row[Any]], basis: Basis
) -> None:
    primary = [column.name for column in table.primary_key]
    signed = [
        {f"k_{name}": row._mapping[name] for name in primary}  # noqa: SLF001 - SQLAlchemy's own public name
        | {"proof": keys.sign(table.name, _columns(row))}
        for row in rows
        if _may_sign(keys, table, row, basis)
    ]
    if signed:
        place = and_(*(table.c[name] == bindparam(f"k_{name}") for name in primary))
        connection.execute(update(table).where(place).values(authenticator=bindparam("proof")), signed)


def _may_sign(keys: Keyring, table: Table, row: Row[Any], basis: Basis) -> bool:
    columns = _columns(row)
    doubt = keys.doubt(table.name, columns)
    if basis is Basis.NEW_KEY:
        return doubt is None and not keys.names_newest(row.authenticator)
    if basis is Basis.FIRST_KEY and row.authenticator is not None:
        return False
    return doubt is not None and (table is not audit_events or _is_whole(columns))


def _is_whole(event: Columns) -> bool:
    """Whether an event's content has its hash: what was altered is not made authentic."""
    try:
        return bool(chain.hash_of(event) == event["hash"])
    except (AttributeError, TypeError, ValueError):  # SQLite keeps any type in any column
        return False


def _event(connection: Connection, tenant_id: str, seq: int) -> Row[Any] | None:
    return connection.execute(_every(audit_events, tenant_id).where(audit_events.c.seq == seq)).one_or_none()


def _every(table: Table, tenant_id: str) -> Any:
    return select(table).where(table.c.tenant_id == tenant_id)


def _columns(row: Row[Any]) -> Columns:
    return cast("Columns", row._mapping)  # noqa: SLF001 - SQLAlchemy's own public name for it
