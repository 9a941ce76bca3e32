"""Ask owners about their devices: once each, in working hours, by direct message.

The reminder's key is the outbox key, so restarts and replicas owe it at most once and lose none. An owner who
has left leaves an orphan. Orphans and what nobody answers are told to the operators, and cannot be silenced.
"""

import time
from collections.abc import Iterable
from datetime import date, timedelta

from handlers.context.context import Context
from handlers.outgoing.device_news import DeviceDue
from handlers.outgoing.notices import enqueue_personal
from handlers.policy.rule import Reason
from handlers.policy.working_hours import in_working_hours
from handlers.ports import Unavailable
from handlers.register import device_transitions
from handlers.register.owner_reminder_days import BEFORE, MISSED, OwnerReminder, due_reminders, unanswered
from handlers.register.redrawing import redraw
from handlers.register.request_sync import follow
from storage.devices.records import Device
from storage.ledger import BOT, Entry

EVERY = 60.0
"""Seconds between two looks: nobody waits for a reminder."""

LOOK_UPS = 20
"""Owners looked up at Slack in one look, each once a day."""

PAGE = 500

GONE = frozenset({Reason.DEACTIVATED, Reason.UNKNOWN_PERSON})
"""What Slack says of an owner who has left."""


class OwnerReminders:
    """Look for owners to be asked."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._next = 0.0
        self._checked: dict[str, date] = {}
        """The day on which each owner was last looked up; forgotten with the process, and then looked up once
        more."""

    def run(self) -> int:
        """Owe every reminder that is due and was never owed, and find orphans; returns how many."""
        now, today = self._context.now(), self._context.today()
        if time.monotonic() < self._next or not in_working_hours(
            now, self._context.zone, self._context.hours
        ):
            return 0
        self._next = time.monotonic() + EVERY
        found = self._look_for_orphans(today) + self._remind(today)
        if found:
            self._context.wake_worker()
        return found

    def _remind(self, today: date) -> int:
        due, rule = list(self._due(today)), self._context.rule
        if not due:
            return 0
        with self._context.ledger.recording(self._context.now()) as entry:
            silent = [device.id for device, reminders in due if self._ask(entry, device, today, reminders)]
            if silent:
                device_transitions.say_unanswered(
                    entry, f"devices_unanswered:{today}:{silent[0]}", silent, rule
                )
        return len(due)

    def _due(self, today: date) -> Iterable[tuple[Device, list[OwnerReminder]]]:
        """Entries whose newest reminder was never owed."""
        last, horizon = None, today + timedelta(days=BEFORE[0])
        with self._context.ledger.reading() as reader:
            while page := reader.devices.due_before(horizon + timedelta(days=1), after=last, limit=PAGE):
                for device in page:
                    reminders = due_reminders(device, today)
                    if (
                        reminders
                        and not reader.messages.owed(f"personal:{reminders[-1].key}")
                        and not reader.messages.owed(reminders[-1].key)
                    ):
                        yield device, reminders
                last = (page[-1].due, page[-1].id)

    def _ask(self, entry: Entry, device: Device, today: date, due: list[OwnerReminder]) -> bool:
        """Owe one reminder (orphans: to operators); returns whether operators hear of it too."""
        if device.owner_id is None:
            device_transitions.say_unanswered(entry, due[-1].key, [device.id], self._context.rule)
            return False
        days = (device.due - today).days
        said = DeviceDue(device=device.id, name=device.device, due=device.due, days=days, moves=device.moves)
        enqueue_personal(entry, due[-1].key, said, person=device.owner_id)
        return unanswered(device, due) >= MISSED

    def _look_for_orphans(self, today: date) -> int:
        with self._context.ledger.reading() as reader:
            owners = [owner for owner in reader.devices.owners() if self._checked.get(owner) != today][
                :LOOK_UPS
            ]
        return sum(self._leave(owner, today) for owner in owners)

    def _leave(self, owner: str, today: date) -> int:
        """Make orphans of the entries of an owner who has left; returns how many.

        Who cannot be looked up is looked up later.
        """
        try:
            verdict = self._context.people.member(owner)
        except Unavailable:
            return 0
        self._checked[owner] = today
        if verdict.reason not in GONE:
            return 0
        with self._context.ledger.recording(self._context.now()) as entry:
            return len(self._orphaned(entry, owner))

    def _orphaned(self, entry: Entry, owner: str) -> list[int]:
        left = []
        for device in entry.reader.devices.owned_by(owner, limit=PAGE):
            if not entry.reader.devices.agrees(device):
                continue
            done = device_transitions.orphan(entry, device, BOT, why=f"@{owner} has left")
            if done.device is not None:
                follow(entry, done.device)
                redraw(entry, device, done.device)
                left.append(device.id)
        if left:
            device_transitions.say_orphaned(entry, left, owner=owner, by=None, rule=self._context.rule)
        return left
