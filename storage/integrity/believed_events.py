"""Hands out events of the record for whoever acts on them or compares rows with them: each is checked first.

An event is believed when its stored bytes have its hash and, where there is a key, its authenticator was made
with it; ``since`` also follows the links, so that none is missing or put in between. Nothing else in this
program judges by an event that was not read here. ``storage.record.verify`` checks the whole record, and
shares no line with this.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, String, bindparam, func, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from storage.integrity.authenticity import Authenticity, authenticity_of
from storage.integrity.damaged_rows import DAMAGE, is_damage
from storage.schema.tables import COMPARED, audit_events

_BATCH = 200
_LOOK_BACK = 20
"""Events of one kind looked through for the newest that is believed."""


class spelled_instant(GenericFunction[str]):  # noqa: N801 - SQL functions are spelled in lower case
    """Spell a stored instant as ``canonical.stamp`` does; other text stays other text."""

    type = String()
    inherit_cache = True


@compiles(spelled_instant, "sqlite")
def _sqlite_instant(element: spelled_instant, compiler: Any, **kw: Any) -> str:
    return f"replace({compiler.process(element.clauses, **kw)}, ' ', 'T') || 'Z'"


@compiles(spelled_instant, "postgresql")
def _postgresql_instant(element: spelled_instant, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    spelled = f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return f"coalesce({spelled}, CAST({column} AS TEXT))"


class Told(NamedTuple):
    """One believed event. ``at`` is spelled as ``canonical.stamp`` does."""

    seq: int
    at: str
    kind: str
    actor: str
    request_id: int | None
    payload: Mapping[str, Any]


class Disbelieved(Exception):
    """An event was altered, or one is missing; ``seq`` is its place in the record."""

    def __init__(self, seq: Any) -> None:
        super().__init__(f"event {seq} of the record is not as it was written")
        self.seq = seq
        # SQLite keeps any text there, which nobody is shown
        self.place = str(seq) if isinstance(seq, int) else "?"


def of_kind(kind: str) -> ColumnElement[bool]:
    """The condition for events of one kind, by the index of a few. Raises ``ValueError`` for others."""
    if kind not in COMPARED:
        raise ValueError(f"{kind} has no index")
    # As the index spells it: SQLite takes it for nothing else.
    return audit_events.c.kind == literal_column(f"'{kind}'")


ANYBODYS = select(
    audit_events.c.seq,
    spelled_instant(audit_events.c.at).label("spelled_at"),
    audit_events.c.kind,
    audit_events.c.actor,
    audit_events.c.request_id,
    audit_events.c.payload,
    audit_events.c.prev_hash,
    audit_events.c.hash,
    audit_events.c.authenticator,
)
_EVENTS = ANYBODYS.where(audit_events.c.tenant_id == bindparam("tenant"))
_OF_REQUEST = _EVENTS.where(audit_events.c.request_id == bindparam("request")).order_by(
    audit_events.c.request_id, audit_events.c.seq
)
_SINCE = _EVENTS.where(audit_events.c.seq >= bindparam("first")).order_by(audit_events.c.seq)
_FIRST = select(func.min(audit_events.c.seq)).where(
    audit_events.c.tenant_id == bindparam("tenant"), audit_events.c.request_id == bindparam("request")
)
_LAST = _EVENTS.order_by(audit_events.c.seq.desc()).limit(_LOOK_BACK)
_NEWEST = {kind: _LAST.where(of_kind(kind)) for kind in COMPARED}
"""Built once: nearly every act asks them, and building a statement costs more than running it."""


def of_request(connection: Connection, tenant_id: str, request_id: int) -> list[Told]:
    """Return every event about one request, oldest first. Raises ``Disbelieved``."""
    about = {"tenant": tenant_id, "request": request_id}
    return list(_checked(tenant_id, _rows(connection, _OF_REQUEST, about), authenticity_of(connection)))


def since(connection: Connection, tenant_id: str, request_id: int) -> Iterator[Told]:
    """Yield every event of the tenant since the first about one request, up to the newest, link by link.

    Raises ``Disbelieved``. None of them can have been removed, or given to another request, without its place
    being found here.
    """
    first = connection.execute(_FIRST, {"tenant": tenant_id, "request": request_id}).scalar()
    if first is None:
        return
    expected, prev, authenticity = first, None, authenticity_of(connection)
    for row in _rows(connection, _SINCE, {"tenant": tenant_id, "first": first}, at_least=first, batch=_BATCH):
        if row.seq != expected or prev not in (None, row.prev_hash):
            raise Disbelieved(expected)
        yield believed(tenant_id, row, authenticity)
        expected, prev = row.seq + 1, row.hash


def newest(connection: Connection, tenant_id: str, kind: str) -> Told | None:
    """The newest event of one of the kinds ``COMPARED``; one that is not believed counts as not there."""
    authenticity = authenticity_of(connection)
    try:
        for row in connection.execute(_NEWEST[kind], {"tenant": tenant_id}):
            try:
                return believed(tenant_id, row, authenticity)
            except Disbelieved:
                continue
    except DAMAGE as damage:
        if not is_damage(damage):
            raise
    return None


def streamed(connection: Connection, tenant_id: str, query: Select[Any]) -> Iterator[Told]:
    """Events that ``query`` adds its own conditions to, a batch at a time. Raises ``Disbelieved``."""
    return _checked(tenant_id, _rows(connection, query, batch=_BATCH), authenticity_of(connection))


def events_of(tenant_id: str) -> Select[Any]:
    """Return the query that ``streamed`` takes, without an order yet."""
    return ANYBODYS.where(audit_events.c.tenant_id == tenant_id)


def believed(tenant_id: str, row: Row[Any], authenticity: Authenticity) -> Told:
    """Return the event that a row of ``audit_events`` holds. Raises ``Disbelieved``."""
    request = "null" if row.request_id is None else row.request_id
    try:
        text = (
            f'{{"actor":{json.dumps(row.actor)},"at":{json.dumps(row.spelled_at)},"kind":'
            f"{json.dumps(row.kind)}"
            f',"payload":{row.payload},"prev":"{row.prev_hash}","request":{request},"seq":{row.seq}'
            f',"tenant":{json.dumps(tenant_id)}}}'
        )
        is_sound = hashlib.sha256(text.encode("ascii")).hexdigest() == row.hash
        payload = json.loads(row.payload) if is_sound else None
    except (ValueError, TypeError):
        payload = None
    if not isinstance(payload, dict) or authenticity.event_doubt(tenant_id, row) is not None:
        raise Disbelieved(row.seq)
    return Told(row.seq, row.spelled_at, row.kind, row.actor, row.request_id, payload)


def _checked(tenant_id: str, rows: Iterator[Row[Any]], authenticity: Authenticity) -> Iterator[Told]:
    for row in rows:
        yield believed(tenant_id, row, authenticity)


def _rows(
    connection: Connection,
    query: Select[Any],
    values: Mapping[str, object] | None = None,
    *,
    at_least: int = 0,
    batch: int | None = None,
) -> Iterator[Row[Any]]:
    """Rows as they are stored; one whose bytes are no text is as bad as one that was altered."""
    seq = at_least
    try:
        options = {"yield_per": batch} if batch else {}
        with connection.execute(query, values, execution_options=options) as rows:
            for row in rows:
                seq = row.seq
                yield row
    except DAMAGE as damage:
        if not is_damage(damage):
            raise
        raise Disbelieved(seq) from damage
