"""Judge which reminder an owner is due: 14, 7 and 1 days before, and weekly after. Pure.

Only the newest counts: whoever was away for a month gets one and not four. A moved due day begins anew.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from storage.devices.records import Device, DeviceState

BEFORE = (14, 7, 1)
"""Days before the due day."""

WEEK = timedelta(days=7)

MISSED = 2
"""Reminders without an answer after which the operators hear of it."""


@dataclass(frozen=True, slots=True)
class OwnerReminder:
    """One reminder that is due: its key for ever, and the day from which it was due."""

    key: str
    since: date


def due_reminders(device: Device, today: date) -> list[OwnerReminder]:
    """Return every reminder of an active entry's present due day that is due by ``today``, oldest first.

    None that was due before the entry became active: its owner has just heard of it.
    """
    if device.state is not DeviceState.ACTIVE:
        return []
    days = [device.due - timedelta(days=before) for before in BEFORE]
    late = (today - device.due) // WEEK
    days += [device.due + WEEK * week for week in range(1, late + 1)]
    begun = device.active_at.date() if device.active_at else date.min
    return [
        OwnerReminder(f"device_due:{device.id}:{device.due}:{day}", day)
        for day in days
        if begun < day <= today
    ]


def unanswered(device: Device, due: list[OwnerReminder]) -> int:
    """Return how many reminders before the newest were met with no act on the entry at all."""
    return sum(reminder.since > device.changed_at.date() for reminder in due[:-1])
