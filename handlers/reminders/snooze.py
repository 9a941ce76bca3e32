"""Snooze a reminder or call it done: which allow it, how often, until when, what is told. Pure.

A series is every reminder about one thing: one certificate, one of Microsoft's dates, one opt-in. What guards
the tenant (the end of a window, drift, a request that waits) belongs to no series, and so cannot be silenced.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.outgoing.announcement_view import AnyAnnouncement, Offer
from handlers.outgoing.reminders import Reminder, Scheduled, Slot
from storage.messages.records import ReminderAnswer, ReminderReply

SNOOZES = 2
"""How often the reminders of one series may be put off."""

GUARDS = "This message guards the tenant, so it can neither be put off nor called done."

NOT_DONE = "Calling this done does not end it: it is told until what it is about has ended."


@dataclass(frozen=True, slots=True)
class Telling:
    """One message of a reminder: its key for ever, what it says, and how it may be answered."""

    key: str
    said: Reminder
    offer: Offer


def to_tell(
    slot: Slot, answers: Sequence[ReminderAnswer], owed: Callable[[str], bool], now: datetime
) -> Telling | None:
    """Return what a due slot tells: itself once, itself again after snoozing, or nothing."""
    if is_silenced(answers, now):
        return None
    snoozed, key = _snoozed(answers), slot.key
    if snoozed and snoozed[-1].key in (_told_as(slot, times) for times in range(len(snoozed))):
        key = _told_as(slot, len(snoozed))
    return None if owed(key) else Telling(key, slot.said, _offer(slot, len(snoozed), now))


def is_silenced(answers: Sequence[ReminderAnswer], now: datetime) -> bool:
    """Tell whether somebody called the series done, or put it off until later than ``now``."""
    done = any(answer.reply is ReminderReply.DONE for answer in answers)
    return done or any(answer.until is not None and now < answer.until for answer in _snoozed(answers)[-1:])


def refusal(
    said: AnyAnnouncement | None,
    offer: Offer,
    key: str,
    answers: Sequence[ReminderAnswer],
    reply: ReminderReply,
    *,
    now: datetime,
) -> str | None:
    """Return why this answer to this reminder is not taken, a sentence for the person; ``None`` when it is.

    ``said`` is ``None`` for a message that is no announcement.
    """
    if not isinstance(said, Scheduled) or not offer.series or not said.snooze_days:
        return GUARDS
    for answer in answers:
        if answer.reply is ReminderReply.DONE:
            return f"@{answer.person_id} has called this done already; it is not told again."
        if answer.key == key:
            return f"@{answer.person_id} has put this reminder off already."
    if reply is ReminderReply.DONE:
        return None if said.may_be_done else NOT_DONE
    if sum(answer.reply is ReminderReply.SNOOZED for answer in answers) >= SNOOZES:
        return f"This was put off {SNOOZES} times already, which is as often as it goes."
    if _too_close(said, offer.ends, now):
        return (
            f"What this is about comes before {said.snooze_days} days are over, so it cannot be put off "
            "any more."
        )
    return None


def until(said: Scheduled, now: datetime) -> datetime:
    """Return until when a reminder is put off now."""
    return now + timedelta(days=said.snooze_days)


def _snoozed(answers: Sequence[ReminderAnswer]) -> list[ReminderAnswer]:
    return [answer for answer in answers if answer.until is not None]


def _offer(slot: Slot, snoozed: int, now: datetime) -> Offer:
    """The answers that would be taken; without a series none is."""
    if not slot.series:
        return Offer(slot=slot.key)
    may_snooze = snoozed < SNOOZES and not _too_close(slot.said, slot.ends, now)
    return Offer(
        slot=slot.key,
        series=slot.series,
        ends=slot.ends,
        snooze=slot.said.snooze_days if may_snooze else None,
        done=slot.said.may_be_done,
    )


def _too_close(said: Scheduled, ends: datetime | None, now: datetime) -> bool:
    return ends is not None and until(said, now) >= ends


def _told_as(slot: Slot, times: int) -> str:
    """The key of a slot's message after its series was put off so many times."""
    return f"{slot.key}:again:{times}" if times else slot.key
