"""Turn database rows into records, and read, insert and revise the rows of change requests.

The insert and the update are conditional: the unique indexes and the version decide, never an earlier read.
Who may and what follows is judged by whoever calls.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, TypeAlias, TypeVar, get_args, get_type_hints

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.database.correlation import caused
from storage.errors import AlreadyOpen, Conflict
from storage.integrity import first_edition
from storage.integrity.canonical import canonical
from storage.integrity.damaged_rows import Damaged, Values, readable
from storage.lifecycle import BIRTHS, OPEN, SETTLED, WISHES, Kind, State
from storage.records import (
    Attempt,
    AuditEvent,
    Baseline,
    ChangeRequest,
    Decision,
    MailProtocol,
    NamedDevice,
    Observation,
    SettingValue,
    Waiting,
    WriteOutcome,
)
from storage.schema.tables import change_requests

T = TypeVar("T")

_Read: TypeAlias = Callable[[Any], object]

_WANTS = {
    Kind.OPT_IN: SettingValue.OPTED_IN,
    Kind.EXTENSION: SettingValue.OPTED_IN,
    Kind.SHORTENING: SettingValue.OPTED_IN,
    Kind.OPT_OUT: SettingValue.OPTED_OUT,
}
"""What each kind asks for: an opt-out needs no second person, so one that would opt in is none."""


_WAITING = frozenset(Waiting)
"""A later version, which may run beside this one, may know more: those count as none, for nothing hangs on
them but a card."""


def record(kind: Callable[..., T], row: Row[Any], /, **given: object) -> T:
    """Make a record of a row: each field but those ``given`` is the column of its name.

    An enum is read from its word, a calendar day from its text, anything else is what the database returned.
    Raises ``ValueError`` or ``TypeError``.
    """
    read = {
        name: made(getattr(row, name)) if made else getattr(row, name)
        for name, made in _columns(kind)
        if name not in given
    }
    return kind(**read, **given)


@cache
def _columns(kind: Any) -> tuple[tuple[str, _Read | None], ...]:
    types = get_type_hints(kind)
    return tuple((one.name, _reading(types[one.name])) for one in fields(kind))


def _reading(wanted: Any) -> _Read | None:
    """How a column becomes a field of this type; ``None``: it is taken as it is."""
    if NoneType in get_args(wanted):
        made = _reading(next(one for one in get_args(wanted) if one is not NoneType))
        return made and (lambda stored: None if stored is None else made(stored))
    if wanted is date:
        return date.fromisoformat
    return wanted if isinstance(wanted, type) and issubclass(wanted, Enum) else None


def change_request(row: Row[Any]) -> ChangeRequest:
    """One row of ``change_requests``. Raises ``Damaged`` for a kind that asks for another kind's value."""
    kind, to_value = Kind(row.kind), SettingValue(row.to_value)
    if kind in _WANTS and to_value is not _WANTS[kind]:
        raise Damaged(f"a request of kind {kind} cannot ask for {to_value}")
    return record(
        ChangeRequest,
        row,
        kind=kind,
        protocols=tuple(MailProtocol(name) for name in row.protocols.split(",") if name),
        to_value=to_value,
        waiting=Waiting(row.waiting) if row.waiting in _WAITING else first_edition.waiting(row.detail),
        devices=named_devices(row.devices),
        ticket=row.ticket or "",
    )


def named_devices(stored: str | None) -> tuple[NamedDevice, ...]:
    """Return the entries that a request names, as ``spelled_devices`` wrote them.

    Raises ``ValueError`` or ``TypeError``.
    """
    found = json.loads(stored) if stored else []
    return tuple(sorted(NamedDevice(int(number), date.fromisoformat(due)) for number, due in found))


def told_devices(named: Iterable[NamedDevice]) -> dict[str, list[list[object]]]:
    """The same as an event tells it: number and due day of each, by number; nothing where none is named."""
    listed: list[list[object]] = [[one.number, one.due.isoformat()] for one in sorted(named)]
    return {"devices": listed} if listed else {}


def told_ticket(ticket: str) -> dict[str, str]:
    """Tell the number of a change ticket as an event does; nothing where there is none."""
    return {"ticket": ticket} if ticket else {}


def beside(waiting: Waiting | None, devices: tuple[NamedDevice, ...], ticket: str) -> dict[str, str | None]:
    """Spell the columns of a new request that its event tells in another way, or not at all."""
    return {
        "waiting": waiting.value if waiting else None,
        "devices": spelled_devices(devices),
        "ticket": ticket or None,
    }


def spelled_devices(named: Iterable[NamedDevice]) -> str | None:
    """Return the same as the column keeps it; ``None`` where none is named."""
    told = told_devices(named)
    return canonical(told["devices"]) if told else None


def decision(row: Row[Any]) -> Decision:
    """Return one row of ``decisions``."""
    return record(Decision, row)


def attempt(row: Row[Any]) -> Attempt:
    """Return one row of ``attempts``."""
    known = row.outcome is not None
    return record(
        Attempt,
        row,
        outcome=WriteOutcome(row.outcome) if known else first_edition.outcome(row.step, row.detail),
    )


def observation(row: Row[Any]) -> Observation:
    """Return one row of ``observations``."""
    return record(Observation, row, count=row.readings if row.readings is not None else 1)


def baseline(row: Row[Any]) -> Baseline:
    """Return one row of ``baselines``."""
    return record(Baseline, row)


def texts(stored: str) -> dict[str, str]:
    """A JSON object whose values are texts. Raises ``Damaged``, and ``ValueError`` where it is no JSON."""
    found = json.loads(stored)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Damaged("not an object of texts")
    return found


def audit_event(row: Row[Any]) -> AuditEvent:
    """Return one row of ``audit_events``."""
    return record(AuditEvent, row, payload=json.loads(row.payload))


_TABLE = change_requests.c
_MINE = _TABLE.tenant_id == bindparam("tenant")
_OPEN = select(_TABLE.id).where(_MINE, _TABLE.kind.in_(WISHES), _TABLE.state.in_(list(OPEN))).limit(1)
_SURE = _TABLE.state.in_([State.APPROVED, State.APPLYING])
_OPTING_OUT = select(_TABLE.id).where(_MINE, _TABLE.kind == Kind.OPT_OUT.value, _SURE).limit(1)
_INSERT = insert(change_requests).returning(_TABLE.id)
_AS_SEEN = (
    _MINE,
    _TABLE.id == bindparam("number"),
    _TABLE.state == bindparam("seen_state"),
    _TABLE.version == bindparam("seen_version"),
)
_REVISED = update(change_requests).where(*_AS_SEEN).returning(*change_requests.c)
_REVISE = _REVISED.values(version=_TABLE.version + 1)
"""Built once: these run with nearly every write, and building a statement costs more than running it."""


def select_requests(tenant_id: str) -> Select[tuple[object, ...]]:
    """Return the query for all requests of a tenant."""
    return select(change_requests).where(change_requests.c.tenant_id == tenant_id)


def read_requests(
    connection: Connection,
    query: Select[tuple[object, ...]],
    values: Values = None,
) -> list[ChangeRequest]:
    """Return the requests that a query with these ``values`` finds, without those whose rows are damaged."""
    return readable(connection, query, change_requests, change_request, values)


def insert_request(
    connection: Connection,
    tenant_id: str,
    kind: Kind,
    content: Mapping[str, str | None],
    times: Mapping[str, datetime | None],
) -> int:
    """Insert a request in the state it is born in, and return its number.

    Raises ``AlreadyOpen`` when the tenant's one place is taken, ``Conflict`` when it was taken in the same
    moment.
    """
    _refuse_second(connection, tenant_id, kind)
    born = BIRTHS[kind]
    settled = times["created_at"] if born in SETTLED else None
    first = {"tenant_id": tenant_id, "state": born.value, "version": 1, "settled_at": settled}
    try:
        number: int = connection.execute(_INSERT, {**first, **content, **times, **caused()}).scalar_one()
    except IntegrityError as taken:
        raise Conflict("another request was opened in the same moment") from taken
    return number


def _refuse_second(connection: Connection, tenant_id: str, kind: Kind) -> None:
    if kind in (Kind.OUTSIDE, Kind.SHORTENING):
        return
    query = _OPTING_OUT if kind is Kind.OPT_OUT else _OPEN
    taken = connection.execute(query, {"tenant": tenant_id}).scalar()
    if taken is not None:
        raise AlreadyOpen(taken)


def revise_request(
    connection: Connection, tenant_id: str, request: ChangeRequest, changes: Mapping[str, object]
) -> ChangeRequest:
    """Raise the version of a request that is as the caller saw it, and change columns.

    Raises ``Conflict``.
    """
    seen = {"seen_state": request.state.value, "seen_version": request.version}
    guarded = {"tenant": tenant_id, "number": request.id, **seen, **caused(), **changes}
    row: Row[Any] | None = connection.execute(_REVISE, guarded).one_or_none()
    if row is None:
        raise Conflict(f"#{request.id} has moved on")
    return change_request(row)
