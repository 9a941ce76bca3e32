"""A change made outside the bot: what it does to open requests, and who says that it was them."""

import pytest

from handlers.outgoing.request_view import RequestView
from storage.lifecycle import Kind, State
from tests.handlers.changes.test_apply import approved
from tests.handlers.changes.test_drift import EVERY, IN, OUT, look
from tests.handlers.driver import ALICE, BOB, CHANNEL, ERIN, House
from tests.sentences import says


def test_a_change_outside_makes_an_approval_stale(house: House) -> None:
    look(house)
    number = approved(house)
    house.tenant.value = OUT
    look(house)
    house.run()
    assert (house.request(number).state, house.tenant.writes) == (State.STALE, [])


def test_a_change_outside_makes_a_request_stale_that_still_waits_for_approval(both: House) -> None:
    look(both)
    number = both.ask(ALICE).id
    look(both)
    assert both.request(number).state is State.PENDING
    both.tenant.value = OUT
    look(both)
    assert both.request(number).state is State.STALE
    assert says("this_was_asked_for_while_it_was") in both.request(number).detail
    assert [(person, view.request.state) for person, view in told_outcomes(both)] == [(ALICE, State.STALE)]
    both.approve(BOB, number)
    assert says("is_already_stale", number=number) in both.answer(BOB)


def told_outcomes(house: House) -> list[tuple[str, RequestView]]:
    house.deliver()
    return house.board.outcomes


def test_a_value_seen_once_only_makes_no_request_stale(house: House) -> None:
    look(house)
    number = house.ask(ALICE).id
    house.clock.advance(minutes=10)
    house.tenant.readings.append(OUT)
    house.dispatch.drift.observe(EVERY)
    look(house)
    assert house.request(number).state is State.PENDING


def test_a_change_outside_ends_the_window_of_the_one_before(house: House) -> None:
    look(house)
    number = approved(house)
    house.run()
    house.tenant.value = OUT
    look(house)
    end = house.request(number).window_end
    assert end is not None
    house.clock.at = end
    assert house.dispatch.optouts.end_window() == 0


@pytest.mark.parametrize("person", [ALICE, BOB])
def test_somebody_with_a_role_can_say_that_it_was_them_once(house: House, person: str) -> None:
    look(house)
    house.tenant.value = IN
    look(house)
    number = house.requests(Kind.OUTSIDE)[0].id
    house.submit("claim", person, str(number), reason="Emergency at the plant")
    assert says("on_record") in house.answer(person)
    house.submit("claim", BOB, str(number), reason="No, me")
    assert "already" in house.answer(BOB)
    house.deliver()
    assert (house.board.cards[-1][1].reason_by, house.board.cards[-1][1].reason_given) == (
        person,
        "Emergency at the plant",
    )


def test_nobody_else_can_say_that_it_was_them_and_other_changes_cannot_be_claimed(house: House) -> None:
    look(house)
    house.tenant.value = IN
    look(house)
    house.submit("claim", ERIN, str(house.requests(Kind.OUTSIDE)[0].id), reason="Me")
    assert says("not_an_operator_or_approver") in house.answer(ERIN)
    number = house.opt_out(ALICE).id
    house.submit("claim", ALICE, str(number), reason="Me")
    assert says("not_made_outside") in house.answer(ALICE)


def test_claiming_changes_nothing_in_exchange(house: House) -> None:
    look(house)
    house.tenant.value = IN
    look(house)
    house.submit("claim", ALICE, str(house.requests(Kind.OUTSIDE)[0].id), reason="Me")
    house.submit(
        "opt_in",
        ALICE,
        CHANNEL,
        reason="a",
        clients="Two scanners",
        protocols=["pop3"],
        day=house.clock.at.date(),
    )
    house.work()
    assert house.tenant.writes == []
