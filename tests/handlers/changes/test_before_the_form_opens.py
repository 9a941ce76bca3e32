"""Before a form opens nothing is refused upon a value that was read long ago: outside changes happen in
between."""

import pytest

from handlers.slack.views import help_and_history
from storage.lifecycle import Kind
from storage.records import SettingValue
from tests.handlers.driver import ALICE, DAVE, House
from tests.handlers.fakes import UNREADABLE
from tests.handlers.outgoing.test_refusals import say

BEFORE = {"enable": SettingValue.OPTED_IN, "extend": SettingValue.OPTED_OUT}
"""What forbids each command, as it was read last."""
NOW_IS = {"enable": SettingValue.OPTED_OUT, "extend": SettingValue.OPTED_IN}
KINDS = {"enable": Kind.OPT_IN, "extend": Kind.EXTENSION}


@pytest.fixture(params=list(BEFORE))
def command(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def last_read(house: House, command: str, *, minutes: int) -> None:
    house.tenant.value = BEFORE[command]
    house.observe()
    house.clock.advance(minutes=minutes)


def test_an_old_reading_is_read_again_and_the_form_opens(house: House, command: str) -> None:
    last_read(house, command, minutes=9)
    house.tenant.value = NOW_IS[command]
    say(house, command, ALICE)
    assert len(house.windows.opened) == 1


def test_a_reading_of_this_minute_refuses_without_another(house: House, command: str) -> None:
    last_read(house, command, minutes=0)
    reads = house.tenant.reads
    say(house, command, ALICE)
    assert (house.windows.opened, house.tenant.reads) == ([], reads)


def test_what_still_forbids_it_is_refused(house: House, command: str) -> None:
    last_read(house, command, minutes=9)
    reads = house.tenant.reads
    say(house, command, ALICE)
    assert (house.windows.opened, house.tenant.reads) == ([], reads + 1)


def test_a_value_that_cannot_be_read_in_time_leaves_a_button_that_opens_the_form(
    house: House, command: str
) -> None:
    last_read(house, command, minutes=9)
    house.tenant.unreadable = UNREADABLE
    say(house, command, ALICE)
    assert house.windows.opened == []
    (row,) = [block for block in house.windows.said[-1]["blocks"] if block["type"] == "actions"]
    assert [one["action_id"] for one in row["elements"]] == [help_and_history.OPEN_FORM[KINDS[command]]]
    house.press(help_and_history.OPEN_FORM[KINDS[command]], ALICE, 0)
    assert len(house.windows.opened) == 1


def test_the_button_opens_nothing_for_whoever_may_not_ask(house: House, command: str) -> None:
    last_read(house, command, minutes=9)
    house.tenant.unreadable = UNREADABLE
    house.press(help_and_history.OPEN_FORM[KINDS[command]], DAVE, 0)
    assert house.windows.opened == []
