"""The rule that was recorded last holds, for every copy of the bot and for what was on its way when it
changed."""

from dataclasses import replace
from datetime import timedelta

from handlers.changes.transitions import VOIDED
from handlers.policy.rule import Rule
from storage.lifecycle import State
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, RULE, TWO, House
from tests.handlers.fakes import BUSY
from tests.sentences import says


def test_a_copy_with_the_old_rule_decides_nothing(both: House) -> None:
    number = both.ask(ALICE).id
    House(both.database, rule=TWO)
    both.approve(BOB, number)
    assert both.request(number).state is State.PENDING
    assert says("still_runs_with_the_old_ones") in both.answer(BOB)
    assert both.events("refused")[-1].request_id == number


def test_a_copy_with_the_old_rule_applies_nothing_and_leaves_it_to_the_others(both: House) -> None:
    House(both.database, rule=TWO)
    both.start(RULE)
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    new = House(both.database, rule=replace(RULE, approvers=(BOB, CAROL)))
    both.run()
    assert (both.tenant.writes, both.request(number).state) == ([], State.PENDING)
    new.approve(CAROL, number)
    assert both.apply.run(both.lease()) == 0
    new.run()
    assert ([write.value for write in new.tenant.writes], both.tenant.writes) == ([SettingValue.OPTED_IN], [])


def test_a_rule_that_changes_while_the_live_value_is_read_stops_the_change(both: House) -> None:
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    both.tenant.meanwhile = lambda: House(both.database, rule=TWO)
    both.run()
    assert (both.tenant.writes, both.request(number).state) == ([], State.PENDING)


def test_a_copy_with_the_old_rule_opens_no_request(both: House) -> None:
    House(both.database, rule=TWO)
    before = len(both.requests())
    both.submit("opt_in", ALICE, "C0CHANGES", **_filled(both))
    assert len(both.requests()) == before
    assert says("still_runs_with_the_old_ones") in both.answer(ALICE)


def test_opting_out_works_through_a_copy_with_the_old_rule(both: House) -> None:
    number = both.opt_out(ALICE).id
    House(both.database, rule=TWO)
    both.run()
    assert both.request(number).state is State.APPLIED


def test_a_vote_that_was_on_its_way_when_the_rule_changed_is_not_counted_for_the_new_one(both: House) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    both.hands.dying = True
    both.approve(BOB, number)
    both.hands.dying = False
    both.clock.advance(minutes=1)
    both.start(RULE)
    both.free_leftovers()
    both.dispatch.take_up_leftovers()
    assert (both.votes(number), both.request(number).state) == ([], State.PENDING)
    assert says("the_message_did_not_show_it_yet") in both.answer(BOB)


def test_a_copy_with_the_old_rule_leaves_the_message_to_those_with_the_new_one(both: House) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    both.deliver()
    both.clock.advance(minutes=1)
    new = House(both.database, rule=RULE, at=both.clock.at)
    both.deliver()
    assert _shown(both, number) == [TWO]
    new.approve(BOB, number)
    assert (both.votes(number), both.request(number).state) == ([], State.PENDING)
    new.clock.advance(seconds=6)
    new.deliver()
    assert _shown(new, number)[-1] == RULE
    new.clock.advance(seconds=1)
    new.approve(BOB, number)
    assert new.request(number).state is State.APPROVED


def test_a_copy_with_the_old_rule_still_shows_how_a_change_ended(both: House) -> None:
    number = both.opt_out(ALICE).id
    House(both.database, rule=TWO)
    both.run()
    both.deliver()
    assert both.board.cards[-1][1].request == both.request(number)
    assert both.request(number).state is State.APPLIED


def test_a_rule_that_changed_while_it_was_at_exchange_is_blamed_and_not_a_person(both: House) -> None:
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    both.tenant.outcomes.append(BUSY)
    new: list[House] = []
    both.tenant.during_write = lambda write: new.append(
        House(both.database, rule=replace(RULE, max_window=timedelta(days=60)))
    )
    both.run()
    new[0].clock.at = both.clock.at + timedelta(seconds=10)
    new[0].run()
    request = new[0].request(number)
    assert (request.state, request.detail) == (State.PENDING, VOIDED)


def test_after_a_rule_was_changed_by_a_clock_that_ran_ahead_honest_votes_count(both: House) -> None:
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    both.clock.advance(hours=5)
    both.start(TWO)
    both.clock.advance(hours=-5)
    both.approve(BOB, number)
    both.approve(CAROL, number)
    assert both.request(number).state is State.APPROVED


def test_a_click_on_the_old_rule_s_message_is_not_counted_although_a_clock_that_is_ahead_stamped_the_change(
    both: House,
) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    shown = both.card_ts(number)
    both.clock.advance(minutes=5)
    clicked = both.clock.at - timedelta(seconds=1)
    both.clock.advance(seconds=5)
    both.start(RULE)
    both.clock.advance(seconds=-5)
    both.press("approve", BOB, number, at=clicked, ts=shown)
    assert (both.request(number).state, both.votes(number)) == (State.PENDING, [])


def _shown(house: House, number: int) -> list[Rule]:
    """The rules that this copy's drawings of one request showed, first to last."""
    return [view.rule for _, view in house.board.cards if view.request.id == number]


def _filled(house: House) -> dict[str, object]:
    return {
        "reason": "Scanners",
        "clients": "Forty scanners",
        "protocols": ["smtp-auth"],
        "day": house.clock.at.date() + timedelta(days=3),
    }
