"""A message that was deleted, sealed or left in another channel: posted anew where somebody still needs
it."""

from dataclasses import replace

import pytest

from handlers.ports import Place, Unavailable
from storage.lifecycle import State
from tests.handlers.changes.test_apply import approved
from tests.handlers.delivery.test_deliver import posts
from tests.handlers.driver import ALICE, BOB, CAROL, CHANNEL, TWO, House
from tests.handlers.fakes import LATE


def test_a_deleted_message_is_posted_anew_while_the_request_is_not_settled(both: House) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    deleted = Place(CHANNEL, both.card_ts(number))
    both.board.gone.add(deleted)
    both.approve(BOB, number)
    both.deliver()
    with both.ledger.reading() as reader:
        (copy,) = reader.messages.cards(number)
    assert copy.ts != deleted.ts
    both.approve(CAROL, number)
    both.work()
    assert both.board.cards[-1][0] == Place(CHANNEL, copy.ts)
    assert both.board.cards[-1][1].request.state is State.APPLIED


def test_a_result_is_told_where_the_message_was_deleted_and_another_end_is_not(house: House) -> None:
    number = house.ask(ALICE).id
    house.board.gone.add(Place(CHANNEL, house.card_ts(number)))
    house.press("withdraw", ALICE, number)
    house.deliver()
    assert len(posts(house)) == 1
    number = approved(house)
    house.board.gone.add(Place(CHANNEL, house.card_ts(number)))
    house.work()
    assert house.board.cards[-1][1].request.state is State.APPLIED
    assert house.board.cards[-1][0] not in house.board.gone


SEALED = Unavailable(
    "Slack refused the call (edit_window_closed).", retryable=False, code="edit_window_closed"
)


@pytest.mark.parametrize("end", [State.APPLIED, State.WITHDRAWN])
def test_a_message_that_nobody_may_edit_any_more_is_posted_anew_and_votes_on_it_still_count(
    both: House, end: State
) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    old = Place(CHANNEL, both.card_ts(number))
    both.board.sealed = {old: SEALED}
    both.approve(BOB, number)
    both.deliver()
    new, view = both.board.cards[-1]
    assert (new == old, view.request.version) == (False, both.request(number).version)
    if end is State.APPLIED:
        both.react(CAROL, number, ts=old.ts)
    else:
        both.press("withdraw", ALICE, number, ts=old.ts)
    both.work()
    assert (both.board.cards[-1][0], both.board.cards[-1][1].request.state) == (new, end)
    assert posts(both) == {old, new}
    assert [row.key for row in both.owed("card") if row.delivered_at is None] == []


def test_an_end_that_a_sealed_message_does_not_show_is_posted_once(house: House) -> None:
    number = house.ask(ALICE).id
    old = Place(CHANNEL, house.card_ts(number))
    house.board.sealed = {old: SEALED}
    for _ in range(2):
        house.press("withdraw", ALICE, number, ts=old.ts)
        house.deliver()
    assert [view.request.state for place, view in house.board.cards if place != old] == [State.WITHDRAWN]
    assert [row.key for row in house.owed("card") if row.delivered_at is None] == []


def test_another_channel_gets_the_message_of_whatever_is_not_settled(both: House) -> None:
    number = both.ask(ALICE).id
    old = Place(CHANNEL, both.card_ts(number))
    both.start(replace(both.context.rule, channel="C0NEW"))
    both.deliver()
    both.deliver()
    shown = {place.channel: view.request.version for place, view in both.board.cards}
    assert shown == {CHANNEL: both.request(number).version, "C0NEW": both.request(number).version}
    both.press("approve", BOB, number, ts=old.ts)
    both.work()
    assert {place.channel for place, view in both.board.cards if view.request.state is State.APPLIED} == {
        CHANNEL,
        "C0NEW",
    }


def test_another_channel_hears_of_what_is_on_its_way_to_exchange(house: House) -> None:
    number = approved(house)
    house.tenant.outcomes.append(LATE)
    house.work()
    assert house.request(number).state is State.UNCERTAIN
    house.start(replace(house.context.rule, channel="C0NEW"))
    house.deliver()
    assert {place.channel for place, _ in house.board.cards} == {CHANNEL, "C0NEW"}


def test_what_is_settled_stays_where_it_was(house: House) -> None:
    number = approved(house)
    house.work()
    house.start(replace(house.context.rule, channel="C0NEW"))
    house.press("approve", BOB, number)
    house.deliver()
    assert {place.channel for place, _ in house.board.cards} == {CHANNEL}
