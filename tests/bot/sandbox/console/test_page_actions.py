"""Pressing, picking and reacting in messages sends what Slack would be told, once."""

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage
from tests.bot.sandbox.console.console_stub import ConsoleStub

CARD_TS = f"{canned.AT - 600:.6f}"
SEEN = {"as": "U0ALICE", "channel": canned.CHANNEL}


def card(page: Page) -> Locator:
    """The change request's message."""
    return page.locator(f"[data-ts='{CARD_TS}']")


def pressed(console: ConsoleStub, page: Page) -> dict[str, Any]:
    """The one press that was sent, without who and where."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    (press,) = console.posted("press")
    return {key: value for key, value in press.items() if key not in ("as", "channel", "ts")}


def test_a_button_is_pressed_once_with_its_ids_and_value(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url)
    with page.expect_response("**/console/press"):
        card(page).get_by_role("button", name="Approve").dblclick()
    assert console.posted("press")[0] == {
        **SEEN,
        "ts": CARD_TS,
        "block_id": "decide",
        "action_id": "approve",
        "value": "12",
    }


def test_a_confirmation_is_asked_first_and_keeping_sends_nothing(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url)
    reject = card(page).get_by_role("button", name="Reject")
    reject.click()
    dialog = page.get_by_role("alertdialog", name="Reject #12?")
    expect(dialog).to_contain_text("One rejection is final.")
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog).to_have_count(0)
    expect(reject).to_be_focused()
    assert console.posted("press") == []
    reject.press("Enter")
    dialog.get_by_role("button", name="Reject").click()
    assert pressed(console, page)["action_id"] == "reject"


def test_a_reaction_is_added_from_the_toolbar_and_taken_back_on_its_pill(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url)
    card(page).hover()
    with page.expect_response("**/console/react"):
        card(page).get_by_role("button", name="React with :white_check_mark:").click()
    console.state["messages"][canned.CHANNEL][2]["reactions"].append(
        {"name": "white_check_mark", "users": ["U0ALICE", "U0BOB"]}
    )
    console.changed()
    pill = card(page).get_by_role("button", name="2 :white_check_mark: by you, bob")
    expect(pill).to_have_attribute("aria-pressed", "true")
    with page.expect_response("**/console/react"):
        pill.click()
    common = {**SEEN, "ts": CARD_TS, "name": "white_check_mark"}
    assert console.posted("react") == [{**common, "remove": False}, {**common, "remove": True}]


def test_the_reaction_toolbar_is_one_tab_stop_and_offers_look_alikes(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url)
    card(page).get_by_role("button", name="Withdraw").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(card(page).get_by_role("button", name="React with :white_check_mark:")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    with page.expect_response("**/console/react"):
        page.get_by_role("menuitem", name=":heavy_check_mark:").click()
    assert console.posted("react")[0]["name"] == "heavy_check_mark"


def test_focus_stays_on_the_card_when_its_buttons_are_redrawn(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url)
    approve = card(page).get_by_role("button", name="Approve")
    approve.focus()
    console.state["messages"][canned.CHANNEL][2]["edited"] = True
    console.changed()
    expect(card(page)).to_contain_text("(edited)")
    expect(approve).to_be_focused()
    console.state["messages"][canned.CHANNEL][2]["blocks"].pop(4)
    console.changed()
    expect(approve).to_have_count(0)
    expect(card(page)).to_be_focused()
