"""Turns rows of the register into the records people of the upper floors read, and nothing else."""

from datetime import date
from typing import Any

from sqlalchemy import Row

from storage.devices.lifecycle import DeviceState
from storage.devices.records import Device, DeviceAct, RecordedAct
from storage.records import MailProtocol


def day(stored: str | None) -> date | None:
    """The calendar day that is stored, or ``None`` where none is. Raises ``ValueError``."""
    return date.fromisoformat(stored) if stored is not None else None


def device(row: Row[Any]) -> Device:
    """One row of ``devices``. Raises ``ValueError`` for what no entry can say."""
    return Device(
        id=row.id,
        tenant_id=row.tenant_id,
        device=row.device,
        sender=row.sender,
        site=row.site,
        protocol=MailProtocol(row.protocol),
        reason=row.reason,
        plan=row.plan,
        proposer_id=row.proposer_id,
        proposer_enterprise_id=row.proposer_enterprise_id,
        created_at=row.created_at,
        owner_id=row.owner_id,
        due=date.fromisoformat(row.due),
        due_by=row.due_by,
        asked_due=day(row.asked_due),
        asked_by=row.asked_by,
        state=DeviceState(row.state),
        version=int(row.version),
        moves=int(row.moves),
        active_at=row.active_at,
        ended_at=row.ended_at,
        changed_at=row.changed_at,
    )


def act(row: Row[Any]) -> RecordedAct:
    """One row of ``device_acts``."""
    return RecordedAct(
        device_id=row.device_id,
        seq=row.seq,
        act=DeviceAct(row.act),
        person_id=row.person_id,
        at=row.at,
        due_before=day(row.due_before),
        due_after=day(row.due_after),
        why=row.why,
        request_id=row.request_id,
    )
