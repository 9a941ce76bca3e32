"""Putting a reminder off and calling it done, purely: which reminders allow it, how often, until when, and what is then told.

A series is every reminder about one thing: one certificate, one of Microsoft's dates, one opt-in. What guards the tenant (the end
of a window, drift, a request that waits) belongs to no series, and so cannot be silenced.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from handlers.reminders.schedule import Slot
from storage.records import ReminderAnswer, ReminderReply

SNOOZES = 2
"""How often the reminders of one series may be put off."""

SNOOZE_DAYS = {"weekly": 14, "milestone": 3, "certificate": 3, "secret": 3, "freshness": 7, "approvers": 7}
"""For how many days each kind is put off."""

MAY_BE_DONE = frozenset({"milestone", "freshness"})
"""The kinds of which one word may be the last: the others end when what they are about has ended."""

GUARDS = "This message guards the tenant, so it can neither be put off nor called done."

NOT_DONE = "Calling this done does not end it: it is told until what it is about has ended."


def to_tell(slot: Slot, answers: Sequence[ReminderAnswer], owed: Callable[[str], bool], now: datetime) -> Slot | None:
    """What is to be told of a slot that is due: itself once, itself again after it was put off, or nothing."""
    if is_silenced(answers, now):
        return None
    snoozed, key = _snoozed(answers), slot.key
    if snoozed and snoozed[-1].key in (_told_as(slot, times) for times in range(len(snoozed))):
        key = _told_as(slot, len(snoozed))
    if owed(key):
        return None
    return _with_buttons(replace(slot, key=key, facts={"slot": slot.key} | slot.facts), len(snoozed), now)


def is_silenced(answers: Sequence[ReminderAnswer], now: datetime) -> bool:
    """Whether somebody called the series done, or put it off until later than ``now``."""
    done = any(answer.reply is ReminderReply.DONE for answer in answers)
    return done or any(answer.until is not None and now < answer.until for answer in _snoozed(answers)[-1:])


def refusal(
    facts: Mapping[str, str], key: str, answers: Sequence[ReminderAnswer], reply: ReminderReply, *, now: datetime
) -> str | None:
    """Why this answer to this reminder is not taken, as a sentence for the person; ``None`` when it is."""
    what, series = facts.get("what", ""), facts.get("series", "")
    if not series or what not in SNOOZE_DAYS:
        return GUARDS
    for answer in answers:
        if answer.reply is ReminderReply.DONE:
            return f"@{answer.person_id} has called this done already; it is not told again."
        if answer.key == key:
            return f"@{answer.person_id} has put this reminder off already."
    if reply is ReminderReply.DONE:
        return None if what in MAY_BE_DONE else NOT_DONE
    if sum(answer.reply is ReminderReply.SNOOZED for answer in answers) >= SNOOZES:
        return f"This was put off {SNOOZES} times already, which is as often as it goes."
    if _too_close(what, facts.get("ends", ""), now):
        return f"What this is about comes before {SNOOZE_DAYS[what]} days are over, so it cannot be put off any more."
    return None


def until(facts: Mapping[str, str], now: datetime) -> datetime:
    """Until when a reminder is put off now."""
    return now + timedelta(days=SNOOZE_DAYS[facts["what"]])


def _snoozed(answers: Sequence[ReminderAnswer]) -> list[ReminderAnswer]:
    return [answer for answer in answers if answer.until is not None]


def _with_buttons(slot: Slot, snoozed: int, now: datetime) -> Slot:
    """The slot with the facts that its buttons need; without a series it gets none."""
    if not slot.series:
        return slot
    ends = slot.ends.isoformat() if slot.ends else ""
    may_snooze = snoozed < SNOOZES and not _too_close(slot.what, ends, now)
    buttons = {
        "series": slot.series,
        "ends": ends,
        "snooze": str(SNOOZE_DAYS[slot.what]) if may_snooze else "",
        "done": "yes" if slot.what in MAY_BE_DONE else "",
    }
    return replace(slot, facts=slot.facts | buttons)


def _too_close(what: str, ends: str, now: datetime) -> bool:
    return bool(ends) and now + timedelta(days=SNOOZE_DAYS[what]) >= datetime.fromisoformat(ends)


def _told_as(slot: Slot, times: int) -> str:
    """The key of a slot's message after its series was put off so many times."""
    return f"{slot.key}:again:{times}" if times else slot.key
