"""Reminding over a real ledger: every slot is owed once, whatever restarts, replicas and clocks do."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from handlers.delivery.deliver import Delivery
from handlers.policy.working_hours import Hours
from handlers.ports import Unavailable
from handlers.reminders.remind import Reminders
from storage.engine import Database
from storage.lifecycle import State
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, ERIN, MAIL, RULE, House
from tests.sentences import says

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def remind(house: House) -> list[str]:
    """One look; returns the keys that are new."""
    before = set(keys(house))
    Reminders(house.context).run()
    return [key for key in keys(house) if key not in before]


def keys(house: House) -> list[str]:
    return [row.key for row in house.owed("channel") if not row.key.startswith("rule:")]


def kinds(found: list[str]) -> list[str]:
    return [key.split(":")[0] for key in found]


def opt_in(house: House, days: int = 30) -> int:
    """An applied opt-in whose window ends so many days from now."""
    number = house.ask(ALICE, day=house.clock.at.date() + timedelta(days=days)).id
    house.approve(BOB, number)
    house.work()
    assert house.tenant.value is SettingValue.OPTED_IN
    return number


@pytest.fixture
def opted_in(database: Database) -> House:
    """In a house that is no new installation any more."""
    house = House(database, at=MONDAY - 2 * DAY)
    house.clock.at = MONDAY
    house.observe()
    opt_in(house)
    remind(house)
    return house


@pytest.fixture
def replicas(migrated_postgres_url: str) -> Iterator[tuple[House, House]]:
    """Two processes on one PostgreSQL, each with a clock of its own."""
    databases = [Database(migrated_postgres_url) for _ in range(2)]
    yield House(databases[0], at=MONDAY), House(databases[1], at=MONDAY)
    for database in databases:
        database.close()


def walk(house: House, days: int) -> dict[str, datetime]:
    """Let time pass and look every day; returns when each key was owed."""
    found: dict[str, datetime] = {}
    for _ in range(days):
        house.clock.at += DAY
        house.work()
        found |= dict.fromkeys(remind(house), house.clock.at)
    return found


# What is owed


def test_a_month_of_an_opt_in_owes_each_reminder_on_its_day_and_no_other(opted_in: House) -> None:
    found = walk(opted_in, 45)
    month = {
        key.rsplit(":", 1)[1] + " " + key.split(":")[0]: at.date().isoformat() for key, at in found.items()
    }
    told = {name: day for name, day in month.items() if "weekly" in name or "ending" in name}
    assert told == {
        "1 weekly": "2026-11-30", "2 weekly": "2026-12-07", "3 weekly": "2026-12-14",
        "7 ending": "2026-12-17", "1 ending": "2026-12-23",
    }  # fmt: skip
    assert opted_in.tenant.value is SettingValue.OPTED_OUT
    after = {key: at for key, at in found.items() if at > MONDAY + 31 * DAY}
    assert all(key.startswith(("head:", "milestone:basic-")) for key in after)


def test_looking_every_minute_owes_no_more_than_looking_once_a_day(opted_in: House) -> None:
    opted_in.clock.at = MONDAY + 7 * DAY
    assert kinds(remind(opted_in)) == ["weekly"]
    for _ in range(60):
        opted_in.clock.advance(minutes=1)
        assert remind(opted_in) == []


def test_nothing_is_owed_outside_working_hours_and_nothing_is_lost(opted_in: House) -> None:
    opted_in.clock.at = datetime(2026, 12, 5, 11, 0, tzinfo=UTC)  # a Saturday, in the second week
    assert remind(opted_in) == []
    opted_in.clock.at = datetime(2026, 12, 7, 8, 59, tzinfo=UTC)
    assert remind(opted_in) == []
    opted_in.clock.at = datetime(2026, 12, 7, 9, 0, tzinfo=UTC)
    assert "weekly" in kinds(remind(opted_in))


def test_the_operators_own_hours_are_kept(opted_in: House) -> None:
    opted_in.context = replace(opted_in.context, hours=Hours(time(6), time(7)))
    opted_in.clock.at = MONDAY + 7 * DAY
    assert remind(opted_in) == []
    opted_in.clock.at += timedelta(hours=20, minutes=30)
    assert "weekly" in kinds(remind(opted_in))


def test_who_never_opted_in_hears_of_the_record_alone(house: House) -> None:
    house.clock.at = MONDAY
    house.tenant.smtp_auth_disabled = True
    house.observe()
    assert set(kinds([*remind(house), *walk(house, 50)])) <= {"head"}


@pytest.mark.parametrize("value", [SettingValue.NOT_SET, SettingValue.OPTED_OUT])
def test_who_is_not_opted_in_but_lets_devices_sign_in_hears_of_basic_authentication_alone(
    house: House, value: SettingValue
) -> None:
    house.clock.at = MONDAY
    house.tenant.value = value
    house.observe()
    found = [key for key in walk(house, 50) if not key.startswith("head")]
    assert {key.split(":")[1] for key in found} == {"basic-smtp-default-off"}
    assert [key.rsplit(":", 1)[1] for key in found if "default-off" in key] == ["30", "14", "7", "1"]


def test_where_it_is_not_known_whether_devices_may_sign_in_nothing_is_said(house: House) -> None:
    house.clock.at = MONDAY
    house.tenant.smtp_auth_disabled = None
    house.observe()
    assert set(kinds(list(walk(house, 50)))) <= {"head"}


def test_an_extension_is_recalled_before_its_own_end(opted_in: House) -> None:
    walk(opted_in, 25)
    number = opted_in.ask(ALICE, kind="extension", day=MONDAY.date() + timedelta(days=60)).id
    opted_in.approve(BOB, number)
    opted_in.work()
    found = {key: at for key, at in walk(opted_in, 40).items() if key.startswith("ending")}
    assert {key.rsplit(":", 1)[1]: at.date().isoformat() for key, at in found.items()} == {
        "7": "2027-01-18",
        "1": "2027-01-22",
    }
    about = [row.facts for row in opted_in.owed("channel") if row.key in found]
    assert all(f'"request":"{number}"' in facts for facts in about)


def test_a_change_made_outside_is_recalled_every_week_until_it_is_gone(house: House) -> None:
    house.clock.at = MONDAY
    house.observe()
    house.tenant.value = SettingValue.OPTED_IN
    house.clock.advance(minutes=30)
    house.observe()
    found = walk(house, 30)
    assert kinds(list(found)).count("weekly") == 4
    house.tenant.value = SettingValue.OPTED_OUT
    house.observe()
    assert "weekly" not in kinds(list(walk(house, 30)))


def test_a_request_that_waits_is_recalled_until_it_is_decided(house: House) -> None:
    house.clock.at = MONDAY.replace(hour=9)
    number = house.ask(ALICE).id
    assert "nudge" not in kinds(remind(house))
    house.clock.at = MONDAY.replace(hour=11, minute=0)
    assert f"nudge:{number}:1" in remind(house)
    house.clock.at = MONDAY.replace(hour=15, minute=0)
    assert f"nudge:{number}:2" in remind(house)
    house.approve(BOB, number)
    house.work()
    house.clock.at = MONDAY + timedelta(hours=23, minutes=30)
    assert "nudge" not in kinds(remind(house))


def test_a_request_over_night_is_recalled_in_the_morning_with_its_newest_quarter_alone(house: House) -> None:
    house.clock.at = MONDAY.replace(hour=16)
    number = house.ask(ALICE).id
    house.clock.at = MONDAY + timedelta(hours=23, minutes=30)
    assert [key for key in remind(house) if key.startswith("nudge")] == [f"nudge:{number}:2"]


def test_who_asks_on_friday_evening_hears_at_once_that_nobody_will_be_called(house: House) -> None:
    house.clock.at = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
    number = house.ask(ALICE).id
    assert says("it_expires_before_the_next_working_hours") in house.answer(ALICE)
    house.clock.at += timedelta(hours=10)
    assert remind(house) == []
    house.press("withdraw", ALICE, number)
    house.clock.at = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    house.ask(ALICE)
    assert says("before_the_next_working_hours") not in house.answer(ALICE)


def test_only_approvers_who_have_not_voted_are_called(house: House) -> None:
    house.clock.at = MONDAY.replace(hour=9)
    house.start(replace(RULE, approvals_required=2))
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.clock.at = MONDAY.replace(hour=12)
    remind(house)
    house.deliver()
    (nudge,) = [facts for facts in house.board.announced if facts["what"] == "nudge"]
    assert nudge["waiting_for"] == f"{CAROL},{MAIL}"


def test_a_request_that_is_about_to_lapse_calls_others_who_gain_no_right(house: House) -> None:
    house.context = replace(house.context, escalate_to=(ERIN,))
    house.delivery = Delivery(house.context, house.outbox, house.board)
    house.clock.at = MONDAY.replace(hour=15)
    number = house.ask(ALICE).id
    house.clock.at = (MONDAY + DAY).replace(hour=9, minute=30)
    assert f"nudge:{number}:3" in remind(house)
    house.deliver()
    assert [facts["others"] for facts in house.board.announced if facts["what"] == "nudge"] == [ERIN]
    house.approve(ERIN, number)
    assert house.request(number).state is State.PENDING


def test_the_head_is_told_once_a_day_and_telling_it_moves_nothing(opted_in: House) -> None:
    heads = [key for key in walk(opted_in, 10) if key.startswith("head")]
    assert heads == []
    opted_in.ask(ALICE, kind="extension", day=MONDAY.date() + timedelta(days=60))
    opted_in.clock.at = MONDAY + 14 * DAY
    assert "head:2026-12-07" in remind(opted_in)
    newest = opted_in.events()[-1]
    opted_in.deliver()
    told = [facts for facts in opted_in.board.announced if facts["what"] == "head"][-1]
    assert (int(told["sequence"]), told["head"]) == (newest.seq, newest.hash)
    assert opted_in.events()[-1] == newest


# Restarts, replicas, clocks


def test_a_restart_at_any_moment_repeats_nothing(opted_in: House) -> None:
    found: Counter[str] = Counter()
    for _ in range(40):
        opted_in.clock.at += DAY
        opted_in.work()
        for _ in range(3):
            opted_in.start(RULE)
            found.update(remind(opted_in))
    assert set(found.values()) == {1}
    assert kinds(list(found)).count("weekly") == 3


def test_a_reminder_that_could_not_be_posted_is_posted_later_and_once(opted_in: House) -> None:
    opted_in.deliver()
    opted_in.board.announced.clear()
    opted_in.clock.at = MONDAY + 7 * DAY
    opted_in.board.fail("announce", *[Unavailable("Slack could not be reached.")] * 3)
    remind(opted_in)
    for _ in range(20):
        opted_in.deliver()
        opted_in.clock.advance(seconds=30)
    assert [facts["what"] for facts in opted_in.board.announced] == ["weekly"]


def test_two_replicas_owe_every_reminder_once(replicas: tuple[House, House]) -> None:
    first, second = replicas
    first.observe()
    opt_in(first)
    gate = threading.Barrier(2, timeout=20)
    failed: list[BaseException] = []

    def live(house: House) -> None:
        try:
            reminders = Reminders(house.context)
            for day in range(1, 31):
                house.clock.at = MONDAY + day * DAY
                gate.wait()
                reminders.run()
        except BaseException as error:
            gate.abort()
            failed.append(error)
            raise

    threads = [threading.Thread(target=live, args=(house,)) for house in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    found = Counter(keys(second))
    assert set(found.values()) == {1}
    assert Counter(kinds(list(found)))["weekly"] == 3
    assert Counter(kinds(list(found)))["ending"] == 2
    assert len(first.owed("answer")) == len({row.key for row in first.owed("answer")})


def test_a_clock_set_back_an_hour_repeats_nothing(opted_in: House) -> None:
    opted_in.clock.at = MONDAY + 7 * DAY
    assert kinds(remind(opted_in)) == ["weekly"]
    opted_in.clock.advance(hours=-1)
    assert remind(opted_in) == []
    opted_in.clock.advance(days=-1)
    assert remind(opted_in) == []
    opted_in.clock.at = MONDAY + 7 * DAY + timedelta(hours=1)
    assert remind(opted_in) == []


def test_a_year_away_is_caught_up_with_one_of_each(house: House) -> None:
    house.clock.at = MONDAY
    house.observe()
    house.tenant.value = SettingValue.OPTED_IN
    house.clock.advance(minutes=30)
    house.observe()
    remind(house)
    house.clock.at = datetime(2027, 11, 23, 10, 0, tzinfo=UTC)
    found = remind(house)
    assert Counter(kinds(found))["weekly"] == 1
    assert max(Counter(":".join(key.split(":")[:2]) for key in found).values()) == 1
    assert remind(house) == []


def test_a_window_that_ended_while_nobody_was_there_is_not_said_to_end(opted_in: House) -> None:
    opted_in.clock.at = datetime(2027, 11, 23, 10, 0, tzinfo=UTC)
    assert set(kinds(remind(opted_in))) <= {"head", "freshness"}
    opted_in.work()
    assert opted_in.tenant.value is SettingValue.OPTED_OUT


# A new installation


def test_where_nothing_has_happened_yet_nothing_is_posted_for_a_day(house: House) -> None:
    """The rule names nobody who could approve, one of Microsoft's dates is near, and the record has its first
    events."""
    house.workspace.people.clear()
    house.observe()
    for _ in range(24):
        assert remind(house) == []
        house.clock.advance(hours=1)
    house.clock.at = MONDAY + 2 * DAY
    assert set(kinds(remind(house))) == {"milestone", "approvers"}


def test_on_the_first_day_nothing_is_told_but_what_somebody_asked_for(house: House) -> None:
    house.observe()
    house.ask(ALICE)
    assert remind(house) == []
    house.clock.advance(hours=3)
    assert kinds(remind(house)) == ["nudge"]
    house.clock.at = MONDAY + 2 * DAY
    assert {"head", "milestone"} <= set(kinds(remind(house)))


def test_the_record_is_not_witnessed_before_it_holds_a_change(house: House) -> None:
    house.clock.at = MONDAY
    house.observe()
    assert "head" not in kinds(list(walk(house, 10)))
    house.ask(ALICE)
    assert "head" in kinds(remind(house))


# Whether anybody could approve


def test_a_secret_whose_day_was_set_is_reminded_of_like_a_certificate(house: House) -> None:
    house.clock.at = MONDAY + DAY
    reminders = Reminders(replace(house.context, secret_expires=MONDAY + 21 * DAY))
    found = []
    for _ in range(3):
        house.clock.at += DAY
        reminders.run()
        found = [key for key in keys(house) if key.startswith("secret:")]
        assert len(found) == 1
    assert found[0].endswith(":30")
    assert not [key for key in keys(house) if key.startswith("certificate:")]
