"""When the last active device is gone, people are asked, or the bot opts out after a day in which nobody
keeps the window."""

from dataclasses import replace
from typing import Any

import pytest

from handlers.changes.opt_out import OptOuts
from handlers.register.commands import AcceptDevice, KeepUntilTheEnd, Replaced
from handlers.register.none_left import NoneLeft
from storage.lifecycle import Kind
from tests.handlers.driver import ALICE, BOB, ERIN, House
from tests.handlers.register.registering import added, do, opted_in
from tests.sentences import says


def told(house: House) -> list[Any]:
    return [row for row in house.owed("channel") if row.what == "none_left"]


@pytest.fixture
def empty(house: House) -> House:
    """A house in which the last of two devices has just gone, and whose bot opts out by itself."""
    first, second = added(house), added(house, device="Fax")
    opted_in(house, first.id, second.id, days=60)
    house.context = replace(house.context, opts_out_when_none_left=True)
    do(house, ERIN, Replaced(first.id))
    assert NoneLeft(house.context).look() == 0
    do(house, ERIN, Replaced(second.id))
    assert (NoneLeft(house.context).look(), NoneLeft(house.context).look()) == (1, 0)
    house.deliver()
    return house


def looked(house: House) -> int:
    """Look on every hour of two days; returns how many opt-outs were opened."""
    opened = 0
    for _ in range(48):
        opened += OptOuts(house.context).end_when_none_left()
        house.clock.advance(hours=1)
    return opened


def test_the_bot_says_so_waits_a_day_and_opts_out(empty: House) -> None:
    assert [row.kind for row in told(empty)] == ["channel"]
    empty.clock.advance(hours=23)
    assert OptOuts(empty.context).end_when_none_left() == 0
    empty.clock.advance(hours=2)
    assert (OptOuts(empty.context).end_when_none_left(), OptOuts(empty.context).end_when_none_left()) == (
        1,
        0,
    )
    assert (empty.newest().kind, empty.newest().requester_id) == (Kind.OPT_OUT, None)


def test_somebody_who_may_keeps_the_window_to_its_end(empty: House) -> None:
    window = empty.baseline()
    assert window is not None
    assert window.request_id is not None
    do(empty, ERIN, KeepUntilTheEnd(window.request_id))
    do(empty, BOB, KeepUntilTheEnd(window.request_id))
    assert says("window_stays_open") in empty.answer(BOB)
    assert looked(empty) == 0
    assert empty.baseline() == window


def test_who_may_not_keeps_nothing(empty: House) -> None:
    window = empty.baseline()
    assert window is not None
    do(empty, ERIN, KeepUntilTheEnd(window.request_id or 0))
    assert looked(empty) == 1


def test_a_device_that_comes_meanwhile_ends_the_wait(empty: House) -> None:

    fresh = added(empty, BOB, device="Scales")
    do(empty, ALICE, AcceptDevice(fresh.id))
    assert looked(empty) == 0


def test_where_people_are_asked_the_bot_never_opts_out(empty: House) -> None:
    empty.context = replace(empty.context, opts_out_when_none_left=False)
    assert looked(empty) == 0


def test_an_empty_register_ends_no_window(house: House) -> None:
    opted_in(house)
    house.context = replace(house.context, opts_out_when_none_left=True)
    assert NoneLeft(house.context).look() == 0
    assert looked(house) == 0
