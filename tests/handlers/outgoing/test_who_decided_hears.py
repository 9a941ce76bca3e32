"""Whoever decided hears in person what came of it, once; what reminded them has the buttons until then."""

import pytest

from handlers.reminders.remind import Reminders
from storage.lifecycle import State
from tests.handlers.changes.test_late_arrivals import given_up
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, TWO, House
from tests.handlers.fakes import REFUSED, Answering
from tests.handlers.saying import announcement
from tests.journeys.words import buttons


def heard(house: House, person: str) -> list[State]:
    """The states in which somebody was told privately how a request stands."""
    house.deliver()
    return [view.request.state for told, view in house.board.outcomes if told == person]


@pytest.mark.parametrize(("answering", "state"), [(None, State.APPLIED), (REFUSED, State.FAILED)])
def test_an_approver_hears_of_the_result_once_as_the_requester_does(
    house: House, answering: Answering | None, state: State
) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    if answering:
        house.tenant.outcomes.append(answering)
    for person in (BOB, CAROL):
        house.approve(person, number)
    assert heard(house, BOB) == []
    house.work()
    house.work()
    assert [heard(house, person) for person in (ALICE, BOB, CAROL, DAVE)] == [[state], [state], [state], []]


def test_an_approver_hears_of_a_correction_too(house: House) -> None:
    number = given_up(house)
    assert heard(house, BOB) == [State.FAILED]
    house.tenant.land()
    house.clock.advance(minutes=11)
    house.observe()
    assert house.answer(BOB) == house.answer(ALICE)
    assert f"#{number}" in house.answer(BOB)


@pytest.mark.parametrize("act", ["reject", "withdraw", "time"])
def test_who_approved_hears_that_it_came_to_nothing(house: House, act: str) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    if act == "time":
        house.clock.advance(hours=90)
        house.work()
    else:
        house.press(act, CAROL if act == "reject" else ALICE, number)
    expected = {"reject": State.REJECTED, "withdraw": State.WITHDRAWN, "time": State.EXPIRED}[act]
    assert heard(house, BOB) == [expected]
    assert heard(house, CAROL) == []


def test_the_approver_s_message_is_not_replaced_by_the_requester_s(house: House) -> None:
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.work()
    assert house.board.retired == []


def reminded(house: House) -> int:
    """A request of which the channel was reminded."""
    number = house.ask(ALICE).id
    house.clock.advance(hours=3)
    house.clock.at = house.clock.at.replace(hour=15)
    Reminders(house.context).run()
    house.deliver()
    assert [facts["what"] for facts in house.board.announced if facts.get("request") == str(number)] == [
        "nudge"
    ]
    return number


def test_a_reminder_has_the_buttons_of_the_request_s_own_message(house: House) -> None:
    number = reminded(house)
    shown = announcement(house.board.announced[-1], house.context.zone).arguments()
    assert list(buttons(shown)) == ["approve", "reject", "withdraw"]
    assert {element["value"] for element in buttons(shown).values()} == {str(number)}


@pytest.mark.parametrize(("act", "person"), [("approve", BOB), ("reject", BOB), ("withdraw", ALICE)])
def test_a_press_on_a_reminder_decides_and_it_is_drawn_again_without_buttons(
    house: House, act: str, person: str
) -> None:
    number = reminded(house)
    channel, ts = next(
        (row.posted_channel, row.posted_ts) for row in house.owed("channel") if row.key.startswith("nudge:")
    )
    house.press(act, person, number, ts=ts)
    assert house.request(number).state is not State.PENDING
    house.work()
    place, facts = house.board.drawn_again[-1]
    assert (place.channel, place.ts) == (channel, ts)
    assert f"#{number}" in facts["stands"]
    assert "blocks" not in announcement(facts, house.context.zone).arguments() or not buttons(
        announcement(facts, house.context.zone).arguments()
    )
    with house.ledger.reading() as reader:
        assert [copy.ts for copy in reader.messages.cards(number)] != [ts]
