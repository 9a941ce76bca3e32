"""Answering a reminder over a real ledger: who may, what is recorded, who reads it, and what comes of a
second click."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.delivery.deliver import PUBLIC
from handlers.ports import Unavailable
from handlers.reminders.remind import Reminders
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, ERIN, House
from tests.handlers.fakes import CHANNEL
from tests.handlers.saying import announcement
from tests.sentences import says

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def reminded(both: House) -> House:
    """An opt-in of thirty days by Alice; a week later the bot has asked whether the last old device is
    gone."""
    both.clock.at = MONDAY
    both.observe()
    number = both.ask(ALICE, day=MONDAY.date() + 30 * DAY).id
    both.approve(BOB, number)
    both.work()
    both.clock.at += 7 * DAY
    look(both)
    return both


def look(house: House) -> list[str]:
    """One look of the lane that reminds; returns what kinds it had posted."""
    before = len(house.board.announced)
    Reminders(house.context).run()
    house.deliver()
    return [facts["what"] for facts in house.board.announced[before:]]


def posted(house: House, what: str = "weekly") -> Any:
    """The newest posted reminder of a kind, as a row."""
    return next(row for row in reversed(house.owed("channel")) if row.key.startswith(what))


def press(house: House, button: str, person: str, what: str = "weekly") -> str:
    row = posted(house, what)
    house.press(button, person, row.id, ts=row.posted_ts)
    return house.answer(person)


def shown(house: House) -> str:
    """The message as it was last drawn again."""
    place, facts = house.board.drawn_again[-1]
    assert place.channel == CHANNEL
    return str([block.to_dict() for block in announcement(facts, house.context.zone).blocks])


def test_whoever_puts_a_reminder_off_is_named_on_it_and_on_record(reminded: House) -> None:
    assert press(reminded, "snooze", BOB) == (says("this_reminder_is_put_off_until_14"))
    assert says("put_off_by_until", person=BOB) in shown(reminded)
    assert "Snooze" not in shown(reminded)
    assert says("opt_out_now") in shown(reminded)
    (event,) = reminded.events("reminder_answered")
    assert event.actor == BOB
    assert event.payload["reply"] == "snoozed"
    assert event.payload["until"] == "2026-12-14T10:00:00.000000Z"
    assert event.payload["key"] == posted(reminded).key


def test_what_is_put_off_to_a_night_or_weekend_is_said_to_come_when_work_begins_again(
    reminded: House,
) -> None:
    reminded.clock.at += timedelta(hours=9)  # late on a Monday
    assert says("put_off_until_15_december_2026_09") in press(reminded, "snooze", BOB)
    (event,) = reminded.events("reminder_answered")
    assert event.payload["until"] == "2026-12-15T09:00:00.000000Z"


def test_the_weekly_question_cannot_be_put_off_past_the_end_of_the_window(reminded: House) -> None:
    reminded.clock.at += 14 * DAY
    look(reminded)
    facts = [facts for facts in reminded.board.announced if facts["what"] == "weekly"][-1]
    assert "snooze" not in facts
    assert says("what_this_is_about_comes_before_14") in press(reminded, "snooze", BOB)


def test_nothing_of_the_series_is_told_until_then_and_the_end_is_told_all_the_same(reminded: House) -> None:
    press(reminded, "snooze", BOB)
    first: dict[str, int] = {}
    for day in range(8, 32):
        reminded.clock.at = MONDAY + day * DAY
        reminded.work()
        first = dict.fromkeys(look(reminded), day) | first
    assert (first["weekly"], first["ending"]) == (21, 24)


def test_a_second_click_is_told_who_was_first_and_the_message_is_drawn_again(reminded: House) -> None:
    press(reminded, "snooze", BOB)
    drawn = len(reminded.board.drawn_again)
    assert press(reminded, "snooze", ALICE) == says("has_put_this_reminder_off_already", person=BOB)
    assert len(reminded.board.drawn_again) > drawn
    assert len(reminded.events("reminder_answered")) == 1
    assert [event.actor for event in reminded.events("refused")] == [ALICE]


def test_a_copy_of_the_message_that_is_touched_is_drawn_too(reminded: House) -> None:
    row = posted(reminded)
    reminded.press("snooze", BOB, row.id, ts="1763899200.777777")
    reminded.deliver()
    assert {place.ts for place, _ in reminded.board.drawn_again} == {row.posted_ts, "1763899200.777777"}


@pytest.mark.parametrize("button", ["snooze", "done"])
def test_who_is_neither_operator_nor_approver_is_told_why_not(reminded: House, button: str) -> None:
    assert press(reminded, button, ERIN) == says("you_are_not_an_operator_or_approver_ask_one")
    assert reminded.events("reminder_answered") == []
    assert reminded.board.drawn_again == []


ARCHIVED = Unavailable("The channel is archived.", mend="Unarchive it.", retryable=False)


def test_a_redraw_that_nobody_can_mend_is_given_up(reminded: House) -> None:
    reminded.board.fail("announce", Unavailable("Slack refused the call (msg_too_long).", retryable=False))
    press(reminded, "snooze", BOB)
    assert [row.problem for row in reminded.owed("reminder")] == [says("slack_refused_the_call_msg_too_long")]
    assert reminded.outbox.problem(PUBLIC) is None


def test_a_redraw_in_a_channel_that_was_archived_is_owed_until_it_gets_through_or_the_bot_moves(
    reminded: House,
) -> None:
    row = posted(reminded)
    reminded.board.fail("announce", *[ARCHIVED] * 3)
    reminded.press("snooze", BOB, row.id, ts=row.posted_ts)
    for _ in range(2):
        reminded.deliver()
        reminded.clock.advance(minutes=1)
    assert reminded.outbox.problem(PUBLIC) == says("the_channel_is_archived")
    reminded.start(replace(reminded.context.rule, channel="C0NEW"))
    reminded.deliver()
    reminded.clock.advance(minutes=1)
    reminded.deliver()
    assert reminded.board.drawn_again == []
    assert reminded.outbox.problem(PUBLIC) is None
    assert reminded.outbox.oldest_owed(reminded.clock.at) is None


def test_what_still_goes_on_is_not_done_by_a_word(reminded: House) -> None:
    assert says("calling_this_done_does_not_end_it") in press(reminded, "done", BOB)


def test_the_end_of_the_window_cannot_be_put_off(reminded: House) -> None:
    reminded.clock.at = MONDAY + 25 * DAY
    assert "ending" in look(reminded)
    assert says("guards_the_tenant") in press(reminded, "snooze", BOB, "ending")
    assert says("guards_the_tenant") in press(reminded, "done", BOB, "ending")


def test_an_opt_in_without_an_end_cannot_be_put_off(house: House) -> None:
    house.clock.at = MONDAY
    house.observe()
    house.tenant.value = SettingValue.OPTED_IN
    house.clock.advance(minutes=30)
    house.observe()
    house.clock.at += 8 * DAY
    assert "weekly" in look(house)
    assert says("guards_the_tenant") in press(house, "snooze", BOB)


def test_old_dates_that_are_done_with_are_not_told_again(house: House) -> None:
    house.clock.at = datetime(2027, 6, 7, 10, tzinfo=UTC)
    assert "freshness" in look(house)
    assert says("is_done_and_is_not_told_again") in press(house, "done", CAROL, "freshness")
    assert says("done_says", person=CAROL) in shown(house)
    house.clock.at += 60 * DAY
    assert "freshness" not in look(house)


def test_a_number_that_nobody_owes_is_answered(house: House) -> None:
    house.press("snooze", BOB, 4711, ts="1763899200.777777")
    assert house.answer(BOB) == says("the_bot_knows_no_such_reminder_any")


def test_a_redelivered_click_is_taken_once(reminded: House) -> None:
    row = posted(reminded)
    for _ in range(2):
        reminded.press("snooze", BOB, row.id, ts=row.posted_ts, at=reminded.clock.at)
    assert len(reminded.events("reminder_answered")) == 1
    assert len([text for text in reminded.answers(BOB) if says("put_off_until") in text]) == 1


def test_what_was_owed_already_when_its_series_was_put_off_is_not_told(reminded: House) -> None:
    reminded.clock.at += 7 * DAY
    row = posted(reminded)
    Reminders(reminded.context).run()
    reminded.press("snooze", BOB, row.id, ts=row.posted_ts)
    assert "weekly" not in look(reminded)
