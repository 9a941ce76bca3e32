"""Use case of reminding: owes each due slot once, in working hours, to the channel and to whom it concerns.

The slot's key is the outbox key, so daylight saving, clock jumps, restarts and replicas owe a reminder at most once and lose
none.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from handlers import slots, snoozing
from handlers.context import Context
from handlers.due import due_slots, expiry
from handlers.owed import CHANNEL, asked_by, owe_personal
from handlers.ports import Unavailable
from handlers.slots import Slot
from storage.ledger import Entry
from storage.reading import Reader

NEXT_LOOK, UNANSWERED = timedelta(hours=20), timedelta(minutes=10)
"""When the approvers are looked up again: a day's working hours later, or soon when Slack did not answer."""
SETTLING_IN = timedelta(days=1)
"""How long a new installation is left in peace, as long as nothing happens."""


class Reminders:
    """Looks for due slots; the outbox sends what it owes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._look_at_approvers: datetime | None = None

    def run(self) -> int:
        """Owe every reminder that is due and was never owed; returns how many."""
        now = self._context.now()
        if not slots.in_working_hours(now, self._context.zone, self._context.hours):
            return 0
        expires = expiry(self._context)
        with self._context.ledger.reading() as reader:
            if self._has_just_begun(reader):
                return 0
            due = list(self._to_tell(reader, [*due_slots(self._context, reader, expires), *self._head(reader)]))
        due += self._approver_health()
        if due:
            with self._context.ledger.recording(now) as entry:
                for slot in due:
                    self._owe(entry, slot)
            self._context.nudge()
        return len(due)

    def _has_just_begun(self, reader: Reader) -> bool:
        """Whether the first rule is not a day old and nobody has asked for anything: starting alone posts nothing."""
        rule = reader.rule()
        is_young = rule is None or (rule.is_first and self._context.now() < rule.since + SETTLING_IN)
        return is_young and not reader.page(limit=1)

    def _head(self, reader: Reader) -> Iterator[Slot]:
        """The record's head, once there is a change on record to bear witness to."""
        if not reader.page(limit=1):
            return
        sequence, digest = reader.head()
        posted = int((reader.newest_facts("head:") or {}).get("sequence", "0"))
        yield from filter(None, (slots.head(sequence, digest, posted, self._context.now(), self._context.zone),))

    def _to_tell(self, reader: Reader, due: Iterable[Slot]) -> Iterator[Slot]:
        for slot in due:
            answers = reader.reminder_answers(slot.series) if slot.series else ()
            yield from filter(None, (snoozing.to_tell(slot, answers, reader.owed, self._context.now()),))

    def _owe(self, entry: Entry, slot: Slot) -> None:
        facts = {"what": slot.what, "slot": snoozing.told(slot.key)} | slot.facts
        owed = entry.owe(CHANNEL, slot.key, facts=facts)
        if owed and slot.what == "ending" and slot.facts["request"]:
            for person in asked_by(entry.reader.wishes_behind(int(slot.facts["request"]))):
                owe_personal(entry, f"{slot.key}:{person}", person=person, facts=facts)

    def _approver_health(self) -> list[Slot]:
        """Once a day: whether every listed operator could find enough eligible approvers besides themselves."""
        now, today = self._context.now(), self._context.today()
        if self._look_at_approvers is not None and now < self._look_at_approvers <= now + NEXT_LOOK:
            return []
        eligible = self._eligible_approvers()
        self._look_at_approvers = now + (UNANSWERED if eligible is None else NEXT_LOOK)
        if eligible is None:
            return []
        rule = self._context.rule
        operators = {entry for entry in rule.operators if not entry.startswith("S")} or {""}
        if all(len(eligible - {person}) >= rule.approvals_required for person in operators):
            return []
        facts = {"eligible": str(len(eligible)), "needed": str(rule.approvals_required)}
        with self._context.ledger.reading() as reader:
            slot = Slot(f"approvers:{today.isoformat()}", "approvers", facts, series=f"approvers:{today:%Y-%m}")
            return list(self._to_tell(reader, [slot]))

    def _eligible_approvers(self) -> frozenset[str] | None:
        """Who could approve right now; ``None`` when Slack does not say it of everybody."""
        people = {entry for entry in self._context.rule.approvers if not entry.startswith("S")}
        for group in self._context.people.approver_groups():
            if group is None:
                return None
            people |= group
        try:
            return self._context.people.eligible(sorted(people))
        except Unavailable:
            return None
