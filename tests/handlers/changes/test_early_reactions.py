"""Slack shows a message before the bot has noted where it stands; a reaction in that moment is not lost."""

from datetime import timedelta

from handlers.reaction_targets import PLACING
from storage.lifecycle import State
from tests.handlers.driver import ALICE, BOB, House
from tests.sentences import says


def test_a_reaction_between_the_post_and_the_note_of_its_place_counts(both: House) -> None:
    both.board.after_post = lambda place: both.react(BOB, 0, ts=place.ts)
    request = both.ask(ALICE)
    both.deliver()
    assert both.votes(request.id) == []
    both.free_leftovers()
    both.dispatch.take_up_leftovers()
    assert both.request(request.id).state is State.APPROVED
    assert says("is_counted") in both.answer(BOB)


def test_it_is_put_off_for_a_moment_and_not_looked_at_without_end(both: House) -> None:
    request = both.ask(ALICE)
    both.react(BOB, request.id, ts="1763899200.000001")
    assert both.dispatch.take_up_leftovers() == 0


def test_a_reaction_on_somebody_elses_message_is_let_go_in_the_end(house: House) -> None:
    request = house.ask(ALICE)
    house.react(BOB, request.id, ts="1763899200.777777")
    house.clock.at += PLACING - timedelta(seconds=1)
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 1
    house.clock.at += timedelta(seconds=1)
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 1
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 0
    assert house.votes(request.id) == []


def test_it_is_let_go_at_once_when_the_requests_message_is_known(house: House) -> None:
    request = house.ask(ALICE)
    house.deliver()
    house.react(BOB, request.id, ts="1763899200.777777", author="U0DAVE")
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 0
