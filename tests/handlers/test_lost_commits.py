"""A commit whose answer was lost is looked up by its key, so that nobody is told of a loss that did not
happen."""

from typing import Any

import pytest

from handlers.slack.edge import NOT_KNOWN, NOT_KNOWN_FORM, NOT_RECORDED
from storage.engine import Busy, Unreachable
from storage.inbox import Inbox
from storage.lifecycle import State
from tests.handlers.driver import ALICE, BOB, CHANNEL, House
from tests.sentences import says


def lose_answers(
    monkeypatch: pytest.MonkeyPatch, *, committed: bool = True, error: Unreachable | None = None
) -> None:
    """From now on nothing that is put into the inbox is answered, although it may be there."""
    put = Inbox._insert

    def lost(self: Inbox, *args: Any, **kwargs: Any) -> None:
        if committed:
            put(self, *args, **kwargs)
        raise error or Unreachable("the connection was lost")

    monkeypatch.setattr(Inbox, "_insert", lost)


def said(house: House) -> list[str]:
    return [str(message["text"]) for message in house.windows.said]


def test_a_click_that_was_recorded_counts_although_the_answer_was_lost(
    both: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = both.ask(ALICE).id
    both.card_ts(number)
    lose_answers(monkeypatch)
    both.approve(BOB, number)
    assert both.request(number).state is State.APPROVED
    assert says("is_counted") in both.answer(BOB)
    assert said(both) == []


def test_a_form_that_was_recorded_is_taken_although_the_answer_was_lost(
    both: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_answers(monkeypatch)
    request = both.ask(ALICE)
    assert (request.requester_id, request.state) == (ALICE, State.PENDING)


@pytest.mark.parametrize("error", [Unreachable("gone"), Busy("locked")])
def test_what_was_not_recorded_is_told_as_that(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Unreachable
) -> None:
    number = house.ask(ALICE).id
    house.card_ts(number)
    lose_answers(monkeypatch, committed=False, error=error)
    house.approve(BOB, number)
    assert said(house) == [NOT_RECORDED]
    assert house.request(number).state is State.PENDING


def test_only_what_cannot_be_looked_up_is_not_known(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(self: Inbox, key: str) -> None:
        raise Unreachable("still gone")

    number = house.ask(ALICE).id
    house.card_ts(number)
    with monkeypatch.context() as trouble:
        lose_answers(trouble)
        trouble.setattr(Inbox, "kept", gone)
        house.approve(BOB, number)
        form = house.submit("opt_out", ALICE, CHANNEL, reason="", view_id="VLOST")
    assert said(house) == [NOT_KNOWN]
    assert list(form["errors"].values()) == [NOT_KNOWN_FORM]
    assert house.submit("opt_out", ALICE, CHANNEL, reason="", view_id="VLOST") == {}
    house.free_leftovers()
    house.work()
    assert [request.state for request in house.requests()] == [State.SUPERSEDED, State.APPLIED]


def test_a_reaction_is_left_for_slack_to_send_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    number = house.ask(ALICE).id
    house.card_ts(number)
    with monkeypatch.context() as trouble:
        lose_answers(trouble, committed=False)
        with pytest.raises(Unreachable):
            house.react(BOB, number, event_id="Ev1")
    house.react(BOB, number, event_id="Ev1")
    assert house.request(number).state is State.APPROVED
