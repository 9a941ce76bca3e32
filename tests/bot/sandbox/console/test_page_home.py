"""The app's Home on the page: opened like a conversation, drawn for whoever looks, pressed by the view; and
the shortcut."""

import pytest
from playwright.sync_api import Page, expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage
from tests.bot.sandbox.console.console_stub import ConsoleStub


@pytest.fixture(params=[1440, 390])
def page(console: ConsoleStub, open_page: OpenPage, request: pytest.FixtureRequest) -> Page:
    opened = open_page(console.url, width=request.param, height=1000)
    if request.param < 800:
        opened.locator("#tabs").get_by_role("button", name="Workspace").click()
    return opened


def test_opening_it_tells_slack_and_shows_what_is_published(console: ConsoleStub, page: Page) -> None:
    with page.expect_response("**/console/open_home"):
        page.get_by_role("button", name="legacytls Home").click()
    assert console.posted("open_home") == [{"as": "U0ALICE"}]
    expect(page.locator("#log")).to_contain_text("Nothing is published yet")
    console.state["home"] = canned.home()
    console.changed()
    approve = page.locator("#log").get_by_role("button", name="Approve")
    expect(approve).to_be_visible()
    expect(page.locator("#composer")).to_be_hidden()
    with page.expect_response("**/console/press"):
        approve.click()
    (pressed,) = console.posted("press")
    assert (pressed["view_id"], pressed["action_id"], pressed.get("ts")) == ("V0HOME", "approve", None)


def test_another_person_gets_their_own(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(f"{console.url}/?in=home")
    with page.expect_response("**/console/open_home"):
        page.locator("label.person:has-text('Bob')").click()
    assert [one["as"] for one in console.posted("open_home")][-1] == "U0BOB"


def test_a_page_that_begins_on_the_home_has_it_drawn(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(f"{console.url}/?in=home")
    expect(page.locator("#log")).to_contain_text("Nothing is published yet")
    with page.expect_response("**/console/open_home"):
        page.reload()
    assert console.posted("open_home")[-1] == {"as": "U0ALICE"}


def test_it_begins_at_its_top_and_leads_back_to_a_conversation(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    console.state["home"] = canned.home()
    console.state["home"]["view"]["blocks"] += [canned.section(f"Line {number}") for number in range(80)]
    page = open_page(f"{console.url}/?in=home", height=700)
    expect(page.get_by_text("Line 79", exact=True)).to_be_attached()
    assert page.evaluate("document.querySelector('#log').scrollTop") == 0
    page.locator("#sidebar").get_by_role("button", name="general").click()
    expect(page.locator("#composer")).to_be_visible()
    expect(page.locator("#log")).not_to_contain_text("Line 79")


def test_the_shortcut_is_used_where_people_find_the_app(console: ConsoleStub, page: Page) -> None:
    with page.expect_response("**/console/shortcut"):
        page.get_by_role("button", name="Shortcut: Legacy TLS").click()
    assert console.posted("shortcut") == [{"as": "U0ALICE", "callback_id": "legacytls"}]
