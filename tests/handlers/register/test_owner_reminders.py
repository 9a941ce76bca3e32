"""Owners are asked fourteen, seven and one day before and weekly after, once each; silence and orphans go to
the operators."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from handlers.register.commands import ChangeDay, NotMine, Replaced
from handlers.register.owner_reminders import OwnerReminders
from tests.handlers.driver import ERIN, House
from tests.handlers.register.registering import added, day, device, do, opted_in


def told(house: House, what: str) -> list[Any]:
    return [row for row in house.owed("personal", "channel") if row.what == what]


def every_day(house: House, days: int) -> list[str]:
    """Look twice a day for so many days, each time as another process would; returns on which days the owner
    was asked."""
    asked = []
    for _ in range(days):
        for _ in range(2):
            before = len(told(house, "device_due"))
            OwnerReminders(house.context).run()
            if len(told(house, "device_due")) > before:
                asked.append(f"{house.clock():%m-%d}")
            house.clock.advance(hours=2)
        house.clock.advance(hours=20)
    return asked


def test_an_owner_hears_once_on_each_of_the_days_and_weekly_after(house: House) -> None:
    made = added(house, due=day(house, 28))  # 21 December, a Monday
    opted_in(house, made.id, days=80)
    assert every_day(house, 50) == ["12-07", "12-14", "12-21", "12-28", "01-04", "01-11"]
    assert {row.recipient for row in told(house, "device_due")} == {ERIN}
    house.deliver()
    assert all(row.delivered_at for row in told(house, "device_due"))


def test_two_missed_answers_go_to_the_operators_and_an_answer_ends_that(house: House) -> None:
    made = added(house, due=day(house, 28))
    opted_in(house, made.id, days=80)
    every_day(house, 15)
    assert told(house, "devices_unanswered") == []
    every_day(house, 21)
    assert len(told(house, "devices_unanswered")) == 2
    do(house, ERIN, ChangeDay(made.id, day(house, 1), "Next week"))
    before = len(told(house, "devices_unanswered"))
    every_day(house, 6)
    assert len(told(house, "devices_unanswered")) == before


def test_nothing_is_asked_of_what_is_proposed_or_has_ended(house: House) -> None:
    proposed, ended = added(house, due=day(house, 3)), added(house, device="Fax", due=day(house, 8))
    opted_in(house, ended.id)
    do(house, ERIN, Replaced(ended.id))
    assert every_day(house, 10) == []
    assert device(house, proposed.id).owner_id == ERIN


def test_not_mine_is_told_to_the_operators_and_its_reminders_go_there(house: House) -> None:
    made = added(house, due=day(house, 15))
    opted_in(house, made.id)
    do(house, ERIN, NotMine(made.id))
    assert len(told(house, "devices_orphaned")) == 1
    every_day(house, 4)
    assert len(told(house, "devices_unanswered")) == 1
    assert told(house, "device_due") == []
    house.deliver()


def test_an_owner_who_is_deactivated_leaves_orphans_told_once(house: House) -> None:
    first, second = added(house), added(house, device="Fax")
    house.workspace.people[ERIN] = replace(house.workspace.people[ERIN], deleted=True)
    for _ in range(3):
        OwnerReminders(house.context).run()
        house.clock.advance(minutes=5)
    assert [device(house, one.id).owner_id for one in (first, second)] == [None, None]
    (row,) = told(house, "devices_orphaned")
    assert f'"devices":"{first.id},{second.id}"' in row.facts
    house.deliver()


def test_who_cannot_be_looked_up_is_no_orphan(house: House) -> None:
    made = added(house)
    house.workspace.down = True
    OwnerReminders(house.context).run()
    assert device(house, made.id).owner_id == ERIN


def test_nothing_is_asked_outside_of_working_hours(house: House) -> None:
    made = added(house, due=day(house, 8))
    opted_in(house, made.id)
    house.clock.advance(days=2, hours=12)
    OwnerReminders(house.context).run()
    assert told(house, "device_due") == []
    assert timedelta(0) < house.clock() - made.created_at
