"""The rule is the operator's settings: recorded at start, announced once when it changed, and then every
earlier vote is void."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.delivery.deliver import Delivery
from handlers.outgoing.request_view import RequestView
from handlers.policy.rule import Rule
from handlers.ports import Place
from storage.lifecycle import State
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, MAIL, RULE, TWO, House
from tests.sentences import says

THREE = replace(RULE, approvals_required=3)


def announced(house: House) -> list[str]:
    house.deliver()
    return [facts["digest"] for facts in house.board.announced if facts["what"] == "rule"]


def test_the_first_rule_is_recorded_and_not_announced(both: House) -> None:
    assert [event.payload["digest"] for event in both.events("rule")] == [RULE.digest]
    assert announced(both) == []


def test_a_restart_alone_posts_nothing_and_records_nothing(house: House) -> None:
    house.ask(ALICE)
    house.deliver()
    before = len(house.events()), house.board.posted
    for _ in range(3):
        house.start(RULE)
        house.deliver()
    assert (len(house.events()), house.board.posted) == before


def test_ids_in_another_order_are_the_same_rule(house: House) -> None:
    house.start(replace(RULE, approvers=(MAIL, CAROL, BOB, ALICE), operators=(BOB, ALICE)))
    assert len(house.events("rule")) == 1


def test_a_changed_rule_is_recorded_whole_and_announced_once(both: House) -> None:
    for _ in range(3):
        both.start(TWO)
    assert [event.payload["digest"] for event in both.events("rule")] == [RULE.digest, TWO.digest]
    assert both.events("rule")[-1].payload["body"] == TWO.body()
    assert announced(both) == [TWO.digest]


def test_a_rule_that_comes_back_is_another_change(house: House) -> None:
    house.start(TWO)
    house.start(RULE)
    assert announced(house) == [TWO.digest, RULE.digest]


@pytest.mark.parametrize(
    "changed", [TWO, replace(RULE, approvers=(BOB, CAROL)), replace(RULE, approve_emoji="ok")]
)
def test_a_changed_rule_voids_the_votes_of_an_approved_request(both: House, changed: Rule) -> None:
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    both.start(changed)
    both.work()
    assert both.request(number).state is State.PENDING
    assert says("rule_was_changed") in both.request(number).detail
    assert both.tenant.writes == []
    view = both.board.cards[-1][1]
    assert (view.request.detail, view.tally.approved_by) == (both.request(number).detail, ())


def test_a_vote_has_to_be_cast_again_under_the_new_rule(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.start(RULE)
    house.approve(CAROL, number)
    assert house.request(number).state is State.APPROVED
    house.deliver()
    assert house.board.cards[-1][1].approved_by == (CAROL,)


def test_a_vote_cast_again_counts_under_the_new_rule(house: House) -> None:
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.start(TWO)
    house.approve(BOB, number)
    assert says("1_more_approval_is_needed") in house.answer(BOB)
    house.approve(DAVE, number)
    house.run()
    assert house.request(number).state is State.APPLIED


def test_a_rule_that_comes_back_does_not_bring_the_votes_back(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.start(THREE)
    house.start(TWO)
    house.approve(CAROL, number)
    assert house.request(number).state is State.PENDING
    assert says("1_more_approval_is_needed") in house.answer(CAROL)
    house.approve(BOB, number)
    assert house.request(number).state is State.APPROVED


def test_an_approved_request_stays_unapproved_when_the_rule_comes_back(house: House) -> None:
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.start(TWO)
    house.start(RULE)
    house.work()
    assert (house.request(number).state, house.tenant.writes) == (State.PENDING, [])
    house.approve(CAROL, number)
    house.work()
    assert house.request(number).state is State.APPLIED


def test_an_opt_out_does_not_care_about_the_rule(house: House) -> None:
    number = house.opt_out(ALICE).id
    house.start(TWO)
    house.work()
    assert house.request(number).state is State.APPLIED


def test_who_was_taken_off_the_list_no_longer_counts(house: House) -> None:
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.start(replace(RULE, approvers=(CAROL,)))
    house.approve(BOB, number)
    assert says("not_one_of_the_approvers") in house.answer(BOB)
    house.approve(CAROL, number)
    house.work()
    assert house.request(number).state is State.APPLIED


@pytest.mark.parametrize(
    ("approvers", "asked"),
    [((ALICE,), False), ((), False), ((ALICE, BOB), True), ((MAIL,), True)],
    ids=["only the requester", "nobody", "somebody else", "a group with somebody else"],
)
def test_a_request_that_nobody_could_approve_is_not_opened(
    house: House, approvers: tuple[str, ...], asked: bool
) -> None:
    house.start(replace(RULE, approvers=approvers))
    house.submit(
        "opt_in",
        ALICE,
        "C0GENERAL",
        reason="a",
        clients="Two scanners",
        protocols=["pop3"],
        day=house.clock.at.date(),
    )
    assert bool(house.requests()) is asked
    if not asked:
        assert says("nobody_could_approve_this") in house.answer(ALICE)


def test_a_group_that_does_not_answer_keeps_nobody_from_asking(house: House) -> None:
    house.start(replace(RULE, approvers=(ALICE, MAIL)))
    house.workspace.silent.add(MAIL)
    house.ask(ALICE)
    assert len(house.requests()) == 1


def test_a_vote_on_a_message_that_does_not_show_the_new_rule_yet_is_not_counted(both: House) -> None:
    number = both.ask(ALICE).id
    ts = both.card_ts(number)
    both.clock.advance(seconds=1)
    both.start(replace(both.context.rule, approvals_required=2))
    both.clock.advance(seconds=3)
    both.press("approve", BOB, number, ts=ts)
    assert both.votes(number) == []
    assert says("did_not_show_it_yet") in both.answer(BOB)
    both.clock.advance(seconds=1)
    both.press("approve", BOB, number, ts=ts)
    assert [vote.person_id for vote in both.votes(number)] == [BOB]


def test_a_vote_cast_while_the_message_is_drawn_is_not_counted_for_the_new_rule(both: House) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    ts = both.card_ts(number)
    both.clock.advance(seconds=1)
    both.start(RULE)
    began = both.clock.at
    Delivery(both.context, both.outbox, Slow(both, seconds=8)).send_public()  # type: ignore[arg-type]
    both.clock.advance(seconds=1)
    both.press("approve", BOB, number, ts=ts, at=began + timedelta(seconds=4))
    assert (both.votes(number), both.request(number).state) == ([], State.PENDING)
    assert says("did_not_show_it_yet") in both.answer(BOB)
    both.press("approve", BOB, number, ts=ts)
    assert both.request(number).state is State.APPROVED


class Slow:
    """An announcer whose drawings take their time to show."""

    def __init__(self, house: House, seconds: float) -> None:
        self._house = house
        self._seconds = seconds

    def __getattr__(self, name: str) -> object:
        return getattr(self._house.board, name)

    def draw(self, view: RequestView, place: Place | None) -> Place | None:
        self._house.clock.advance(seconds=self._seconds)
        return self._house.board.draw(view, place)


def test_a_request_of_the_new_rule_s_own_time_needs_no_redrawing(house: House) -> None:
    house.start(replace(house.context.rule, approvals_required=2))
    house.clock.advance(seconds=1)
    number = house.ask(ALICE).id
    house.press("approve", BOB, number, ts="1763899200.777777")
    assert [vote.person_id for vote in house.votes(number)] == [BOB]


@pytest.mark.parametrize("approved", [False, True])
def test_a_window_that_is_longer_than_the_changed_rule_allows_is_stale(both: House, approved: bool) -> None:
    number = both.ask(ALICE).id
    both.card_ts(number)
    if approved:
        both.approve(BOB, number)
    both.clock.advance(minutes=5)
    both.start(replace(RULE, max_window=timedelta(days=2)))
    assert both.request(number).state is State.STALE
    assert says("longer_than_it_allows_now") in both.request(number).detail
    both.run()
    assert both.tenant.writes == []


def test_a_window_that_could_be_chosen_still_only_loses_its_votes(house: House) -> None:
    number = house.ask(ALICE).id
    house.clock.advance(minutes=5)
    house.start(replace(RULE, max_window=timedelta(days=60)))
    assert house.request(number).state is State.PENDING
