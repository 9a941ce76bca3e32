"""An opt-in ends by itself, once; extending it needs a second person and moves only the end."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from handlers.slack.views import status_view
from storage.lifecycle import Kind, State
from storage.records import SettingValue
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, CAROL, House
from tests.handlers.fakes import LATE, LOST, REFUSED, UNREADABLE
from tests.journeys.words import words
from tests.sentences import says

IN, OUT, NOT_SET = SettingValue.OPTED_IN, SettingValue.OPTED_OUT, SettingValue.NOT_SET
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def opted_in(house: House) -> int:
    """An applied opt-in with a window."""
    return apply(house)


def apply(house: House) -> int:
    number = approved(house)
    house.work()
    assert house.tenant.value is IN
    return number


def end_of(house: House, number: int) -> datetime:
    end = house.request(number).window_end
    assert end is not None
    return end


def test_a_window_ends_exactly_at_its_end_and_once(both: House) -> None:
    number = apply(both)
    both.clock.at = end_of(both, number) - INSTANT
    both.work()
    assert both.tenant.value is IN
    both.clock.at = end_of(both, number)
    for _ in range(5):
        both.work()
        both.clock.advance(seconds=1)
    assert both.tenant.value is OUT
    ended = both.requests(Kind.OPT_OUT)
    assert [(request.requester_id, request.state) for request in ended] == [(None, State.APPLIED)]
    assert f"#{number}" in ended[0].reason


def test_a_bot_that_was_off_for_days_ends_the_window_when_it_is_back(house: House, opted_in: int) -> None:
    house.clock.at = end_of(house, opted_in) + timedelta(days=9)
    house.start(house.context.rule)
    house.work()
    house.work()
    assert len(house.requests(Kind.OPT_OUT)) == 1
    assert house.tenant.value is OUT


def test_ending_needs_neither_slack_nor_anybody_s_eligibility(house: House, opted_in: int) -> None:
    house.clock.at = end_of(house, opted_in)
    house.workspace.down = True
    house.work()
    assert house.tenant.value is OUT


def test_while_exchange_cannot_be_read_the_end_waits_in_one_request(house: House, opted_in: int) -> None:
    house.clock.at = end_of(house, opted_in)
    house.tenant.unreadable = UNREADABLE
    for _ in range(30):
        house.work()
        house.clock.advance(minutes=1)
    assert len(house.requests(Kind.OPT_OUT)) == 1
    house.tenant.unreadable = None
    house.work()
    assert house.tenant.value is OUT


def test_an_end_of_unknown_outcome_is_read_and_not_sent_again_every_second(
    house: House, opted_in: int
) -> None:
    house.clock.at = end_of(house, opted_in)
    house.tenant.outcomes.extend([LATE])
    for _ in range(60):
        house.work()
        house.clock.advance(seconds=5)
    assert [write.value for write in house.tenant.writes] == [IN, OUT]
    house.tenant.land()
    house.clock.advance(minutes=1)
    house.work()
    assert house.tenant.value is OUT
    assert len(house.requests(Kind.OPT_OUT)) == 1


def told(house: House) -> list[Mapping[str, str]]:
    house.deliver()
    return [facts for facts in house.board.announced if facts["what"] == "overdue"]


def test_an_end_that_exchange_refuses_is_tried_again_after_half_an_hour_and_then_ever_more_rarely(
    both: House,
) -> None:
    number = apply(both)
    end = both.clock.at = end_of(both, number)
    both.tenant.outcomes.extend([REFUSED] * 5)
    for _ in range(12 * 4):
        both.work()
        both.clock.advance(minutes=15)
    tries = [(write.at - end) / timedelta(hours=1) for write in both.tenant.writes if write.value is OUT]
    assert tries == [0, 0.5, 1.5, 3.5, 7.5, 11.5]
    assert both.tenant.value is OUT
    assert both.dispatch.status.report().overdue is None


def test_a_window_that_is_overdue_is_told_at_once_and_then_once_a_day(both: House) -> None:
    number = apply(both)
    end = both.clock.at = end_of(both, number)
    both.tenant.outcomes.extend([REFUSED] * 40)
    both.work()
    assert told(both) == []
    both.work()
    (first,) = told(both)
    assert (first["request"], first["end"], "refused" in first["problem"]) == (
        str(number),
        end.isoformat(),
        True,
    )
    assert first["mention"] == ALICE
    for _ in range(25):
        both.clock.advance(hours=2)
        both.work()
    assert len(told(both)) == 3


def test_status_says_that_a_window_is_overdue_until_it_is_done(house: House, opted_in: int) -> None:
    end = house.clock.at = end_of(house, opted_in)
    late = house.dispatch.status.report().overdue
    assert late is not None
    assert (late.ended_at, late.failures, late.problem, late.next_try) == (end, 0, "", None)
    told_now = status_view.status(house.dispatch.status.report(), house.context.zone)
    assert "*Overdue:*" in told_now.text, "the line that a phone shows"
    assert says("ends_by_itself_2") not in words(told_now.arguments())
    house.tenant.outcomes.append(REFUSED)
    house.work()
    late = house.dispatch.status.report().overdue
    assert late is not None
    assert (late.failures, late.under_way, late.next_try) == (1, None, end + timedelta(minutes=30))
    assert "refused" in late.problem
    house.clock.advance(minutes=30)
    house.work()
    assert house.dispatch.status.report().overdue is None


def test_an_end_that_waits_for_exchange_is_overdue_and_told(house: House, opted_in: int) -> None:
    house.clock.at = end_of(house, opted_in)
    house.tenant.unreadable = UNREADABLE
    house.work()
    house.work()
    late = house.dispatch.status.report().overdue
    assert late is not None
    assert late.under_way is not None
    assert says("waiting_for_exchange") in late.problem
    assert late.next_try == late.under_way.retry_at
    assert [facts["problem"] for facts in told(house)] == [late.problem]


def test_an_end_that_is_done_at_once_escalates_nothing(house: House, opted_in: int) -> None:
    house.clock.at = end_of(house, opted_in)
    for _ in range(10):
        house.work()
        house.clock.advance(minutes=10)
    assert told(house) == []


def test_what_was_opted_out_by_somebody_else_is_not_shown_as_overdue(house: House, opted_in: int) -> None:
    house.clock.at = end_of(house, opted_in)
    house.tenant.value = OUT
    assert house.dispatch.status.report().overdue is None


def test_a_clock_that_was_set_back_does_not_hold_up_the_next_try(house: House, opted_in: int) -> None:
    house.clock.at = end_of(house, opted_in) + timedelta(days=9)
    house.tenant.outcomes.append(REFUSED)
    house.work()
    house.clock.advance(days=-8)
    house.work()
    assert house.tenant.value is OUT


@pytest.mark.parametrize("behind", [0.05, 30.0])
def test_whoever_looked_a_moment_before_a_try_failed_does_not_try_at_once_again(
    house: House, opted_in: int, behind: float
) -> None:
    house.clock.at = end_of(house, opted_in) + timedelta(hours=1)
    house.tenant.outcomes.append(REFUSED)
    house.work()
    house.clock.advance(seconds=-behind)
    assert house.dispatch.optouts.end_window() == 0
    assert len(house.requests(Kind.OPT_OUT)) == 1


def test_a_clock_that_was_set_back_does_not_hold_up_what_waits_for_exchange(
    house: House, opted_in: int
) -> None:
    house.clock.at = end_of(house, opted_in)
    house.tenant.unreadable = UNREADABLE
    house.work()
    (waiting,) = house.requests(Kind.OPT_OUT)
    assert waiting.detail.startswith(says("waiting_for_exchange"))
    house.tenant.unreadable = None
    house.clock.advance(days=-1)
    house.work()
    assert house.tenant.value is OUT
    assert house.request(waiting.id).state is State.APPLIED


def test_a_window_whose_end_was_lost_on_the_way_ends_all_the_same(house: House, opted_in: int) -> None:
    house.clock.at = end_of(house, opted_in)
    house.tenant.outcomes.append(LOST)
    for _ in range(30):
        house.work()
        house.clock.advance(minutes=5)
    assert house.tenant.value is OUT


def test_an_opt_out_before_the_end_leaves_nothing_to_end(house: House, opted_in: int) -> None:
    house.opt_out(BOB)
    house.run()
    house.clock.at = end_of(house, opted_in)
    assert house.dispatch.optouts.end_window() == 0


def test_the_window_starts_with_what_was_read_back_and_ends_as_it_was_approved(house: House) -> None:
    number = approved(house)
    house.tenant.unreadable = UNREADABLE
    house.work()
    house.clock.advance(hours=3)
    house.tenant.unreadable = None
    house.work()
    baseline = house.baseline()
    assert baseline is not None
    assert (baseline.since, baseline.window_end) == (house.clock.at, house.request(number).window_end)


def extension(house: House, **filled: object) -> int:
    day = house.clock.at.date() + timedelta(days=60)
    return house.ask(ALICE, kind="extension", **{"day": day} | filled).id


def test_a_change_made_outside_can_be_adopted_with_an_end(house: House) -> None:
    house.observe()
    house.tenant.value = IN
    house.clock.advance(minutes=10)
    house.observe()
    number = extension(house)
    house.approve(CAROL, number)
    house.work()
    baseline = house.baseline()
    assert baseline is not None
    assert (baseline.request_id, baseline.window_end) == (number, end_of(house, number))
    house.clock.at = end_of(house, number)
    house.work()
    assert house.tenant.value is OUT


def test_an_adopted_exception_stays_watched(both: House) -> None:
    both.observe()
    both.tenant.value = IN
    both.clock.advance(minutes=10)
    both.observe()
    number = extension(both)
    both.approve(CAROL, number)
    both.work()
    assert both.request(number).state is State.APPLIED
    both.tenant.value = OUT
    both.clock.advance(minutes=10)
    both.observe()
    assert [change.to_value for change in both.requests(Kind.OUTSIDE)] == [IN, OUT]


def test_a_window_that_somebody_ended_outside_unnoticed_is_confirmed_without_a_write(both: House) -> None:
    number = apply(both)
    both.clock.at = end_of(both, number)
    both.tenant.value = OUT
    for _ in range(3):
        both.work()
    (ended,) = both.requests(Kind.OPT_OUT)
    assert (ended.state, [write.value for write in both.tenant.writes]) == (State.APPLIED, [IN])
    baseline = both.baseline()
    assert baseline is not None
    assert baseline.value is OUT
