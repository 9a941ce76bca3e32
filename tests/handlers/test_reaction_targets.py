"""A decision by reaction is heard on every copy of a request's message, and answered where the bot cannot
tell which it is."""

from dataclasses import replace

import pytest

from handlers.ports import Place, Unavailable
from handlers.reaction_targets import NOTING, UNMATCHED
from storage.lifecycle import State
from tests.handlers.driver import ALICE, BOB, CAROL, CHANNEL, NOWHERE, TWO, House
from tests.sentences import says


def wait(house: House) -> None:
    """Until a post that was under way would have been noted."""
    house.clock.at += NOTING
    house.free_leftovers()
    house.dispatch.take_up_leftovers()


def test_a_reaction_on_a_copy_that_was_never_noted_is_answered_and_decides_nothing(both: House) -> None:
    number = both.ask(ALICE).id
    both.card_ts(number)
    both.react(BOB, number, ts=NOWHERE)
    assert both.answers(BOB) == []
    wait(both)
    assert both.answer(BOB) == UNMATCHED
    assert both.board.said[-1].channel is None
    assert (both.request(number).state, both.votes(number)) == (State.PENDING, [])
    assert both.events("refused")[-1].actor == BOB


def test_a_copy_that_was_never_noted_is_found_by_its_buttons_and_redrawn_and_the_next_reaction_decides(
    both: House,
) -> None:
    number = both.ask(ALICE).id
    both.card_ts(number)
    both.board.lost[Place(CHANNEL, NOWHERE)] = number
    both.react(BOB, number, ts=NOWHERE)
    wait(both)
    assert both.answer(BOB).startswith(says("your_reaction_decided_nothing_yet", number=number))
    assert (both.request(number).state, both.votes(number)) == (State.PENDING, [])
    assert Place(CHANNEL, NOWHERE) in [place for place, _ in both.board.cards]
    both.react(BOB, number, ts=NOWHERE, removed=True)
    both.react(BOB, number, ts=NOWHERE)
    assert both.request(number).state is State.APPROVED
    assert says("is_counted") in both.answer(BOB)


def test_a_reaction_on_a_copy_is_answered_although_slack_does_not_say_whose_it_is(house: House) -> None:
    number = house.ask(ALICE).id
    house.card_ts(number)
    house.board.lost[Place(CHANNEL, NOWHERE)] = number
    for times in (1, 2):
        house.board.fail("request_at", Unavailable("Slack could not be reached."))
        house.react(BOB, number, ts=NOWHERE)
        wait(house)
        assert house.answers(BOB) == [UNMATCHED] * times, (
            "which copy it is could not be found out: that is no refusal"
        )


@pytest.mark.parametrize("emoji", ["x", "white_check_mark"])
def test_a_deciding_emoji_on_what_people_write_is_ignored(house: House, emoji: str) -> None:
    number = house.ask(ALICE).id
    house.card_ts(number)
    house.react(BOB, number, emoji, ts=NOWHERE, author="U0DAVE")
    assert house.answers(BOB) == []


def test_a_deciding_emoji_on_an_announcement_is_ignored(house: House) -> None:
    with house.ledger.recording(house.clock.at) as entry:
        entry.outbox.owe("channel", "readable:1", facts={"what": "readable"})
    house.deliver()
    (row,) = house.owed("channel")
    house.react(BOB, 0, ts=row.posted_ts)
    assert house.answers(BOB) == []


def test_a_message_that_is_posted_anew_is_heard_before_its_place_is_noted(both: House) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    both.board.gone.add(Place(CHANNEL, both.card_ts(number)))
    both.board.after_post = lambda place: (
        both.react(CAROL, number, ts=place.ts) if place.channel == CHANNEL else None
    )
    both.approve(BOB, number)
    both.deliver()
    wait(both)
    assert {vote.person_id for vote in both.votes(number)} == {BOB, CAROL}
    assert says("is_counted") in both.answer(CAROL)


def test_taking_a_reaction_from_a_lost_copy_needs_no_answer(house: House) -> None:
    number = house.ask(ALICE).id
    house.card_ts(number)
    house.react(BOB, number, ts=NOWHERE, removed=True)
    assert house.answers(BOB) == []


def test_a_reaction_on_a_lost_copy_is_answered_although_the_first_post_was_still_under_way(
    house: House,
) -> None:
    number = house.ask(ALICE).id
    house.react(BOB, number, ts=NOWHERE)
    house.deliver()
    house.free_leftovers()
    house.clock.advance(minutes=2)
    house.dispatch.take_up_leftovers()
    assert house.answer(BOB) == UNMATCHED


def test_a_message_in_the_channel_of_earlier_settings_still_counts(both: House) -> None:
    number = both.ask(ALICE).id
    old = both.card_ts(number)
    both.start(replace(both.context.rule, channel="C0NEW"))
    both.deliver()
    both.clock.advance(seconds=5)
    both.react(BOB, number, ts=old)
    assert both.request(number).state is State.APPROVED
    assert says("is_counted") in both.answer(BOB)


def test_a_channel_that_never_had_a_message_is_not_ours(house: House) -> None:
    number = house.ask(ALICE).id
    ts = house.card_ts(number)
    house.react(BOB, number, ts=ts, channel="C0GENERAL")
    assert house.votes(number) == []
    assert house.answers(BOB) == []
