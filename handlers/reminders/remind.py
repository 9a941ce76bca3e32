"""Use case of reminding: owes each due slot once, in working hours, to the channel and to whom it concerns.

The slot's key is the outbox key, so daylight saving, clock jumps, restarts and replicas owe a reminder at most once and lose
none.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from handlers.context.context import Context
from handlers.outgoing.enqueue import CHANNEL, asked_by, enqueue_personal
from handlers.policy import working_hours
from handlers.reminders import schedule, snooze
from handlers.reminders.approver_health import ApproverHealth
from handlers.reminders.due import due_slots, expiry
from handlers.reminders.schedule import Slot
from storage.ledger import Entry
from storage.reading import Reader

SETTLING_IN = timedelta(days=1)
"""How long a new installation hears of nothing but what people ask of it: they are just looking at everything themselves."""

ASKED_FOR = ("ending", "nudge")
"""What somebody asked for is told from the first day."""


class Reminders:
    """Looks for due slots; the outbox sends what it owes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._approvers = ApproverHealth(context)

    def run(self) -> int:
        """Owe every reminder that is due and was never owed; returns how many."""
        now = self._context.now()
        if not working_hours.in_working_hours(now, self._context.zone, self._context.hours):
            return 0
        expires, warning = expiry(self._context), self._approvers.look()
        with self._context.ledger.reading() as reader:
            known = [*due_slots(self._context, reader, expires), *self._head(reader), warning]
            if self._has_just_begun(reader):
                known = [slot for slot in known if slot is not None and slot.what in ASKED_FOR]
            due = list(self._to_tell(reader, known))
        if due:
            with self._context.ledger.recording(now) as entry:
                for slot in due:
                    self._owe(entry, slot)
            self._context.nudge()
        return len(due)

    def _has_just_begun(self, reader: Reader) -> bool:
        """Whether the first rule is not a day old: starting alone posts nothing."""
        rule = reader.rule()
        return rule is None or (rule.is_first and self._context.now() < rule.since + SETTLING_IN)

    def _head(self, reader: Reader) -> Iterator[Slot]:
        """The record's head, once there is a change on record to bear witness to."""
        if not reader.page(limit=1):
            return
        sequence, digest = reader.head()
        last_owed = int((reader.newest_announcement("head") or {}).get("sequence", "0"))
        yield from filter(None, (schedule.head(sequence, digest, last_owed, self._context.now(), self._context.zone),))

    def _to_tell(self, reader: Reader, due: Iterable[Slot | None]) -> Iterator[Slot]:
        for slot in filter(None, due):
            answers = reader.reminder_answers(slot.series) if slot.series else ()
            yield from filter(None, (snooze.to_tell(slot, answers, reader.owed, self._context.now()),))

    def _owe(self, entry: Entry, slot: Slot) -> None:
        facts = {"what": slot.what} | slot.facts
        owed = entry.owe(CHANNEL, slot.key, facts=facts)
        if owed and slot.what == "ending" and slot.facts["request"]:
            for person in asked_by(entry.reader.requests_behind(int(slot.facts["request"]))):
                enqueue_personal(entry, f"{slot.key}:{person}", person=person, facts=facts)
