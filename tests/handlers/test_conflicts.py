"""Whoever is outrun begins again, a few times; whoever is outrun each time is told once, and nothing else
comes of it."""

from collections.abc import Callable
from typing import Any

import pytest

from handlers.dispatch import CROWDED, TRIES
from storage.errors import AlreadyHandled, AlreadyOpen, Conflict
from storage.ledger import Entry
from storage.lifecycle import State
from storage.records import ChangeRequest, Door
from tests.handlers.driver import ALICE, BOB, CHANNEL, House


class Outrun:
    """An act for which somebody is faster ``times`` times."""

    def __init__(self, times: int, how: type[Conflict] = Conflict) -> None:
        self.begun, self._times, self._how = 0, times, how

    def __call__(self, *_: object) -> bool:
        self.begun += 1
        if self.begun <= self._times:
            raise self._how(7)
        return False


def begun(house: House, patch: pytest.MonkeyPatch, act: Outrun) -> int:
    """How often ``act`` is begun where it stands for what a click asks for."""
    house.card_ts(house.ask(ALICE).id)
    patch.setattr(house.dispatch, "_dispatch", act)
    house.approve(BOB, 1)
    return act.begun


@pytest.mark.parametrize("how", [Conflict, AlreadyOpen])
@pytest.mark.parametrize("times", [0, 1, TRIES - 1])
def test_an_act_is_begun_again_until_nobody_is_faster(
    house: House, monkeypatch: pytest.MonkeyPatch, times: int, how: type[Conflict]
) -> None:
    assert begun(house, monkeypatch, Outrun(times, how)) == times + 1
    assert house.answers(BOB) == []


@pytest.mark.parametrize(("how", "times"), [(Conflict, TRIES), (AlreadyHandled, 1)])
def test_it_is_not_begun_again_without_end_and_not_at_all_where_it_is_done(
    house: House, monkeypatch: pytest.MonkeyPatch, how: type[Conflict], times: int
) -> None:
    assert begun(house, monkeypatch, Outrun(1000, how)) == times


def outrun_votes(patch: pytest.MonkeyPatch, times: int) -> None:
    """Let somebody be faster each time a vote is about to be recorded, as PostgreSQL tells of it."""
    vote, left = Entry.vote, [times]

    def outrun(self: Entry, request: ChangeRequest, **cast: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise Conflict(f"#{request.id} has moved on")
        return vote(self, request, **cast)

    patch.setattr(Entry, "vote", outrun)


ACTS: dict[str, Callable[[House], None]] = {
    "approve": lambda house: house.approve(BOB, 1),
    "approve by reaction": lambda house: house.approve(BOB, 1, Door.REACTION),
    "reject": lambda house: house.reject(BOB, 1),
}


@pytest.mark.parametrize("act", ACTS)
def test_a_vote_that_is_outrun_a_few_times_counts(
    house: House, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.card_ts(house.ask(ALICE).id)
    outrun_votes(monkeypatch, TRIES - 1)
    ACTS[act](house)
    assert house.request(1).state in {State.APPROVED, State.REJECTED}
    assert len(house.votes(1)) == 1


@pytest.mark.parametrize("act", ACTS)
def test_a_vote_that_is_outrun_each_time_is_answered_once_and_not_counted(
    house: House, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.card_ts(house.ask(ALICE).id)
    outrun_votes(monkeypatch, 1000)
    ACTS[act](house)
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 0
    assert house.votes(1) == []
    assert house.answers(BOB) == [f"#1: {CROWDED}"]
    assert [(event.actor, event.request_id) for event in house.events("refused")] == [(BOB, 1)]


def test_a_request_whose_reading_is_outrun_each_time_gives_back_what_was_typed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moved(*_: object) -> None:
        raise Conflict("a change was made")

    monkeypatch.setattr(house.dispatch.requests, "_open", lambda *_, **__: moved())
    before = len(house.requests())
    today = house.clock.at.date()
    house.submit(
        "opt_in", ALICE, CHANNEL, reason="Why", clients="Two scanners", protocols=["pop3"], day=today
    )
    house.deliver()
    (said,) = [said for said in house.board.said if said.person == ALICE]
    assert (said.text, list(said.typed.values()), len(house.requests())) == (
        CROWDED,
        ["Why", "Two scanners"],
        before,
    )
