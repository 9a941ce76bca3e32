"""Write the register: every act on an entry leaves an audit event and a row.

An entry changes by one conditional UPDATE on (id, version); whoever comes second gets ``Conflict``. Nobody's
right to act is judged here.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.devices.reader import device_of
from storage.devices.records import (
    ENDED,
    STANDING,
    Device,
    DeviceAct,
    DeviceState,
    NewDevice,
    may_move_device,
)
from storage.errors import AlreadyRegistered, Conflict
from storage.integrity.canonical import canonical, stamp
from storage.ledger import Entry
from storage.lifecycle import UNSENT, WISHES
from storage.records import ChangeRequest
from storage.schema.device_tables import device_acts, devices
from storage.sightings import SightingReader

Changes: TypeAlias = Mapping[str, str | date | None]
"""What an act changes, by column: ``owner_id``, ``due``, ``due_by``, ``asked_due`` and ``asked_by``."""

_NOTHING: Changes = {}


def fingerprint(new: NewDevice) -> str:
    """Return the SHA-256 (hex) of name, site and sender, without capitals and blanks."""
    return hashlib.sha256(
        canonical([_plain(text) for text in (new.device, new.site, new.sender)]).encode("ascii")
    ).hexdigest()


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def add(entry: Entry, new: NewDevice, *, proposer: str, proposer_enterprise_id: str | None = None) -> Device:
    """Put a device on the register, proposed.

    Raises ``AlreadyRegistered`` where the same one stands on it.
    """
    content: dict[str, str | None] = {
        "device": new.device,
        "sender": new.sender.lower(),
        "site": new.site,
        "protocol": new.protocol.value,
        "reason": new.reason,
        "plan": new.plan,
        "proposer_id": proposer,
        "proposer_enterprise_id": proposer_enterprise_id,
        "owner_id": new.owner_id,
        "due": new.due.isoformat(),
        "due_by": proposer,
        "asked_due": None,
        "asked_by": None,
        "state": DeviceState.PROPOSED.value,
    }
    born = {"active_at": None, "ended_at": None, "moves": 0}
    mark = fingerprint(replace(new, sender=new.sender.lower()))
    number = _insert(entry, mark, content | born)
    after = content | born | {"created_at": stamp(entry.now), "fingerprint": mark}
    seen = SightingReader(entry.connection, entry.tenant_id).word_on(new.sender.lower())
    _record(entry, number, DeviceAct.ADDED, actor=proposer, after=after, due_after=content["due"], seen=seen)
    return entry.reader.devices.device(number)


def _insert(entry: Entry, mark: str, values: Mapping[str, Any]) -> int:
    table = devices.c
    there = select(table.id).where(
        table.tenant_id == entry.tenant_id,
        table.fingerprint == mark,
        table.state.in_([state.value for state in STANDING]),
    )
    taken = entry.connection.execute(there).scalar()
    if taken is not None:
        raise AlreadyRegistered(taken)
    new = insert(devices).values(
        tenant_id=entry.tenant_id,
        fingerprint=mark,
        created_at=entry.now,
        changed_at=entry.now,
        version=1,
        **values,
    )
    try:
        return int(entry.connection.execute(new.returning(table.id)).scalar_one())
    except IntegrityError as same:
        raise Conflict("the same device was put on the register in the same moment") from same


def act(
    entry: Entry,
    device: Device,
    done: DeviceAct,
    *,
    actor: str,
    why: str = "",
    request_id: int | None = None,
    to: DeviceState | None = None,
    changes: Changes = _NOTHING,
) -> Device:
    """Do one thing to an entry unchanged since the caller saw it; returns it afterwards.

    A moved due day is counted. A request that names the entry is not told: ``follow`` does that. Raises
    ``Conflict`` when somebody was faster, and ``ValueError`` for a move that the lifecycle does not know.
    """
    columns: dict[str, Any] = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in changes.items()
    }
    if changes.get("due") not in (None, device.due):
        columns["moves"] = device.moves + 1
    moments = _moments(device, to) if to is not None else []
    if to is not None:
        columns["state"] = to.value
    changed = _change(entry, device, columns | dict.fromkeys(moments, entry.now))
    told = columns | dict.fromkeys(moments, stamp(entry.now))
    before, after = _days(device, changes)
    _record(
        *(entry, device.id, done),
        actor=actor,
        after=told,
        why=why,
        request_id=request_id,
        due_before=before,
        due_after=after,
    )
    return changed


def follow(entry: Entry, request: ChangeRequest) -> ChangeRequest:
    """Update an open request's entries as they stand, if it is not at Exchange.

    The version is raised with it, so whoever decides sees what is then approved. Raises ``Conflict``.
    """
    if request.kind not in WISHES or request.state not in UNSENT or not request.devices:
        return request
    named = entry.reader.devices.as_named([device.number for device in request.devices])
    return request if named == request.devices else entry.name_devices(request, named)


def _moments(device: Device, after: DeviceState) -> list[str]:
    """The columns that note when this move was made."""
    if not may_move_device(device.state, after):
        raise ValueError(f"{device.state} -> {after} is no move of an entry")
    return ["ended_at"] if after in ENDED else ["active_at"]


def _days(device: Device, changes: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return due days before and after; a later one holds only once accepted."""
    wanted = changes.get("due") or changes.get("asked_due")
    return (device.due.isoformat(), wanted.isoformat()) if isinstance(wanted, date) else (None, None)


def _change(entry: Entry, device: Device, columns: Mapping[str, Any]) -> Device:
    table = devices.c
    as_seen = (table.id == device.id, table.tenant_id == entry.tenant_id, table.version == device.version)
    changed = update(devices).where(*as_seen, table.state == device.state.value)
    changed = changed.values(version=table.version + 1, changed_at=entry.now, **columns)
    row = entry.connection.execute(changed.returning(*devices.c)).one_or_none()
    if row is None:
        raise Conflict(f"{device.name} has moved on")
    return device_of(row)


def _record(
    entry: Entry,
    number: int,
    done: DeviceAct,
    *,
    actor: str,
    after: Mapping[str, Any],
    why: str = "",
    request_id: int | None = None,
    due_before: str | None = None,
    due_after: str | None = None,
    seen: Mapping[str, object] | None = None,
) -> None:
    days = {name: day for name, day in (("due_before", due_before), ("due_after", due_after)) if day}
    cause = {"request": request_id} if request_id is not None else {}
    told = {"seen": seen} if seen else {}
    entry.record(
        done.event, actor, {"device": number, "after": dict(after), "why": why, **days, **cause, **told}
    )
    kept = {"due_before": due_before, "due_after": due_after, "why": why, "request_id": request_id}
    row = {
        "device_id": number,
        "seq": entry.reader.head()[0],
        "act": done.value,
        "person_id": actor,
        "at": entry.now,
    }
    entry.connection.execute(insert(device_acts).values(tenant_id=entry.tenant_id, **row, **kept))
