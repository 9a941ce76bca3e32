"""A vote that is taken back: by which door, before or after it arrived, and when it is too late."""

from datetime import timedelta

import pytest

from storage.lifecycle import State
from storage.records import Door, Vote
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, ERIN, TWO, House
from tests.handlers.policy.test_votes import counted
from tests.sentences import says


@pytest.fixture
def pending(house: House) -> int:
    """A request that needs two approvals."""
    house.start(TWO)
    number = house.ask(ALICE).id
    house.card_ts(number)
    return number


def test_a_removed_reaction_takes_back_its_vote_and_is_answered_by_direct_message(
    house: House, pending: int
) -> None:
    house.react(BOB, pending)
    assert counted(house, pending) == {BOB}
    house.react(BOB, pending, removed=True)
    assert counted(house, pending) == set()
    said = house.board.said[-1]
    assert (said.person, said.channel) == (BOB, None)
    assert says("is_taken_back") in said.text


def test_the_button_takes_back_a_vote_cast_by_either_door(house: House, pending: int) -> None:
    for person, door in ((BOB, Door.REACTION), (CAROL, Door.BUTTON)):
        house.approve(person, pending, door)
        house.press("take_back", person, pending)
        assert says("is_taken_back") in house.answer(person)
    assert counted(house, pending) == set()
    assert house.request(pending).state is State.PENDING


def test_removing_a_reaction_leaves_a_vote_cast_by_button_and_says_so(house: House, pending: int) -> None:
    house.approve(BOB, pending)
    house.react(BOB, pending, removed=True)
    assert counted(house, pending) == {BOB}
    assert says("still_counts") in house.answer(BOB)


def test_whoever_voted_by_both_doors_is_told_the_truth_when_the_reaction_goes(
    house: House, pending: int
) -> None:
    house.approve(BOB, pending)
    house.react(BOB, pending)
    house.react(BOB, pending, removed=True)
    assert counted(house, pending) == {BOB}
    assert says("still_counts") in house.answer(BOB)


def test_a_removal_that_arrives_after_the_vote_was_cast_again_leaves_the_newer_one_and_says_so(
    house: House, pending: int
) -> None:
    earlier = house.clock.at
    house.react(BOB, pending, at=earlier)
    house.react(BOB, pending, at=earlier + timedelta(seconds=2))
    house.react(BOB, pending, removed=True, at=earlier + timedelta(seconds=1))
    assert counted(house, pending) == {BOB}
    assert says("still_counts") in house.answer(BOB)


def test_taking_back_what_one_never_said_is_answered(house: House, pending: int) -> None:
    house.press("take_back", BOB, pending)
    assert says("no_vote") in house.answer(BOB)
    assert house.votes(pending) == []
    assert [event.actor for event in house.events("refused")] == [BOB]


def test_a_vote_taken_back_can_be_cast_again(house: House, pending: int) -> None:
    house.react(BOB, pending)
    house.react(BOB, pending, removed=True)
    house.react(BOB, pending)
    assert counted(house, pending) == {BOB}


def test_a_vote_that_arrives_after_its_own_removal_does_not_count(house: House, pending: int) -> None:
    earlier = house.clock.at
    house.react(BOB, pending, removed=True, at=earlier + timedelta(seconds=2))
    house.react(BOB, pending, at=earlier)
    house.approve(CAROL, pending)
    assert counted(house, pending) == {CAROL}
    assert house.request(pending).state is State.PENDING
    assert says("taken_back_later") in house.answer(BOB)


@pytest.mark.parametrize("silent", ["U0BOB", "S0MAIL"])
def test_a_removal_that_arrives_first_counts_even_while_nobody_can_be_looked_up(
    house: House, pending: int, silent: str
) -> None:
    person = BOB if silent == BOB else DAVE
    house.workspace.silent.add(silent)
    house.react(person, pending, removed=True, at=house.clock.at + timedelta(seconds=2))
    house.workspace.silent.clear()
    house.react(person, pending, at=house.clock.at)
    assert counted(house, pending) == set()


def test_a_redelivery_older_than_the_removal_stays_undone(house: House, pending: int) -> None:
    earlier = house.clock.at
    house.react(BOB, pending, at=earlier)
    house.react(BOB, pending, removed=True, at=earlier + timedelta(seconds=1))
    house.react(BOB, pending, at=earlier, event_id="EvAgain")
    assert counted(house, pending) == set()


def test_a_decided_request_keeps_its_votes(house: House, pending: int) -> None:
    house.react(BOB, pending)
    house.react(CAROL, pending)
    house.react(BOB, pending, removed=True)
    assert house.request(pending).state is State.APPROVED
    assert says("decided_already") in house.answer(BOB)
    assert [vote.vote for vote in house.votes(pending)] == [Vote.APPROVE, Vote.APPROVE]


def test_a_stranger_s_reactions_leave_no_vote_behind(house: House, pending: int) -> None:
    house.react(ERIN, pending)
    house.react(ERIN, pending, removed=True)
    assert house.votes(pending) == []
