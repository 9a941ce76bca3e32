"""Working hours follow the people and their clocks, and an opening is found before and after every
instant."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.policy import working_hours
from tests.handlers.outgoing.test_reminders_due import (
    BERLIN,
    CAIRO,
    DAY,
    HOUR,
    LORD_HOWE,
    MINUTE,
    NEW_YORK,
    UTC_ZONE,
    ZONES,
)


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_working_hours_are_nine_to_five_on_weekdays_where_the_readers_are(zone: ZoneInfo) -> None:
    monday = date(2026, 11, 23)
    for ahead in range(14):
        day = monday + ahead * DAY
        for clock, inside in (
            (time(8, 59, 59), False),
            (time(9), True),
            (time(16, 59, 59), True),
            (time(17), False),
            (time(0), False),
        ):
            now = datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
            assert working_hours.in_working_hours(now, zone) is (inside and day.weekday() < 5), now


@pytest.mark.parametrize(
    ("zone", "sunday"),
    [
        (BERLIN, date(2026, 3, 29)), (BERLIN, date(2026, 10, 25)), (NEW_YORK, date(2026, 3, 8)),
        (NEW_YORK, date(2026, 11, 1)), (LORD_HOWE, date(2026, 4, 5)), (LORD_HOWE, date(2026, 10, 4)),
        (CAIRO, date(2026, 4, 24)), (CAIRO, date(2026, 10, 30)),
    ],
    ids=str,
)  # fmt: skip
def test_a_changed_clock_moves_working_hours_with_the_people(zone: ZoneInfo, sunday: date) -> None:
    """Before and after the change eight hours are open on a weekday, whatever UTC says."""
    for day in (sunday - 7 * DAY, sunday - 3 * DAY, sunday, sunday + 4 * DAY):
        start = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
        open_minutes = sum(
            working_hours.in_working_hours(start + minute * 15 * MINUTE, zone) for minute in range(100)
        )
        assert open_minutes == (32 if day.weekday() < 5 else 0)


@given(minutes=st.integers(0, 20 * 365 * 1440), zone=st.sampled_from(ZONES))
def test_the_last_opening_before_an_instant_is_a_working_morning_and_the_last(
    minutes: int, zone: ZoneInfo
) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + minutes * MINUTE
    opening = working_hours.last_opening(now, zone)
    assert opening < now
    assert working_hours.in_working_hours(opening, zone)
    assert opening.astimezone(zone).time() == working_hours.NINE_TO_FIVE.opens
    assert now - opening <= 4 * DAY
    tomorrow = opening.astimezone(zone).date() + DAY
    days = (tomorrow + ahead * DAY for ahead in range(5))
    openings = (
        datetime.combine(day, working_hours.NINE_TO_FIVE.opens, tzinfo=zone)
        for day in days
        if day.weekday() < 5
    )
    assert next(openings) >= now


def test_other_hours_are_kept_to_the_minute() -> None:
    early = working_hours.Hours(time(6, 30), time(7))
    day = datetime(2026, 11, 23, tzinfo=UTC)
    inside = [
        minute
        for minute in range(1440)
        if working_hours.in_working_hours(day + minute * MINUTE, UTC_ZONE, early)
    ]
    assert (inside[0], inside[-1], len(inside)) == (390, 419, 30)
    assert working_hours.last_opening(day, UTC_ZONE, early) == datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def test_nobody_is_at_work_between_friday_night_and_sunday() -> None:
    friday = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
    assert working_hours.expires_unseen(friday, friday + 24 * HOUR, UTC_ZONE)
    assert not working_hours.expires_unseen(friday, friday + 72 * HOUR, UTC_ZONE)
    assert not working_hours.expires_unseen(friday - 2 * HOUR, friday + 24 * HOUR, UTC_ZONE)
