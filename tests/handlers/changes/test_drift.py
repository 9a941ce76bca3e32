"""Watching the live value: a change made outside is told once, a failed reading is never a value, and never
silence for long."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.worker.loops import Claim
from handlers.ports import Unavailable
from storage.jobs.leases import Leases, TenantDuty
from storage.lifecycle import Kind, State
from storage.records import Observation, SettingValue
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, CHANNEL, House
from tests.handlers.fakes import UNREADABLE
from tests.sentences import says

IN, OUT, NOT_SET = SettingValue.OPTED_IN, SettingValue.OPTED_OUT, SettingValue.NOT_SET
EVERY = timedelta(minutes=10)


def look(house: House) -> None:
    """The next regular reading."""
    house.clock.advance(minutes=10)
    assert house.observe(EVERY)


def announced(house: House) -> list[str]:
    house.deliver()
    return [facts["what"] for facts in house.board.announced]


@pytest.mark.parametrize("value", [NOT_SET, OUT])
def test_the_first_reading_is_what_ought_to_be_and_says_nothing(house: House, value: SettingValue) -> None:
    house.tenant.value = value
    look(house)
    look(house)
    baseline = house.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.request_id) == (value, None)
    assert announced(house) == []
    assert house.requests() == []


def test_an_opt_in_at_first_sight_is_said_once(house: House) -> None:
    house.tenant.value = IN
    for _ in range(3):
        look(house)
        house.start(house.context.rule)
    assert announced(house) == ["first_sight"]
    assert house.requests() == []


def test_a_change_made_outside_is_recorded_with_a_number_and_told_once(both: House) -> None:
    look(both)
    both.tenant.value = IN
    for _ in range(3):
        look(both)
    drift = both.requests(Kind.OUTSIDE)
    assert [(change.from_value, change.to_value, change.state) for change in drift] == [
        (NOT_SET, IN, State.OBSERVED)
    ]
    both.deliver()
    assert [view.request.id for _, view in both.board.cards] == [drift[0].id]


def test_a_change_outside_that_goes_back_is_another_change(house: House) -> None:
    look(house)
    for value in (IN, NOT_SET):
        house.tenant.value = value
        look(house)
    assert [change.to_value for change in house.requests(Kind.OUTSIDE)] == [IN, NOT_SET]


def test_a_value_seen_once_only_is_no_drift(both: House) -> None:
    look(both)
    both.clock.advance(minutes=10)
    both.tenant.readings.append(IN)
    both.dispatch.drift.observe(EVERY)
    both.clock.advance(seconds=3)
    assert both.dispatch.drift.observe(EVERY), "the second reading is due in seconds"
    look(both)
    assert both.requests(Kind.OUTSIDE) == []


def test_the_second_reading_is_due_after_three_seconds_and_a_third_only_in_time(house: House) -> None:
    look(house)
    house.clock.advance(minutes=10)
    house.tenant.value = IN
    assert house.dispatch.drift.observe(EVERY)
    house.clock.advance(seconds=2)
    assert not house.dispatch.drift.observe(EVERY)
    assert house.requests(Kind.OUTSIDE) == []
    house.clock.advance(seconds=1)
    assert house.dispatch.drift.observe(EVERY)
    assert len(house.requests(Kind.OUTSIDE)) == 1
    house.clock.advance(seconds=3)
    assert not house.dispatch.drift.observe(EVERY)


def test_two_readings_of_a_controller_that_lags_behind_our_own_write_are_no_drift(both: House) -> None:
    look(both)
    changed, number = both.clock.at - timedelta(minutes=1), approved(both)
    both.run()
    both.clock.advance(minutes=10)
    both.tenant.value, both.tenant.changed_at = NOT_SET, changed
    both.observe(EVERY)
    baseline = both.baseline()
    assert both.requests(Kind.OUTSIDE) == []
    assert baseline is not None
    assert (baseline.value, baseline.window_end) == (IN, both.request(number).window_end)


@pytest.mark.parametrize(("value", "minutes"), [(NOT_SET, 9), (OUT, 9), (OUT, 0)])
def test_what_came_after_our_own_write_is_no_lag(house: House, value: SettingValue, minutes: int) -> None:
    look(house)
    approved(house)
    house.run()
    house.tenant.value, house.tenant.changed_at = value, house.clock.at + timedelta(minutes=minutes)
    look(house)
    assert [change.to_value for change in house.requests(Kind.OUTSIDE)] == [value]


def test_what_lags_for_longer_than_an_hour_is_told_all_the_same(house: House) -> None:
    look(house)
    changed = house.clock.at - timedelta(minutes=1)
    approved(house)
    house.run()
    house.tenant.value, house.tenant.changed_at = NOT_SET, changed
    for _ in range(7):
        look(house)
    assert len(house.requests(Kind.OUTSIDE)) == 1


def test_what_was_approved_keeps_its_end_when_the_value_is_back(both: House) -> None:
    look(both)
    number = approved(both)
    both.run()
    for value in (OUT, IN):
        both.tenant.value = value
        look(both)
    end = both.request(number).window_end
    baseline = both.baseline()
    assert baseline is not None
    assert end is not None
    assert (baseline.value, baseline.window_end) == (IN, end)
    assert says("the_window_of_has_not_ended_and", number=number) in both.newest().detail
    both.clock.at = end
    both.work()
    assert (both.tenant.value, both.newest().kind, both.newest().state) == (OUT, Kind.OPT_OUT, State.APPLIED)


def test_an_opt_in_outside_gets_no_end_from_a_window_that_is_over_or_was_ended_by_the_bot(
    house: House,
) -> None:
    look(house)
    number = approved(house)
    house.run()
    house.opt_out(BOB)
    house.run()
    house.tenant.value = IN
    look(house)
    baseline = house.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.window_end) == (IN, None)
    assert f"#{number}" not in house.newest().detail


def test_null_and_false_are_two_values(house: House) -> None:
    look(house)
    house.tenant.value = OUT
    look(house)
    assert [change.to_value for change in house.requests(Kind.OUTSIDE)] == [OUT]


def test_what_the_bot_did_itself_is_no_drift(house: House) -> None:
    look(house)
    approved(house)
    house.run()
    look(house)
    house.opt_out(BOB)
    house.run()
    look(house)
    assert house.requests(Kind.OUTSIDE) == []


def test_a_reading_that_began_before_our_own_change_is_no_drift(house: House) -> None:
    look(house)
    number = approved(house)
    house.clock.advance(minutes=10)

    def applied_meanwhile() -> None:
        house.clock.advance(seconds=1)
        house.run()
        house.clock.advance(seconds=1)

    house.tenant.readings.append(NOT_SET)
    house.tenant.meanwhile = applied_meanwhile
    house.observe(EVERY)
    assert house.request(number).state is State.APPLIED
    assert house.requests(Kind.OUTSIDE) == []
    baseline = house.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.window_end) == (IN, house.request(number).window_end)
    newest = house.observation()
    assert newest is not None
    assert newest.value is IN  # what the form of the next request is judged by


def test_somebody_s_reading_from_before_a_change_is_looked_at_again_in_seconds(house: House) -> None:
    look(house)
    approved(house)
    house.clock.advance(minutes=1)
    before = house.clock()
    house.run()
    with house.context.ledger.recording(house.clock()) as entry:
        entry.holding.observe(
            Observation(at=before, value=NOT_SET, smtp_auth_disabled=False, organization=None, problem=None)
        )
    house.clock.advance(seconds=3)
    assert house.dispatch.drift.observe(EVERY)
    newest = house.observation()
    assert newest is not None
    assert newest.value is IN


def test_what_was_read_for_a_request_is_read_again_when_a_change_came_between(house: House) -> None:
    look(house)
    number = approved(house)
    house.tenant.readings.append(NOT_SET)
    house.tenant.meanwhile = house.run
    house.submit(
        "extension",
        ALICE,
        CHANNEL,
        reason="On",
        clients="One scanner",
        protocols=["smtp-auth"],
        day=house.clock.at.date() + timedelta(days=60),
    )
    extension = house.newest()
    assert (extension.kind, extension.from_value) == (Kind.EXTENSION, IN)
    assert house.request(number).state is State.APPLIED
    newest = house.observation()
    assert newest is not None
    assert newest.value is IN


def test_it_is_read_when_the_newest_reading_is_old_enough_and_not_before(house: House) -> None:
    look(house)
    house.clock.advance(minutes=9, seconds=59)
    assert not house.observe(EVERY)
    house.clock.advance(seconds=1)
    assert house.observe(EVERY)


def test_a_clock_that_was_set_back_does_not_stop_the_watch(house: House) -> None:
    look(house)
    house.clock.advance(days=-2)
    assert house.observe(EVERY)


def test_a_clock_that_was_set_back_hides_no_change_made_outside(house: House) -> None:
    look(house)
    approved(house)
    house.clock.advance(days=30)
    house.opt_out(BOB)
    house.run()
    house.clock.advance(days=-30)
    house.tenant.value = IN
    look(house)
    assert len(house.requests(Kind.OUTSIDE)) == 1


def test_one_replica_at_a_time_observes_and_two_that_did_would_tell_once(both: House) -> None:
    neighbour = House(both.database)
    neighbour.tenant.value = both.tenant.value = NOT_SET
    look(both)
    held = Leases(both.database, "the neighbour").claim("tenant", TenantDuty.OBSERVE)
    assert held is not None
    both.clock.advance(minutes=10)
    before = both.tenant.reads
    claim = Claim(both.context.leases, "tenant", TenantDuty.OBSERVE, both.clock)
    assert claim.over(lambda: both.observe(EVERY)).do() == 0
    assert both.tenant.reads == before
    for _ in range(3):
        both.clock.advance(seconds=3)
        for house in (both, neighbour):
            house.clock.at, house.tenant.value = both.clock.at, IN
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda house: house.dispatch.drift.observe(timedelta(0)), (both, neighbour)))
    assert [change.to_value for change in both.requests(Kind.OUTSIDE)] == [IN]


def test_two_who_look_at_once_may_meet_one_controller_that_lags_and_confirm_nothing(house: House) -> None:
    look(house)
    house.tenant.value = IN
    house.clock.advance(minutes=1)
    for _ in range(2):
        house.dispatch.status.hand_over(house.dispatch.status.report())
        house.clock.advance(seconds=0.1)
    assert house.requests(Kind.OUTSIDE) == []
    house.clock.advance(seconds=3)
    assert house.observe(EVERY)
    assert [change.to_value for change in house.requests(Kind.OUTSIDE)] == [IN]


def test_who_looks_again_and_again_keeps_nothing_from_being_confirmed(house: House) -> None:
    look(house)
    house.tenant.value = IN
    for _ in range(4):
        house.clock.advance(seconds=1)
        house.dispatch.status.hand_over(house.dispatch.status.report())
    assert [change.to_value for change in house.requests(Kind.OUTSIDE)] == [IN]


def test_the_end_of_an_outage_is_told_after_its_beginning_however_late_that_gets_through(both: House) -> None:
    look(both)
    both.tenant.unreadable = UNREADABLE
    for _ in range(3):
        look(both)
    for _ in range(10):
        both.board.fail("announce", Unavailable("Slack could not be reached."))
        both.deliver()
        both.clock.advance(seconds=61)
    both.board.fail("announce", Unavailable("Slack could not be reached."))
    both.deliver()
    both.board.trouble.clear()
    both.tenant.unreadable = None
    both.clock.advance(seconds=9)
    assert both.observe(timedelta(minutes=1))
    for _ in range(4):  # Slack is left alone for a while after so many failures, and the end waits
        both.deliver()
        both.clock.advance(seconds=20)
    assert announced(both) == ["unreadable", "readable"]


def test_the_readings_of_a_run_from_before_the_clock_was_set_back_count_for_nothing(both: House) -> None:
    for _ in range(3):
        look(both)
    both.clock.advance(minutes=-10)
    assert not both.dispatch.drift.is_due(timedelta(hours=1)), "the first of them still lies in the past"
    assert both.observe(EVERY)
    assert not both.dispatch.drift.is_due(EVERY)
    newest = both.observation()
    assert newest is not None
    assert (newest.since, newest.at, newest.count) == (both.clock(), both.clock(), 1)


def test_three_failures_are_told_once_whatever_rows_they_are_kept_in(both: House) -> None:
    look(both)
    for failure in (UNREADABLE, UNREADABLE, Unavailable("It is another trouble."), UNREADABLE, UNREADABLE):
        both.tenant.unreadable = failure
        look(both)
    assert announced(both) == ["unreadable"]
    assert both.board.announced[0]["since"] == (both.clock.at - 4 * EVERY).isoformat()
