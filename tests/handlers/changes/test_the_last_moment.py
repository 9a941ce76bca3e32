"""An approval ends on the instant, and is judged at the last moment: after every wait for a lock, for Slack
or for Exchange."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.errors import Stuck
from storage.jobs.leases import Leases
from storage.lifecycle import Kind, State
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.fakes import ACCEPTED_LATE, BUSY
from tests.sentences import says


def let_locks_take(house: House, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """From now on whoever wants to record something waits so long for the lock."""
    recording = house.database.recording

    @contextmanager
    def slow(*arguments: Any, **named: Any) -> Iterator[Any]:
        with recording(*arguments, **named) as connection:
            house.clock.advance(seconds=seconds)
            yield connection

    monkeypatch.setattr(house.database, "recording", slow)


def test_a_vote_that_got_the_lock_after_the_request_lapsed_is_not_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = house.ask(ALICE).id
    house.card_ts(number)
    house.clock.advance(hours=23, minutes=59, seconds=55)
    let_locks_take(house, monkeypatch, 9)
    house.approve(BOB, number)
    assert (house.request(number).state, house.votes(number)) == (State.EXPIRED, [])


def test_nothing_is_sent_when_the_approval_lapsed_while_the_lock_was_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.clock.advance(hours=23, minutes=59, seconds=55)
    let_locks_take(house, monkeypatch, 9)
    house.run()
    assert (house.tenant.writes, house.request(number).state) == ([], State.EXPIRED)
    assert says("nothing_was_sent") in house.request(number).detail


def test_who_is_deactivated_while_the_live_value_is_read_no_longer_approves(both: House) -> None:
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    both.tenant.meanwhile = lambda: both.workspace.change(BOB, deleted=True)
    both.run()
    assert (both.tenant.writes, both.request(number).state) == ([], State.PENDING)


def change_by_hand_while_slack_is_asked(house: House, *, looks: int) -> None:
    """Once: an admin opts out while Slack is asked about an approver, and other commands and the watch read
    that meanwhile."""
    person, changed = house.workspace.person, []

    def slowly(user_id: str) -> Any:
        if not changed:
            changed.append(user_id)
            house.tenant.value = SettingValue.OPTED_OUT
            house.clock.advance(seconds=2)
            for _ in range(looks):
                house.dispatch.status.hand_over(house.dispatch.status.report())
                house.clock.advance(seconds=3)
        return person(user_id)

    house.workspace.person = slowly  # type: ignore[method-assign]


@pytest.mark.parametrize("looks", [1, 2])
def test_an_extension_writes_nothing_over_what_was_changed_by_hand_meanwhile(both: House, looks: int) -> None:
    both.observe()
    both.approve(BOB, both.ask(ALICE).id)
    both.run()
    both.observe()
    extension = both.ask(ALICE, kind="extension", day=both.clock.at.date() + timedelta(days=50))
    both.approve(BOB, extension.id)
    change_by_hand_while_slack_is_asked(both, looks=looks)
    both.run()
    assert both.request(extension.id).state is not State.APPLIED
    both.work()
    assert both.request(extension.id).state is State.STALE
    assert [write.value for write in both.tenant.writes] == [SettingValue.OPTED_IN]
    assert both.tenant.value is SettingValue.OPTED_OUT


@pytest.mark.parametrize("looks", [1, 2])
def test_an_opt_in_is_not_sent_when_another_value_was_read_while_slack_was_asked(
    both: House, looks: int
) -> None:
    both.observe()
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    change_by_hand_while_slack_is_asked(both, looks=looks)
    both.run()
    both.work()
    assert (both.tenant.writes, both.request(number).state) == ([], State.STALE)


def test_a_reading_is_good_for_a_minute_even_where_nobody_saw_another_value(house: House) -> None:
    house.observe()
    house.approve(BOB, house.ask(ALICE).id)
    house.run()
    extension = house.ask(ALICE, kind="extension", day=house.clock.at.date() + timedelta(days=50))
    house.approve(BOB, extension.id)
    change_by_hand_while_slack_is_asked(house, looks=0)
    person = house.workspace.person

    def later(user_id: str) -> Any:
        """Two are looked up for one judgement, the requester and the approver, which takes 59 s; the first
        time 61."""
        house.clock.advance(seconds=29.5)
        return person(user_id)

    house.workspace.person = later  # type: ignore[method-assign]
    house.run()
    assert house.request(extension.id).state is State.APPROVED
    house.work()
    assert house.request(extension.id).state is State.STALE


def test_a_request_lapses_at_the_latest_when_its_own_window_ends(both: House) -> None:
    both.clock.at = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    request = both.ask(ALICE, day=both.clock.at.date())
    assert request.expires_at == request.window_end == datetime(2026, 11, 24, tzinfo=UTC)
    both.approve(BOB, request.id)
    both.clock.advance(hours=10)
    both.work()
    assert (both.tenant.writes, both.request(request.id).state) == ([], State.EXPIRED)


def test_the_right_to_send_ends_with_the_approval_and_ten_seconds_after_it_was_asked_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[float] = []
    write = house.tenant.write

    def noting(value: bool, *, client_request_id: str, begin_by: float) -> Any:
        moments.append(begin_by)
        return write(value, client_request_id=client_request_id, begin_by=begin_by)

    monkeypatch.setattr(house.tenant, "write", noting)
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.run()
    house.opt_out(ALICE)
    house.run()
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.clock.advance(hours=23, minutes=59, seconds=57)
    house.run()
    assert moments == [1010, 1010, 1003]


def test_what_is_not_read_back_is_shown_as_uncertain_within_thirty_seconds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = house.tenant.read

    def slow(*, patience: float = 60.0) -> Any:
        house.clock.advance(seconds=min(patience, 5.0))
        return read(patience=patience)

    number = house.ask(ALICE).id
    house.approve(BOB, number)
    monkeypatch.setattr(house.tenant, "read", slow)
    house.tenant.outcomes.append(ACCEPTED_LATE)
    house.run()
    request = house.request(number)
    assert request.state is State.UNCERTAIN
    assert request.sent_at is not None
    assert house.clock.at - request.sent_at <= timedelta(seconds=30)


def test_a_change_that_ends_unmade_after_a_try_does_not_claim_that_nothing_was_sent(both: House) -> None:
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    both.tenant.outcomes.append(BUSY)
    both.run()
    both.tenant.value = SettingValue.OPTED_OUT
    both.clock.advance(minutes=5)
    both.run()
    request = both.request(number)
    assert request.state is State.STALE
    assert says("it_had_been_sent_and_exchange_answered") in request.detail


def test_a_process_that_was_frozen_after_its_reading_confirms_nothing(both: House) -> None:
    """Nobody else took over: the only process of a small installation is frozen together with its lease."""
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    both.run()
    assert both.request(number).state is State.APPLIED
    extension = both.ask(ALICE, kind="extension", day=both.clock.at.date() + timedelta(days=50))
    both.approve(BOB, extension.id)
    lease = both.lease()

    def frozen() -> None:
        Leases(both.database, lease.holder).release(lease)
        both.tenant.value = SettingValue.OPTED_OUT

    both.tenant.meanwhile = frozen
    with pytest.raises(Stuck):
        both.apply.run(lease)
    assert both.request(extension.id).state is State.APPROVED
    both.run()
    assert both.request(extension.id).state is State.STALE
    assert both.request(number).state is State.APPLIED
    assert both.requests(Kind.OUTSIDE) == []
