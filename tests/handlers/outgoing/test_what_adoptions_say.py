"""What is said of an opt-in made outside the bot and adopted, and of an extension that came to nothing."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from handlers.delivery.deliver import Delivery
from handlers.slack.views import request_outcomes
from storage.lifecycle import State
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, ERIN, House
from tests.handlers.fakes import REFUSED
from tests.handlers.outgoing.test_what_cards_say import IN, OUT, card, opted_in, outcome, seen_outside
from tests.journeys.words import buttons, words
from tests.sentences import says


def noticed(house: House, value: SettingValue) -> int:
    """The number of a change made outside the bot, once it was noticed."""
    house.clock.advance(minutes=11)
    house.tenant.value = value
    house.observe()
    return house.newest().id


def test_who_decides_on_an_adoption_reads_what_is_adopted_and_that_nobody_approved_it(house: House) -> None:
    number = seen_outside(house)
    extension = house.ask(ALICE, kind="extension").id
    adopts = says("asks_to_adopt", number=number)
    assert adopts in words(card(house, extension))
    house.approve(BOB, extension)
    house.run()
    assert adopts in words(card(house, extension))
    longer = house.ask(ALICE, kind="extension", day=date(2027, 1, 24)).id
    assert "adopt" not in words(card(house, longer))


def test_an_extension_of_what_was_approved_and_brought_back_outside_adopts_nothing(house: House) -> None:
    opted_in(house)
    noticed(house, OUT)
    number = noticed(house, IN)
    extension = house.ask(ALICE, kind="extension", day=date(2027, 1, 24)).id
    assert "adopt" not in words(card(house, extension))
    house.approve(BOB, extension)
    house.run()
    assert says("another_change_came_after_it") in words(card(house, number))


def test_somebody_is_called_when_it_was_opted_in_outside_until_somebody_says_that_it_was_them(
    house: House,
) -> None:
    house.context = replace(house.context, escalate_to=(ERIN,))
    house.delivery = Delivery(house.context, house.outbox, house.board)
    house.observe()
    house.tenant.value = IN
    house.clock.advance(minutes=11)
    house.observe()
    house.deliver()
    number = house.newest().id
    assert says("please_see_to_it", person=ERIN) in words(card(house, number))


@pytest.mark.parametrize("act", ["reject", "withdraw", "nothing"])
def test_an_extension_that_came_to_nothing_leaves_the_end_there_is_on_its_card(
    house: House, act: str
) -> None:
    opted_in(house)
    number = house.ask(ALICE, kind="extension", day=date(2027, 1, 24)).id
    house.card_ts(number)
    if act == "nothing":
        house.clock.advance(hours=25)
        house.work()
    else:
        house.press(act, BOB if act == "reject" else ALICE, number)
    asked, stays = words(card(house, number)).split(says("the_opt_in_still_ends_by_itself"))
    assert says("24_00_of_24_january_2027") in asked
    assert says("24_00_of_13_december_2026") in stays


def test_whose_extension_is_rejected_reads_when_the_opt_in_still_ends(house: House) -> None:
    opted_in(house)
    number = house.ask(ALICE, kind="extension", day=date(2027, 1, 24)).id
    house.reject(BOB, number)
    assert says("the_opt_in_still_ends_by_itself") in outcome(house)
    assert says("24_00_of_13_december_2026") in outcome(house)


def test_whose_adoption_is_rejected_reads_that_there_is_still_no_end(house: House) -> None:
    seen_outside(house)
    number = house.ask(ALICE, kind="extension").id
    house.reject(BOB, number)
    assert says("the_opt_in_still_has_no_end") in words(card(house, number))
    assert says("the_opt_in_still_has_no_end") in outcome(house)


def test_an_extension_of_what_was_opted_out_meanwhile_says_nothing_of_an_end_that_is_gone(
    house: House,
) -> None:
    opted_in(house)
    number = house.ask(ALICE, kind="extension", day=date(2027, 1, 24)).id
    house.card_ts(number)
    house.opt_out(BOB)
    house.run()
    shown = words(card(house, number))
    assert says("still_ends") not in shown
    house.deliver()
    told = [view for _, view in house.board.outcomes if view.request.id == number]
    assert not told or says("still_ends") not in words(
        request_outcomes.outcome(told[-1], house.context.zone).arguments()
    )


def test_a_failed_end_of_a_window_says_when_it_is_tried_again_and_then_by_which_opt_out(house: House) -> None:
    opted_in(house)
    house.tenant.outcomes.append(REFUSED)
    house.clock.advance(days=21)
    house.work()
    failed = house.newest()
    assert failed.state is State.FAILED
    assert failed.settled_at is not None
    shown = card(house, failed.id)
    at = int((failed.settled_at + timedelta(minutes=30)).timestamp())
    assert words(shown).count(says("the_bot_tries_again", at=at)) == 1
    assert says("legacytls_disable_opts_out_again") not in words(shown)
    assert list(buttons(shown)) == ["opt_out_now"]
    house.clock.advance(minutes=31)
    house.work()
    assert house.newest().id == failed.id + 1
    shown = card(house, failed.id)
    assert says("the_bot_tries_again", at=at) not in words(shown)
    assert buttons(shown) == {}
