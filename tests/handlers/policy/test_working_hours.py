"""What is asked for stays open until working hours end on the next working day, in the configured zone."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.policy.working_hours import Hours, expiry_of, in_working_hours
from storage.lifecycle import State
from tests.handlers.driver import ALICE, BOB, RULE, House

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
HOURS = Hours(time(8), time(16, 30))


def in_berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("asked", "expires"),
    [
        ("2026-11-27T16:00", "2026-11-30T17:00"),  # Friday afternoon: Monday evening
        ("2026-11-27T00:00", "2026-11-30T17:00"),
        ("2026-11-28T12:00", "2026-11-30T17:00"),  # Saturday and Sunday
        ("2026-11-29T23:59", "2026-11-30T17:00"),
        ("2026-11-30T00:00", "2026-12-01T17:00"),  # Monday, before and after working hours
        ("2026-11-30T17:00", "2026-12-01T17:00"),
        ("2026-11-30T23:59", "2026-12-01T17:00"),
        ("2026-03-27T16:00", "2026-03-30T17:00"),  # over a change of the clocks
        ("2026-12-31T16:00", "2027-01-01T17:00"),  # holidays are not known
    ],
)
def test_a_request_lapses_when_working_hours_end_on_the_next_working_day(asked: str, expires: str) -> None:
    assert expiry_of(in_berlin(asked), None, BERLIN) == in_berlin(expires)


def test_the_working_hours_of_the_settings_and_the_day_of_their_zone_count() -> None:
    asked = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)  # Saturday in Berlin, Friday in New York
    assert expiry_of(asked, None, BERLIN, HOURS) == datetime(2026, 11, 30, 15, 30, tzinfo=UTC)
    assert expiry_of(asked, None, NEW_YORK, HOURS) == datetime(2026, 11, 30, 21, 30, tzinfo=UTC)


def test_a_duration_counts_every_hour_as_before() -> None:
    assert expiry_of(in_berlin("2026-11-27T16:00"), timedelta(hours=24), BERLIN) == in_berlin(
        "2026-11-28T16:00"
    )


@given(st.integers(0, 15 * 365 * 24 * 60), st.sampled_from([BERLIN, NEW_YORK, ZoneInfo("UTC")]))
def test_there_is_always_a_whole_working_day_to_decide_and_never_more_than_four_days(
    minutes: int, zone: ZoneInfo
) -> None:
    asked = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    expires = expiry_of(asked, None, zone, HOURS)
    opens = datetime.combine(expires.astimezone(zone).date(), HOURS.opens, tzinfo=zone)
    assert asked < opens < expires <= asked + timedelta(days=4)
    assert in_working_hours(expires - timedelta(microseconds=1), zone, HOURS)
    assert not in_working_hours(expires, zone, HOURS)


def test_what_is_asked_on_friday_afternoon_can_be_approved_on_monday_and_is_said_so(house: House) -> None:
    house.start(replace(RULE, request_ttl=None))
    house.clock.at = datetime(2026, 11, 27, 16, tzinfo=UTC)
    request = house.ask(ALICE, day=date(2026, 12, 20))
    assert request.expires_at == datetime(2026, 11, 30, 17, tzinfo=UTC)
    house.clock.at = datetime(2026, 11, 30, 16, 59, tzinfo=UTC)
    assert house.requests()[0].state is State.PENDING
    house.approve(BOB, request.id)
    assert house.request(request.id).state is State.APPROVED


def test_at_the_end_of_working_hours_it_lapses(house: House) -> None:
    house.start(replace(RULE, request_ttl=None))
    request = house.ask(ALICE)
    assert request.expires_at is not None
    house.clock.at = request.expires_at
    house.approve(BOB, request.id)
    assert house.request(request.id).state is State.EXPIRED


def test_a_window_that_ends_before_ends_the_request_with_it(house: House) -> None:
    house.start(replace(RULE, request_ttl=None))
    request = house.ask(ALICE, day=house.clock.at.date())
    assert request.expires_at == request.window_end
