"""Counts, burn-down by the week and pace: what falls is told with where it leads, and nothing is said of pace
without a trend."""

from datetime import date, timedelta

import pytest

from handlers.register.burn_down import Devices, Overview, Week, pace, pace_line, weeks
from handlers.register.commands import ChangeDay, NotMine, Replaced
from handlers.register.files.parsed_file import FileKind
from handlers.register.report_imports import Imports, Period
from storage.devices.reader import DeviceCounts
from tests.handlers.driver import ALICE, ERIN, House
from tests.handlers.register.registering import added, day, do, opted_in
from tests.handlers.register.test_report_imports import FULL
from tests.sentences import says

MONDAY = date(2026, 11, 2)


def told(*counts: int, today: date = MONDAY + timedelta(days=14), ends: date | None = None) -> str:
    by_week = tuple(Week(MONDAY + timedelta(weeks=n), count) for n, count in enumerate(counts))
    nothing = DeviceCounts(0, 0, 0, 0)
    return pace_line(Overview(nothing, 0, by_week, pace(by_week, today, ends), ends, None))


def test_the_line_tells_where_the_last_weeks_lead() -> None:
    gone = "14 → 9 → 4; at this pace the last is gone on 22 November 2026"
    assert told(14, 9, 4) == gone
    assert told(14, 9, 4, ends=date(2026, 11, 18)) == says("pace_too_late", gone=gone)
    assert told(14, 9, 4, ends=date(2026, 12, 31)) == says("pace_in_time", gone=gone)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ((), ""),
        ((3,), "3"),
        ((3, 2), "3 → 2"),
        ((3, 3, 3), "3 → 3 → 3"),
        ((1, 2, 3), "1 → 2 → 3"),
        ((3, 1, 0), "3 → 1 → 0"),
    ],
)
def test_nothing_is_said_of_pace_without_a_trend(counts: tuple[int, ...], line: str) -> None:
    assert told(*counts) == line


@pytest.mark.parametrize("number", [1, 21, 500])
def test_every_week_since_the_first_is_there(number: int) -> None:
    begun = MONDAY - timedelta(weeks=number - 1)
    changes = {begun: 2, MONDAY: -1} if begun != MONDAY else {MONDAY: 1}
    found = weeks(changes, MONDAY + timedelta(days=3))
    assert len(found) == number
    assert (found[0].monday, found[-1].active) == (begun, 1)


def test_the_counts_are_those_of_every_entry_whatever_was_counted_before(both: House) -> None:
    devices = Devices(both.ledger, both.context.zone, both.clock)
    assert devices.overview().counts == DeviceCounts(0, 0, 0, 0)
    first, second = added(both), added(both, device="Fax")
    opted_in(both, first.id, second.id, days=60)
    for passed, done in ((8, Replaced(first.id)), (7, NotMine(second.id)), (30, None)):
        both.clock.advance(days=passed)
        if done is not None:
            do(both, ERIN, done)
        kept = devices.overview()
        assert devices.overview() is kept
        assert kept == Devices(both.ledger, both.context.zone, both.clock).overview()
    assert kept.counts == DeviceCounts(proposed=0, active=1, overdue=1, orphaned=1)
    assert [week.active for week in kept.weeks] == [2, 1, 1, 1, 1, 1, 1]


def test_the_register_at_one_moment(house: House) -> None:
    first, second, third = (
        added(house),
        added(house, device="Fax", sender="fax@contoso.com"),
        added(house, device="Scales"),
    )
    opted_in(house, first.id, second.id, days=20)
    do(house, ALICE, ChangeDay(second.id, day(house, 1), ""))
    do(house, ERIN, NotMine(third.id))
    house.clock.advance(days=3)
    do(house, ERIN, Replaced(first.id))
    Imports(house.ledger, house.context.zone, house.clock).take(FULL, period=Period(None, date(2026, 11, 20)))
    overview, listed = Devices(house.ledger, house.context.zone, house.clock).everything()
    assert overview.counts == DeviceCounts(proposed=1, active=1, overdue=1, orphaned=1)
    assert (overview.unregistered, [week.active for week in overview.weeks]) == (0, [1])
    assert overview.window_ends == date(2026, 12, 13)
    assert [one.device.id for one in listed] == [first.id, second.id, third.id]
    assert [one.seen.tls11 if one.seen else None for one in listed][1] == 50
    assert overview.report is not None
    assert FileKind.SMTP_CLIENTS == "smtp-auth-clients"
