"""All tenants in one message, as a file and in two forms: within Slack's limits however many there are."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.slack.blockkit import message_problems, view_problems
from handlers.slack.layouts.fleet import forms
from handlers.slack.views import fleet
from storage.records import Observation, SettingValue
from storage.tenants import TenantStanding
from tests.journeys.words import words
from tests.sentences import says

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
VIEW = 250_000
"""Bytes that Slack takes in a view."""


def _line(place: int, value: SettingValue | None = SettingValue.OPTED_OUT, alias: str = "") -> fleet.Line:
    seen = Observation(NOW, value, None, None, None if value else "throttled")
    name = f"{place:08}-2222-3333-4444-555555555555"
    return fleet.Line(alias or f"customer-{place}", TenantStanding(name, seen, value, NOW, None, 0), NOW)


def _table(lines: list[fleet.Line]) -> str:
    drawn = fleet.table(lines).arguments()
    assert message_problems(drawn["blocks"]) == []
    assert sum(len(block["text"]["text"]) for block in drawn["blocks"] if "text" in block) < 13_000
    return words(drawn)


@pytest.mark.parametrize("count", [0, 1, 2, 200, 201, 1000])
def test_every_number_of_tenants_is_shown_as_far_as_there_is_room_and_the_rest_is_counted(count: int) -> None:
    lines = [_line(place) for place in range(count)]
    told = _table(lines)
    assert (says("one_tenant_none_opted_in") in told) == (count == 1)
    assert (says("tenants_none_opted_in", count=count) in told) == (count != 1)
    assert told.count("customer-") == min(count, fleet.MOST_SHOWN)
    assert (says("and_left_more_all_of_them", left=count - 200) in told) == (count > fleet.MOST_SHOWN)
    assert len(fleet.spreadsheet(lines).splitlines()) == count + 1


def test_what_matters_is_not_left_out_for_long_names() -> None:
    lines = [_line(place, alias=f"{'a' * 36}{place:04}") for place in range(199)]
    urgent = fleet.Line(
        "z" * 40,
        TenantStanding("z", lines[0].standing.newest, SettingValue.OPTED_IN, NOW, NOW - timedelta(days=1), 0),
        NOW,
    )
    assert "z" * 40 in _table([*lines, urgent])
    worst = [fleet.Line(f"{'z' * 36}{place:04}", urgent.standing, NOW) for place in range(200)]
    assert 50 < len(fleet.fitting(worst)) < 200
    assert says("more_all_of_them_are_in_the_file") in _table(worst)


def test_a_cell_is_no_formula_and_what_is_not_known_is_empty() -> None:
    rows = list(csv.reader(fleet.spreadsheet([_line(0, None, "a-1")]).decode().splitlines()))
    assert rows[1] == ["a-1", f"{0:08}-2222-3333-4444-555555555555", "", NOW.isoformat(), "", "0", "yes"]


def test_both_forms_fit_with_the_most_that_there_can_be() -> None:
    for _, form in forms(NOW):
        drawn = form.to_dict()
        assert view_problems(drawn) == []
        assert len(json.dumps(drawn)) < VIEW
        assert len(drawn.get("private_metadata", "")) <= 3000


def test_a_form_that_has_no_room_for_all_says_so() -> None:
    few, many = (
        words(fleet.choice([_line(place) for place in range(count)]).to_dict()) for count in (100, 101)
    )
    assert says("the_first_100_of_101") in many
    assert says("those_that_are_opted_in_first") not in few


def test_devices_that_have_no_room_are_counted() -> None:
    chosen = [_line(place) for place in range(50)]
    devices = {one.standing.tenant_id: [f"D{number} {'機' * 100}" for number in range(20)] for one in chosen}
    drawn = fleet.confirmation(chosen, devices, "x").to_dict()
    assert view_problems(drawn) == []
    assert len(json.dumps(drawn)) < VIEW
    assert words(drawn).count(says("and_18_more")) == 50
    assert "D19" in words(
        fleet.confirmation([chosen[0]], {chosen[0].standing.tenant_id: ["D1 a", "D19 b"]}, "x").to_dict()
    )
