"""A request's message claims what is so: no effect before it was read back, none where there was none, no way that is gone."""

import pytest

from handlers.slack import cards
from storage.lifecycle import State
from storage.records import SettingValue
from tests.handlers.house import ALICE, BOB, House
from tests.handlers.neighbours import BUSY, LATE, LOST, REFUSED, Answering
from tests.handlers.test_applying import approved
from tests.journeys.words import JSON, buttons, words

IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT
STOPS = "TLS stops working on `smtp-legacy.office365.com`"
BY_HAND = "`/legacytls help` shows how to opt out by hand"
NOTHING = "Nothing was changed: the live value was read as *{}* just before and, as far as is known, still is."


def card(house: House, number: int) -> JSON:
    """A request's message as it was last drawn."""
    house.deliver()
    sheet = next(sheet for _, sheet in reversed(house.board.cards) if sheet.request.id == number)
    return cards.card(sheet, house.context.zone).arguments()


def outcome(house: House) -> str:
    """The newest private word about how a request stands."""
    house.deliver()
    return words(cards.outcome(house.board.outcomes[-1][1], house.context.zone).arguments())


def opted_out(house: House, *answering: Answering) -> int:
    """An opt-out from opted in, by Alice, that Exchange answered like this."""
    house.tenant.value = IN
    house.observe()
    house.tenant.fates.extend(answering)
    number = house.opt_out(ALICE).id
    for _ in answering or (None,):
        house.run()
        house.clock.advance(minutes=2)
    return number


def test_an_opt_out_says_what_stops_working_as_a_fact_only_once_it_was_read_back(house: House) -> None:
    house.tenant.value = IN
    number = house.opt_out(ALICE).id
    assert f"Once applied, old {STOPS}" in words(card(house, number))
    house.run()
    assert f"Old {STOPS}" in words(card(house, number))


def test_an_opt_out_of_unknown_outcome_does_not_say_that_anything_stopped_working(house: House) -> None:
    said = words(card(house, opted_out(house, LATE)))
    assert f"Once applied, old {STOPS}" in said
    assert "Nothing was changed" not in said


@pytest.mark.parametrize("answers", [(REFUSED,), (BUSY,) * 4], ids=["refused", "not processed"])
def test_a_failed_opt_out_says_that_nothing_was_changed_and_offers_both_ways_on(
    house: House, answers: tuple[Answering, ...]
) -> None:
    number = opted_out(house, *answers)
    assert house.request(number).state is State.FAILED
    shown = card(house, number)
    assert "stops working" not in words(shown)
    for said in (words(shown), outcome(house)):
        assert NOTHING.format("opted in") in said
        assert BY_HAND in said
    assert {name: element["text"]["text"] for name, element in buttons(shown).items()} == {"opt_out_now": "Opt out again"}


def test_the_button_of_a_failed_opt_out_opens_the_form_of_an_opt_out(house: House) -> None:
    number = opted_out(house, REFUSED)
    house.press("opt_out_now", BOB, number)
    assert house.windows.opened[-1]["callback_id"] == "opt_out"


def test_a_failed_opt_in_says_that_nothing_was_changed_and_how_to_ask_again(house: House) -> None:
    number = approved(house)
    house.tenant.fates.append(REFUSED)
    house.run()
    shown = card(house, number)
    assert NOTHING.format("not set") in words(shown)
    assert "*Was to become*" in words(shown)
    assert "*Becomes*" not in words(shown)
    assert list(buttons(shown)) == ["again"]
    assert NOTHING.format("not set") in outcome(house)
    assert "`/legacytls enable`, opens the form once more" in outcome(house)


def test_what_stood_before_is_what_was_read_before_the_write_whatever_was_read_since(house: House) -> None:
    house.observe()
    number = approved(house)
    house.tenant.fates.append(REFUSED)

    def others_change_it(write: object) -> None:
        house.tenant.value = IN
        house.clock.advance(minutes=1)
        house.desk.drift.observe(house.clock.at - house.clock.at)

    house.tenant.during_write = others_change_it
    house.run()
    assert NOTHING.format("not set") in house.request(number).detail


def test_a_change_that_was_given_up_does_not_claim_that_nothing_was_changed(house: House) -> None:
    number = opted_out(house, LOST)
    house.clock.advance(minutes=15)
    house.run()
    assert house.request(number).state is State.FAILED
    assert "Nothing was changed" not in words(card(house, number))
    assert "announced as a correction" in words(card(house, number))
    assert BY_HAND in words(card(house, number))
