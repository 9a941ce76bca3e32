"""One stage on which changes make every move of the chart, so that no state is a word that nobody ever
met."""

from storage.lifecycle import MOVES, State
from tests.journeys.stage import ALICE, BOB, CAROL, HOUR, MINUTE, UNTIL_LAPSED, Stage
from tests.sentences import says

GET, SET = "Get-TransportConfig", "Set-TransportConfig"


def test_every_state_and_every_move_is_reached_through_real_sockets(fresh_stage) -> None:
    stage = fresh_stage()
    endings_of_a_pending_request(stage)
    endings_of_an_approved_request(stage)
    a_vote_that_lost_its_eligibility_and_a_write_sent_again(stage)
    endings_of_a_write(stage)
    stage.tenant.value = None
    stage.observe()
    stage.announced(says("changed_outside_the_bot"))
    assert stage.moves() == set(MOVES)
    assert {state for move in MOVES for state in move} | {State.OBSERVED} == set(State)


def endings_of_a_pending_request(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "reject")
    number = stage.ask(ALICE)
    stage.press(ALICE, number, "withdraw")
    number = stage.ask(ALICE)
    stage.advance(UNTIL_LAPSED)
    stage.card(number, "Expired:")
    number = stage.ask(ALICE)
    stage.tenant.value = False
    stage.observe()
    stage.card(number, "Stale:")
    number = stage.ask(ALICE)
    stage.opt_out(BOB)
    stage.card(number, "Superseded:")


def endings_of_an_approved_request(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.tenant.value = None
    stage.press(BOB, number, "approve")
    stage.card(number, "Stale:")
    number = waiting_for_exchange(stage)
    stage.press(ALICE, number, "withdraw")
    stage.card(number, "Withdrawn:")
    number = waiting_for_exchange(stage)
    stage.advance(UNTIL_LAPSED)
    stage.card(number, "Expired:")
    number = waiting_for_exchange(stage)
    stage.tenant.clear_faults()
    opt_out = stage.opt_out(BOB)
    stage.card(number, "Superseded:")
    assert stage.state(opt_out) is State.APPLIED
    stage.opt_out(BOB)


def a_vote_that_lost_its_eligibility_and_a_write_sent_again(stage: Stage) -> None:
    number = waiting_for_exchange(stage)
    stage.slack.workspace.alter(BOB, deleted=True)
    stage.tenant.clear_faults()
    stage.advance(5 * MINUTE)
    stage.card(number, "Request", saying=says("may_no_longer_approve_this"))
    stage.slack.workspace.alter(BOB, deleted=False)
    stage.tenant.queue_fault("throttle", cmdlet=SET)
    stage.press(CAROL, number, "approve")
    stage.card(number, "Approved, not yet made:", saying=says("sent_again"))
    stage.advance(MINUTE)
    stage.card(number, "Applied:")
    stage.opt_out(BOB)


def endings_of_a_write(stage: Stage) -> None:
    for fault, settling, ending in (
        ("role_missing", "Failed:", "Failed:"),
        ("reset_before", "Uncertain:", "Failed:"),
    ):
        number = stage.ask(ALICE)
        stage.tenant.queue_fault(fault, cmdlet=SET)
        stage.press(BOB, number, "approve")
        stage.card(number, settling)
        stage.advance(HOUR)
        stage.card(number, ending)
    number = stage.ask(ALICE)
    stage.tenant.queue_fault("late_apply", cmdlet=SET, seconds=1)
    stage.press(BOB, number, "approve")
    stage.card(number, "Uncertain:")
    stage.wait(lambda: stage.tenant.value)
    stage.advance(MINUTE)
    stage.card(number, "Applied:")


def waiting_for_exchange(stage: Stage) -> int:
    """An approved request that cannot be sent, because the live value cannot be read."""
    stage.tenant.clear_faults()
    number = stage.ask(ALICE)
    stage.tenant.queue_fault("missing_key", cmdlet=GET, count=50)
    stage.press(BOB, number, "approve")
    stage.card(number, "Approved, not yet made:", saying=says("nothing_has_been_sent"))
    return number
