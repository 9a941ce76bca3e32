"""The page works on a desk, on a phone, in the dark and without a mouse; what it shows can be read."""

from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage, screenshot
from tests.bot.sandbox.console.console_stub import ConsoleStub
from tests.sampling import drawn

UNREADABLE = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
POINTED_AT = """() => [...document.querySelectorAll('[aria-describedby], [aria-labelledby], [for]')]
  .flatMap((node) => ['aria-describedby', 'aria-labelledby', 'for'].map((name) => node.getAttribute(name)))
  .filter(Boolean).flatMap((ids) => ids.split(' '))"""
NAMELESS = """() => [...document.querySelectorAll('button, input, select, textarea')]
  .filter((node) => !(node.ariaLabel || node.textContent.trim() || node.labels?.length)).map((node) => \
node.outerHTML)"""


def everything(console: ConsoleStub) -> None:
    """A state that uses as many of the page's colours as one screen can."""
    elements = {"type": "actions", "block_id": "x", "elements": [{"type": "hologram"}]}
    levels = [
        {"type": "alert", "level": level, "text": canned.plain(level)}
        for level in ("default", "info", "warning", "error", "success")
    ]
    console.state["messages"][canned.CHANNEL].append(
        canned.message(
            canned.AT, "U0LEGACY", "x", elements, *levels, reactions=[{"name": "x", "users": ["U0ALICE"]}]
        )
    )
    console.state["tenant"]["faults"] = [{"name": "slow", "cmdlet": None, "count": 1}]
    console.state["notice"] = "The bot is starting."


@pytest.mark.parametrize(
    ("value", "scheme"), drawn("contrast", product([None, True, False], ["light", "dark"]), keep=2)
)
def test_all_text_has_enough_contrast(
    console: ConsoleStub, open_page: OpenPage, scheme: str, value: bool | None
) -> None:
    everything(console)
    console.state["tenant"]["value"] = value
    page = open_page(console.url, scheme=scheme, height=2400, hint=True)
    assert page.evaluate(UNREADABLE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_of_a_dialog_has_enough_contrast(
    console: ConsoleStub, open_page: OpenPage, scheme: str
) -> None:
    console.state["views"] = [
        {"id": "V1", "view": canned.enable_modal(), "errors": {"reason": "Say more.", "other": "No answer."}}
    ]
    page = open_page(console.url, scheme=scheme, height=1200)
    expect(page.get_by_text("Say more.")).to_be_visible()
    assert page.evaluate(UNREADABLE) == []


@pytest.mark.parametrize(
    ("scheme", "width", "name"),
    [("light", 1440, "desktop-light"), ("dark", 1440, "desktop-dark"), ("light", 390, "phone")],
)
def test_nothing_reaches_beyond_the_window(
    console: ConsoleStub, open_page: OpenPage, scheme: str, width: int, name: str
) -> None:
    long = "AllowLegacyTLSClients" * 20
    console.state["messages"][canned.CHANNEL].insert(
        0, canned.message(canned.AT - 99999, "U0BOB", f"{long} `{long}`", canned.section(f"```{long}```"))
    )
    page = open_page(console.url, scheme=scheme, width=width, height=844, touch=width < 800, hint=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(
        "document.querySelector('#log').scrollWidth <= document.querySelector('#log').clientWidth"
    )
    screenshot(page, name)


def test_on_a_phone_the_panels_are_tabs(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url, width=390, height=844, touch=True)
    tabs = page.get_by_role("navigation", name="Panels")
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_role("complementary")).to_be_hidden()
    tabs.get_by_role("button", name="Tenant").tap()
    expect(page.locator(".live-word")).to_be_visible()
    expect(page.get_by_role("main")).to_be_hidden()
    tabs.get_by_role("button", name="Workspace").tap()
    page.locator("[data-channel=D0ALICE]").tap()
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("Your vote on #12")


def test_on_a_phone_who_i_am_is_changed_beside_the_message_box(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url, width=390, height=844, touch=True)
    page.get_by_role("button", name="You are alice, operator. Be someone else").tap()
    page.get_by_role("menuitem", name="Bob Baker").tap()
    expect(page.get_by_role("button", name="You are bob, approver. Be someone else")).to_be_visible()


def test_on_a_phone_a_message_has_one_button_that_opens_its_reactions(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url, width=390, height=844, touch=True)
    (tool,) = (
        page.locator(".message", has=page.locator(".block-header"))
        .get_by_role("toolbar")
        .get_by_role("button")
        .all()
    )
    box = tool.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 40
    tool.tap()
    with page.expect_response("**/console/react"):
        page.get_by_role("menuitem", name=":x:", exact=True).tap()
    assert console.posted("react")[0]["name"] == "x"


@pytest.mark.parametrize("button", drawn("taps", ["Approve", "Reject", "Withdraw"]))
def test_on_a_phone_a_tap_anywhere_on_a_button_presses_it_and_moves_nothing(
    console: ConsoleStub, open_page: OpenPage, button: str
) -> None:
    actions = next(block for block in canned.request_card() if block["type"] == "actions")
    for element in actions["elements"]:
        element.pop("confirm", None)
    console.state["messages"][canned.CHANNEL].append(
        canned.message(canned.AT, "U0LEGACY", "x", canned.section("short"), actions)
    )
    page = open_page(console.url, width=390, height=844, touch=True)
    pressed = page.locator(".message").last.get_by_role("button", name=button)
    box = pressed.bounding_box()
    assert box
    for x in (3, box["width"] / 2, box["width"] - 3):
        for y in (3, box["height"] - 3):
            with page.expect_response("**/console/press"):
                page.touchscreen.tap(box["x"] + x, box["y"] + y)
            expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert pressed.bounding_box() == box
    assert [press["action_id"] for press in console.posted("press")] == [button.lower()] * 6
    assert console.posted("react") == []


def test_on_a_middling_window_the_tenant_is_a_drawer_that_escape_closes(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url, width=1000, height=760)
    expect(page.get_by_role("complementary")).to_be_hidden()
    page.locator(".live-chip").click()
    expect(page.get_by_role("complementary")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_be_hidden()
    expect(page.locator("#composer-text")).to_be_focused()


def focused_in(page: Page) -> str:
    """The panel that has the focus."""
    return str(page.evaluate("document.activeElement.closest('#sidebar, #chat, #tenant')?.id ?? 'none'"))


def test_f6_walks_the_panels_and_the_focus_can_be_seen(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url)
    page.locator("#composer-text").focus()
    walked = []
    for _ in range(3):
        page.keyboard.press("F6")
        walked.append(focused_in(page))
    assert walked == ["tenant", "sidebar", "chat"]
    page.get_by_role("button", name="Approve").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_every_control_has_a_name_and_every_id_is_given_once(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    console.state["views"] = [{"id": "V1", "view": canned.enable_modal(), "errors": None}]
    page = open_page(console.url)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert sorted(ids) == sorted(set(ids))
    assert set(page.evaluate(POINTED_AT)) <= set(ids)
    page.keyboard.press("Escape")
    assert page.evaluate(NAMELESS) == []


def test_the_reader_stays_at_the_newest_message_unless_they_scrolled_away(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url, height=500)
    log = page.get_by_role("log")
    to_end = "node => node.scrollHeight - node.scrollTop - node.clientHeight"
    messages = console.state["messages"][canned.CHANNEL]
    messages.append(canned.message(canned.AT, "U0BOB", "first new"))
    console.changed()
    expect(page.get_by_text("first new")).to_be_in_viewport()
    log.evaluate("node => { node.scrollTop = 0; }")
    messages.append(canned.message(canned.AT + 1, "U0CAROL", "second new"))
    console.changed()
    jump = page.get_by_role("button", name="New messages below")
    expect(jump).to_be_visible()
    assert log.evaluate(to_end) > 80
    jump.click()
    expect(page.get_by_text("second new")).to_be_in_viewport()
    expect(jump).to_be_hidden()


def test_without_wish_for_motion_nothing_moves(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url, width=1000)
    assert page.locator(".tenant").evaluate("node => getComputedStyle(node).transitionDuration") == "0s"
