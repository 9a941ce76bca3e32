"""What the message of an extension says, and of an opt-in that was ended, extended or brought back."""

from datetime import date

import pytest

from storage.lifecycle import State
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.outgoing.test_what_adoptions_say import noticed
from tests.handlers.outgoing.test_what_cards_say import (
    IN,
    OUT,
    card,
    opted_in,
    opted_out,
    outcome,
    seen_outside,
)
from tests.journeys.words import buttons, words
from tests.sentences import says


@pytest.mark.parametrize("doing", ["approving", "watching"])
@pytest.mark.parametrize(
    ("value", "way", "needed"), [(IN, "Extend", "An extension can"), (OUT, "Ask again", "A new request is")]
)
def test_a_stale_card_leads_to_what_can_be_asked_for_now(
    house: House, value: SettingValue, way: str, needed: str, doing: str
) -> None:
    house.observe()
    number = house.ask(ALICE).id
    house.card_ts(number)
    house.tenant.value = value
    if doing == "approving":
        house.approve(BOB, number)
        house.run()
    else:
        house.clock.advance(minutes=11)
        house.observe()
    shown = card(house, number)
    ((name, element),) = buttons(shown).items()
    assert element["text"]["text"] == way
    assert needed in words(shown)
    house.press(name, ALICE, number)
    assert house.windows.opened[-1]["callback_id"] == ("extension" if value is IN else "opt_in")


def test_an_extension_of_what_is_opted_out_by_now_is_asked_for_again_as_an_opt_in(house: House) -> None:
    seen_outside(house)
    number = house.ask(ALICE, kind="extension").id
    house.card_ts(number)
    house.tenant.value = OUT
    house.clock.advance(minutes=11)
    house.observe()
    assert house.request(number).state is State.STALE
    assert list(buttons(card(house, number))) == ["again"]


def test_an_opt_in_that_was_ended_says_that_it_was_applied_and_what_ended_it(house: House) -> None:
    number = opted_in(house)
    ending = house.opt_out(BOB).id
    house.run()
    said = words(card(house, number))
    assert says("was_applied") in said
    assert says("and_ended_by", number=ending) in said
    assert says("the_bot_opts_out_by_itself_then") not in said


def test_an_opt_in_that_reached_its_end_says_which_opt_out_ended_it(house: House) -> None:
    number = opted_in(house)
    house.clock.advance(days=21)
    house.work()
    assert says("and_ended_by", number=number + 1) in words(card(house, number))


def test_an_opt_out_that_was_reversed_no_longer_says_what_is_refused(house: House) -> None:
    number = opted_out(house)
    assert says("is_refused_on") in words(card(house, number))
    opted_in(house)
    assert says("is_refused_on") not in words(card(house, number))
    assert says("was_applied") in words(card(house, number))


def test_of_an_opt_in_that_was_extended_only_the_extension_says_when_it_ends(house: House) -> None:
    number = opted_in(house)
    extension = house.ask(ALICE, kind="extension", day=date(2027, 1, 24)).id
    house.approve(BOB, extension)
    house.run()
    assert says("and_extended_by", number=extension) in words(card(house, number))
    assert says("the_bot_opts_out_by_itself_then") in words(card(house, extension))


def test_an_opt_in_that_is_brought_back_outside_says_again_when_it_ends(house: House) -> None:
    number = opted_in(house)
    ending = noticed(house, OUT)
    assert says("and_changed_outside_by", number=ending) in words(card(house, number))
    noticed(house, IN)
    assert says("the_bot_opts_out_by_itself_then") in words(card(house, number))


@pytest.mark.parametrize(
    ("protocols", "pointed"),
    [
        (["smtp-auth"], "`smtp-legacy.office365.com`"),
        (["imap4", "smtp-auth"], "`smtp-legacy.office365.com`"),
    ],
)
def test_who_asked_reads_at_which_hosts_the_devices_asked_for_have_to_be_pointed(
    house: House, protocols: list[str], pointed: str
) -> None:
    house.observe()
    number = house.ask(ALICE, protocols=protocols).id
    house.approve(BOB, number)
    house.run()
    assert says("a_device_also_has_to_be_pointed", pointed=pointed) in outcome(house)


def test_who_extended_an_opt_in_is_not_told_to_point_devices_anywhere(house: House) -> None:
    opted_in(house)
    extension = house.ask(ALICE, kind="extension", day=date(2027, 1, 24)).id
    house.approve(BOB, extension)
    house.run()
    assert says("the_opt_in_ends_by_itself") in outcome(house)
    assert says("pointed_at") not in outcome(house)
