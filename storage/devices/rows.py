"""Turns rows of the register into the records people of the upper floors read, and nothing else."""

from datetime import date
from typing import Any

from sqlalchemy import Row

from storage.devices.records import Device, RecordedAct
from storage.rows import record


def day(stored: str | None) -> date | None:
    """Return the calendar day that is stored, or ``None`` where none is. Raises ``ValueError``."""
    return date.fromisoformat(stored) if stored is not None else None


def device(row: Row[Any]) -> Device:
    """Return one row of ``devices``. Raises ``ValueError`` for what no entry can say."""
    return record(Device, row, version=int(row.version), moves=int(row.moves))


def act(row: Row[Any]) -> RecordedAct:
    """Return one row of ``device_acts``."""
    return record(RecordedAct, row)
