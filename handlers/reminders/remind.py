"""Use case of reminding: owes each due slot once, in working hours, to the channel and to whom it concerns.

The slot's key is the outbox key, so daylight saving, clock jumps, restarts and replicas owe a reminder at
most once and lose none. Also warns while all who may ask could not find enough approvers, before it matters:
who counts is judged again when they vote and when the change is made.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from handlers.context.context import Context
from handlers.outgoing.notices import asked_by, enqueue_announcement, enqueue_personal
from handlers.outgoing.reminder_situation import Shortage
from handlers.outgoing.reminders import Ending, Slot, due
from handlers.policy import working_hours
from handlers.ports import Unavailable
from handlers.reminders import snooze
from handlers.reminders.due import expiry, situation
from handlers.reminders.snooze import Telling
from storage.ledger import Entry
from storage.ledger_reader import Reader

NEXT_LOOK, UNANSWERED = timedelta(hours=20), timedelta(minutes=10)
"""When the approvers are looked up again: a day's working hours later, or soon when Slack did not answer."""

SILENT_FOR = timedelta(days=1)
"""For how long nobody could be looked up before that is told: *unknown* is neither enough nor too few."""


class ApproverHealth:
    """Looks once a day.

    What it remembers only spares look-ups: a restart looks again, and the slot's key keeps the day.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._next_look: datetime | None = None
        self._unknown_since: datetime | None = None
        self._warning: Shortage | None = None

    def look(self) -> Shortage | None:
        """Return the warning due, if any: the same until the next look, in case it was not kept."""
        now = self._context.now()
        if self._next_look is None or not now < self._next_look <= now + NEXT_LOOK:
            self._warning = self._found(now)
        return self._warning

    def _found(self, now: datetime) -> Shortage | None:
        eligible, (operators, complete) = (
            self._eligible(),
            self._context.people.listed(self._context.rule.operators),
        )
        if eligible is None or not complete:
            return self._unknown(now)
        self._next_look, self._unknown_since = now + NEXT_LOOK, None
        needed = self._context.rule.approvals_required
        if all(len(eligible - {person}) >= needed for person in operators or {""}):
            return None
        return Shortage(eligible=len(eligible), needed=needed)

    def _unknown(self, now: datetime) -> Shortage | None:
        self._next_look = now + UNANSWERED
        self._unknown_since = min(self._unknown_since or now, now)
        if now < self._unknown_since + SILENT_FOR:
            return None
        return Shortage(unknown_since=self._unknown_since)

    def _eligible(self) -> frozenset[str] | None:
        """Who could approve right now; ``None`` when Slack does not say it of everybody."""
        people, complete = self._context.people.listed(self._context.rule.approvers)
        try:
            return self._context.people.eligible(sorted(people)) if complete else None
        except Unavailable:
            return None


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
