"""Every state meets every event: the request goes exactly where this table says, and whoever acted hears what
became of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product

import pytest

from storage.lifecycle import MOVES, Kind, State
from storage.records import Door, SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, ERIN, RULE, House
from tests.handlers.fakes import LOST, REFUSED, Answering, Write
from tests.sampling import sampled

DAY = timedelta(days=1)


class Killed(BaseException):
    """The process ends here."""


def asked(house: House) -> int:
    house.observe()
    return house.ask(ALICE).id


def approved(house: House) -> int:
    number = asked(house)
    house.approve(BOB, number)
    return number


def sent(house: House, outcome: Answering | None = None) -> int:
    number = approved(house)
    house.tenant.outcomes.extend([outcome] if outcome else [])
    house.run()
    return number


def killed_while_sending(house: House) -> int:
    number = approved(house)

    def kill(write: Write) -> None:
        raise Killed

    house.tenant.during_write = kill
    with pytest.raises(Killed):
        house.run()
    house.tenant.during_write = lambda write: None
    return number


def rejected(house: House) -> int:
    number = asked(house)
    house.reject(CAROL, number)
    return number


def withdrawn(house: House) -> int:
    number = asked(house)
    house.press("withdraw", ALICE, number)
    return number


def expired(house: House) -> int:
    number = asked(house)
    expire(house, number)
    return number


def stale(house: House) -> int:
    number = approved(house)
    house.tenant.value = SettingValue.OPTED_OUT
    house.run()
    return number


def superseded(house: House) -> int:
    number = asked(house)
    house.opt_out(CAROL)
    house.run()
    return number


def observed(house: House) -> int:
    house.observe()
    house.tenant.value = SettingValue.OPTED_IN
    for _ in range(3):
        house.clock.advance(minutes=11)
        house.observe()
    return house.requests(Kind.OUTSIDE)[0].id


WAYS: dict[State, Callable[[House], int]] = {
    State.PENDING: asked,
    State.APPROVED: approved,
    State.APPLYING: killed_while_sending,
    State.UNCERTAIN: lambda house: sent(house, LOST),
    State.APPLIED: sent,
    State.FAILED: lambda house: sent(house, REFUSED),
    State.REJECTED: rejected,
    State.WITHDRAWN: withdrawn,
    State.EXPIRED: expired,
    State.STALE: stale,
    State.SUPERSEDED: superseded,
    State.OBSERVED: observed,
}


def expire(house: House, number: int) -> None:
    house.clock.at += DAY
    house.dispatch.withdrawals.expire_due()


def quarter_of_an_hour(house: House, number: int) -> None:
    house.clock.advance(minutes=16)
    house.run()


def opted_in_by_then(house: House, number: int) -> None:
    house.clock.advance(minutes=1)
    house.tenant.value = SettingValue.OPTED_IN
    house.run()


def bob_leaves(house: House, number: int) -> None:
    house.workspace.change(BOB, deleted=True)
    house.run()


def window_ends(house: House, number: int) -> None:
    house.clock.advance(days=40)
    house.dispatch.optouts.end_window()


def rule_changes(house: House, number: int) -> None:
    house.start(replace(RULE, approvals_required=2))
    house.run()


@dataclass(frozen=True)
class Event:
    """What may happen to a request; ``moves`` names every state that it changes, ``actor`` whoever is owed an
    answer."""

    happen: Callable[[House, int], object]
    moves: dict[State, State] = field(default_factory=dict)
    actor: str = ""


APPROVES = {State.PENDING: State.APPROVED}
REJECTS = {State.PENDING: State.REJECTED}
WITHDRAWS = {State.PENDING: State.WITHDRAWN, State.APPROVED: State.WITHDRAWN}
SUPERSEDES = {State.PENDING: State.SUPERSEDED, State.APPROVED: State.SUPERSEDED}
LAPSES = {State.PENDING: State.EXPIRED, State.APPROVED: State.EXPIRED}
NOT_THERE = {State.APPROVED: State.APPLIED, State.APPLYING: State.UNCERTAIN}
NEVER_CAME = {State.APPROVED: State.APPLIED, State.APPLYING: State.UNCERTAIN, State.UNCERTAIN: State.FAILED}
ALREADY_ON = {State.APPROVED: State.STALE, State.APPLYING: State.APPLIED, State.UNCERTAIN: State.APPLIED}

EVENTS: dict[str, Event] = {
    "Bob approves by button": Event(lambda house, number: house.approve(BOB, number), APPROVES, BOB),
    "Carol approves by reaction": Event(
        lambda house, number: house.approve(CAROL, number, Door.REACTION), APPROVES, CAROL
    ),
    "Alice approves her own": Event(lambda house, number: house.approve(ALICE, number), actor=ALICE),
    "Erin, who may not, approves": Event(lambda house, number: house.approve(ERIN, number), actor=ERIN),
    "Carol rejects by button": Event(lambda house, number: house.reject(CAROL, number), REJECTS, CAROL),
    "Carol rejects by reaction": Event(
        lambda house, number: house.reject(CAROL, number, Door.REACTION), REJECTS, CAROL
    ),
    "Erin, who may not, rejects": Event(lambda house, number: house.reject(ERIN, number), actor=ERIN),
    "Alice withdraws": Event(lambda house, number: house.press("withdraw", ALICE, number), WITHDRAWS, ALICE),
    "Bob withdraws what is not his": Event(
        lambda house, number: house.press("withdraw", BOB, number), actor=BOB
    ),
    "Carol takes back what she never cast": Event(
        lambda house, number: house.press("take_back", CAROL, number), actor=CAROL
    ),
    "Carol opts out": Event(lambda house, number: house.opt_out(CAROL), SUPERSEDES, CAROL),
    "Bob asks for an opt-in": Event(lambda house, number: house.ask(BOB), actor=BOB),
    "Alice asks for an extension": Event(
        lambda house, number: house.ask(ALICE, kind="extension", day=house.clock.at.date() + 40 * DAY),
        actor=ALICE,
    ),
    "its time runs out": Event(expire, LAPSES),
    "the worker looks": Event(lambda house, number: house.run(), NOT_THERE),
    "the worker looks a quarter of an hour later": Event(quarter_of_an_hour, NEVER_CAME),
    "the worker finds it opted in": Event(opted_in_by_then, ALREADY_ON),
    "Bob leaves": Event(bob_leaves, {State.APPROVED: State.PENDING, State.APPLYING: State.UNCERTAIN}),
    "the rule changes": Event(rule_changes, {State.APPROVED: State.PENDING, State.APPLYING: State.UNCERTAIN}),
    "the window ends": Event(window_ends),
}


def test_the_table_knows_every_state() -> None:
    assert set(WAYS) == set(State)


def moves_it(pair: tuple[State, str]) -> bool:
    state, what = pair
    return state in EVENTS[what].moves


@pytest.mark.parametrize(
    ("state", "what"), sampled("every state, every event", product(State, EVENTS), of=3, always=moves_it)
)
def test_it_goes_where_the_table_says(house: House, state: State, what: str) -> None:
    happening = EVENTS[what]
    number = WAYS[state](house)
    before = house.request(number)
    assert before.state is state
    heard = len(house.answers(happening.actor)) if happening.actor else 0
    happening.happen(house, number)
    after = house.request(number)
    assert after.state is happening.moves.get(state, state)
    assert after.state is state or (state, after.state) in MOVES
    assert (after.to_value, after.window_end, after.reason) == (
        before.to_value,
        before.window_end,
        before.reason,
    )
    if happening.actor:
        assert len(house.answers(happening.actor)) > heard
