"""Read, insert and revise rows of change requests; who may and what follows is judged by whoever calls.

The insert and the update are conditional: the unique indexes and the version decide, never an earlier read.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage import rows
from storage.database.correlation import caused
from storage.database.errors import AlreadyOpen, Conflict
from storage.integrity.damaged import readable
from storage.lifecycle import BIRTHS, OPEN, SETTLED, WISHES, Kind, State
from storage.records import ChangeRequest
from storage.schema.tables import change_requests


def select_requests(tenant_id: str) -> Select[tuple[object, ...]]:
    """Return the query for all requests of a tenant."""
    return select(change_requests).where(change_requests.c.tenant_id == tenant_id)


def read_requests(connection: Connection, query: Select[tuple[object, ...]]) -> list[ChangeRequest]:
    """Return the requests that a query finds, without those whose rows cannot be read."""
    return readable(connection, query, change_requests, rows.change_request)


def insert_request(
    connection: Connection,
    tenant_id: str,
    kind: Kind,
    content: Mapping[str, str | None],
    times: Mapping[str, datetime | None],
) -> int:
    """Insert a request in the state it is born in, and return its number.

    Raises ``AlreadyOpen`` when the tenant's one place is taken, ``Conflict`` when it was taken in the same moment.
    """
    _refuse_second(connection, tenant_id, kind)
    born = BIRTHS[kind]
    settled = times["created_at"] if born in SETTLED else None
    statement = insert(change_requests).values(
        tenant_id=tenant_id, state=born.value, version=1, settled_at=settled, **content, **times, **caused()
    )
    try:
        number: int = connection.execute(statement.returning(change_requests.c.id)).scalar_one()
    except IntegrityError as taken:
        raise Conflict("another request was opened in the same moment") from taken
    return number


def _refuse_second(connection: Connection, tenant_id: str, kind: Kind) -> None:
    table = change_requests.c
    if kind in (Kind.OUTSIDE, Kind.SHORTENING):
        return
    opting_out = kind is Kind.OPT_OUT
    kinds = [Kind.OPT_OUT] if opting_out else WISHES
    states = [State.APPROVED, State.APPLYING] if opting_out else list(OPEN)
    query = select(table.id).where(table.tenant_id == tenant_id, table.kind.in_(kinds), table.state.in_(states))
    taken = connection.execute(query.limit(1)).scalar()
    if taken is not None:
        raise AlreadyOpen(taken)


def revise_request(
    connection: Connection, tenant_id: str, request: ChangeRequest, changes: Mapping[str, object]
) -> ChangeRequest:
    """Raise the version of a request that is as the caller saw it, and change columns. Raises ``Conflict``."""
    table = change_requests.c
    guarded = (
        update(change_requests)
        .where(
            table.id == request.id,
            table.tenant_id == tenant_id,
            table.state == request.state.value,
            table.version == request.version,
        )
        .values(version=table.version + 1, **caused(), **changes)
        .returning(*change_requests.c)
    )
    row: Row[Any] | None = connection.execute(guarded).one_or_none()
    if row is None:
        raise Conflict(f"#{request.id} has moved on")
    return rows.change_request(row)
