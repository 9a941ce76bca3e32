"""Microsoft's dates: when a change that concerns the tenant is recalled."""

from dataclasses import replace
from datetime import date

import pytest

from handlers.slack.views.reminders import words
from storage.records import MailProtocol
from tests.handlers.outgoing import schedule
from tests.handlers.outgoing.test_reminders_due import CALENDAR, DAY, EVERY, UTC_ZONE


def milestone_days(protocols: tuple[MailProtocol, ...], *, cloud: str = "worldwide") -> dict[str, list[date]]:
    """For each milestone the days on which a new reminder of it is first due, of 420 from 1 August 2026."""
    found: dict[str, list[date]] = {}
    seen: set[str] = set()
    for today in (date(2026, 8, 1) + ahead * DAY for ahead in range(420)):
        for slot in schedule.milestones(CALENDAR, cloud, today, protocols):
            if slot.key not in seen:
                seen.add(slot.key)
                found.setdefault(slot.key.split(":")[1], []).append(today)
    return found


def test_a_change_is_recalled_thirty_fourteen_seven_and_one_day_before() -> None:
    for name, days in milestone_days(EVERY).items():
        (first,) = {milestone.first for milestone in CALENDAR.milestones if milestone.id == name}
        assert first is not None
        last = next(first - back * DAY for back in range(1, 8) if (first - back * DAY).weekday() < 5)
        assert days == sorted({*(first - distance * DAY for distance in (30, 14, 7)), last}), name


@pytest.mark.parametrize("ahead", range(7))
def test_a_change_after_a_weekend_is_recalled_on_the_last_working_day(ahead: int) -> None:
    """Whatever day of the week it falls on, somebody at work hears of it at the nearest distance, and on no
    later day."""
    packaged = next(milestone for milestone in CALENDAR.milestones if milestone.id == "popimap-removal-end")
    first = date(2027, 3, 1) + ahead * DAY
    own = replace(CALENDAR, milestones=(replace(packaged, stated=first.isoformat(), until=None, part=None),))
    said: dict[str, date] = {}
    for today in (first - back * DAY for back in range(40, -3, -1)):
        if today.weekday() < 5:
            said |= {
                s.key.rsplit(":", 1)[1]: said.get(s.key.rsplit(":", 1)[1], today)
                for s in schedule.milestones(own, "worldwide", today, EVERY)
            }
    working = [first - back * DAY for back in range(1, 4) if (first - back * DAY).weekday() < 5]
    assert said["1"] == working[0]
    assert max(said.values()) == working[0]


def test_a_tenant_that_is_not_opted_in_hears_of_basic_authentication_alone() -> None:
    told: set[str] = set()
    for today in (date(2026, 8, 1) + ahead * DAY for ahead in range(900)):
        told |= {slot.key.split(":")[1] for slot in schedule.basic_milestones(CALENDAR, "worldwide", today)}
    assert told
    for name in told:
        (milestone,) = [found for found in CALENDAR.milestones if found.id == name]
        assert "smtp-auth-basic" in milestone.protocols
        assert not {"pop3", "imap4", "all"} & set(milestone.protocols)


def test_only_what_the_tenant_opted_in_for_is_recalled() -> None:
    basic = {milestone.id for milestone in CALENDAR.milestones if milestone.concerns("smtp-auth-basic")}
    for_smtp, for_pop = milestone_days((MailProtocol.SMTP_AUTH,)), milestone_days((MailProtocol.POP3,))
    assert for_smtp
    assert set(for_smtp) & basic
    assert not set(for_pop) & basic
    assert milestone_days(()) == {}


def test_nothing_superseded_past_or_without_a_date_is_recalled() -> None:
    recalled = set(milestone_days(EVERY))
    for milestone in CALENDAR.milestones:
        if milestone.superseded_by is not None or milestone.first is None or not milestone.is_change:
            assert milestone.id not in recalled


def test_where_microsoft_gave_a_month_nobody_reads_a_day() -> None:
    for ahead in range(420):
        for slot in schedule.milestones(CALENDAR, "worldwide", date(2026, 8, 1) + ahead * DAY, EVERY):
            (milestone,) = [found for found in CALENDAR.milestones if found.id == slot.key.split(":")[1]]
            said = words(slot.said, UTC_ZONE)
            assert milestone.display in said
            if len(milestone.stated or "") < len("2026-12-31"):
                assert not [
                    day for day in range(1, 32) if f" {day} " in said.replace(milestone.effect, "")
                ], said


def test_a_whole_absence_is_caught_up_with_the_nearest_distance_alone() -> None:
    found = schedule.milestones(CALENDAR, "worldwide", date(2026, 12, 18), (MailProtocol.SMTP_AUTH,))
    assert len({slot.key.rsplit(":", 1)[0] for slot in found}) == len(found)


def test_other_clouds_hear_of_their_own_dates_only() -> None:
    for cloud in ("gcc", "gcc-high", "dod", "21vianet"):
        for name in milestone_days(EVERY, cloud=cloud):
            (milestone,) = [found for found in CALENDAR.milestones if found.id == name]
            assert milestone.touches(cloud)


def test_dates_that_nobody_checked_for_sixty_days_are_told_once() -> None:
    checked = CALENDAR.verified_on
    told = [schedule.freshness(CALENDAR, checked + days * DAY) for days in range(400)]
    assert told[:61] == [None] * 61
    assert {slot.key for slot in told[61:] if slot} == {f"freshness:{checked}"}
    assert None not in told[61:]
