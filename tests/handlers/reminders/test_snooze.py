"""Which reminders may be put off or called done, how often and for how long, and what is told afterwards."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.reminders import snooze
from handlers.reminders.schedule import Slot
from handlers.reminders.snooze import GUARDS, NOT_DONE, SNOOZE_DAYS, SNOOZES, refusal, to_tell
from storage.records import ReminderAnswer, ReminderReply
from tests.sentences import says

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
DAY = timedelta(days=1)
SLOT = Slot("certificate:x:30", "certificate", {"expires": "x"}, series="certificate:x", ends=NOW + 30 * DAY)
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
        assert found.facts["slot"] == SLOT.key


def test_a_nearer_distance_waits_for_the_end_of_the_snooze_and_is_then_told_instead() -> None:
    assert told(NEXT, snoozed(), owed=(SLOT.key,)) is None
    assert told(NEXT, snoozed(), owed=(SLOT.key,), at=NOW + 3 * DAY) == NEXT.key


def test_what_is_done_is_never_told_again() -> None:
    assert told(SLOT, done(), at=NOW + 300 * DAY) is None
    assert told(NEXT, snoozed(), done(NEXT.key), at=NOW + 300 * DAY) is None


def test_a_reminder_carries_the_buttons_that_would_be_taken() -> None:
    def buttons(slot: Slot, *answers: ReminderAnswer, at: datetime = NOW) -> tuple[str, str]:
        found = to_tell(slot, answers, lambda key: False, at)
        assert found is not None
        return found.facts.get("snooze", ""), found.facts.get("done", "")

    assert buttons(SLOT) == ("3", "")
    assert buttons(SLOT, at=NOW + 27 * DAY) == ("", "")
    twice = (snoozed(), snoozed("certificate:x:30:again:1", until=NOW + 6 * DAY))
    assert buttons(NEXT, *twice, at=NOW + 16 * DAY) == ("", "")
    assert buttons(Slot("freshness:d", "freshness", series="freshness:d")) == ("7", "yes")
    assert buttons(Slot("ending:e:7", "ending")) == ("", "")


def facts(what: str = "milestone", **changed: str) -> dict[str, str]:
    return {"what": what, "series": SLOT.series, "ends": (NOW + 30 * DAY).isoformat()} | changed


@pytest.mark.parametrize("reply", list(ReminderReply))
@pytest.mark.parametrize("what", ["ending", "nudge", "unreadable", "first_sight", "correction", "head", "rule"])
def test_what_guards_the_tenant_cannot_be_silenced(what: str, reply: ReminderReply) -> None:
    assert refusal(facts(what), "k", (), reply, now=NOW) == GUARDS
    assert refusal(facts("weekly", series=""), "k", (), reply, now=NOW) == GUARDS


@pytest.mark.parametrize("what", sorted(SNOOZE_DAYS))
def test_a_series_is_put_off_so_often_and_no_oftener(what: str) -> None:
    answers: list[ReminderAnswer] = []
    for turn in range(SNOOZES):
        assert refusal(facts(what), f"k{turn}", answers, ReminderReply.SNOOZED, now=NOW) is None
        answers.append(snoozed(f"k{turn}"))
    assert says("as_often_as_it_goes") in str(refusal(facts(what), "k9", answers, ReminderReply.SNOOZED, now=NOW))


def test_one_message_takes_one_answer() -> None:
    assert refusal(facts(), SLOT.key, [snoozed(person="U0CAROL")], ReminderReply.DONE, now=NOW) == (
        says("u0carol_has_put_this_reminder_off_already")
    )
    assert says("has_called_this_done_already") in str(refusal(facts(), "other", [done()], ReminderReply.SNOOZED, now=NOW))


def test_nothing_is_put_off_beyond_what_it_is_about() -> None:
    close = facts(ends=(NOW + 3 * DAY).isoformat())
    assert says("cannot_be_put_off_any_more") in str(refusal(close, "k", (), ReminderReply.SNOOZED, now=NOW))
    assert refusal(close, "k", (), ReminderReply.SNOOZED, now=NOW - timedelta(microseconds=1)) is None
    assert refusal(close, "k", (), ReminderReply.DONE, now=NOW) is None


@pytest.mark.parametrize("what", sorted(set(SNOOZE_DAYS) - snooze.MAY_BE_DONE))
def test_what_ends_only_with_its_cause_is_not_done_by_a_word(what: str) -> None:
    assert refusal(facts(what), "k", (), ReminderReply.DONE, now=NOW) == NOT_DONE
