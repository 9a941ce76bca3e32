"""Once a week the channel hears how many devices are left, and those that need somebody stand in its thread,
bounded."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handlers.outgoing.announcement_view import AnnouncementView
from handlers.outgoing.device_news import DeviceDue, DevicesWeekly
from handlers.register.commands import ChangeDay, ChangeOwner, NotMine, Replaced
from handlers.register.owner_reminders import OwnerReminders
from handlers.register.weekly_message import CARDS, WeeklyDevices
from handlers.slack.views.announcements import announcement
from tests.handlers.driver import ALICE, ERIN, NOW, House
from tests.handlers.register.registering import added, day, do, opted_in
from tests.handlers.slack.views.test_block_limits import LISBON, fits


def look(house: House) -> int:
    """Look as another process would, at ten in the morning of the present day; send what is owed."""
    house.clock.at = house.clock.at.replace(hour=10)
    told = WeeklyDevices(house.context).run()
    house.deliver()
    return told


def weekly(house: House) -> list[Any]:
    return [row for row in house.owed("channel") if row.what == "devices_weekly"]


def cards(house: House) -> list[int]:
    return [int(device.id) for device, _ in house.board.devices]


def test_it_is_told_once_a_week_from_the_second_week_on_and_while_a_device_is_active(house: House) -> None:
    made = added(house, due=day(house, 40))
    assert look(house) == 0
    opted_in(house, made.id, days=80)
    told = []
    for _ in range(21):
        told.append(look(house) + look(house))
        house.clock.advance(days=1)
    assert [number for number, count in enumerate(told) if count] == [7, 14]
    do(house, ERIN, Replaced(made.id))
    house.clock.advance(days=7)
    assert look(house) == 0
    assert len(weekly(house)) == 2


@pytest.fixture
def week(house: House) -> House:
    """A house on the second Monday, with one device overdue, one of nobody, one due soon, and one for which
    nothing is to do."""
    dues = (5, 60, 12, 60)
    made = [added(house, device=f"Scanner {at}", due=day(house, due)) for at, due in enumerate(dues)]
    opted_in(house, *(one.id for one in made), days=80)
    do(house, ERIN, NotMine(made[1].id))
    house.clock.advance(days=7)
    return house


def test_what_needs_somebody_stands_in_the_thread_and_nothing_else(week: House) -> None:
    assert look(week) == 1
    assert cards(week) == [1, 2, 3]
    (said,) = [facts for facts in week.board.announced if facts["what"] == "devices_weekly"]
    assert (said["active"], said["overdue"], said["orphaned"], said["more"]) == ("4", "1", "1", "0")
    places = {place for _, place in week.board.devices}
    assert len(places) == 1
    assert look(week) == 0
    assert cards(week) == [1, 2, 3]


def test_an_entry_that_somebody_acts_on_is_drawn_again_in_the_thread(week: House) -> None:
    look(week)
    do(week, ERIN, Replaced(1))
    week.deliver()
    ((device, place),) = week.board.devices_again
    assert (device.id, device.state) == (1, "replaced")
    assert place.ts


def test_the_thread_is_bounded_however_many_are_overdue(house: House) -> None:
    made = [added(house, device=f"Scanner {at}", due=day(house, 2)) for at in range(CARDS + 3)]
    opted_in(house, *(one.id for one in made), days=80)
    house.clock.advance(days=7)
    assert look(house) == 1
    assert len(cards(house)) == CARDS
    (said,) = [facts for facts in house.board.announced if facts["what"] == "devices_weekly"]
    assert said["more"] == "3"


def test_a_message_of_an_earlier_week_is_not_sent_any_more(week: House) -> None:
    week.clock.at = week.clock.at.replace(hour=10)
    assert WeeklyDevices(week.context).run() == 1
    week.clock.advance(days=7)
    week.deliver()
    assert [facts for facts in week.board.announced if facts["what"] == "devices_weekly"] == []


def test_nothing_is_told_outside_of_working_hours(week: House) -> None:
    week.clock.at = week.clock.at.replace(hour=3)
    assert WeeklyDevices(week.context).run() == 0


# What was said to an owner, once somebody has acted on the entry.


def reminded(house: House) -> int:
    """An entry of Erin's of which she was reminded a moment ago, by direct message."""
    made = added(house, due=day(house, 8))
    opted_in(house, made.id, days=60)
    house.deliver()
    house.board.told.clear()
    house.clock.advance(days=1)
    OwnerReminders(house.context).run()
    return made.id


@pytest.mark.parametrize("act", ["ended", "moved", "handed over"])
def test_a_reminder_that_waits_is_dropped_when_its_entry_has_moved_on(house: House, act: str) -> None:
    number = reminded(house)
    acts = {
        "ended": Replaced(number),
        "moved": ChangeDay(number, day(house, 2), ""),
        "handed over": ChangeOwner(number, ALICE),
    }
    do(house, ERIN, acts[act])
    house.deliver()
    assert [facts for _, facts in house.board.told if facts["what"] == "device_due"] == []


def test_a_reminder_that_waits_says_how_many_days_are_left_when_it_is_sent(house: House) -> None:
    reminded(house)
    house.clock.advance(days=2)
    house.deliver()
    ((person, facts),) = [(one, facts) for one, facts in house.board.told if facts["what"] == "device_due"]
    assert (person, facts["days"]) == (ERIN, "5")


def test_a_reminder_keeps_to_working_hours(house: House) -> None:
    reminded(house)
    house.clock.advance(hours=12)
    house.deliver()
    assert house.board.told == []


def test_an_answered_reminder_loses_its_buttons_and_says_how_the_entry_stands(house: House) -> None:
    number = reminded(house)
    house.deliver()
    do(house, ERIN, ChangeDay(number, day(house, 20), "Late"))
    house.deliver()
    ((place, facts),) = house.board.drawn_again
    assert place.channel.startswith("D")
    assert f"D{number}" in facts["stands"]
    do(house, ERIN, Replaced(number))
    house.deliver()
    assert house.board.drawn_again[-1][1]["stands"].endswith("is replaced.")


def test_the_fullest_message_of_a_week_fits() -> None:
    said = DevicesWeekly(
        monday=NOW.date(),
        active=50_000,
        overdue=1,
        orphaned=1,
        pace="x" * 300,
        devices=tuple(range(10)),
        more=290,
    )
    for one in (said, replace(said, devices=(), more=0, pace="", active=1), replace(said, devices=(7,))):
        fits(announcement(AnnouncementView(said=one), LISBON))


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_an_owner_reads_the_due_day_in_their_own_language_and_it_is_that_day(zone: str) -> None:
    said = DeviceDue(device=7, name="Fax", due=NOW.date(), days=0, moves=0)
    text = announcement(AnnouncementView(said=said), ZoneInfo(zone)).text
    found = re.search(r"<!date\^(\d+)\^\{date_long\}\|23 November 2026>", text)
    assert found, text
    assert datetime.fromtimestamp(int(found[1]), ZoneInfo(zone)).date() == NOW.date()
