"""The promise of applying: record, commit, call, read back, record; one effective write, and never one that
nobody approved."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import create_engine, text

from storage.errors import Stuck
from storage.lifecycle import State
from storage.records import SettingValue, WriteOutcome
from tests.handlers.driver import ALICE, BOB, RULE, House
from tests.handlers.fakes import ACCEPTED_LATE, BUSY, LOST, LOST_BUT_TAKEN, REFUSED, Answering, Write
from tests.sentences import says

IN, OUT, NOT_SET = SettingValue.OPTED_IN, SettingValue.OPTED_OUT, SettingValue.NOT_SET


def approved(house: House) -> int:
    """An approved opt-in that nobody has applied yet."""
    request = house.ask(ALICE)
    house.approve(BOB, request.id)
    assert house.request(request.id).state is State.APPROVED
    return request.id


def test_an_approved_opt_in_is_written_once_read_back_and_on_record(both: House) -> None:
    number = approved(both)
    both.run()
    assert [write.value for write in both.tenant.writes] == [IN]
    assert both.request(number).state is State.APPLIED
    assert [step.step for step in both.attempts(number)] == ["sending", "answered", "read_back"]
    baseline = both.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.request_id, baseline.window_end) == (
        IN,
        number,
        both.request(number).window_end,
    )
    both.run()
    assert len(both.tenant.writes) == 1


def test_the_decision_and_the_sending_are_committed_before_exchange_is_called(both: House) -> None:
    number = approved(both)
    seen: list[tuple[int, int, str]] = []
    elsewhere = create_engine(both.database.engine.url)

    def look(write: Write) -> None:
        with elsewhere.connect() as connection:
            votes = connection.execute(
                text("SELECT count(*) FROM decisions WHERE vote = 'approve'")
            ).scalar_one()
            sent = text("SELECT count(*) FROM attempts WHERE step = 'sending' AND client_request_id = :id")
            sending = connection.execute(sent, {"id": write.client_request_id}).scalar_one()
            state = connection.execute(text("SELECT state FROM change_requests")).scalar_one()
        seen.append((votes, sending, state))

    both.tenant.during_write = look
    both.run()
    elsewhere.dispose()
    assert seen == [(1, 1, "applying")]
    assert both.request(number).state is State.APPLIED


def test_the_read_that_precedes_the_write_is_on_record_before_the_write(house: House) -> None:
    approved(house)
    house.clock.advance(minutes=5)
    seen: list[object] = []
    house.tenant.during_write = lambda write: seen.append(house.observation())
    house.run()
    assert [(found.value, found.at) for found in seen] == [(NOT_SET, house.clock.at)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answering", "state", "writes"),
    [
        (Answering(), State.APPLIED, 1),
        (ACCEPTED_LATE, State.UNCERTAIN, 1),
        (LOST_BUT_TAKEN, State.APPLIED, 1),
        (LOST, State.UNCERTAIN, 1),
        (REFUSED, State.FAILED, 1),
        (BUSY, State.APPROVED, 1),
    ],
    ids=["accepted", "accepted but not showing", "lost but taken", "lost", "refused", "not processed"],
)
def test_each_fate_of_a_write_has_one_truthful_outcome(
    house: House, answering: Answering, state: State, writes: int
) -> None:
    number = approved(house)
    house.tenant.outcomes.append(answering)
    house.run()
    house.run()
    assert (house.request(number).state, len(house.tenant.writes)) == (state, writes)


def test_a_refused_write_never_becomes_applied_although_the_value_then_matches(house: House) -> None:
    number = approved(house)
    house.tenant.outcomes.append(Answering(WriteOutcome.REFUSED, lands="now"))
    for _ in range(4):
        house.run()
        house.clock.advance(minutes=10)
    assert house.tenant.value is IN
    assert house.request(number).state is State.FAILED
    assert "read_back" not in [step.step for step in house.attempts(number)]


def test_what_was_not_processed_is_sent_again_for_as_long_as_the_approval_lives(house: House) -> None:
    house.start(replace(RULE, request_ttl=timedelta(hours=4)))
    number = approved(house)
    expires = house.request(number).expires_at
    assert expires is not None
    house.tenant.outcomes.extend([BUSY] * 1000)
    while house.clock.at < expires:
        house.run()
        again = house.request(number)
        assert (again.state, again.retry_at is not None) == (State.APPROVED, True)
        house.clock.at = min(again.retry_at or expires, expires)
    sent = [write.at for write in house.tenant.writes]
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(sent)]
    assert pauses[:9] == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert set(pauses[8:]) == {600.0}
    assert len(sent) > 25
    house.work()
    assert house.request(number).state is State.EXPIRED
    assert len({write.client_request_id for write in house.tenant.writes}) == len(sent)


def test_an_opt_out_that_was_not_processed_is_sent_again_for_as_long_as_it_takes(house: House) -> None:
    house.tenant.value = IN
    number = house.opt_out(ALICE).id
    house.tenant.outcomes.extend([BUSY] * 60)
    for _ in range(60):
        house.run()
        house.clock.advance(hours=1)
    assert house.request(number).state is State.APPROVED
    assert len(house.tenant.writes) == 60
    house.run()
    assert (house.request(number).state, house.tenant.value) == (State.APPLIED, OUT)


@pytest.mark.parametrize("opting_out", [False, True])
def test_that_a_change_waits_and_why_is_told_once(house: House, *, opting_out: bool) -> None:
    house.tenant.value = IN if opting_out else NOT_SET
    number = house.opt_out(ALICE).id if opting_out else approved(house)
    house.deliver()
    house.tenant.outcomes.extend([BUSY] * 5)
    for _ in range(5):
        house.work()
        house.clock.advance(minutes=10)
    told = [view.request for person, view in house.board.outcomes if person == ALICE]
    assert [(request.id, request.state) for request in told] == [(number, State.APPROVED)]
    goes_on = (
        says("it_is_sent_again_until_it_is_done") if opting_out else says("it_is_sent_again_until_it_expires")
    )
    assert goes_on in told[0].detail
    assert house.board.cards[-1][1].request.detail == house.request(number).detail


def test_before_it_is_sent_again_a_change_is_read_and_judged_again(house: House) -> None:
    number = approved(house)
    house.tenant.outcomes.append(BUSY)
    house.run()
    house.workspace.change(BOB, deleted=True)
    house.clock.advance(minutes=1)
    house.run()
    assert (house.request(number).state, len(house.tenant.writes)) == (State.PENDING, 1)


@pytest.mark.parametrize("failures", [1, 3, 7])
def test_the_write_that_is_taken_after_a_few_that_were_not_settles_the_request(
    house: House, failures: int
) -> None:
    number = approved(house)
    house.tenant.outcomes.extend([BUSY] * failures)
    for _ in range(failures + 1):
        house.run()
        house.clock.advance(minutes=10)
    assert house.request(number).state is State.APPLIED
    assert [write.taken for write in house.tenant.writes] == [False] * failures + [True]


def test_exchange_is_left_alone_for_as_long_as_it_asked(house: House) -> None:
    number = approved(house)
    house.tenant.outcomes.append(Answering(WriteOutcome.NOT_PROCESSED, lands="never", retry_after=90))
    house.run()
    house.clock.advance(seconds=89)
    house.run()
    assert len(house.tenant.writes) == 1
    house.clock.advance(seconds=1)
    house.run()
    assert len(house.tenant.writes) == 2
    assert house.request(number).state is State.APPLIED


def test_the_longest_that_exchange_may_ask_for_is_waited_by_a_replica_whose_clock_is_behind_as_well(
    house: House,
) -> None:
    approved(house)
    house.tenant.outcomes.append(Answering(WriteOutcome.NOT_PROCESSED, lands="never", retry_after=3600))
    house.run()
    house.clock.advance(seconds=-30)
    house.run()
    assert len(house.tenant.writes) == 1


@pytest.mark.parametrize("answering", [LOST, ACCEPTED_LATE])
def test_a_write_of_unknown_outcome_is_never_sent_again(house: House, answering: Answering) -> None:
    approved(house)
    house.tenant.outcomes.append(answering)
    for _ in range(8):
        house.work()
        house.clock.advance(minutes=5)
    assert len(house.tenant.writes) == 1


def test_an_uncertain_outcome_is_shown_within_thirty_seconds(house: House) -> None:
    number = approved(house)
    house.tenant.outcomes.append(ACCEPTED_LATE)
    began = house.clock.at
    house.run()
    assert house.request(number).state is State.UNCERTAIN
    assert house.clock.at - began < timedelta(seconds=30)


@pytest.mark.parametrize("found", [OUT, IN])
def test_a_value_that_moved_makes_the_request_stale_even_when_it_is_what_was_wished_for(
    house: House, found: SettingValue
) -> None:
    number = approved(house)
    house.tenant.value = found
    house.run()
    assert (house.request(number).state, house.tenant.writes) == (State.STALE, [])
    assert f"*{found.value}*" in house.request(number).detail


def test_an_opt_out_that_finds_its_value_is_confirmed_without_a_write(both: House) -> None:
    both.tenant.value = OUT
    number = both.opt_out(ALICE).id
    both.run()
    assert (both.request(number).state, both.tenant.writes) == (State.APPLIED, [])
    assert [step.step for step in both.attempts(number)] == ["read_back"]


@pytest.mark.parametrize("found", [NOT_SET, IN])
def test_an_opt_out_is_written_whatever_the_value_was(house: House, found: SettingValue) -> None:
    house.tenant.value = found
    number = house.opt_out(ALICE).id
    house.run()
    assert [write.value for write in house.tenant.writes] == [OUT]
    assert house.request(number).state is State.APPLIED


def test_opt_outs_go_first(house: House) -> None:
    number = approved(house)
    other = house.opt_out(BOB)
    house.run()
    assert [write.value for write in house.tenant.writes] == [OUT]
    assert house.request(number).state is State.SUPERSEDED
    assert house.request(other.id).state is State.APPLIED


def test_a_worker_that_lost_its_lease_sends_nothing(house: House) -> None:
    number = approved(house)
    lease = house.lease()
    house.context.leases.release(lease)
    with pytest.raises(Stuck):
        house.apply.run(lease)
    assert (house.request(number).state, house.tenant.writes) == (State.APPROVED, [])


def test_a_process_killed_while_sending_sends_nothing_again_and_finds_out_by_reading(house: House) -> None:
    number = approved(house)

    def die(write: Write) -> None:
        house.tenant.value = write.value
        raise KeyboardInterrupt

    house.tenant.during_write = die
    with pytest.raises(KeyboardInterrupt):
        house.run()
    assert house.request(number).state is State.APPLYING
    house.start(house.context.rule)
    house.run()
    assert len(house.tenant.writes) == 1
    assert house.request(number).state is State.APPLIED


def test_nothing_is_written_upon_an_answer_that_names_no_tenant(house: House) -> None:
    number = approved(house)
    house.tenant.organization = None
    house.run()
    waiting = house.request(number)
    assert (waiting.state, house.tenant.writes) == (State.APPROVED, [])
    assert says("did_not_say_which_tenant") in (waiting.detail or "")
    house.tenant.organization = "contoso.onmicrosoft.com"
    house.clock.advance(minutes=2)
    house.run()
    assert (house.request(number).state, len(house.tenant.writes)) == (State.APPLIED, 1)


def test_a_read_back_that_names_no_tenant_proves_nothing(house: House) -> None:
    number = approved(house)
    house.tenant.during_write = lambda write: setattr(house.tenant, "organization", None)
    house.run()
    assert house.request(number).state is State.UNCERTAIN
    house.clock.advance(minutes=20)
    house.run()
    assert house.request(number).state is State.UNCERTAIN
    house.tenant.organization = "contoso.onmicrosoft.com"
    house.clock.advance(minutes=2)
    house.run()
    assert (house.request(number).state, len(house.tenant.writes)) == (State.APPLIED, 1)
