"""24:00 of the chosen day, in zones that skip, repeat or move midnight; the maximum counts from the
submission."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.policy.days import (
    default_day,
    end_of_day,
    last_day,
    latest_day,
    local_day,
    read_instant,
    spelled_end,
    spelled_instant,
)
from tests.sentences import says

ENDS = [
    ("UTC", date(2026, 12, 31), "2027-01-01T00:00:00"),
    ("UTC", date(2028, 2, 28), "2028-02-29T00:00:00"),
    ("UTC", date(2028, 2, 29), "2028-03-01T00:00:00"),
    ("UTC", date(2027, 2, 28), "2027-03-01T00:00:00"),
    ("Europe/Berlin", date(2026, 12, 31), "2026-12-31T23:00:00"),
    ("Europe/Berlin", date(2027, 3, 27), "2027-03-27T23:00:00"),
    ("Europe/Berlin", date(2027, 3, 28), "2027-03-28T22:00:00"),
    ("Europe/Berlin", date(2026, 10, 25), "2026-10-25T23:00:00"),
    ("America/New_York", date(2027, 3, 13), "2027-03-14T05:00:00"),
    ("America/New_York", date(2027, 3, 14), "2027-03-15T04:00:00"),
    ("America/New_York", date(2026, 11, 1), "2026-11-02T05:00:00"),
    ("Australia/Lord_Howe", date(2026, 10, 3), "2026-10-03T13:30:00"),
    ("Australia/Lord_Howe", date(2026, 10, 4), "2026-10-04T13:00:00"),
    ("Australia/Lord_Howe", date(2027, 4, 4), "2027-04-04T13:30:00"),
    ("Africa/Cairo", date(2026, 4, 23), "2026-04-23T22:00:00"),
    ("Africa/Cairo", date(2026, 4, 24), "2026-04-24T21:00:00"),
    ("Pacific/Kiritimati", date(2026, 12, 31), "2026-12-31T10:00:00"),
]


@pytest.mark.parametrize(("zone", "day", "instant"), ENDS, ids=str)
def test_a_window_ends_at_24_00_of_the_chosen_day(zone: str, day: date, instant: str) -> None:
    end = end_of_day(day, ZoneInfo(zone))
    assert end == datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert end.tzinfo is UTC


def test_where_midnight_is_skipped_the_window_ends_when_the_clock_jumps() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    end = end_of_day(date(2026, 4, 23), cairo)
    assert (end - timedelta(seconds=1)).astimezone(cairo).hour == 23
    assert end.astimezone(cairo).hour == 1


@pytest.mark.parametrize(("zone", "day", "instant"), ENDS, ids=str)
def test_the_last_day_of_a_window_is_the_chosen_one(zone: str, day: date, instant: str) -> None:
    assert last_day(end_of_day(day, ZoneInfo(zone)), ZoneInfo(zone)) == day


ZONES = st.sampled_from([ZoneInfo(zone) for zone in sorted({zone for zone, _, _ in ENDS})])
INSTANTS = st.timedeltas(timedelta(), timedelta(days=5 * 365)).map(
    lambda since: datetime(2026, 1, 1, tzinfo=UTC) + since
)
WINDOWS = st.integers(2, 400).map(lambda days: timedelta(days=days))


@given(INSTANTS, WINDOWS, ZONES)
def test_the_latest_day_ends_within_the_maximum_and_the_next_one_does_not(
    now: datetime, longest: timedelta, zone: ZoneInfo
) -> None:
    latest = latest_day(now, longest, zone)
    assert end_of_day(latest, zone) <= now + longest
    assert end_of_day(latest + timedelta(days=1), zone) > now + longest


@given(INSTANTS, WINDOWS, WINDOWS, ZONES)
def test_the_proposed_day_is_never_over_and_never_beyond_the_maximum(
    now: datetime, proposed: timedelta, longest: timedelta, zone: ZoneInfo
) -> None:
    day = default_day(now, proposed, longest, zone)
    assert local_day(now, zone) <= day <= latest_day(now, longest, zone)


def test_an_extension_is_proposed_the_default_window_longer_than_the_opt_in_runs_already() -> None:
    now, month, utc = datetime(2026, 11, 23, 12, tzinfo=UTC), timedelta(days=30), ZoneInfo("UTC")
    for runs_until, proposed in [
        (date(2026, 12, 25), date(2027, 1, 24)),
        (date(2027, 2, 1), date(2027, 2, 20)),  # the maximum
        (date(2026, 11, 20), date(2026, 12, 23)),  # overdue: from now on
    ]:
        end = end_of_day(runs_until, utc)
        assert default_day(now, month, timedelta(days=90), utc, runs_until=end) == proposed


def test_the_maximum_counts_from_the_submission_and_not_from_the_day() -> None:
    morning, evening = datetime(2026, 11, 23, 0, 0, tzinfo=UTC), datetime(2026, 11, 23, 23, 59, tzinfo=UTC)
    utc = ZoneInfo("UTC")
    assert latest_day(morning, timedelta(days=30), utc) == date(2026, 12, 22)
    assert latest_day(evening, timedelta(days=30), utc) == date(2026, 12, 22)
    assert latest_day(evening + timedelta(minutes=1), timedelta(days=30), utc) == date(2026, 12, 23)


@given(INSTANTS, ZONES)
def test_today_can_always_be_chosen_however_short_the_maximum(now: datetime, zone: ZoneInfo) -> None:
    assert latest_day(now, timedelta(minutes=1), zone) == local_day(now, zone)


@given(INSTANTS)
def test_an_instant_in_a_kept_sentence_is_read_back_to_the_minute(at: datetime) -> None:
    assert read_instant(spelled_instant(at)) == at.replace(second=0, microsecond=0)


def test_an_end_that_was_chosen_under_another_zone_is_said_with_its_hour() -> None:
    end = end_of_day(date(2026, 12, 28), ZoneInfo("Europe/Berlin"))
    assert spelled_end(end, ZoneInfo("Europe/Berlin")) == says("24_00_of_28_december_2026_europe")
    assert spelled_end(end, ZoneInfo("UTC")) == says("23_00_of_28_december_2026_utc")
    assert spelled_end(end, ZoneInfo("Asia/Tokyo")) == says("08_00_of_29_december_2026_asia")
