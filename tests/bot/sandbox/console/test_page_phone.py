"""The page tells what a phone would show: one narrow column, and a notification with a message's text."""

from playwright.sync_api import expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage
from tests.bot.sandbox.console.console_stub import ConsoleStub
from tests.bot.sandbox.console.test_page_axe import found

CHART = {
    "type": "data_visualization",
    "title": "Active",
    "chart": {
        "type": "bar",
        "series": [{"name": "Active", "data": [{"label": "23 Nov", "value": 3}]}],
        "axis_config": {"categories": ["23 Nov"]},
    },
}


def test_a_phone_shows_one_narrow_column_and_first_a_notification(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    console.state["messages"][canned.CHANNEL] = [
        canned.message(canned.AT, "U0LEGACY", "Request #12: *opt in*", *canned.request_card()),
        canned.message(canned.AT + 9, "U0LEGACY", "One device still needs old TLS", CHART),
        canned.message(
            canned.AT + 10, "U0LEGACY", "Not for you", canned.section("Not for you"), ephemeral=True
        ),
    ]
    page = open_page(console.url, height=1200)
    fields = page.locator(".fields .field")
    assert fields.nth(0).bounding_box()["y"] == fields.nth(1).bounding_box()["y"]  # type: ignore[index]
    expect(page.locator(".notification")).to_have_count(0)
    switch = page.get_by_role("button", name="As on a phone")
    switch.click()
    told = page.locator(".notification")
    expect(told).to_have_count(3)
    expect(told.nth(0)).to_have_text("Notification: Request #12: opt in")
    expect(told.nth(1)).to_have_text("Notification: One device still needs old TLS")
    expect(told.nth(2)).to_contain_text("is not published")
    assert fields.nth(0).bounding_box()["y"] < fields.nth(1).bounding_box()["y"]  # type: ignore[index]
    assert page.locator(".message").first.bounding_box()["width"] <= 390  # type: ignore[index]
    assert "\n".join(found(page)) == ""
    switch.click()
    expect(told).to_have_count(0)


def test_who_looks_on_a_phone_needs_no_switch(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url, width=390, height=844)
    expect(page.get_by_role("button", name="As on a phone")).to_be_hidden()
