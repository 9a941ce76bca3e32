"""After a write only a reading tells what happened; an unknown outcome stays unknown until it is read, for
fifteen minutes."""

from datetime import timedelta

import pytest

from storage.lifecycle import Kind, State
from storage.records import SettingValue, WriteOutcome
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, CAROL, House
from tests.handlers.fakes import ACCEPTED_LATE, LATE, LOST, TAKEN, UNREADABLE, Answering
from tests.sentences import says

IN, OUT, NOT_SET = SettingValue.OPTED_IN, SettingValue.OPTED_OUT, SettingValue.NOT_SET
LIMIT = timedelta(minutes=15)
INSTANT = timedelta(microseconds=1)


def uncertain(house: House, answering: Answering = LATE) -> int:
    """A sent opt-in whose outcome nobody knows."""
    number = approved(house)
    house.tenant.outcomes.append(answering)
    house.run()
    assert house.request(number).state is State.UNCERTAIN
    return number


@pytest.mark.parametrize("answering", [LATE, ACCEPTED_LATE])
def test_a_change_that_shows_up_is_applied_and_starts_its_window(both: House, answering: Answering) -> None:
    number = uncertain(both, answering)
    both.clock.advance(minutes=3)
    both.tenant.land()
    both.run()
    assert both.request(number).state is State.APPLIED
    baseline = both.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.request_id, baseline.window_end) == (
        IN,
        number,
        both.request(number).window_end,
    )
    assert len(both.tenant.writes) == 1


def look_at(house: House, number: int, after: timedelta) -> State:
    """The state once the live value was read exactly this long after the write was sent."""
    request = house.request(number)
    assert request.sent_at is not None
    house.clock.at = request.sent_at + after
    assert request.retry_at is not None
    assert request.retry_at <= house.clock.at
    house.run()
    return house.request(number).state


@pytest.mark.parametrize(("after", "state"), [(LIMIT - INSTANT, State.UNCERTAIN), (LIMIT, State.FAILED)])
def test_a_change_that_does_not_show_up_fails_at_fifteen_minutes_exactly(
    house: House, after: timedelta, state: State
) -> None:
    assert look_at(house, uncertain(house), after) is state
    assert house.baseline() is None


def test_a_clock_that_was_set_back_does_not_hold_up_the_reading(house: House) -> None:
    number = uncertain(house)
    house.tenant.land()
    house.clock.advance(days=-1)
    house.run()
    assert house.request(number).state is State.APPLIED


def test_a_change_that_shows_up_at_the_last_moment_is_applied(house: House) -> None:
    number = uncertain(house)
    house.tenant.land()
    assert look_at(house, number, LIMIT) is State.APPLIED


def test_a_value_that_cannot_be_read_settles_nothing_however_long_it_takes(house: House) -> None:
    number = uncertain(house)
    house.tenant.unreadable = UNREADABLE
    for _ in range(60):
        house.clock.advance(minutes=5)
        house.work()
    assert house.request(number).state is State.UNCERTAIN
    house.tenant.unreadable = None
    house.tenant.land()
    house.clock.advance(minutes=5)
    house.work()
    assert house.request(number).state is State.APPLIED


def test_a_write_whose_read_back_fails_is_uncertain_and_not_sent_again(house: House) -> None:
    number = approved(house)
    house.tenant.readings.extend([NOT_SET] + [UNREADABLE] * 6)
    house.run()
    assert house.request(number).state is State.UNCERTAIN
    house.clock.advance(minutes=1)
    house.run()
    assert (house.request(number).state, len(house.tenant.writes)) == (State.APPLIED, 1)


def test_one_lagging_reading_after_an_accepted_write_is_read_again_at_once(house: House) -> None:
    number = approved(house)
    house.tenant.readings.extend([NOT_SET, NOT_SET, NOT_SET])
    house.run()
    assert house.request(number).state is State.APPLIED
    assert [state for _, state in states(house, number)] == ["approved", "applying", "applied"]


def states(house: House, number: int) -> list[tuple[str, str]]:
    """Every move of one request, from the audit record."""
    moved = [event for event in house.events("moved") if event.request_id == number]
    return [(str(event.payload["from"]), str(event.payload["to"])) for event in moved]


def test_while_it_is_uncertain_a_reading_of_the_old_value_is_no_drift(house: House) -> None:
    house.observe()
    uncertain(house, LOST)
    house.clock.advance(minutes=11)
    house.observe()
    assert house.requests(Kind.OUTSIDE) == []


def test_an_uncertain_opt_in_is_overtaken_by_a_later_opt_out(house: House) -> None:
    number = uncertain(house, LOST)
    out = house.opt_out(BOB).id
    house.run()
    assert house.request(out).state is State.APPLIED
    assert look_at(house, number, LIMIT) is State.FAILED
    assert [write.value for write in house.tenant.writes] == [IN, OUT]


def test_a_late_arrival_after_a_newer_opt_out_does_not_reset_what_ought_to_be(both: House) -> None:
    number = uncertain(both)
    out = both.opt_out(BOB).id
    both.run()
    both.tenant.land()
    both.clock.advance(minutes=2)
    both.run()
    baseline = both.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.window_end) == (OUT, None)
    assert baseline.request_id is not None
    assert baseline.request_id >= out
    assert both.request(number).state is State.APPLIED


def test_an_opt_in_that_arrives_after_a_newer_opt_out_is_undone_by_the_bot(house: House) -> None:
    uncertain(house)
    house.opt_out(BOB)
    house.run()
    house.tenant.land()
    house.clock.advance(minutes=2)
    for _ in range(4):
        house.work()
        house.clock.advance(minutes=1)
    assert house.tenant.value is OUT
    assert [write.value for write in house.tenant.writes] == [IN, OUT, OUT]


@pytest.mark.parametrize("minutes", [-10, 0, 2])
def test_a_later_opt_out_holds_whatever_the_clocks_of_those_who_sent_say(both: House, minutes: int) -> None:
    uncertain(both)
    both.clock.advance(minutes=minutes)
    both.opt_out(BOB)
    both.run()
    both.tenant.land()
    both.clock.advance(minutes=2 - minutes)
    for _ in range(4):
        both.work()
        both.clock.advance(minutes=1)
    assert both.tenant.value is OUT
    baseline = both.baseline()
    assert baseline is not None
    assert baseline.value is OUT


def test_an_opt_in_with_a_lower_number_than_an_earlier_drift_is_no_late_arrival(house: House) -> None:
    house.observe()
    number = approved(house)
    for value in (OUT, NOT_SET):
        house.clock.advance(minutes=11)
        house.tenant.value = value
        house.observe()
    assert [request.id > number for request in house.requests(Kind.OUTSIDE)] == [True, True]
    house.clock.advance(minutes=1)
    for _ in range(3):
        house.work()
        house.clock.advance(minutes=11)
        house.observe()
    assert house.request(number).state is State.APPLIED
    assert house.tenant.value is IN
    baseline = house.baseline()
    assert baseline is not None
    assert (baseline.request_id, baseline.window_end) == (number, house.request(number).window_end)


def test_a_change_that_was_given_up_and_shows_up_later_is_announced_as_a_correction_with_its_window(
    house: House,
) -> None:
    house.observe()
    number = uncertain(house)
    assert look_at(house, number, LIMIT) is State.FAILED
    house.tenant.land()
    house.clock.advance(minutes=11)
    house.observe()
    house.deliver()
    assert [facts["what"] for facts in house.board.announced] == ["correction"]
    assert house.request(number).state is State.FAILED
    assert house.requests(Kind.OUTSIDE) == []
    baseline = house.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.window_end) == (IN, house.request(number).window_end)
    assert says("correction_to_2") in house.answer(ALICE)


def test_what_was_refused_and_then_matches_is_drift_and_no_correction(house: House) -> None:
    house.observe()
    number = approved(house)
    house.tenant.outcomes.append(Answering(WriteOutcome.REFUSED, lands="later"))
    house.run()
    house.tenant.land()
    house.clock.advance(minutes=11)
    house.observe()
    house.deliver()
    assert house.request(number).state is State.FAILED
    assert len(house.requests(Kind.OUTSIDE)) == 1
    assert house.board.announced == []


def test_every_outcome_is_told_to_the_requester_and_the_earlier_word_is_retired(house: House) -> None:
    number = uncertain(house)
    house.deliver()
    house.tenant.land()
    house.clock.advance(minutes=1)
    house.work()
    told = [view.request.state for person, view in house.board.outcomes if person == ALICE]
    assert told == [State.UNCERTAIN, State.APPLIED]
    assert len(house.board.retired) == 1
    assert house.request(number).state is State.APPLIED


def test_the_next_wish_has_to_wait_until_the_outcome_is_known(house: House) -> None:
    number = uncertain(house, LOST)
    house.ask(BOB)
    assert says("there_is_already_an_open_opt_in", number=number) in house.answer(BOB)
    assert look_at(house, number, LIMIT) is State.FAILED
    second = house.ask(BOB)
    house.tenant.outcomes.append(TAKEN)
    house.approve(CAROL, second.id)
    house.run()
    assert house.request(second.id).state is State.APPLIED
