"""Too few approvers, and what cannot be checked: told once a day, and decided upon by nobody."""

from dataclasses import replace
from datetime import datetime

import pytest

from handlers.delivery.deliver import Delivery
from handlers.ports import Unavailable
from handlers.reminders.remind import Reminders
from storage.engine import Database, Unreachable
from storage.lifecycle import State
from tests.handlers.driver import ALICE, BOB, CAROL, MAIL, RULE, House
from tests.handlers.reminders.test_remind import DAY, MONDAY, keys, kinds, opt_in, remind
from tests.handlers.saying import announcement
from tests.sentences import says


@pytest.fixture
def opted_in(database: Database) -> House:
    """In a house that is no new installation any more."""
    house = House(database, at=MONDAY - 2 * DAY)
    house.clock.at = MONDAY
    house.observe()
    opt_in(house)
    remind(house)
    return house


def test_too_few_approvers_are_told_once_a_day(house: House) -> None:
    house.clock.at = MONDAY
    house.start(replace(RULE, approvers=(ALICE, MAIL)))
    house.workspace.groups[MAIL] = []
    assert "approvers:2026-11-23" in remind(house)
    assert remind(house) == []
    house.clock.at += DAY
    assert "approvers:2026-11-24" in remind(house)
    house.workspace.groups[MAIL] = [BOB]
    house.clock.at += DAY
    assert "approvers" not in kinds(remind(house))


def test_too_few_approvers_are_told_although_the_database_fails_at_first_and_slack_is_not_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.clock.at = MONDAY
    house.start(replace(RULE, approvers=(ALICE, MAIL)))
    house.workspace.groups[MAIL] = []
    reminders = Reminders(house.context)
    with monkeypatch.context() as broken:
        broken.setattr(house.ledger, "recording", _unreachable)
        with pytest.raises(Unreachable):
            reminders.run()
    asked = len(house.workspace.asked)
    house.clock.advance(seconds=5)
    assert reminders.run() == 1
    assert reminders.run() == 0
    assert "approvers:2026-11-23" in keys(house)
    assert len(house.workspace.asked) == asked


def _unreachable(*_: object) -> None:
    raise Unreachable("the database is gone")


def test_somebody_without_an_account_does_not_count_as_an_approver(house: House) -> None:
    house.clock.at = MONDAY
    house.start(replace(RULE, approvers=(ALICE, BOB), operators=(ALICE,)))
    house.workspace.change(BOB, deleted=True)
    assert "approvers" in kinds(remind(house))


def test_a_silent_slack_is_no_news_and_is_not_asked_every_second(house: House) -> None:
    house.clock.at = MONDAY + 2 * DAY
    reminders = Reminders(house.context)
    house.workspace.down = True
    asked = len(house.workspace.asked)
    for _ in range(120):
        reminders.run()
        house.clock.advance(seconds=1)
    assert "approvers" not in kinds(keys(house))
    assert len(house.workspace.asked) - asked <= 5
    house.workspace.down = False
    house.workspace.groups[MAIL] = []
    for person in (ALICE, BOB, CAROL):
        house.workspace.change(person, deleted=True)
    house.clock.advance(minutes=10)
    reminders.run()
    assert "approvers" in kinds(keys(house))


def test_operators_are_found_through_their_groups(house: House) -> None:
    """Bob may ask through a group, and is the only one who could approve."""
    house.start(replace(RULE, approvers=(BOB,), operators=(MAIL,)))
    house.workspace.groups[MAIL] = [BOB]
    house.clock.at = MONDAY
    assert "approvers:2026-11-23" in remind(house)
    house.workspace.groups[MAIL] = [ALICE]
    house.clock.at += DAY
    assert "approvers" not in kinds(remind(house))


def test_what_cannot_be_checked_for_a_day_is_told_as_unknown(house: House) -> None:
    house.clock.at = MONDAY + 2 * DAY
    reminders = Reminders(house.context)
    house.workspace.silent.add(MAIL)
    for _ in range(24 * 6):
        reminders.run()
        house.clock.advance(minutes=10)
    assert "approvers" not in kinds(keys(house))
    reminders.run()
    house.deliver()
    (told,) = [facts for facts in house.board.announced if facts["what"] == "approvers"]
    assert told["unknown_since"] == (MONDAY + 2 * DAY).isoformat()
    assert "eligible" not in told
    assert says("could_not_be_checked_since") in announcement(told, house.context.zone).text


def test_one_answer_in_between_begins_the_day_anew(house: House) -> None:
    house.clock.at = MONDAY + 2 * DAY
    reminders = Reminders(house.context)
    for hour in range(30):
        if hour == 6:
            house.workspace.silent.clear()
        else:
            house.workspace.silent.add(MAIL)
        reminders.run()
        house.clock.advance(hours=1)
    assert "approvers" not in kinds(keys(house))


def test_the_certificate_is_asked_before_the_database_is(house: House) -> None:
    """Its key may lie on a slow disk: no reader is held open meanwhile."""
    asked: list[int] = []
    expires = MONDAY + 20 * DAY

    def certificate() -> datetime:
        asked.append(house.database.engine.pool.checkedout())  # type: ignore[attr-defined]
        return expires

    house.clock.at = MONDAY + 2 * DAY
    house.context = replace(house.context, certificate_expires=certificate)
    house.delivery = Delivery(house.context, house.outbox, house.board)
    assert "certificate" in kinds(remind(house))
    house.deliver()
    assert [facts["expires"] for facts in house.board.announced if facts["what"] == "certificate"] == [
        expires.isoformat()
    ]
    assert set(asked) == {0}


def test_a_certificate_that_cannot_be_read_holds_no_other_reminder_up(opted_in: House) -> None:
    def unreadable() -> datetime:
        raise Unavailable("The certificate could not be read.")

    opted_in.context = replace(opted_in.context, certificate_expires=unreadable)
    opted_in.clock.at = MONDAY + 7 * DAY
    assert "weekly" in kinds(remind(opted_in))


def test_looking_at_the_approvers_decides_nothing(house: House) -> None:
    house.clock.at = MONDAY
    number = house.ask(ALICE).id
    house.start(replace(RULE, approvers=(ALICE,)))
    remind(house)
    assert house.request(number).state is State.PENDING
