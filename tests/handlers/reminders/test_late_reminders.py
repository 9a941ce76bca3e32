"""What was owed and could not be posted in time: told in working hours, once, and only while it still
holds."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.policy import working_hours
from handlers.ports import Unavailable
from handlers.reminders.remind import Reminders
from storage.lifecycle import State
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.outgoing.test_reminders_due import ZONES

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
AWAY = Unavailable("Slack could not be reached.")


@pytest.fixture
def opted_in(house: House) -> House:
    house.clock.at = MONDAY
    house.observe()
    number = house.ask(ALICE, day=MONDAY.date() + 60 * DAY).id
    house.approve(BOB, number)
    house.work()
    house.board.announced.clear()
    return house


def look(house: House) -> list[str]:
    """One look of the lane that reminds, and one of the lane that posts; returns the kinds that were
    posted."""
    before = len(house.board.announced)
    Reminders(house.context).run()
    house.deliver()
    return [facts["what"] for facts in house.board.announced[before:]]


def silence(house: House, days: int) -> None:
    """Slack cannot be reached for so many days, while the bot goes on looking at ten and at three."""
    for _ in range(days * 2):
        house.board.fail("announce", *[AWAY] * 16)
        house.clock.at += timedelta(hours=5 if house.clock.at.hour == 10 else 19)
        look(house)
        house.board.trouble.clear()


def test_what_fails_before_five_is_posted_at_nine_and_not_at_night(opted_in: House) -> None:
    opted_in.clock.at = datetime(2026, 11, 30, 16, 59, tzinfo=UTC)
    opted_in.board.fail("announce", *[AWAY] * 4)
    assert look(opted_in) == []
    opted_in.board.trouble.clear()
    for minutes in range(2, 16 * 60 + 1):
        opted_in.clock.at = datetime(2026, 11, 30, 16, 59, tzinfo=UTC) + timedelta(minutes=minutes)
        opted_in.deliver()
        assert opted_in.board.announced == []
    opted_in.clock.at = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    opted_in.deliver()
    assert [facts["what"] for facts in opted_in.board.announced].count("weekly") == 1


def test_what_cannot_wait_is_posted_at_night(house: House) -> None:
    house.clock.at = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
    house.tenant.value = SettingValue.OPTED_IN
    house.observe()
    house.deliver()
    assert [facts["what"] for facts in house.board.announced] == ["first_sight"]


def test_after_four_silent_weeks_there_is_one_of_each_and_not_one_a_week(opted_in: House) -> None:
    silence(opted_in, 28)
    opted_in.clock.at = datetime(2026, 12, 22, 10, 0, tzinfo=UTC)
    assert len([row for row in opted_in.owed("channel") if row.key.startswith("weekly")]) == 4
    assert opted_in.board.announced == []
    told = look(opted_in)
    assert told.count("weekly") == 1
    assert told.count("head") <= 1
    about = [
        facts["slot"].rsplit(":", 1)[0] for facts in opted_in.board.announced if facts["what"] == "milestone"
    ]
    assert len(set(about)) == len(about)
    (weekly,) = [facts for facts in opted_in.board.announced if facts["what"] == "weekly"]
    assert weekly["slot"].endswith(":4")
    assert look(opted_in) == []
    opted_in.clock.advance(hours=1)
    assert look(opted_in) == []
    assert [row.key for row in opted_in.owed("channel") if row.delivered_at is None] == []


def test_the_end_that_was_owed_at_seven_days_counts_the_days_that_are_left(opted_in: House) -> None:
    opted_in.clock.at = datetime(2027, 1, 18, 10, 0, tzinfo=UTC)
    opted_in.board.fail("announce", *[AWAY] * 16)
    look(opted_in)
    opted_in.board.trouble.clear()
    opted_in.clock.at = datetime(2027, 1, 20, 10, 0, tzinfo=UTC)
    opted_in.deliver()
    (ending,) = [facts for facts in opted_in.board.announced if facts["what"] == "ending"]
    assert ending["days"] == "3"


def test_what_has_passed_meanwhile_is_not_told(opted_in: House) -> None:
    opted_in.clock.at = MONDAY + 7 * DAY
    opted_in.board.fail("announce", *[AWAY] * 16)
    look(opted_in)
    opted_in.board.trouble.clear()
    opted_in.opt_out(BOB)
    opted_in.clock.advance(minutes=5)
    opted_in.work()
    assert opted_in.tenant.value is SettingValue.OPTED_OUT
    assert "weekly" not in [facts["what"] for facts in opted_in.board.announced]


def test_a_nudge_for_what_is_decided_meanwhile_is_not_told(house: House) -> None:
    house.clock.at = MONDAY.replace(hour=9)
    number = house.ask(ALICE).id
    house.deliver()
    house.clock.at = MONDAY.replace(hour=15)
    house.board.fail("announce", *[AWAY] * 4)
    look(house)
    house.board.trouble.clear()
    house.reject(BOB, number)
    house.clock.advance(minutes=5)
    house.deliver()
    assert house.request(number).state is State.REJECTED
    assert "nudge" not in [facts["what"] for facts in house.board.announced]


@given(minutes=st.integers(0, 20 * 365 * 1440), zone=st.sampled_from(ZONES))
def test_the_next_opening_is_a_working_morning_and_the_first(minutes: int, zone: ZoneInfo) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    opening = working_hours.next_opening(now, zone)
    assert opening > now
    assert working_hours.in_working_hours(opening, zone)
    assert opening.astimezone(zone).time() == working_hours.NINE_TO_FIVE.opens
    assert working_hours.last_opening(opening, zone) <= now
