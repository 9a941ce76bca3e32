"""Owners answer their reminder with its buttons, and one operator or approver keeps a window in which no
device is left."""

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from handlers.register.commands import Replaced
from handlers.register.none_left import NoneLeft
from handlers.slack.views.device_forms import KEEP, LONGER, NEED_LONGER
from handlers.slack.views.devices import NOT_MINE, REPLACED
from storage.devices.records import DeviceState
from storage.records import NamedDevice
from tests.handlers.driver import ALICE, BOB, CHANNEL, DAVE, ERIN, House
from tests.handlers.register.registering import added, day, device, do, opted_in
from tests.handlers.saying import announcement
from tests.journeys.words import body, words
from tests.sentences import says


def act(house: House, name: str, person: str, about: int, ts: str = "1763899300.000100") -> None:
    house.clock.advance(seconds=1)
    house.press(name, person, about, ts=ts)


KEEP_BUTTON = "Keep until the end"


def shown(texts: Mapping[str, str]) -> str:
    """An announcement as it is read, without its fallback."""
    return body(announcement(texts, ZoneInfo("UTC")).arguments())


def ask_longer(house: House, person: str, about: int, ahead: int, reason: str) -> dict[str, str]:
    """Fill in the form behind *Need longer*; returns its mistakes."""
    house.clock.advance(seconds=1)
    said = house.submit(LONGER, person, f"{about} {CHANNEL}", due=day(house, ahead), reason=reason)
    return dict(said.get("errors", {}))


def test_the_owner_ends_the_entry_by_a_button(house: House) -> None:
    one = added(house)
    opted_in(house, one.id)
    house.clock.advance(seconds=5)
    act(house, REPLACED, ERIN, one.id)
    assert device(house, one.id).state is DeviceState.REPLACED


def test_not_mine_leaves_an_orphan_and_only_the_owner_may_say_it(house: House) -> None:
    one = added(house)
    act(house, NOT_MINE, DAVE, one.id)
    assert device(house, one.id).owner_id == ERIN
    act(house, NOT_MINE, ERIN, one.id)
    assert device(house, one.id).owner_id is None


def test_need_longer_asks_for_a_day_and_why_and_waits_for_another_person(house: House) -> None:
    one = added(house)
    opted_in(house, one.id, days=60)
    end = house.baseline()
    act(house, NEED_LONGER, ERIN, one.id)
    form = house.windows.opened[-1]
    assert (form["callback_id"], form["private_metadata"]) == (LONGER, f"{one.id} {CHANNEL}")
    assert set(ask_longer(house, ERIN, one.id, 30, " ")) == {"reason"}
    assert set(ask_longer(house, ERIN, one.id, -1, "Late parts")) == {"due"}
    assert ask_longer(house, ERIN, one.id, 30, "Late parts") == {}
    found = device(house, one.id)
    assert (found.due, found.asked_due, found.asked_by) == (one.due, day(house, 30), ERIN)
    assert house.baseline() == end


def test_a_day_beyond_the_window_moves_neither_the_window_nor_the_day(house: House) -> None:
    one = added(house)
    opted_in(house, one.id, days=20)
    before = house.baseline()
    assert ask_longer(house, ERIN, one.id, 40, "Late parts") == {}
    assert device(house, one.id).due == one.due
    assert house.baseline() == before


def test_who_may_not_ask_for_longer_gets_no_form_and_is_told_why(house: House) -> None:
    one = added(house, owner=DAVE)
    act(house, NEED_LONGER, ERIN, one.id)
    assert house.windows.opened == []
    assert says("so_can_its_owner", person=DAVE) in words(house.windows.said[-1])


def test_a_form_about_an_entry_that_ended_meanwhile_changes_nothing(house: House) -> None:
    one = added(house)
    act(house, NEED_LONGER, ERIN, one.id)
    do(house, BOB, Replaced(one.id))
    assert ask_longer(house, ERIN, one.id, 30, "Late parts") == {}
    assert device(house, one.id).state is DeviceState.REPLACED


def test_a_form_whose_number_nobody_knows_says_so_in_the_form(house: House) -> None:
    assert set(ask_longer(house, ERIN, 999, 30, "Late parts")) == {"due"}


def test_one_person_keeps_the_window_and_everybody_reads_who(house: House) -> None:
    one = added(house)
    opted_in(house, one.id, days=60)
    request = house.newest()
    assert request.devices == (NamedDevice(one.id, one.due),)
    house.context = replace(house.context, opts_out_when_none_left=True)
    do(house, ERIN, Replaced(one.id))
    NoneLeft(house.context).look()
    house.deliver()
    assert KEEP_BUTTON in shown(house.board.announced[-1])
    number = next(row.id for row in house.owed("channel") if row.what == "none_left")
    with house.ledger.reading() as reader:
        place = reader.messages.posted_at(number)
    assert place is not None
    act(house, KEEP, ERIN, request.id, ts=place[1])
    house.deliver()
    assert house.board.drawn_again == []
    act(house, KEEP, ALICE, request.id, ts=place[1])
    assert says("window_stays_open") in house.answer(ALICE)
    drawn_at, again = house.board.drawn_again[-1]
    assert (drawn_at.channel, drawn_at.ts) == place
    assert says("kept_open_by", person=ALICE) in shown(again)
    assert KEEP_BUTTON not in shown(again)
