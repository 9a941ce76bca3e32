"""Read, insert and revise rows of change requests; who may and what follows is judged by whoever calls.

The insert and the update are conditional: the unique indexes and the version decide, never an earlier read.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage import rows
from storage.database.correlation import caused
from storage.database.errors import AlreadyOpen, Conflict
from storage.integrity.damaged import Values, readable
from storage.lifecycle import BIRTHS, OPEN, SETTLED, WISHES, Kind, State
from storage.records import ChangeRequest
from storage.schema.tables import change_requests

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
    return readable(connection, query, change_requests, rows.change_request, values)


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
    return rows.change_request(row)
