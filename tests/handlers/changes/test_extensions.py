"""An extension: who has to agree, when it moves the end, and when it comes to nothing."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.policy.days import latest_day
from storage.engine import Unreachable
from storage.lifecycle import State
from tests.handlers.changes.test_windows import IN, INSTANT, NOT_SET, OUT, apply, end_of, extension
from tests.handlers.driver import ALICE, BOB, CAROL, House
from tests.handlers.fakes import CHANNEL
from tests.sentences import says


@pytest.fixture
def opted_in(house: House) -> int:
    """An applied opt-in with a window."""
    return apply(house)


def test_an_extension_needs_a_second_person_and_moves_the_end_without_a_write(both: House) -> None:
    apply(both)
    number = extension(both)
    both.run()
    assert both.request(number).state is State.PENDING
    both.approve(CAROL, number)
    both.run()
    assert both.request(number).state is State.APPLIED
    assert len(both.tenant.writes) == 1
    baseline = both.baseline()
    assert baseline is not None
    assert (baseline.request_id, baseline.window_end) == (number, end_of(both, number))


def test_an_extended_window_ends_at_its_new_end_only(house: House, opted_in: int) -> None:
    number = extension(house)
    house.approve(CAROL, number)
    house.run()
    house.clock.at = end_of(house, opted_in)
    house.work()
    assert house.tenant.value is IN
    house.clock.at = end_of(house, number)
    house.work()
    assert house.tenant.value is OUT


def test_an_extension_that_does_not_extend_is_refused(house: House, opted_in: int) -> None:
    before, said = len(house.requests()), house.answers(ALICE)
    acknowledged = send_extension(house, days=20)
    assert acknowledged["errors"] == {"day": says("the_opt_in_runs_until_24_00_of_13")}
    assert len(house.requests()) == before
    assert house.answers(ALICE) == said
    assert send_extension(house, days=21) == {}
    assert len(house.requests()) == before + 1


def test_an_extension_that_cannot_extend_any_further_says_so(house: House) -> None:
    number = house.ask(
        ALICE, day=latest_day(house.clock.at, house.context.rule.max_window, house.context.zone)
    ).id
    house.approve(BOB, number)
    house.work()
    end = house.request(number).window_end
    assert end is not None
    days = (end.date() - house.clock.at.date()).days - 1
    assert says("today_no_later_day_can_be_chosen") in send_extension(house, days=days)["errors"]["day"]


def test_an_extension_stays_open_with_all_that_was_typed_while_the_record_cannot_be_read(
    house: House, opted_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise Unreachable("gone")

    monkeypatch.setattr(house.dispatch.requests, "present_end", gone)
    assert says("was_not_recorded") in send_extension(house, days=21)["errors"]["reason"]
    monkeypatch.undo()
    assert send_extension(house, days=21) == {}


def test_an_extension_whose_window_was_extended_meanwhile_is_refused_after_all(
    house: House, opted_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.dispatch.requests, "present_end", lambda: None)
    before = len(house.requests())
    assert send_extension(house, days=20) == {}
    assert len(house.requests()) == before
    assert says("runs_until_24_00_of") in house.answer(ALICE)


def send_extension(house: House, *, days: int) -> dict[str, Any]:
    """What the form of an extension is acknowledged with."""
    day = house.clock.at.date() + timedelta(days=days)
    return house.submit(
        "extension", ALICE, CHANNEL, reason="a", clients="Two scanners", protocols=["pop3"], day=day
    )


def test_there_is_nothing_to_extend_while_the_tenant_is_not_opted_in(house: House) -> None:
    house.submit(
        "extension",
        ALICE,
        "C0GENERAL",
        reason="a",
        clients="Two scanners",
        protocols=["pop3"],
        day=house.clock.at.date(),
    )
    assert house.requests() == []
    assert says("nothing_to_extend") in house.answer(ALICE)


def test_an_extension_whose_window_ended_first_changes_nothing(house: House, opted_in: int) -> None:
    house.clock.at = end_of(house, opted_in) - timedelta(hours=1)
    number = extension(house)
    house.clock.at = end_of(house, opted_in)
    house.approve(CAROL, number)
    house.run()
    house.work()
    assert house.request(number).state in (State.STALE, State.SUPERSEDED)
    assert house.tenant.value is OUT


def test_an_extension_of_an_opt_in_that_somebody_ended_outside_is_stale(house: House, opted_in: int) -> None:
    number = extension(house)
    house.approve(CAROL, number)
    house.tenant.value = NOT_SET
    house.run()
    assert (house.request(number).state, house.tenant.value) == (State.STALE, NOT_SET)


def test_an_extension_that_lapses_while_the_value_is_read_moves_no_end(house: House, opted_in: int) -> None:
    number = extension(house)
    house.approve(CAROL, number)
    expires = house.request(number).expires_at
    assert expires is not None
    house.clock.at = expires - INSTANT
    house.tenant.meanwhile = lambda: house.clock.advance(seconds=1)
    house.run()
    assert house.request(number).state is State.EXPIRED
    baseline = house.baseline()
    assert baseline is not None
    assert baseline.window_end == end_of(house, opted_in)
