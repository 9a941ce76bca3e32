"""Which reminders are due at an instant, purely: none too early, none too late, each under one key for
ever."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.calendar import load_packaged
from handlers.calendar.milestone import Milestone, Precision
from handlers.outgoing.reminders import Head, MilestoneAhead, Slot
from handlers.policy.days import end_of_day
from handlers.policy.working_hours import in_working_hours
from handlers.slack.views.reminders import words
from storage.records import Baseline, MailProtocol, SettingValue
from tests.handlers.outgoing import schedule
from tests.sentences import says

UTC_ZONE, BERLIN, NEW_YORK = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE, CAIRO = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Africa/Cairo")
ZONES = [UTC_ZONE, BERLIN, NEW_YORK, LORD_HOWE, CAIRO]
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
EVERY = tuple(MailProtocol)

CALENDAR = load_packaged()


def baseline(
    *,
    since: datetime,
    end: datetime | None = None,
    value: SettingValue = SettingValue.OPTED_IN,
) -> Baseline:
    return Baseline(value=value, since=since, request_id=7, window_end=end)


def mornings(first: date, days: int, zone: ZoneInfo) -> Iterator[datetime]:
    """Ten o'clock on every day, as somebody in ``zone`` reads it."""
    for ahead in range(days):
        yield datetime.combine(first + ahead * DAY, time(10), tzinfo=zone).astimezone(UTC)


def due(of: Baseline, first: date, days: int, zone: ZoneInfo) -> dict[str, date]:
    """Every key that the window or the week owes in working hours, with the day on which it is first due."""
    found: dict[str, date] = {}
    for now in mornings(first, days, zone):
        slot = schedule.window(of, now, zone)
        if slot is not None and in_working_hours(now, zone):
            found.setdefault(
                slot.key.split(":")[0] + ":" + slot.key.rsplit(":", 1)[1], now.astimezone(zone).date()
            )
    return found


# The end of the window


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_window_is_recalled_seven_days_and_one_day_before_its_end(zone: ZoneInfo) -> None:
    """The window ends on Thursday, 24:00; both days are working days."""
    end = end_of_day(date(2026, 12, 17), zone)
    found = due(baseline(since=end - 30 * DAY, end=end), date(2026, 11, 17), 40, zone)
    assert found["ending:7"] == date(2026, 12, 11)
    assert found["ending:1"] == date(2026, 12, 17)


def test_the_boundaries_are_exact() -> None:
    end = end_of_day(date(2026, 12, 17), UTC_ZONE)
    of = baseline(since=end - 30 * DAY, end=end)

    def key(before: timedelta) -> str | None:
        slot = schedule.window_ending(of, end - before, UTC_ZONE)
        return slot.key.rsplit(":", 1)[1] if slot else None

    assert key(7 * DAY + timedelta(microseconds=1)) is None
    assert key(7 * DAY) == "7"
    assert key(DAY + timedelta(microseconds=1)) == "7"
    assert key(DAY) == "1"
    assert key(timedelta(microseconds=1)) == "1"
    assert key(timedelta()) is None
    assert key(-DAY) is None


@pytest.mark.parametrize(
    ("last", "recalled"), [(date(2026, 12, 19), date(2026, 12, 18)), (date(2026, 12, 20), date(2026, 12, 18))]
)
def test_a_window_that_ends_with_the_weekend_is_recalled_on_friday(last: date, recalled: date) -> None:
    end = end_of_day(last, BERLIN)
    found = due(baseline(since=end - 30 * DAY, end=end), date(2026, 12, 1), 30, BERLIN)
    assert found["ending:1"] == recalled


@pytest.mark.parametrize("zone", ZONES, ids=str)
@given(last=st.dates(date(2026, 1, 1), date(2030, 12, 31)))
def test_no_window_ends_without_a_last_word_in_working_hours(zone: ZoneInfo, last: date) -> None:
    end = end_of_day(last, zone)
    found = due(baseline(since=end - 30 * DAY, end=end), last - 12 * DAY, 14, zone)
    assert set(found) >= {"ending:7", "ending:1"}
    assert found["ending:7"] < found["ending:1"] <= last
    assert last - found["ending:1"] <= 2 * DAY


def test_the_days_left_are_counted_when_it_is_said_and_not_when_it_was_due() -> None:
    end = end_of_day(date(2026, 12, 17), UTC_ZONE)
    of = baseline(since=end - 30 * DAY, end=end)
    told = {
        days: schedule.window_ending(of, end - timedelta(hours=days * 24 - 10), UTC_ZONE)
        for days in range(1, 8)
    }
    assert {days: slot.said.days for days, slot in told.items() if slot} == {
        days: days for days in range(1, 8)
    }
    assert len({slot.key for slot in told.values() if slot}) == 2


@pytest.mark.parametrize(
    ("hour", "told"),
    [
        (datetime(2026, 12, 24, 9, 45, tzinfo=BERLIN), "ends in 2 days, on <!date^1798239600^"),
        (
            datetime(2026, 12, 25, 0, 0, tzinfo=BERLIN),
            "ends tonight, at 24:00 of 25 December 2026, Europe/Berlin (<!date^",
        ),
        (
            datetime(2026, 12, 25, 9, 45, tzinfo=BERLIN),
            "ends tonight, at 24:00 of 25 December 2026, Europe/Berlin (<!date^",
        ),
    ],
)
def test_the_last_day_of_a_window_is_told_as_tonight(hour: datetime, told: str) -> None:
    end = end_of_day(date(2026, 12, 25), BERLIN)
    slot = schedule.window_ending(baseline(since=end - 30 * DAY, end=end), hour.astimezone(UTC), BERLIN)
    assert slot is not None
    text = words(slot.said, BERLIN)
    assert told in text
    assert says("24_00_of_25_december_2026_europe") in text


def test_a_window_too_short_for_a_reminder_is_not_recalled_at_its_own_beginning() -> None:
    since = datetime(2026, 11, 23, 12, tzinfo=UTC)
    short = baseline(since=since, end=since + DAY)
    assert schedule.window_ending(short, since + HOUR, UTC_ZONE) is None
    week = baseline(since=since, end=since + 7 * DAY)
    assert schedule.window_ending(week, since + HOUR, UTC_ZONE) is None
    assert schedule.window_ending(week, since + 6 * DAY, UTC_ZONE) is not None


def test_another_end_is_another_reminder_and_the_same_end_is_the_same() -> None:
    since, first = datetime(2026, 11, 2, 8, tzinfo=UTC), end_of_day(date(2026, 12, 1), UTC_ZONE)
    second = first + 30 * DAY
    one, same = (
        schedule.window_ending(baseline(since=since, end=first), first - hours * HOUR, UTC_ZONE)
        for hours in (5, 6)
    )
    other = schedule.window_ending(baseline(since=since, end=second), second - 5 * HOUR, UTC_ZONE)
    assert one is not None
    assert same is not None
    assert other is not None
    assert one.key == same.key != other.key


@pytest.mark.parametrize("value", [SettingValue.OPTED_OUT, SettingValue.NOT_SET])
def test_who_is_not_opted_in_is_not_reminded(value: SettingValue) -> None:
    since = datetime(2026, 11, 2, 8, tzinfo=UTC)
    of = baseline(since=since, end=since + 30 * DAY, value=value)
    assert due(of, since.date(), 60, UTC_ZONE) == {}


def test_an_opt_in_without_an_end_is_never_said_to_end() -> None:
    since = datetime(2026, 11, 2, 8, tzinfo=UTC)
    found = due(baseline(since=since), since.date(), 60, UTC_ZONE)
    assert not any(key.startswith("ending") for key in found)


# Every week


def test_every_week_from_the_first_on_and_not_after_the_end() -> None:
    since = datetime(2026, 11, 2, 8, tzinfo=UTC)
    end = end_of_day(date(2026, 12, 31), UTC_ZONE)
    found = due(baseline(since=since, end=end), since.date(), 120, UTC_ZONE)
    weeks = {key: day for key, day in found.items() if key.startswith("weekly")}
    assert weeks == {f"weekly:{week}": date(2026, 11, 2) + week * 7 * DAY for week in range(1, 8)}
    assert max(found.values()) <= date(2026, 12, 31)


def test_the_last_week_belongs_to_the_end() -> None:
    """Within seven days of the end, the reminder of the end stands for that of the week."""
    since, end = datetime(2026, 11, 2, 8, tzinfo=UTC), end_of_day(date(2026, 12, 1), UTC_ZONE)
    found = due(baseline(since=since, end=end), since.date(), 60, UTC_ZONE)
    assert [key for key in found if key.startswith("weekly")] == ["weekly:1", "weekly:2", "weekly:3"]


def test_whoever_was_away_for_a_month_gets_one_reminder() -> None:
    since = datetime(2026, 11, 2, 8, tzinfo=UTC)
    slot = schedule.weekly(baseline(since=since), since + 31 * DAY)
    assert slot is not None
    assert slot.key.endswith(":4")


@given(seconds=st.integers(0, 400 * 86400), back=st.integers(0, 3600))
def test_a_clock_that_goes_back_an_hour_owes_nothing_that_was_not_owed_before(
    seconds: int, back: int
) -> None:
    since = datetime(2026, 11, 2, 8, tzinfo=UTC)
    of = baseline(since=since)
    now = since + timedelta(seconds=seconds)
    seen = {
        slot.key
        for moment in (now - timedelta(seconds=s) for s in range(0, 86400 * 8, 3600))
        if (slot := schedule.weekly(of, moment))
    }
    again = schedule.weekly(of, now - timedelta(seconds=back))
    assert again is None or again.key in seen


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(
    "since", [datetime(2028, 1, 31, 7, tzinfo=UTC), datetime(2026, 12, 7, 7, tzinfo=UTC)], ids=str
)
def test_leap_days_and_year_ends_are_days_like_any_other(since: datetime, zone: ZoneInfo) -> None:
    """29 February 2028 is a Tuesday; the turn of 2026 is a Thursday and a Friday."""
    found = due(baseline(since=since), since.astimezone(zone).date(), 60, zone)
    gaps = {later - earlier for earlier, later in zip(found.values(), list(found.values())[1:], strict=False)}
    assert len(found) == 8
    assert gaps == {7 * DAY}


def test_a_window_over_a_leap_day_is_recalled_on_it() -> None:
    end = end_of_day(date(2028, 2, 29), BERLIN)
    assert due(baseline(since=end - 30 * DAY, end=end), date(2028, 2, 1), 40, BERLIN)["ending:1"] == date(
        2028, 2, 29
    )


@pytest.mark.parametrize(
    ("zone", "last"),
    [(BERLIN, date(2026, 3, 30)), (BERLIN, date(2026, 10, 26)), (NEW_YORK, date(2026, 3, 9)),
     (LORD_HOWE, date(2026, 10, 6)), (CAIRO, date(2026, 4, 23)), (CAIRO, date(2026, 10, 29))],
    ids=str,
)  # fmt: skip
def test_gap_and_fold_lose_no_reminder_and_double_none(zone: ZoneInfo, last: date) -> None:
    """In Cairo the day before begins with the hour that is missing, or ends with the hour that comes
    twice."""
    end = end_of_day(last, zone)
    of = baseline(since=end - 30 * DAY, end=end)
    keys = set()
    for minute in range(0, 10 * 1440, 30):
        now = end - 9 * DAY + minute * MINUTE
        slot = schedule.window_ending(of, now, zone)
        if slot is not None and in_working_hours(now, zone):
            keys.add(slot.key)
    assert len(keys) == 2


# Microsoft's dates


# Requests that wait


# The head of the record


def test_the_head_is_told_once_a_day_and_only_when_it_moved() -> None:
    morning = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert schedule.head(4, "ab", 4, morning, UTC_ZONE) is None
    first, later, tomorrow = (
        schedule.head(5, "ab", 4, morning + hours * HOUR, UTC_ZONE) for hours in (0, 6, 24)
    )
    assert first == Slot("head:2026-11-23", Head(sequence=5, head="ab"))
    assert later == first
    assert tomorrow is not None
    assert tomorrow.key == "head:2026-11-24"


def test_the_day_of_the_head_is_the_readers_day() -> None:
    now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    slot = schedule.head(5, "ab", 4, now, LORD_HOWE)
    assert slot is not None
    assert slot.key == "head:2026-11-24"


class TestTheCertificate:
    """The bot's own certificate: told before it matters, at each distance once."""

    EXPIRES = datetime(2027, 3, 31, 12, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("left", "distance"), [(30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (2, 7), (1, 1)]
    )
    def test_the_nearest_distance_is_told(self, left: int, distance: int) -> None:
        slot = schedule.certificate(self.EXPIRES, self.EXPIRES - timedelta(days=left), UTC_ZONE)
        assert slot is not None
        assert slot.key == f"certificate:{self.EXPIRES.isoformat()}:{distance}"

    @pytest.mark.parametrize("expires", [datetime(2027, 4, day, 3, tzinfo=UTC) for day in (3, 4, 5)], ids=str)
    def test_before_a_weekend_it_is_told_on_friday(self, expires: datetime) -> None:
        """Saturday, Sunday, and Monday before anybody is at work."""
        friday = datetime(2027, 4, 2, 9, tzinfo=UTC)
        slot = schedule.certificate(expires, friday, UTC_ZONE)
        assert slot is not None
        assert slot.key.endswith(":1")
        before = schedule.certificate(expires, friday - DAY, UTC_ZONE)
        assert before is not None
        assert before.key.endswith(":7")

    def test_nothing_is_told_before_or_after_or_without_one(self) -> None:
        assert (
            schedule.certificate(self.EXPIRES, self.EXPIRES - timedelta(days=30, seconds=1), UTC_ZONE) is None
        )
        assert schedule.certificate(self.EXPIRES, self.EXPIRES, UTC_ZONE) is None
        assert schedule.certificate(None, self.EXPIRES, UTC_ZONE) is None

    def test_the_message_says_what_to_do(self) -> None:
        slot = schedule.certificate(self.EXPIRES, self.EXPIRES - timedelta(days=1), UTC_ZONE)
        assert slot is not None
        text = words(slot.said, ZoneInfo("UTC"))
        assert says("certificate_expires") in text
        assert "AZURE_CLIENT_CERTIFICATE_PATH" in text

    def test_a_secret_is_told_apart(self) -> None:
        slot = schedule.secret(self.EXPIRES, self.EXPIRES - timedelta(days=14), ZoneInfo("UTC"))
        assert slot is not None
        assert slot.key == f"secret:{self.EXPIRES.isoformat()}:14"
        text = words(slot.said, ZoneInfo("UTC"))
        assert says("client_secret_expires") in text
        assert "AZURE_CLIENT_SECRET_EXPIRES" in text


def test_how_near_a_change_is_is_counted_in_days_only_where_microsoft_gave_a_day() -> None:
    packaged = next(milestone for milestone in CALENDAR.milestones if milestone.id == "popimap-removal-end")
    exact = replace(packaged, stated="2027-03-17", precision=Precision.DAY, until=None, part=None)
    month = replace(packaged, stated="2027-03", precision=Precision.MONTH, until=None, part=None)

    def said(milestone: Milestone, today: date) -> str:
        (slot,) = schedule.milestones(replace(CALENDAR, milestones=(milestone,)), "worldwide", today, EVERY)
        assert isinstance(slot.said, MilestoneAhead)
        return slot.said.near

    assert [said(exact, date(2027, 3, day)) for day in (1, 10, 16)] == [
        says("in_16_days"),
        says("in_7_days"),
        says("in_1_day"),
    ]
    days = (date(2027, 1, 30), date(2027, 2, 15), date(2027, 2, 22), date(2027, 2, 26))
    assert [said(month, day) for day in days] == [
        says("perhaps_within_a_month"), says("perhaps_within_two_weeks"), says("perhaps_within_a_week"),
        says("any_day_now"),
    ]  # fmt: skip
