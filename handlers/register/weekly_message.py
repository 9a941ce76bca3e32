"""Tell once a week how many devices are left, and which need somebody: each in its thread.

Once a week, in working hours, while a device is active: the key is the week's, so restarts and replicas owe
it once.
"""

import time
from datetime import date, timedelta

from handlers.context.context import Context
from handlers.outgoing.device_news import DevicesWeekly
from handlers.outgoing.notices import enqueue_announcement
from handlers.policy.working_hours import in_working_hours
from handlers.register.burn_down import Devices, pace_line
from handlers.register.redrawing import monday_of
from storage.devices.reader import DeviceReader

EVERY = 60.0
"""Seconds between two looks: nobody waits for it."""

SOON = timedelta(days=7)
"""How near a due day is that the week's message names."""

CARDS, LOOKED_AT = 10, 100
"""Entries with a message of their own in the thread, and entries of each sort that are looked at."""


class WeeklyDevices:
    """Look whether the week's message is due."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._devices = Devices(context.ledger, context.zone, context.clock)
        self._next = 0.0

    def run(self) -> int:
        """Owe the week's message where it is due and was never owed; returns how many."""
        context, now = self._context, self._context.now()
        if time.monotonic() < self._next or not in_working_hours(now, context.zone, context.hours):
            return 0
        self._next = time.monotonic() + EVERY
        today = context.today()
        monday = monday_of(today)
        with context.ledger.reading() as reader:
            if reader.messages.owed(_key(monday)) or not reader.devices.has_active():
                return 0
            numbers = needing_somebody(reader.devices, today)
        overview = self._devices.overview()
        if overview.weeks[0].monday >= monday:
            return 0  # the first entry became active this week: there is nothing to tell of it yet
        counts = overview.counts
        said = DevicesWeekly(
            monday=monday,
            active=counts.active,
            overdue=counts.overdue,
            orphaned=counts.orphaned,
            pace=pace_line(overview),
            devices=tuple(numbers[:CARDS]),
            more=len(numbers[CARDS:]),
        )
        with context.ledger.recording(now) as entry:
            told = enqueue_announcement(entry, _key(monday), said)
        context.wake_worker()
        return int(told)


def needing_somebody(reader: DeviceReader, today: date) -> list[int]:
    """Return the numbers of entries that are overdue, of nobody, or due soon."""
    late = reader.due_before(today, limit=LOOKED_AT)
    lost = reader.owned_by(None, limit=LOOKED_AT)
    soon = reader.due_before(today + SOON, limit=LOOKED_AT)
    return list(dict.fromkeys(device.id for device in (*late, *lost, *soon)))


def _key(monday: date) -> str:
    return f"devices_weekly:{monday}"
