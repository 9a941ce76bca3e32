"""Messages are drawn from Block Kit as Slack would, and nothing in them is ever markup of ours or dropped."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage, screenshot
from tests.bot.sandbox.console.console_stub import ConsoleStub


def show(
    console: ConsoleStub, open_page: OpenPage, text: str, *blocks: Any, **more: Any
) -> tuple[Page, Locator]:
    """Open the page with one more message; returns the page and that message."""
    console.state["messages"][canned.CHANNEL].append(
        canned.message(canned.AT - 1, "U0LEGACY", text, *blocks, **more)
    )
    page = open_page(console.url)
    return page, page.locator(".message").last


def test_messages_of_one_author_within_five_minutes_are_grouped_under_one_name(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url)
    expect(page.locator(".message.grouped")).to_have_count(1)
    expect(page.locator(".message.grouped")).to_contain_text("Until then we need an exception.")
    expect(page.get_by_role("heading", name="Yesterday")).to_be_visible()


def test_buttons_stand_nearer_to_their_own_message_than_to_the_next_of_the_same_author(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    row = {"type": "actions", "block_id": "do", "elements": [canned.button("Snooze", "snooze", "1")]}
    reminder = (canned.section("Still opted in."), row)
    console.state["messages"][canned.CHANNEL].append(
        canned.message(canned.AT - 2, "U0LEGACY", "x", *reminder)
    )
    page, second = show(console, open_page, "x", *reminder)
    expect(second).to_have_class(re.compile("grouped"))
    boxes = [
        page.locator(".message").nth(-2).locator(".mrkdwn"),
        page.get_by_role("button", name="Snooze").first,
        second.locator(".mrkdwn"),
    ]
    above, button, below = [box.bounding_box() or {} for box in boxes]
    inside = button["y"] - above["y"] - above["height"]
    assert below["y"] - button["y"] - button["height"] >= 2 * inside


def test_a_private_message_says_that_only_you_see_it_and_takes_no_reactions(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    private = open_page(console.url).locator(".message.ephemeral")
    expect(private).to_contain_text("Only visible to you")
    expect(private.get_by_role("toolbar")).to_have_count(0)


@pytest.mark.parametrize(
    "block", [{"type": "carousel", "elements": [{"type": "card", "title": "Kept"}]}, {"no": "type, Kept"}]
)
def test_an_unknown_block_is_shown_with_its_json(
    console: ConsoleStub, open_page: OpenPage, block: dict[str, Any]
) -> None:
    page, message = show(console, open_page, "x", canned.section("above"), block, canned.section("below"))
    expect(message.locator("figure.unknown")).to_contain_text("This page does not draw this block")
    expect(message.locator("figure.unknown pre")).to_contain_text("Kept")
    expect(message).to_contain_text("below")
    screenshot(page, "unknown-block")


def test_an_unknown_element_is_shown_among_those_that_are_known(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    elements = [{"type": "hologram", "action_id": "h"}, canned.button("Go", "go", "1")]
    section = canned.section("text", accessory={"type": "hologram"})
    context = {"type": "context", "elements": [{"type": "hologram"}, canned.mrkdwn("small")]}
    _, message = show(
        console, open_page, "x", {"type": "actions", "block_id": "a", "elements": elements}, section, context
    )
    expect(message.locator(".unknown")).to_have_count(3)
    expect(message.get_by_role("button", name="Go")).to_be_visible()


@pytest.mark.parametrize("text", ["", "The record, as asked."])
def test_a_file_is_a_link_with_its_size_and_one_without_an_address_is_shown_with_its_json(
    console: ConsoleStub, open_page: OpenPage, text: str
) -> None:
    address = f"{console.url}/files/F1/record.jsonl"
    shared = {
        "id": "F1",
        "name": "record.jsonl",
        "title": "The record",
        "size": 18231,
        "url_private": address,
    }
    _, message = show(console, open_page, text, files=[shared, {"id": "F2", "name": "Kept"}])
    expect(message.get_by_role("link", name="The record")).to_have_attribute("href", address)
    expect(message).to_contain_text("18,231 bytes")
    expect(message).to_contain_text(text)
    expect(message.locator("figure.unknown pre")).to_contain_text("Kept")


def test_a_chart_tells_its_numbers_and_a_data_table_is_paged(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    points = [{"label": f"week {number}", "value": 9 - number} for number in range(3)]
    axes = {"categories": [point["label"] for point in points], "x_label": "Week", "y_label": "Active"}
    bars = {"type": "bar", "series": [{"name": "Active", "data": points}], "axis_config": axes}
    chart = {"type": "data_visualization", "title": "Burn-down", "chart": bars}
    rows = [
        [{"type": "raw_text", "text": "Device"}],
        *([{"type": "raw_text", "text": f"D{number}"}] for number in range(7)),
    ]
    table = {"type": "data_table", "caption": "Devices", "page_size": 5, "rows": rows}
    page, message = show(console, open_page, "x", chart, table)
    expect(message.get_by_role("img", name="Burn-down. week 0: 9, week 1: 8, week 2: 7")).to_be_visible()
    expect(message.locator(".chart-bar")).to_have_count(3)
    expect(message.get_by_role("cell")).to_have_text([f"D{number}" for number in range(5)])
    message.get_by_role("button", name="Next rows").click()
    expect(message.get_by_role("cell")).to_have_text(["D5", "D6"])
    expect(message).to_contain_text("6 to 7 of 7")
    expect(message.locator(".unknown")).to_have_count(0)
    screenshot(page, "chart-and-table")


def test_a_person_in_a_table_is_called_by_name(console: ConsoleStub, open_page: OpenPage) -> None:
    part = {"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U0BOB"}]}
    rows = [[{"type": "raw_text", "text": "Owner"}], [{"type": "rich_text", "elements": [part]}]]
    _, message = show(console, open_page, "x", {"type": "data_table", "caption": "Devices", "rows": rows})
    expect(message.get_by_role("cell").locator(".pill")).to_have_text("@bob")
    expect(message.locator(".unknown")).to_have_count(0)


def test_replies_stand_under_the_message_they_answer(console: ConsoleStub, open_page: OpenPage) -> None:
    first = console.state["messages"][canned.CHANNEL][0]
    page, _ = show(console, open_page, "in the thread", thread_ts=first["ts"])
    expect(page.locator(".message").nth(1)).to_contain_text("in the thread")
    expect(page.locator(".message.reply")).to_have_count(1)
