"""Use case of reminding: owes each due slot once, in working hours, to the channel and to whom it concerns.

The slot's key is the outbox key, so daylight saving, clock jumps, restarts and replicas owe a reminder at most once and lose
none.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from handlers import slots, snoozing
from handlers.context import Context
from handlers.due import due_slots
from handlers.owed import CHANNEL, owe_answer
from handlers.ports import Unavailable
from handlers.slots import Slot
from storage.ledger import Entry
from storage.reading import Reader

NEXT_LOOK, UNANSWERED = timedelta(hours=20), timedelta(minutes=10)
"""When the approvers are looked up again: a day's working hours later, or soon when Slack did not answer."""


class Reminders:
    """Looks for due slots; the outbox sends what it owes."""

    def __init__(self, context: Context, certificate_expires: Callable[[], datetime | None] = lambda: None) -> None:
        self._context = context
        self._certificate_expires = certificate_expires
        self._look_at_approvers: datetime | None = None

    def run(self) -> int:
        """Owe every reminder that is due and was never owed; returns how many."""
        now = self._context.now()
        if not slots.in_working_hours(now, self._context.zone, self._context.hours):
            return 0
        expiry = self._expiry()
        with self._context.ledger.reading() as reader:
            due = list(self._to_tell(reader, [*due_slots(self._context, reader), *self._once(reader, expiry)]))
        due += self._approver_health()
        if due:
            with self._context.ledger.recording(now) as entry:
                for slot in due:
                    self._owe(entry, slot)
            self._context.nudge()
        return len(due)

    def _once(self, reader: Reader, expiry: datetime | None) -> Iterator[Slot]:
        now = self._context.now()
        sequence, digest = reader.head()
        posted = int((reader.newest_facts("head:") or {}).get("sequence", "0"))
        yield from filter(None, (slots.head(sequence, digest, posted, now, self._context.zone), slots.certificate(expiry, now)))

    def _to_tell(self, reader: Reader, due: Iterable[Slot]) -> Iterator[Slot]:
        for slot in due:
            answers = reader.reminder_answers(slot.series) if slot.series else ()
            yield from filter(None, (snoozing.to_tell(slot, answers, reader.owed, self._context.now()),))

    def _expiry(self) -> datetime | None:
        try:
            return self._certificate_expires()
        except Unavailable:
            return None  # what cannot be read fails the next sign-in, and is told there

    def _owe(self, entry: Entry, slot: Slot) -> None:
        owed = entry.owe(CHANNEL, slot.key, facts={"what": slot.what} | slot.facts)
        if owed and slot.what == "ending" and slot.facts["request"]:
            request = entry.reader.request(int(slot.facts["request"]))
            if request.requester_id:
                text = (
                    f"The opt-in of #{request.id} ends in {_days(slot.facts['days'])} and the bot then opts out by itself. "
                    "If it is still needed: `/legacytls extend`."
                )
                owe_answer(entry, slot.key, person=request.requester_id, text=text, request_id=request.id)

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


def _days(count: str) -> str:
    return "1 day" if count == "1" else f"{count} days"
