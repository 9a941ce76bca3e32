"""Which reminders may be put off or called done, how often and for how long, and what is told afterwards."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.outgoing.announcement_view import AnyAnnouncement, Offer
from handlers.outgoing.news import Correction, FirstSight, RuleChanged, Unreadable
from handlers.outgoing.reminders import (
    REMINDERS,
    ApprovalReminder,
    Approvers,
    Certificate,
    Ending,
    Freshness,
    Head,
    MilestoneAhead,
    Secret,
    Slot,
    Weekly,
)
from handlers.reminders import snooze
from handlers.reminders.snooze import GUARDS, NOT_DONE, SNOOZES, to_tell
from storage.messages.records import ReminderAnswer, ReminderReply
from storage.records import SettingValue
from tests.sentences import says

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
DAY = timedelta(days=1)
EXPIRES = NOW + 30 * DAY
SLOT = Slot("certificate:x:30", Certificate(expires=EXPIRES), series="certificate:x", ends=EXPIRES)
WEEKLY = Weekly(request=7, since=NOW, end=EXPIRES)
SNOOZABLE: list[AnyAnnouncement] = [
    WEEKLY,
    MilestoneAhead(display="", effect="", notice=""),
    Certificate(expires=EXPIRES),
    Secret(expires=EXPIRES),
    Freshness(warning=""),
    Approvers(eligible=1, needed=2),
]
"""One of each that may be put off."""
GUARDING: list[AnyAnnouncement] = [
    Ending(request=7, end=EXPIRES, days=7),
    ApprovalReminder(request=7, requester=None, expires_at=EXPIRES, waiting_for=(), others=()),
    Unreadable(problem=""),
    FirstSight(),
    Correction(request=7, value=SettingValue.OPTED_IN, end=None),
    Head(sequence=1, head=""),
    RuleChanged(digest=""),
]


def kind(said: AnyAnnouncement) -> str:
    return said.kind


NEXT = replace(SLOT, key="certificate:x:14")


def snoozed(key: str = SLOT.key, *, until: datetime = NOW + 3 * DAY, person: str = "U0BOB") -> ReminderAnswer:
    return ReminderAnswer(SLOT.series, key, ReminderReply.SNOOZED, person, until)


def done(key: str = SLOT.key) -> ReminderAnswer:
    return ReminderAnswer(SLOT.series, key, ReminderReply.DONE, "U0BOB", None)


def told(slot: Slot, *answers: ReminderAnswer, at: datetime = NOW, owed: tuple[str, ...] = ()) -> str | None:
    found = to_tell(slot, answers, owed.__contains__, at)
    return found.key if found else None


def test_a_slot_is_told_once() -> None:
    assert told(SLOT) == SLOT.key
    assert told(SLOT, owed=(SLOT.key,)) is None


def test_what_was_put_off_is_told_again_at_its_hour_and_once() -> None:
    owed = (SLOT.key,)
    assert told(SLOT, snoozed(), owed=owed, at=NOW + 3 * DAY - timedelta(microseconds=1)) is None
    again = told(SLOT, snoozed(), owed=owed, at=NOW + 3 * DAY)
    assert again == f"{SLOT.key}:again:1"
    assert told(SLOT, snoozed(), owed=(*owed, again), at=NOW + 4 * DAY) is None
    twice = told(SLOT, snoozed(), snoozed(again, until=NOW + 6 * DAY), owed=(*owed, again), at=NOW + 6 * DAY)
    assert twice == f"{SLOT.key}:again:2"


def test_a_key_that_looks_like_that_of_another_telling_is_no_other_slot_s() -> None:
    """Nothing is read out of a key: what a thing is called may hold anything."""
    odd, plain = replace(SLOT, key="certificate:x:again:1"), replace(SLOT, key="certificate:x")
    assert told(odd, snoozed(odd.key), owed=(odd.key,), at=NOW + 3 * DAY) == f"{odd.key}:again:1"
    assert told(plain, snoozed(odd.key), owed=(odd.key,), at=NOW + 3 * DAY) == plain.key


def test_a_message_carries_the_slot_that_it_tells_however_often_it_was_put_off() -> None:
    for answers in ((), (snoozed(),)):
        found = to_tell(SLOT, answers, lambda key: False, NOW + 3 * DAY)
        assert found is not None
        assert found.offer.slot == SLOT.key


def test_a_nearer_distance_waits_for_the_end_of_the_snooze_and_is_then_told_instead() -> None:
    assert told(NEXT, snoozed(), owed=(SLOT.key,)) is None
    assert told(NEXT, snoozed(), owed=(SLOT.key,), at=NOW + 3 * DAY) == NEXT.key


def test_what_is_done_is_never_told_again() -> None:
    assert told(SLOT, done(), at=NOW + 300 * DAY) is None
    assert told(NEXT, snoozed(), done(NEXT.key), at=NOW + 300 * DAY) is None


def test_a_reminder_carries_the_buttons_that_would_be_taken() -> None:
    def buttons(slot: Slot, *answers: ReminderAnswer, at: datetime = NOW) -> tuple[int | None, bool]:
        found = to_tell(slot, answers, lambda key: False, at)
        assert found is not None
        return found.offer.snooze, found.offer.done

    assert buttons(SLOT) == (3, False)
    assert buttons(SLOT, at=NOW + 27 * DAY) == (None, False)
    twice = (snoozed(), snoozed("certificate:x:30:again:1", until=NOW + 6 * DAY))
    assert buttons(NEXT, *twice, at=NOW + 16 * DAY) == (None, False)
    assert buttons(Slot("freshness:d", Freshness(warning=""), series="freshness:d")) == (7, True)
    assert buttons(Slot("ending:e:7", Ending(request=7, end=EXPIRES, days=7))) == (None, False)


def refusal(
    said: AnyAnnouncement | None,
    key: str,
    answers: Sequence[ReminderAnswer],
    reply: ReminderReply,
    *,
    now: datetime = NOW,
    series: str = SLOT.series,
    ends: datetime = EXPIRES,
) -> str | None:
    return snooze.refusal(said, Offer(series=series, ends=ends), key, answers, reply, now=now)


def test_every_reminder_is_tried_here() -> None:
    assert {type(said) for said in SNOOZABLE} == {each for each in REMINDERS if each.snooze_days}
    assert {type(said) for said in GUARDING} >= {each for each in REMINDERS if not each.snooze_days}


@pytest.mark.parametrize("reply", list(ReminderReply))
@pytest.mark.parametrize("said", [*GUARDING, None], ids=lambda said: said.kind if said else "no announcement")
def test_what_guards_the_tenant_cannot_be_silenced(
    said: AnyAnnouncement | None, reply: ReminderReply
) -> None:
    assert refusal(said, "k", (), reply) == GUARDS
    assert refusal(WEEKLY, "k", (), reply, series="") == GUARDS


@pytest.mark.parametrize("said", SNOOZABLE, ids=kind)
def test_a_series_is_put_off_so_often_and_no_oftener(said: AnyAnnouncement) -> None:
    answers: list[ReminderAnswer] = []
    for turn in range(SNOOZES):
        assert refusal(said, f"k{turn}", answers, ReminderReply.SNOOZED) is None
        answers.append(snoozed(f"k{turn}"))
    assert says("as_often_as_it_goes") in str(refusal(said, "k9", answers, ReminderReply.SNOOZED))


MILESTONE = MilestoneAhead(display="", effect="", notice="")


def test_one_message_takes_one_answer() -> None:
    assert refusal(MILESTONE, SLOT.key, [snoozed(person="U0CAROL")], ReminderReply.DONE) == (
        says("u0carol_has_put_this_reminder_off_already")
    )
    assert says("has_called_this_done_already") in str(
        refusal(MILESTONE, "other", [done()], ReminderReply.SNOOZED)
    )


def test_nothing_is_put_off_beyond_what_it_is_about() -> None:
    close = NOW + 3 * DAY
    assert says("cannot_be_put_off_any_more") in str(
        refusal(MILESTONE, "k", (), ReminderReply.SNOOZED, ends=close)
    )
    before = NOW - timedelta(microseconds=1)
    assert refusal(MILESTONE, "k", (), ReminderReply.SNOOZED, ends=close, now=before) is None
    assert refusal(MILESTONE, "k", (), ReminderReply.DONE, ends=close) is None


@pytest.mark.parametrize("said", [WEEKLY, *SNOOZABLE[2:4], SNOOZABLE[5]], ids=kind)
def test_what_ends_only_with_its_cause_is_not_done_by_a_word(said: AnyAnnouncement) -> None:
    assert refusal(said, "k", (), ReminderReply.DONE) == NOT_DONE
