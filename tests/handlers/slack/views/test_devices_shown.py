"""What the register looks like in Slack: within its limits whatever people typed, with the buttons that
apply, and harmless."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.sandbox.slack.blockkit import message_problems, view_problems
from handlers.register.burn_down import Overview, Week
from handlers.register.device_pages import DevicePage, ShownDevice, Which
from handlers.slack.layouts.devices import example, forms, messages
from handlers.slack.views import devices
from handlers.slack.views.blocks import LABEL, POINTS, Message
from handlers.suggested import without_alias
from storage.devices.reader import DeviceCounts
from storage.devices.records import ENDED, DeviceState
from tests.handlers.driver import ALICE, BOB, NOW
from tests.handlers.slack.views.test_block_limits import LISBON, WORST, harmless, marked_up
from tests.sentences import says


def pressable(device, person=ALICE):
    drawn = devices.entry(ShownDevice(device, NOW.date(), None), person).arguments()["blocks"]
    return {
        element["text"]["text"]
        for block in drawn
        if block["type"] == "actions"
        for element in block["elements"]
    }


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_every_list_entry_and_form_fits_and_is_harmless(text: str) -> None:
    drawn = list(messages(ALICE, text, NOW))
    assert len(drawn) > 10
    for name, message in drawn:
        native = json.loads(json.dumps(message.arguments(native=True)))
        assert message_problems(native["blocks"]) == [], name
        arguments = json.loads(json.dumps(message.arguments()))
        assert message_problems(arguments["blocks"]) == [], name
        for shown in (arguments["text"], *marked_up(arguments["blocks"])):
            harmless(shown)
    for name, form in forms(ALICE, text, NOW, LISBON):
        assert view_problems(json.loads(json.dumps(form.to_dict()))) == [], name


def test_the_buttons_are_those_that_apply() -> None:
    active = replace(example(BOB, "x", NOW), asked_due=None, asked_by=None)
    always = {"Change day", "Change owner", "Replaced", "Withdraw"}
    assert pressable(active) == always
    assert pressable(active, BOB) == always | {"Not mine"}
    waiting = always | {"Accept device", "Refuse device"}
    assert pressable(replace(active, state=DeviceState.PROPOSED)) == waiting
    assert pressable(replace(active, asked_due=NOW.date(), asked_by=BOB)) == waiting
    for state in ENDED:
        assert pressable(replace(active, state=state)) == set()


def all_devices(weeks: int, active: int, *, table: int = 0) -> Message:
    """The first page of all, so many weeks after the first entry became active."""
    lasted = tuple(Week(NOW.date() + timedelta(weeks=at), active) for at in range(weeks))
    overview = Overview(DeviceCounts(1, active, 0, 0), 0, lasted, None, None, None)
    one = example(ALICE, "x", NOW)
    rows = (replace(one, owner_id=None), *(one,) * (table - 1)) if table else ()
    return devices.page(DevicePage(Which.ALL, (one,), NOW.date(), None, overview, rows))


@pytest.mark.parametrize("weeks", [0, 1, 21, 500])
@pytest.mark.parametrize("active", [0, 1, 50_000])
def test_the_burn_down_is_a_line_and_a_bar_a_week_whatever_its_length(weeks: int, active: int) -> None:
    drawn = all_devices(weeks, active).arguments()
    assert message_problems(json.loads(json.dumps(drawn["blocks"]))) == []
    bars = [text for text in marked_up(drawn["blocks"]) if text.startswith("```")]
    assert sum(len(text.splitlines()) for text in bars) == min(weeks, POINTS)
    assert all(text.count("█") == (devices.BAR if active else 0) * min(weeks, POINTS) for text in bars)


@pytest.mark.parametrize("weeks", [1, 21, 500])
@pytest.mark.parametrize("active", [0, 50_000])
def test_the_chart_keeps_slacks_limits_and_a_text_has_its_numbers(weeks: int, active: int) -> None:
    drawn = json.loads(json.dumps(all_devices(weeks, active).arguments(native=True)["blocks"]))
    assert message_problems(drawn) == []
    (chart,) = [block["chart"] for block in drawn if block["type"] == "data_visualization"]
    points = chart["series"][0]["data"]
    assert len(points) == min(weeks, POINTS)
    assert all(len(point["label"]) <= LABEL for point in points)
    numbers = [f"{point['label']}: {active}" for point in points]
    assert any(all(number in text for number in numbers) for text in marked_up(drawn))


@pytest.mark.parametrize("rows", [11, 50])
def test_the_table_has_every_entry_that_it_was_given_and_an_orphan_is_a_dash(rows: int) -> None:
    drawn = json.loads(json.dumps(all_devices(1, 1, table=rows).arguments(native=True)["blocks"]))
    assert message_problems(drawn) == []
    (table,) = [block for block in drawn if block["type"] == "data_table"]
    assert len(table["rows"]) == rows + 1
    assert [row[3]["type"] for row in table["rows"][1:3]] == ["raw_text", "rich_text"]


def test_no_button_carries_more_than_a_number() -> None:
    for _, message in messages(ALICE, "x", NOW):
        for block in message.arguments()["blocks"]:
            for element in [*block.get("elements", ()), block.get("accessory") or {}]:
                assert element.get("value", "0").isdigit()


def test_an_empty_register_says_what_to_do_next_and_how_it_came_to_be_empty() -> None:
    fell = tuple(Week(NOW.date() - timedelta(weeks=2 - at), left) for at, left in enumerate((2, 1, 0)))
    overview = Overview(DeviceCounts(0, 0, 0, 0), 0, fell, None, None, None)
    for which, told in ((Which.ALL, overview), (Which.MINE, None)):
        drawn = devices.page(DevicePage(which, (), NOW.date(), None, told)).arguments()
        is_told = says("devices_add_puts_the_first_one_on_it") in without_alias(drawn["text"])
        assert is_told is (which is Which.ALL)
        assert any("█" in text for text in marked_up(drawn["blocks"])) is (which is Which.ALL)
        assert drawn["blocks"][-1]["type"] == "actions"
