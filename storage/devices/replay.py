"""Derive from an entry's events what its row and acts must be, and where they differ.

An entry's events are found by the numbers that its acts keep; every value is spelled as text, as
``storage.integrity.row_comparison`` does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, func, select

from storage.devices.records import DEVICE_EVENTS, DeviceAct
from storage.integrity import believed_events
from storage.integrity.believed_events import Disbelieved, Told
from storage.integrity.row_comparison import WHOLE, Difference, columns, pairwise, raw, stored_rows
from storage.records import ChangeRequest
from storage.schema.device_tables import device_acts, devices
from storage.schema.tables import audit_events

ACTS = {act.event: act for act in DeviceAct}
"""By kind of event the act that it records."""


@dataclass(slots=True)
class DeviceReplay:
    """One entry as the record has it so far."""

    row: dict[str, Any] = field(default_factory=dict)
    acts: list[dict[str, Any]] = field(default_factory=list)

    def take(self, event: Told) -> None:
        """Add what one event of this entry says; whatever it changed stands in its payload whole."""
        said, act = event.payload, ACTS[event.kind]
        self.row |= said["after"]
        self.row["version"] = len(self.acts) + 1
        self.row["changed_at"] = event.at
        self.acts.append(
            {
                "device_id": said["device"],
                "seq": event.seq,
                "act": act.value,
                "person_id": event.actor,
                "at": event.at,
                "due_before": said.get("due_before"),
                "due_after": said.get("due_after"),
                "why": said["why"],
                "request_id": said.get("request"),
            }
        )


_NUMBER = bindparam("device", type_=devices.c.id.type)
_ONE = select(*raw(devices)).where(devices.c.id == _NUMBER, devices.c.tenant_id == bindparam("tenant"))
_ACTS = select(*raw(device_acts)).where(device_acts.c.device_id == _NUMBER).order_by(device_acts.c.id)
"""Built once: every act on an entry asks them, and building a statement costs more than running it."""


def device_differences(connection: Connection, tenant_id: str, number: int) -> list[Difference]:
    """Return where one entry or the acts on it differ from the events they came from."""
    try:
        told = told_of(number, _events(connection, tenant_id, number))
    except Disbelieved as altered:
        return [Difference("audit_events", altered.place, WHOLE)]
    except (KeyError, TypeError):
        return [Difference(devices.name, str(number), WHOLE)]
    row = next(iter(stored_rows(connection, devices, _ONE, {"device": number, "tenant": tenant_id})), None)
    if row is None or not told.acts:
        return [Difference(devices.name, str(number), WHOLE)]
    done = stored_rows(connection, device_acts, _ACTS, {"device": number})
    acts = [{**act, "tenant_id": tenant_id} for act in told.acts]
    return [
        *columns(devices.name, str(number), row, told.row | {"tenant_id": tenant_id}),
        *pairwise(device_acts.name, done, acts, at=f"D{number}"),
    ]


def named_differences(connection: Connection, tenant_id: str, request: ChangeRequest) -> list[Difference]:
    """Return where a request's entries differ from the record, or an act was removed."""
    if not request.devices:
        return []
    found = [
        each for named in request.devices for each in device_differences(connection, tenant_id, named.number)
    ]
    opened = (audit_events.c.tenant_id == tenant_id, audit_events.c.request_id == request.id)
    since = connection.execute(select(func.min(audit_events.c.seq)).where(*opened)).scalar()
    return found + unacted(connection, tenant_id, since=since or 0)


def told_of(number: int, events: Iterable[Told]) -> DeviceReplay:
    """Fold the events of one entry. Raises ``Disbelieved`` for one that is about another."""
    told = DeviceReplay()
    for event in events:
        if event.kind not in ACTS or event.payload.get("device") != number:
            raise Disbelieved(event.seq)
        told.take(event)
    return told


def grouped(events: Iterable[Told]) -> Iterator[tuple[int, DeviceReplay]]:
    """Yield each entry as its events say, ordered by entry; only one is kept at a time."""
    for number, mine in groupby(events, key=lambda event: int(event.payload["device"])):
        told = DeviceReplay()
        for event in mine:
            told.take(event)
        yield number, told


def report(event: Told) -> dict[str, Any]:
    """Return the row of ``reports`` that an import leaves."""
    said = event.payload
    row = {name: said.get(name) for name in ("kind", "first_day", "last_day", "digest", "row_count")}
    return row | {"seq": event.seq, "imported_by": event.actor, "imported_at": event.at}


def unacted(connection: Connection, tenant_id: str, *, since: int = 0) -> list[Difference]:
    """Return entry events from this number on whose act was removed or renumbered."""
    return [
        Difference(device_acts.name, f"of event {seq}", WHOLE)
        for seq in connection.execute(_unacted(tenant_id, since)).scalars()
    ]


def _unacted(tenant_id: str, since: int) -> Select[Any]:
    table = audit_events.c
    kept = exists().where(device_acts.c.tenant_id == tenant_id, device_acts.c.seq == table.seq)
    told = (table.tenant_id == tenant_id, table.seq >= since, table.kind.in_(sorted(DEVICE_EVENTS)))
    return select(table.seq).where(*told, ~kept).order_by(table.seq)


def _events(connection: Connection, tenant_id: str, number: int) -> Iterator[Told]:
    acts = select(device_acts.c.seq).where(device_acts.c.device_id == number)
    query = (
        believed_events.events_of(tenant_id).where(audit_events.c.seq.in_(acts)).order_by(audit_events.c.seq)
    )
    return believed_events.streamed(connection, tenant_id, query)
