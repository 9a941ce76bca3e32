"""Use case of reminding: owes each due slot once, in working hours, to the channel and to whom it concerns.

The slot's key is the outbox key, so daylight saving, clock jumps, restarts and replicas owe a reminder at
most once and lose none.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from handlers.context.context import Context
from handlers.outgoing.enqueue import asked_by, enqueue_announcement, enqueue_personal
from handlers.outgoing.reminders import Ending, Slot, due
from handlers.policy import working_hours
from handlers.reminders import snooze
from handlers.reminders.approver_health import ApproverHealth
from handlers.reminders.due import expiry, situation
from handlers.reminders.snooze import Telling
from storage.ledger import Entry
from storage.reading import Reader

SETTLING_IN = timedelta(days=1)
"""How long a new installation hears of nothing but what people ask of it: they are just looking at everything
themselves."""


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
        expires, shortage = expiry(self._context), self._approvers.look()
        with self._context.ledger.reading() as reader:
            known = due(situation(self._context, reader, expires, shortage))
            if self._has_just_begun(reader):
                known = (slot for slot in known if slot.said.asked_for)
            tellings = list(self._to_tell(reader, known))
        if tellings:
            with self._context.ledger.recording(now) as entry:
                for telling in tellings:
                    self._owe(entry, telling)
            self._context.wake_worker()
        return len(tellings)

    def _has_just_begun(self, reader: Reader) -> bool:
        """Whether the first rule is not a day old: starting alone posts nothing."""
        rule = reader.holding.rule()
        return rule is None or (rule.is_first and self._context.now() < rule.since + SETTLING_IN)

    def _to_tell(self, reader: Reader, known: Iterable[Slot]) -> Iterator[Telling]:
        for slot in known:
            answers = reader.messages.reminder_answers(slot.series) if slot.series else ()
            yield from filter(
                None, (snooze.to_tell(slot, answers, reader.messages.owed, self._context.now()),)
            )

    def _owe(self, entry: Entry, telling: Telling) -> None:
        said = telling.said
        owed = enqueue_announcement(entry, telling.key, said, telling.offer)
        if owed and isinstance(said, Ending) and said.request:
            for person in asked_by(entry.reader.windows.requests_behind(said.request)):
                enqueue_personal(entry, f"{telling.key}:{person}", said, telling.offer, person=person)
