"""Another tick, thumb or cross on an open request counts for nothing: said once to an approver, and to nobody
else."""

from dataclasses import replace

import pytest

from storage.lifecycle import State
from storage.records import Vote
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, ERIN, MAIL, NOWHERE, RULE, TWO, House
from tests.sentences import says

LIKE = [
    "+1",
    "thumbsup::skin-tone-3",
    "-1",
    "heavy_check_mark",
    "ballot_box_with_check",
    "negative_squared_cross_mark",
]


@pytest.mark.parametrize("emoji", LIKE)
def test_an_approver_hears_once_what_counts_and_nothing_is_counted(both: House, emoji: str) -> None:
    request = both.ask(ALICE)
    both.react(BOB, request.id, emoji)
    said = both.answer(BOB)
    assert says("on_counts_for_nothing", value=emoji.split("::", maxsplit=1)[0], number=request.id) in said
    assert ":white_check_mark:" in said
    assert ":x:" in said
    both.run()
    assert (both.request(request.id).state, both.request(request.id).version) == (
        State.PENDING,
        request.version,
    )
    assert (both.votes(request.id), both.tenant.writes) == ([], [])
    for again in LIKE:
        both.react(BOB, request.id, again)
        both.react(BOB, request.id, again, removed=True)
    assert len(both.answers(BOB)) == 1
    both.react(CAROL, request.id, emoji)
    assert len(both.answers(CAROL)) == 1


def test_the_answer_comes_by_direct_message_like_that_to_a_vote(house: House) -> None:
    request = house.ask(ALICE)
    house.react(BOB, request.id, "+1")
    house.deliver()
    assert [said.channel for said in house.board.said if said.person == BOB] == [None]


def test_for_each_request_anew(house: House) -> None:
    for _ in range(2):
        request = house.ask(ALICE)
        house.react(BOB, request.id, "+1")
        house.press("withdraw", ALICE, request.id)
    assert len(house.answers(BOB)) == 2


def test_the_vote_that_follows_counts(house: House) -> None:
    request = house.ask(ALICE)
    house.react(BOB, request.id, "+1")
    house.react(BOB, request.id, "white_check_mark")
    assert house.request(request.id).state is State.APPROVED


@pytest.mark.parametrize(
    "emoji", ["eyes", "tada", "hand", "latin_cross", "crossed_fingers", "party-check", "heavy_check_mark_"]
)
def test_every_other_reaction_is_ignored(house: House, emoji: str) -> None:
    request = house.ask(ALICE)
    house.react(BOB, request.id, emoji)
    assert house.answers(BOB) == []


def test_whoever_is_no_approver_hears_nothing(house: House) -> None:
    request = house.ask(ALICE)
    house.workspace.silent.add(MAIL)
    house.workspace.silent.add(CAROL)
    for person in (ERIN, "U0NOBODY", DAVE, CAROL):
        house.react(person, request.id, "+1")
        assert house.answers(person) == []
    assert house.events("refused") == []


def test_a_request_that_is_not_open_any_more_is_left_alone(house: House) -> None:
    decided = house.ask(ALICE)
    house.reject(BOB, decided.id)
    said = len(house.answers(CAROL))
    house.react(CAROL, decided.id, "+1")
    opted_out = house.opt_out(ALICE)
    house.react(CAROL, opted_out.id, "+1")
    expired = house.ask(ALICE)
    house.card_ts(expired.id)
    assert expired.expires_at is not None
    house.clock.at = expired.expires_at
    house.react(CAROL, expired.id, "+1")
    assert len(house.answers(CAROL)) == said


def test_somebody_else_s_message_is_left_alone_and_costs_no_row(house: House) -> None:
    request = house.ask(ALICE)
    house.react(BOB, request.id, "+1", ts=NOWHERE, author=CAROL)
    house.react(BOB, request.id, "+1", channel="C0GENERAL")
    house.react(BOB, request.id, "+1", ts=NOWHERE)
    assert house.answers(BOB) == []


def test_what_is_configured_decides_and_the_usual_tick_then_only_looks_like_it(house: House) -> None:
    house.start(replace(RULE, approve_emoji="raised_hand", reject_emoji="facepunch"))
    request = house.ask(ALICE)
    house.react(BOB, request.id, "white_check_mark")
    assert ":raised_hand:" in house.answer(BOB)
    assert house.votes(request.id) == []
    house.react(BOB, request.id, "hand::skin-tone-3")
    assert house.request(request.id).state is State.APPROVED


def test_a_rejection_is_cast_by_any_name_of_the_configured_emoji(house: House) -> None:
    house.start(replace(TWO, reject_emoji="raised_hand"))
    request = house.ask(ALICE)
    house.react(BOB, request.id, "hand")
    assert [vote.vote for vote in house.votes(request.id)] == [Vote.REJECT]
