"""A slash command is completed and sent by keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage
from tests.bot.sandbox.console.console_stub import ConsoleStub


@pytest.fixture
def page(console: ConsoleStub, open_page: OpenPage) -> Page:
    """The page, with the box focused by "/"."""
    opened = open_page(console.url)
    opened.keyboard.press("/")
    expect(opened.locator("#composer-text")).to_have_value("/")
    return opened


def enter(console: ConsoleStub, page: Page) -> str:
    """Press Enter; the text of the one command that this sent."""
    with page.expect_response("**/console/command"):
        page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_have_value("")
    (body,) = console.posted("command")
    assert (body["as"], body["channel"]) == ("U0ALICE", canned.CHANNEL)
    return str(body["text"])


def test_a_slash_lists_the_commands_with_their_hints(page: Page) -> None:
    options = page.locator("#commands").get_by_role("option")
    expect(options).to_have_count(6)
    expect(options.nth(2)).to_contain_text("/legacytls status")
    expect(options.nth(2)).to_contain_text("The live value")
    expect(page.locator("#composer-text")).to_have_attribute("aria-activedescendant", "command-0")


def test_arrows_move_tab_completes_and_enter_sends(console: ConsoleStub, page: Page) -> None:
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "Tab"):
        page.keyboard.press(key)
    expect(page.locator("#composer-text")).to_have_value("/legacytls status")
    expect(page.locator("#commands")).to_be_hidden()
    assert enter(console, page) == "/legacytls status"


def test_enter_completes_what_is_begun_and_sends_what_is_whole(console: ConsoleStub, page: Page) -> None:
    page.keyboard.type("legacytls en")
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_have_value("/legacytls enable")
    assert enter(console, page) == "/legacytls enable"


def test_the_first_letters_of_a_subcommand_find_it(page: Page) -> None:
    page.keyboard.type("hist")
    option = page.locator("#commands").get_by_role("option")
    expect(option).to_have_count(1)
    expect(option).to_contain_text("/legacytls history")


def test_escape_closes_the_list_and_enter_then_sends_what_stands_there(
    console: ConsoleStub, page: Page
) -> None:
    page.keyboard.type("legacytls s")
    page.keyboard.press("Escape")
    expect(page.locator("#commands")).to_be_hidden()
    assert enter(console, page) == "/legacytls s"


def test_a_misspelt_command_is_sent_as_it_is(console: ConsoleStub, page: Page) -> None:
    page.keyboard.type("legacytls stauts")
    assert enter(console, page) == "/legacytls stauts"


def test_arrow_up_in_an_empty_box_brings_the_last_command_back(console: ConsoleStub, page: Page) -> None:
    page.keyboard.type("legacytls status")
    enter(console, page)
    page.keyboard.press("ArrowUp")
    expect(page.locator("#composer-text")).to_have_value("/legacytls status")


def test_other_text_is_said_and_a_new_line_is_shift_enter(console: ConsoleStub, page: Page) -> None:
    page.locator("#composer-text").fill("Hello")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Bob")
    with page.expect_response("**/console/say"):
        page.keyboard.press("Enter")
    assert console.posted("say") == [{"as": "U0ALICE", "channel": canned.CHANNEL, "text": "Hello\nBob"}]


def test_what_could_not_be_sent_is_given_back_with_the_reason(console: ConsoleStub, page: Page) -> None:
    console.answers["command"] = (503, {"ok": False, "error": "The bot is stopped."})
    page.locator("#composer-text").fill("/legacytls status")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("The bot is stopped.")
    expect(page.locator("#composer-text")).to_have_value("/legacytls status")


def test_each_person_has_a_draft_of_their_own(page: Page) -> None:
    page.locator("#composer-text").fill("from Alice")
    page.get_by_role("radio", name="Bob Baker").check(force=True)
    expect(page.locator("#composer-text")).to_have_value("")
    page.get_by_role("radio", name="Alice Anders").check(force=True)
    expect(page.locator("#composer-text")).to_have_value("from Alice")


def test_on_a_phone_the_box_is_as_high_as_the_draft_of_whoever_was_picked_on_another_tab(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url, width=390, height=844, touch=True)
    box, tabs = page.locator("#composer-text"), page.get_by_role("navigation", name="Panels")
    box.fill("from Alice\nin two lines")
    for person, height in (("Bob Baker", "44px"), ("Alice Anders", "66px")):
        tabs.get_by_role("button", name="Workspace").tap()
        page.get_by_role("radio", name=person).check(force=True)
        tabs.get_by_role("button", name="Chat").tap()
        expect(box).to_have_css("height", height)


def test_the_first_run_hint_types_the_command_and_stays_away_once_dismissed(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url, hint=True)
    page.get_by_role("button", name="Type it for me").click()
    expect(page.locator("#composer-text")).to_have_value("/legacytls enable")
    page.get_by_role("button", name="Dismiss this hint").click()
    expect(page.locator(".hint")).to_have_count(0)
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    expect(page.locator(".hint")).to_have_count(0)
