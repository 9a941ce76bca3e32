"""Who asked for an opt-in hears of its end, and of what others did to it, once."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.ports import Unavailable
from storage.engine import Database
from storage.lifecycle import State
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, House
from tests.handlers.reminders.test_remind import DAY, MONDAY, opt_in, remind


@pytest.fixture
def opted_in(database: Database) -> House:
    """In a house that is no new installation any more."""
    house = House(database, at=MONDAY - 2 * DAY)
    house.clock.at = MONDAY
    house.observe()
    opt_in(house)
    remind(house)
    return house


def endings(house: House) -> list[tuple[str, str, str]]:
    """Who was told in private of the end, for which request, and how many days were left."""
    house.deliver()
    return [
        (person, said["request"], said["days"])
        for person, said in house.board.told
        if said["what"] == "ending"
    ]


def extended_by(house: House, person: str, days: int) -> int:
    """Another person's extension, applied, until so many days after the Monday."""
    number = house.ask(person, kind="extension", day=MONDAY.date() + timedelta(days=days)).id
    house.approve(CAROL, number)
    house.work()
    assert house.request(number).state is State.APPLIED
    return number


def test_the_end_is_also_told_to_whoever_asked(opted_in: House) -> None:
    opted_in.clock.at = MONDAY + 25 * DAY
    remind(opted_in)
    assert endings(opted_in) == [(ALICE, "1", "6")]
    opted_in.clock.at = datetime(2026, 12, 23, 16, 0, tzinfo=UTC)
    remind(opted_in)
    assert endings(opted_in) == [(ALICE, "1", "6"), (ALICE, "1", "1")]


def test_the_private_word_is_owed_until_it_arrives_and_then_counts_the_days_that_are_left(
    opted_in: House,
) -> None:
    opted_in.clock.at = datetime(2026, 12, 17, 10, tzinfo=UTC)
    revoked = Unavailable("The bot's token was revoked.", mend="Reinstall the app.", retryable=False)
    opted_in.board.fail("tell", *[revoked] * 30)
    remind(opted_in)
    for _ in range(5):  # hours of the first day, the night, hours of the second
        opted_in.clock.advance(minutes=61)
        assert endings(opted_in) == []
    opted_in.board.trouble.clear()
    opted_in.clock.at = datetime(2026, 12, 18, 10, tzinfo=UTC)
    assert endings(opted_in) == [(ALICE, "1", "6")]


def test_a_private_word_to_somebody_who_left_is_given_up_at_once(opted_in: House) -> None:
    opted_in.clock.at = MONDAY + 31 * DAY
    left = Unavailable("Slack refused the call (user_disabled).", retryable=False)
    opted_in.board.fail("tell", left)
    opted_in.work()
    assert opted_in.tenant.value is SettingValue.OPTED_OUT
    assert [(row.problem, row.tries) for row in opted_in.owed("personal")] == [(left.sentence, 0)]
    opted_in.clock.advance(days=1)
    assert ended(opted_in) == []
    assert opted_in.outbox.oldest_owed(opted_in.clock.at) is None


def test_a_private_word_that_no_longer_holds_is_given_up(opted_in: House) -> None:
    opted_in.clock.at = datetime(2026, 12, 17, 10, tzinfo=UTC)
    opted_in.board.fail("tell", Unavailable("Slack could not be reached."))
    remind(opted_in)
    assert endings(opted_in) == []
    opted_in.opt_out(BOB)
    opted_in.clock.advance(minutes=5)
    opted_in.work()
    assert endings(opted_in) == []


def test_who_asked_first_hears_that_somebody_else_extended_it_and_both_hear_of_the_new_end(
    opted_in: House,
) -> None:
    opted_in.clock.at = MONDAY + 2 * DAY
    number = extended_by(opted_in, BOB, 45)
    assert [(person, said["what"], said["requester"]) for person, said in opted_in.board.told] == [
        (ALICE, "extended", BOB)
    ]
    opted_in.clock.at = datetime(2027, 1, 4, 10, tzinfo=UTC)
    remind(opted_in)
    assert endings(opted_in) == [(BOB, str(number), "4"), (ALICE, str(number), "4")]


def test_who_extends_their_own_opt_in_is_not_told_twice(opted_in: House) -> None:
    opted_in.clock.at = MONDAY + 2 * DAY
    extended_by(opted_in, ALICE, 45)
    assert opted_in.board.told == []
    opted_in.clock.at = datetime(2027, 1, 4, 10, tzinfo=UTC)
    remind(opted_in)
    assert [person for person, _, _ in endings(opted_in)] == [ALICE]


def ended(house: House) -> list[tuple[str, str, str]]:
    """Who was told in private that the opt-in is over, for which request of theirs, and who ended it."""
    house.deliver()
    return [
        (person, said["wish"], said["requester"])
        for person, said in house.board.told
        if said["what"] == "ended"
    ]


def test_whoever_asked_for_it_hears_that_the_window_has_ended(opted_in: House) -> None:
    opted_in.clock.at = MONDAY + 2 * DAY
    number = extended_by(opted_in, BOB, 45)
    opted_in.clock.at = MONDAY + 46 * DAY
    opted_in.work()
    assert opted_in.tenant.value is SettingValue.OPTED_OUT
    assert ended(opted_in) == [(BOB, str(number), ""), (ALICE, "1", "")]


def test_whoever_asked_for_it_hears_that_somebody_else_opted_out_and_nobody_hears_of_their_own(
    opted_in: House,
) -> None:
    opted_in.opt_out(BOB)
    opted_in.work()
    assert ended(opted_in) == [(ALICE, "1", BOB)]
    opted_in.opt_out(CAROL)
    opted_in.work()
    assert ended(opted_in) == [(ALICE, "1", BOB)]


def test_who_opts_out_of_their_own_opt_in_is_told_once(opted_in: House) -> None:
    opted_in.opt_out(ALICE)
    opted_in.work()
    assert ended(opted_in) == []


def test_whoever_asked_for_an_earlier_opt_in_that_ended_hears_nothing_of_the_next(opted_in: House) -> None:
    opted_in.opt_out(BOB)
    opted_in.work()
    number = opted_in.ask(BOB, day=MONDAY.date() + timedelta(days=20)).id
    opted_in.approve(CAROL, number)
    opted_in.work()
    opted_in.clock.at = datetime(2026, 12, 11, 10, tzinfo=UTC)
    remind(opted_in)
    assert {person for person, _, _ in endings(opted_in)} == {BOB}


def outside(house: House, *values: SettingValue) -> None:
    """Somebody changes the setting by hand, once a quarter of an hour."""
    for value in values:
        house.tenant.value = value
        house.clock.advance(minutes=15)
        house.observe()


def test_whoever_asked_for_it_is_told_though_it_was_taken_back_and_restored_by_hand(opted_in: House) -> None:
    outside(opted_in, SettingValue.OPTED_OUT, SettingValue.OPTED_IN)
    opted_in.clock.at = datetime(2026, 12, 18, 10, tzinfo=UTC)
    remind(opted_in)
    assert [(person, asked) for person, asked, _ in endings(opted_in)] == [(ALICE, "3")]
    opted_in.clock.at = MONDAY + 31 * DAY
    opted_in.work()
    assert opted_in.tenant.value is SettingValue.OPTED_OUT
    assert ended(opted_in) == [(ALICE, "1", "")]


def test_whoever_asked_for_it_is_told_of_an_extension_of_what_was_restored_by_hand(opted_in: House) -> None:
    outside(opted_in, SettingValue.OPTED_OUT, SettingValue.OPTED_IN)
    extended_by(opted_in, BOB, 45)
    assert [(person, said["what"], said["requester"]) for person, said in opted_in.board.told] == [
        (ALICE, "extended", BOB)
    ]


def test_whoever_asked_for_what_had_ended_hears_nothing_of_what_somebody_opted_in_by_hand(
    opted_in: House,
) -> None:
    outside(opted_in, SettingValue.OPTED_OUT)
    opted_in.clock.at = MONDAY + 31 * DAY
    outside(opted_in, SettingValue.OPTED_IN)
    opted_in.opt_out(BOB)
    opted_in.work()
    assert opted_in.tenant.value is SettingValue.OPTED_OUT
    assert ended(opted_in) == []
