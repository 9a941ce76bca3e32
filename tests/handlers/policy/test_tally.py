"""Counting: distinct, eligible, other people whose newest vote stands, whatever the order in which Slack told
of them."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.policy.rule import Rule
from handlers.policy.votes import content_digest, standing_approvals, tally
from storage.records import Decision, Door, Vote
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, NOW, RULE, TWO
from tests.handlers.policy.test_content import REQUEST

DIGEST = content_digest(REQUEST, RULE.digest)
DIGEST_OF_TWO = content_digest(REQUEST, TWO.digest)
ALL = frozenset({ALICE, BOB, CAROL, DAVE})
_numbers = itertools.count(1)


def vote(
    person: str,
    second: int,
    said: Vote = Vote.APPROVE,
    *,
    door: Door = Door.BUTTON,
    digest: str = DIGEST,
    number: int = 0,
) -> Decision:
    at = NOW + timedelta(seconds=second)
    return Decision(number or next(_numbers), REQUEST.id, person, said, door, digest, at, at)


def back(person: str, second: int, door: Door = Door.BUTTON) -> Decision:
    return vote(person, second, Vote.TAKEN_BACK, door=door)


def approved_by(*votes: Decision, rule: Rule = RULE, eligible: frozenset[str] = ALL) -> set[str]:
    return set(tally(REQUEST, votes, rule=rule, eligible=eligible).approved_by)


def test_nothing_is_complete_without_a_vote() -> None:
    counted = tally(REQUEST, [], rule=RULE, eligible=ALL)
    assert (counted.approved_by, counted.missing, counted.complete) == ((), 1, False)


def test_one_person_counts_once_however_often_and_by_whichever_door() -> None:
    votes = [vote(BOB, second, door=door, digest=DIGEST_OF_TWO) for second, door in enumerate([*Door, *Door])]
    counted = tally(REQUEST, votes, rule=TWO, eligible=ALL)
    assert (counted.approved_by, counted.missing) == ((BOB,), 1)


def test_two_people_are_enough_for_two() -> None:
    votes = [vote(BOB, 1, digest=DIGEST_OF_TWO), vote(CAROL, 2, digest=DIGEST_OF_TWO)]
    assert tally(REQUEST, votes, rule=TWO, eligible=ALL).complete


def test_more_than_enough_is_still_complete() -> None:
    counted = tally(REQUEST, [vote(BOB, 1), vote(CAROL, 2), vote(DAVE, 3)], rule=RULE, eligible=ALL)
    assert (counted.missing, counted.complete) == (0, True)


def test_the_requester_never_counts_even_when_eligible() -> None:
    counted = tally(REQUEST, [vote(ALICE, 1)], rule=RULE, eligible=ALL)
    assert (counted.approved_by, counted.void, counted.missing) == ((), (ALICE,), 1)


def test_whoever_is_not_eligible_now_does_not_count() -> None:
    counted = tally(REQUEST, [vote(BOB, 1)], rule=RULE, eligible=frozenset({CAROL}))
    assert (counted.approved_by, counted.void) == ((), (BOB,))


def test_a_rejection_is_no_approval() -> None:
    assert approved_by(vote(BOB, 1, Vote.REJECT)) == set()


def test_a_vote_taken_back_by_button_is_gone_by_whichever_door_it_was_cast() -> None:
    for door in Door:
        assert approved_by(vote(BOB, 1, door=door), back(BOB, 2)) == set()


@pytest.mark.parametrize(
    ("door", "stands"), [(Door.REACTION, False), (Door.BUTTON, True), (Door.COMMAND, True)]
)
def test_removing_a_reaction_takes_back_only_a_vote_cast_by_reaction(door: Door, stands: bool) -> None:
    assert (approved_by(vote(BOB, 1, door=door), back(BOB, 2, Door.REACTION)) == {BOB}) is stands


def test_a_button_vote_stands_when_a_later_reaction_comes_and_goes() -> None:
    assert approved_by(vote(BOB, 1), vote(BOB, 2, door=Door.REACTION), back(BOB, 3, Door.REACTION)) == {BOB}


def test_taking_back_is_one_person_s_own() -> None:
    assert approved_by(vote(BOB, 1), back(CAROL, 2)) == {BOB}


def test_a_vote_cast_again_later_stands() -> None:
    assert approved_by(vote(BOB, 1), back(BOB, 2), vote(BOB, 3)) == {BOB}


def test_a_redelivered_older_vote_stays_undone() -> None:
    assert approved_by(vote(BOB, 1), back(BOB, 2), vote(BOB, 1)) == set()


def test_a_removal_that_arrived_before_its_vote_undoes_it() -> None:
    assert approved_by(back(BOB, 2, Door.REACTION), vote(BOB, 1, door=Door.REACTION)) == set()


def test_a_vote_and_its_removal_at_the_same_instant_is_no_vote() -> None:
    assert approved_by(vote(BOB, 1), back(BOB, 1)) == set()


def test_the_newest_vote_decides_which_content_was_approved() -> None:
    assert approved_by(vote(BOB, 1, digest="old"), vote(BOB, 2)) == {BOB}
    assert approved_by(vote(BOB, 2, digest="old"), vote(BOB, 1)) == set()


ACTS = st.lists(
    st.tuples(
        st.sampled_from([BOB, CAROL, DAVE]),
        st.integers(0, 5),
        st.sampled_from([Vote.APPROVE, Vote.TAKEN_BACK]),
        st.sampled_from([Door.BUTTON, Door.REACTION]),
    ),
    max_size=8,
)


@given(ACTS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(
    acts: list[tuple[str, int, Vote, Door]], chance: object
) -> None:
    votes = [vote(person, second, said, door=door) for person, second, said, door in acts]
    shuffled = list(votes)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    again = [replace(voted, id=number) for number, voted in enumerate(shuffled, start=1)]
    assert set(standing_approvals(votes)) == set(standing_approvals(again))
    assert approved_by(*votes) == approved_by(*again)


@given(ACTS)
def test_a_redelivery_of_everything_changes_nothing(acts: list[tuple[str, int, Vote, Door]]) -> None:
    votes = [vote(person, second, said, door=door) for person, second, said, door in acts]
    assert approved_by(*votes) == approved_by(
        *votes, *(replace(voted, id=voted.id + 1000) for voted in votes)
    )


@given(ACTS, st.integers(1, 3))
def test_never_more_people_count_than_voted_and_missing_is_never_negative(
    acts: list[tuple[str, int, Vote, Door]], needed: int
) -> None:
    rule = replace(RULE, approvals_required=needed)
    digest = content_digest(REQUEST, rule.digest)
    votes = [vote(person, second, said, door=door, digest=digest) for person, second, said, door in acts]
    counted = tally(REQUEST, votes, rule=rule, eligible=ALL)
    approvers = {person for person, _, said, _ in acts if said is Vote.APPROVE}
    assert set(counted.approved_by) <= approvers
    assert len(set(counted.approved_by)) == len(counted.approved_by)
    assert counted.missing == max(0, needed - len(counted.approved_by))
