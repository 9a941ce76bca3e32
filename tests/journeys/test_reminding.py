"""Time passes: what an opt-in is reminded of, from the day it is made to the day its window ends, day by day
at ten o'clock.

What has to be said on which day is worked out here from the calendar's own entries and from the window, not
asked of the bot.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from handlers.calendar.calendar import load_packaged
from storage.schema.tables import leases
from tests.journeys.stage import ALICE, BOB, Stage
from tests.journeys.words import begins
from tests.sentences import says

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
TEN = time(10)
THRESHOLDS = (30, 14, 7, 1)
CALENDAR = load_packaged()


@dataclass
class Walk:
    """Goes from morning to morning and keeps what everybody could read by then."""

    stage: Stage
    today: date
    told: list[tuple[date, str]] = field(default_factory=list)
    """Every message of the channel with the day on which it was first seen."""

    def to(self, day: date, at: time = TEN, until: Callable[[], object] = lambda: True) -> None:
        """Move the clock to a local time, wait for ``until`` and rest there: a message is taken down once, as
        it then reads."""
        self.today = day
        target = datetime.combine(day, at, tzinfo=BERLIN)
        self.stage.advance((target - self.stage.clock()).total_seconds())
        until()
        self.rest()

    def rest(self) -> None:
        """Wait until the bot has looked once from now on and posted what it then owed; take down what is
        new."""
        begun, _ = _looks(self.stage)
        self.stage.wait(lambda: _looks(self.stage)[1] > begun)
        self.stage.wait_until_delivered()
        shown = [message["text"] for message in self.stage.public()]
        self.told += [(self.today, text) for text in shown[len(self.told) :]]

    def days(self, kind: str) -> list[tuple[date, str]]:
        """When each message of a kind was first seen."""
        return [(day, text) for day, text in self.told if begins(text, kind)]


def _looks(stage: Stage) -> tuple[int, int]:
    """How often the bot has begun to look for reminders, and how often it has come to an end with it."""
    assert stage._database is not None
    with stage._database.read() as connection:
        row = connection.execute(
            select(leases.c.epoch, leases.c.until).where(leases.c.name.startswith("remind:"))
        ).first()
    return (row.epoch, row.epoch - (row.until > 0)) if row is not None else (0, 0)


def _monday() -> date:
    """The Monday after next: nothing of the days before is left over by then."""
    today = datetime.now(UTC).date()
    return today + (14 - today.weekday()) * DAY


def _milestones_due(first: date, days: int, *, window: int) -> Iterator[tuple[date, str]]:
    """On each working morning: the changes for SMTP AUTH that have come nearer than a threshold since the
    last reminder.

    Once the window is over, only those of Basic authentication: the tenant's devices may still sign in.
    """
    said: set[tuple[str, int]] = set()
    for ahead in range(days):
        day = first + ahead * DAY
        for row in CALENDAR.listing("worldwide", day):
            milestone = row.milestone
            if not milestone.is_change or milestone.superseded_by or milestone.first is None:
                continue
            left = (milestone.first - day).days
            near = [threshold for threshold in THRESHOLDS if 0 < left <= threshold]
            if 0 < left <= 3 and all((day + ahead * DAY).weekday() >= 5 for ahead in range(1, left)):
                near.append(1)  # the last working day before it
            concerned = "smtp-auth-basic" in milestone.protocols
            if ahead <= window:
                concerned = milestone.concerns("smtp-auth") or milestone.concerns("smtp-auth-basic")
            if near and concerned and day.weekday() < 5 and (milestone.id, min(near)) not in said:
                said.add((milestone.id, min(near)))
                yield day, milestone.display


def _working(day: date) -> date:
    """The same day, or the Monday after it."""
    return day + max(0, 7 - day.weekday()) % 7 * DAY if day.weekday() >= 5 else day


def _live_through(stage: Stage, *, window: int, days: int) -> tuple[Walk, date]:
    """Opt in early on a Monday, with a window of so many days, and walk on from ten to ten."""
    walk, first = Walk(stage, datetime.now(BERLIN).date()), _monday()
    walk.rest()
    walk.to(first, time(8, 30))
    number = stage.ask(ALICE, day=(first + window * DAY).isoformat())
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    for ahead in range(days):
        day = first + ahead * DAY
        if ahead == window + 1:
            walk.to(day, time(0, 30), until=lambda: stage.card(number + 1, "Applied:"))
        walk.to(day)
    return walk, first


def _check(stage: Stage, walk: Walk, first: date, *, window: int, days: int) -> None:
    last = first + window * DAY
    weeks = [
        _working(first + week * 7 * DAY)
        for week in range(1, window // 7 + 1)
        if first + week * 7 * DAY <= last - 7 * DAY
    ]
    weekly = walk.days(":warning: The tenant is still *opted in* to legacy TLS, by #1 of")
    assert [day for day, _ in weekly] == weeks
    endings = walk.days(":hourglass: #1: the opt-in to legacy TLS ends ")
    assert [day for day, _ in endings] == [
        _working(last - 6 * DAY),
        last if last.weekday() < 5 else last - (last.weekday() - 4) * DAY,
    ]
    coming = walk.days(":calendar: Coming up:")
    assert [(day, text.split("*")[1]) for day, text in coming] == list(
        _milestones_due(first, days, window=window)
    )
    stale = walk.days(":calendar: The dates were last checked")
    assert len(stale) == (1 if walk.today > CALENDAR.verified_on + 60 * DAY else 0)
    opted_out = walk.days("Applied: #2 opt out of legacy TLS")
    assert [day for day, _ in opted_out] == [last + DAY]
    assert stage.effective_writes == [True, False]
    heads = walk.days(":lock: The record stands at `")
    assert len({day for day, _ in heads}) == len(heads) >= 2
    known = [
        *weekly,
        *endings,
        *coming,
        *stale,
        *opted_out,
        *heads,
        *walk.days("Applied: #1"),
        *walk.days("#1 in full:"),
    ]
    assert sorted(walk.told) == sorted(known)
    assert len(set(walk.told)) == len(walk.told)
    recalled = [text for text in stage.private(ALICE) if "the opt-in to legacy TLS was to end" in text]
    assert len(recalled) == 2
    assert all(says("since_then_2_has_opted_out") in text and "Extend" not in text for text in recalled)
    over = [
        text
        for text in stage.private(ALICE)
        if "that you asked for as #1 has reached its end: #2 opted out" in text
    ]
    assert len(over) == 1
    (decided,) = stage.private(BOB)
    assert "#1" in decided


def test_two_weeks_of_an_opt_in_show_each_message_once_and_no_other(new_stage) -> None:
    """Monday to the Thursday of the third week, and the day after."""
    with new_stage() as stage:
        walk, first = _live_through(stage, window=17, days=19)
        _check(stage, walk, first, window=17, days=19)


@pytest.mark.once("minutes, and the two weeks above are played everywhere")
@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_year_of_an_opt_in_shows_each_message_once_and_no_other(new_stage) -> None:
    """Over both changes of the clock and the turn of the year."""
    with new_stage(LEGACYTLS_MAX_WINDOW="400d") as stage:
        walk, first = _live_through(stage, window=365, days=375)
        _check(stage, walk, first, window=365, days=375)
