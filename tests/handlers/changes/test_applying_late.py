"""Between the approval and the write, everything may change: time runs out, approvers leave, Exchange or
Slack fall silent."""

from datetime import timedelta

import pytest

from handlers.ports import Unavailable
from storage.ledger import BOT
from storage.lifecycle import Kind, State
from storage.records import Door, SettingValue, Vote
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, MAIL, TWO, House
from tests.handlers.fakes import BUSY, UNREADABLE, Write
from tests.sentences import says

INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(("early", "state"), [(INSTANT, State.APPLIED), (timedelta(0), State.EXPIRED)])
def test_an_approval_lapses_exactly_at_its_time(both: House, early: timedelta, state: State) -> None:
    number = approved(both)
    expires = both.request(number).expires_at
    assert expires is not None
    both.clock.at = expires - early
    both.run()
    assert both.request(number).state is state
    assert bool(both.tenant.writes) is (state is State.APPLIED)


def test_an_approval_that_lapses_while_the_value_is_read_is_not_sent(house: House) -> None:
    number = approved(house)
    expires = house.request(number).expires_at
    assert expires is not None
    house.clock.at = expires - timedelta(seconds=5)
    house.tenant.meanwhile = lambda: house.clock.advance(seconds=5)
    house.run()
    assert (house.request(number).state, house.tenant.writes) == (State.EXPIRED, [])


def test_a_change_that_was_not_processed_is_not_sent_again_after_its_time(house: House) -> None:
    number = approved(house)
    house.tenant.outcomes.append(BUSY)
    house.run()
    house.clock.advance(hours=24)
    house.run()
    assert (house.request(number).state, len(house.tenant.writes)) == (State.EXPIRED, 1)


def test_while_exchange_cannot_be_read_nothing_is_sent_and_the_card_says_what_it_waits_for(
    house: House,
) -> None:
    number = approved(house)
    house.tenant.unreadable = UNREADABLE
    house.work()
    waiting = house.request(number)
    assert (waiting.state, house.tenant.writes) == (State.APPROVED, [])
    assert says("waiting_for_exchange") in waiting.detail
    assert house.board.cards[-1][1].request.detail == waiting.detail
    house.tenant.unreadable = None
    house.clock.advance(minutes=2)
    house.run()
    assert house.request(number).state is State.APPLIED


def test_exchange_is_tried_until_the_approval_lapses_and_the_card_is_not_redrawn_for_each_try(
    house: House,
) -> None:
    number = approved(house)
    house.tenant.unreadable = UNREADABLE
    house.work()
    drawn = len(house.board.cards)
    for _ in range(30):
        house.clock.advance(minutes=1)
        house.work()
    assert house.tenant.reads > 20
    assert len(house.board.cards) == drawn
    house.clock.advance(hours=24)
    house.work()
    assert (house.request(number).state, house.tenant.writes) == (State.EXPIRED, [])


@pytest.mark.parametrize(
    "lost",
    [
        {"deleted": True},
        {"deleted": None},
        {"is_guest": True},
        {"is_stranger": True},
        {"team_id": "T0FABRIKAM"},
    ],
)
def test_an_approver_who_is_no_member_any_more_no_longer_carries_the_change(
    house: House, lost: dict[str, object]
) -> None:
    number = approved(house)
    house.workspace.change(BOB, **lost)
    house.run()
    assert (house.request(number).state, house.tenant.writes) == (State.PENDING, [])
    assert says("may_no_longer_approve", person=BOB) in house.request(number).detail


def test_losing_an_approval_is_told_to_the_requester_and_on_the_card(house: House) -> None:
    number = approved(house)
    house.workspace.change(BOB, deleted=True)
    house.work()
    person, view = house.board.outcomes[-1]
    assert (person, view.request.state) == (ALICE, State.PENDING)
    assert house.board.cards[-1][1].request.detail == house.request(number).detail


def test_an_approver_who_left_the_user_group_no_longer_carries_the_change(house: House) -> None:
    request = house.ask(ALICE)
    house.approve(DAVE, request.id)
    house.workspace.groups[MAIL] = []
    house.run()
    assert (house.request(request.id).state, house.tenant.writes) == (State.PENDING, [])


def test_another_approval_replaces_the_one_that_was_lost(house: House) -> None:
    number = approved(house)
    house.workspace.change(BOB, deleted=True)
    house.run()
    house.approve(CAROL, number)
    house.run()
    assert house.request(number).state is State.APPLIED


def test_an_approval_that_was_lost_is_on_record_as_taken_back_by_the_bot_and_stays_lost(both: House) -> None:
    number = approved(both)
    both.workspace.change(BOB, deleted=True)
    both.run()
    last = both.votes(number)[-1]
    assert (last.person_id, last.vote, last.door) == (BOB, Vote.TAKEN_BACK, Door.BOT)
    event = both.events("voted")[-1]
    assert (event.actor, event.payload["person_id"]) == (BOT, BOB)
    both.workspace.change(BOB, deleted=False)
    both.work()
    assert (both.request(number).state, both.tenant.writes) == (State.PENDING, [])
    both.approve(BOB, number)
    both.run()
    assert both.request(number).state is State.APPLIED


def test_of_two_approvals_only_the_lost_one_has_to_be_given_again(house: House) -> None:
    house.start(TWO)
    request = house.ask(ALICE)
    house.approve(BOB, request.id)
    house.approve(CAROL, request.id)
    house.workspace.change(BOB, deleted=True)
    house.run()
    assert house.request(request.id).state is State.PENDING
    house.approve(DAVE, request.id)
    house.run()
    assert house.request(request.id).state is State.APPLIED


@pytest.mark.parametrize("silent", [[BOB], [MAIL, DAVE]])
def test_approvers_who_cannot_be_looked_up_keep_the_change_waiting_and_it_is_never_applied(
    house: House, silent: list[str]
) -> None:
    request = house.ask(ALICE)
    house.approve(DAVE if DAVE in silent else BOB, request.id)
    house.workspace.silent.update(silent)
    for _ in range(20):
        house.work()
        house.clock.advance(minutes=30)
    assert (house.request(request.id).state, house.tenant.writes) == (State.APPROVED, [])
    assert says("could_not_be_checked") in house.request(request.id).detail
    house.workspace.silent.clear()
    house.work()
    assert house.request(request.id).state is State.APPLIED


def test_an_opt_out_is_applied_while_slack_is_silent(house: House) -> None:
    number = house.opt_out(ALICE).id
    house.workspace.down = True
    house.run()
    assert house.request(number).state is State.APPLIED


def test_an_opt_out_waits_for_exchange_for_as_long_as_it_takes(house: House) -> None:
    number = house.opt_out(ALICE).id
    house.tenant.unreadable = Unavailable("Exchange could not be reached.", retry_after=120)
    for _ in range(100):
        house.work()
        house.clock.advance(hours=1)
    assert house.request(number).state is State.APPROVED
    house.tenant.unreadable = None
    house.work()
    assert (house.request(number).state, house.tenant.value) == (State.APPLIED, SettingValue.OPTED_OUT)


def test_a_request_taken_back_while_the_value_is_read_is_not_sent(house: House) -> None:
    number = approved(house)
    house.card_ts(number)
    house.tenant.meanwhile = lambda: house.press("withdraw", ALICE, number)
    house.run()
    assert (house.request(number).state, house.tenant.writes) == (State.WITHDRAWN, [])


def test_an_opt_out_that_comes_while_the_value_is_read_wins(house: House) -> None:
    number = approved(house)
    house.tenant.meanwhile = lambda: house.opt_out(BOB)
    house.run()
    house.run()
    assert house.request(number).state is State.SUPERSEDED
    assert [write.value for write in house.tenant.writes] == [SettingValue.OPTED_OUT]


def test_an_opt_out_that_comes_while_it_is_sent_wins_if_exchange_did_not_process_it(both: House) -> None:
    number = approved(both)
    both.tenant.outcomes.append(BUSY)

    def opted_out(write: Write) -> None:
        both.tenant.during_write = lambda write: None
        both.opt_out(BOB)

    both.tenant.during_write = opted_out
    for _ in range(6):
        both.work()
        both.clock.advance(seconds=2)
    assert both.request(number).state is State.SUPERSEDED
    assert both.request(number).detail == says("opt_out_2_came_later_and_wins")
    assert both.request(number + 1).state is State.APPLIED
    assert [write.value for write in both.tenant.writes if write.value is SettingValue.OPTED_IN] == [
        SettingValue.OPTED_IN
    ]
    assert both.tenant.value is not SettingValue.OPTED_IN
    assert [row.request_id for row in both.owed("outcome") if row.recipient == ALICE][-1:] == [number]


def test_what_an_earlier_version_left_to_be_sent_after_a_later_opt_out_is_not_sent(house: House) -> None:
    house.tenant.value = SettingValue.OPTED_OUT
    number = approved(house)
    # as it was before an opt-out looked at what was at Exchange
    with house.ledger.recording(house.clock.at) as entry:
        entry.open(
            Kind.OPT_OUT,
            requester_id=BOB,
            door=Door.COMMAND,
            to_value=SettingValue.OPTED_OUT,
            from_value=None,
            rule_digest=house.context.rule.digest,
            detail="",
        )
    house.work()
    assert house.request(number).state is State.SUPERSEDED
    assert SettingValue.OPTED_IN not in [write.value for write in house.tenant.writes]
