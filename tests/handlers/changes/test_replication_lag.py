"""Domain controllers agree late: what one still answers decides nothing, wherever it is read."""

from datetime import datetime, timedelta

import pytest

from handlers.changes.replication_lag import LAGS_AT_MOST
from storage.lifecycle import State
from storage.records import SettingValue
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.fakes import LATE, LOST, Old
from tests.sentences import says

IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT


def opted_in(house: House) -> tuple[int, datetime]:
    """An opt-in of a tenant that was opted out; what a controller answers that has not heard of it is dated
    before."""
    house.tenant.value = OUT
    before = house.tenant.changed_at
    house.observe()
    house.clock.advance(minutes=1)
    number = approved(house)
    house.run()
    assert house.request(number).state is State.APPLIED
    return number, before


def test_an_opt_out_is_sent_although_a_controller_still_answers_that_it_is_so(both: House) -> None:
    _, before = opted_in(both)
    both.clock.advance(seconds=5)
    request = both.opt_out()
    both.tenant.readings.append(Old(OUT, before))
    both.run()
    assert both.request(request.id).state is State.APPLIED
    assert [write.value for write in both.tenant.writes] == [IN, OUT]
    assert both.tenant.value is OUT
    assert both.request(request.id).detail.startswith(says("written_and_read_back"))


def test_an_opt_out_that_never_arrived_is_not_applied_because_a_controller_answers_what_was_before(
    both: House,
) -> None:
    number, before = opted_in(both)
    both.clock.advance(seconds=5)
    request = both.opt_out()
    both.tenant.outcomes.append(LOST)
    both.tenant.readings.extend([IN, Old(OUT, before)])
    both.run()
    assert both.request(request.id).state is State.UNCERTAIN
    both.clock.advance(minutes=15)
    both.tenant.readings.append(Old(OUT, before))
    both.run()
    assert both.request(request.id).state is State.UNCERTAIN
    both.clock.advance(minutes=1)
    both.run()
    assert both.request(request.id).state is State.FAILED
    baseline = both.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.request_id) == (IN, number)


def test_an_opt_in_waits_for_a_controller_that_knows_of_the_newest_change(both: House) -> None:
    opted_in(both)
    opt_out = both.opt_out()
    both.run()
    assert both.request(opt_out.id).state is State.APPLIED
    lately, began = both.tenant.changed_at - timedelta(seconds=30), len(both.tenant.writes)
    both.clock.advance(minutes=1)
    request = both.ask(ALICE)
    both.approve(BOB, request.id)
    both.tenant.readings.append(Old(IN, lately))
    both.work()
    waiting = both.request(request.id)
    assert (waiting.state, len(both.tenant.writes)) == (State.APPROVED, began)
    assert says("does_not_know_of_the_newest_change") in waiting.detail
    both.clock.advance(minutes=1)
    both.run()
    assert both.request(request.id).state is State.APPLIED


def test_an_opt_out_by_hand_since_then_is_newer_and_nothing_has_to_be_written(house: House) -> None:
    opted_in(house)
    house.clock.advance(seconds=5)
    house.tenant.value = OUT
    request = house.opt_out()
    house.run()
    assert house.request(request.id).state is State.APPLIED
    assert [write.value for write in house.tenant.writes] == [IN]


def test_after_an_hour_what_is_answered_is_taken_for_the_live_value(house: House) -> None:
    _, before = opted_in(house)
    house.clock.advance(seconds=LAGS_AT_MOST.total_seconds())
    request = house.opt_out()
    house.tenant.readings.append(Old(OUT, before))
    house.run()
    assert house.request(request.id).state is State.APPLIED
    assert [write.value for write in house.tenant.writes] == [IN]


@pytest.mark.parametrize("minutes", [1, 20])
def test_an_opt_out_is_sent_while_an_opt_in_may_have_arrived_that_no_reading_shows(
    both: House, minutes: int
) -> None:
    """Not settled yet, or given up: one controller may know of it, and it may still be on its way."""
    both.tenant.value = OUT
    both.observe()
    number = approved(both)
    both.tenant.outcomes.append(LATE)
    both.run()
    both.clock.advance(minutes=minutes)
    both.run()
    assert both.request(number).state is (State.UNCERTAIN if minutes == 1 else State.FAILED)
    request = both.opt_out()
    both.run()
    assert [write.value for write in both.tenant.writes] == [IN, OUT]
    assert both.request(request.id).detail.startswith(says("written_and_read_back"))
