"""A modal keeps focus and what was typed, checks what Slack's client checks, and shows errors where they
belong."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage, screenshot
from tests.bot.sandbox.console.console_stub import ConsoleStub

WHOLE = {"reason": "Forty scanners", "until": "2027-01-15", "protocols": ["smtp", "imap"], "site": "ber"}


def open_view(console: ConsoleStub, view: dict[str, Any], errors: dict[str, str] | None = None) -> None:
    """Put a view on the person's stack."""
    console.state["views"] = [{"id": "V0ENABLE", "view": view, "errors": errors}]


@pytest.fixture
def page(console: ConsoleStub, open_page: OpenPage) -> Page:
    """The page with the modal of ``enable`` open."""
    open_view(console, canned.enable_modal())
    return open_page(console.url)


def fill(page: Page) -> None:
    """Fill in what is required."""
    page.get_by_label("Why is it needed?").fill("Forty scanners")
    page.get_by_label("Until").fill("2027-01-15")
    page.get_by_label("SMTP AUTH", exact=True).check()
    page.get_by_label("IMAP").check()
    page.get_by_label("Site").select_option("ber")


def test_the_dialog_is_named_focuses_its_first_field_and_gives_focus_back(
    console: ConsoleStub, page: Page
) -> None:
    dialog = page.get_by_role("dialog", name="Opt in to legacy TLS")
    expect(dialog.get_by_label("Why is it needed?")).to_be_focused()
    console.state["views"] = []
    console.changed()
    expect(dialog).to_have_count(0)
    expect(page.locator("#composer-text")).to_be_focused()


def test_tab_never_leaves_the_dialog(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    for key in ["Tab"] * 25 + ["Shift+Tab"] * 25:
        page.keyboard.press(key)
        assert dialog.evaluate("node => node.contains(document.activeElement)")


def test_values_are_sent_by_block_id_and_what_is_empty_is_left_out(console: ConsoleStub, page: Page) -> None:
    fill(page)
    with page.expect_response("**/console/submit"):
        page.get_by_role("button", name="Ask for approval").click()
    assert console.posted("submit") == [{"as": "U0ALICE", "view_id": "V0ENABLE", "values": WHOLE}]


def test_every_kind_of_input_tells_its_value(console: ConsoleStub, page: Page) -> None:
    fill(page)
    page.get_by_label("Owner of the devices").fill("Dave")
    page.get_by_label("Who answers for them?").select_option("U0BOB")
    with page.expect_response("**/console/submit"):
        page.keyboard.press("Control+Enter")
    assert console.posted("submit")[0]["values"] == {
        **WHOLE,
        "owner": "Dave",
        "answers": "U0BOB",
    }


def test_enter_in_a_field_sends_nothing_and_control_enter_does(console: ConsoleStub, page: Page) -> None:
    fill(page)
    page.get_by_label("Owner of the devices").press("Enter")
    assert console.posted("submit") == []
    with page.expect_response("**/console/submit"):
        page.get_by_label("Owner of the devices").press("Control+Enter")
    assert len(console.posted("submit")) == 1


def test_a_required_field_left_empty_is_marked_and_nothing_is_sent(console: ConsoleStub, page: Page) -> None:
    page.get_by_role("button", name="Ask for approval").click()
    reason = page.get_by_label("Why is it needed?")
    expect(reason).to_have_attribute("aria-invalid", "true")
    expect(reason).to_be_focused()
    expect(page.get_by_text("Please complete this required field.")).to_have_count(3)
    reason.fill("now given")
    expect(reason).to_have_attribute("aria-invalid", "false")
    assert console.posted("submit") == []


def test_errors_stand_at_their_field_and_what_was_typed_stays(console: ConsoleStub, page: Page) -> None:
    console.answers["submit"] = (
        200,
        {"ok": False, "errors": {"until": "At most 90 days from now.", "gone": "Exchange is silent."}},
    )
    fill(page)
    page.get_by_role("button", name="Ask for approval").click()
    until = page.get_by_label("Until")
    expect(until).to_have_attribute("aria-invalid", "true")
    expect(until).to_have_accessible_description("At most 90 days from now.")
    expect(until).to_be_focused()
    expect(page.locator(".dialog-note")).to_have_text("Exchange is silent.")
    screenshot(page, "modal-with-errors")
    console.changed()
    expect(page.get_by_label("Why is it needed?")).to_have_value("Forty scanners")
    expect(until).to_have_value("2027-01-15")


def test_errors_of_the_state_are_shown_too(console: ConsoleStub, page: Page) -> None:
    open_view(console, canned.enable_modal(), {"reason": "Say more."})
    console.changed()
    expect(page.get_by_text("Say more.")).to_be_visible()


def test_an_updated_view_keeps_what_was_typed_in_the_fields_that_remain(
    console: ConsoleStub, page: Page
) -> None:
    fill(page)
    view = canned.enable_modal()
    view["blocks"].insert(1, canned.section("A warning that was not there before."))
    open_view(console, view)
    console.changed()
    expect(page.get_by_text("A warning that was not there before.")).to_be_visible()
    with page.expect_response("**/console/submit"):
        page.keyboard.press("Control+Enter")
    assert console.posted("submit")[0]["values"] == WHOLE


def test_while_it_is_being_sent_the_button_says_so_and_cannot_be_pressed_again(
    console: ConsoleStub, page: Page
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/console/submit", hold)
    fill(page)
    page.get_by_role("button", name="Ask for approval").click()
    waiting = page.get_by_role("button", name="Submitting…")
    expect(waiting).to_be_disabled()
    page.keyboard.press("Control+Enter")
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    expect(page.get_by_role("button", name="Ask for approval")).to_be_enabled()
    assert len(console.posted("submit")) == 1


def test_escape_closes_and_tells_the_sandbox(console: ConsoleStub, page: Page) -> None:
    with page.expect_response("**/console/close"):
        page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert console.posted("close") == [{"as": "U0ALICE", "view_id": "V0ENABLE"}]


def test_the_topmost_of_stacked_views_is_shown_and_closing_it_uncovers_the_one_below(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    below, above = (
        canned.enable_modal(),
        canned.modal(canned.section("Really?"), title=canned.plain("On top"), submit=None),
    )
    console.state["views"] = [
        {"id": "V1", "view": below, "errors": None},
        {"id": "V2", "view": above, "errors": None},
    ]
    page = open_page(console.url)
    expect(page.get_by_role("dialog", name="On top")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Opt in to legacy TLS")).to_be_visible()


def test_an_input_this_page_does_not_draw_is_shown_and_the_rest_can_be_sent(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    odd = canned.input_block("odd", "Odd one", {"type": "rich_text_input"})
    open_view(
        console,
        canned.modal(
            odd, canned.input_block("reason", "Reason", {"type": "plain_text_input", "max_length": 10})
        ),
    )
    page = open_page(console.url)
    expect(page.get_by_role("dialog").locator(".unknown")).to_contain_text("rich_text_input")
    page.get_by_label("Reason").press_sequentially("0123456789 and more")
    with page.expect_response("**/console/submit"):
        page.keyboard.press("Control+Enter")
    assert console.posted("submit")[0]["values"] == {"reason": "0123456789"}


def test_a_failure_while_submitting_is_told_above_the_dialog(console: ConsoleStub, page: Page) -> None:
    console.answers["submit"] = (503, {"ok": False, "error": "The bot did not answer within 3 seconds."})
    fill(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog").locator(".toast")).to_contain_text("did not answer within 3 seconds")
    expect(page.get_by_label("Why is it needed?")).to_have_value("Forty scanners")
