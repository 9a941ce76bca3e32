"""The main story without one typed command, by the app's Home and its buttons. In order.

A device is registered, an opt-in asked for and approved, looked at, extended, the device closed, opted out.
"""

import re

from playwright.sync_api import Locator, Page, expect

from bot.sandbox.run import Sandbox
from tests.bot.sandbox.browser import OpenPage, screenshot
from tests.bot.sandbox.console.test_page_axe import found
from tests.stories.test_the_main_story import SLOW, become


def home(sandbox: Sandbox, browser_page: OpenPage, person: str, **size: int) -> Page:
    """The Home of one person."""
    page = browser_page(f"{sandbox.slack.url}/?as={person}&in=home", **size)
    expect(page.get_by_role("heading", name="Waits for you")).to_be_visible(timeout=SLOW)
    return page


def press(page: Page, name: str) -> None:
    """Press a button of the Home; it has left the browser when this returns."""
    with page.expect_response("**/console/press"):
        page.locator("#log").get_by_role("button", name=name).click()


def form(page: Page) -> Locator:
    return page.get_by_role("dialog")


def told(page: Page, sandbox: Sandbox, person: str, text: str) -> None:
    """Somebody reads this in their direct messages with the app."""
    page.goto(f"{sandbox.slack.url}/?as={person}&in={sandbox.slack.dm(person)}")
    expect(page.locator(".message", has_text=text).first).to_be_visible(timeout=SLOW)


def without_fault(page: Page) -> None:
    """Axe finds nothing on the page as it is."""
    assert "\n".join(found(page)) == ""


def test_alice_puts_a_scanner_of_bobs_on_the_register(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = home(sandbox, browser_page, "U0ALICE")
    press(page, "All devices")
    told(page, sandbox, "U0ALICE", "No device stands on the register")
    page.get_by_role("button", name="Add a device").click()
    expect(form(page)).to_contain_text("Device or application", timeout=SLOW)
    form(page).get_by_label("Device or application").fill("Ricoh MP 301")
    form(page).get_by_label("Sends as").fill("scanner@contoso.com")
    form(page).get_by_label(re.compile("^Who answers")).select_option("U0BOB")
    form(page).get_by_label(re.compile("^Why can it not")).fill("Its firmware speaks nothing newer")
    form(page).get_by_label("Plan").fill("A new one is ordered")
    without_fault(page)
    form(page).get_by_role("button", name="Put on the register").click()
    expect(page.locator(".message", has_text="D1 is proposed").first).to_be_visible(timeout=SLOW)


def test_alice_asks_from_her_home(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = home(sandbox, browser_page, "U0ALICE")
    expect(page.locator("#log")).to_contain_text("not set", timeout=SLOW)
    screenshot(page, "home-1-welcome")
    press(page, "Ask for an opt-in")
    expect(form(page)).to_contain_text("Opt in to legacy TLS", timeout=SLOW)
    form(page).get_by_label(re.compile("^Reason")).fill("Forty scanners in the plant speak nothing newer")
    form(page).get_by_role("checkbox", name=re.compile("^D1 Ricoh")).check()
    form(page).get_by_role("button", name="Ask for approval").click()
    expect(page.locator("#log")).to_contain_text("Request #1: opt in to legacy TLS", timeout=SLOW)
    expect(page.locator("#log").get_by_role("button", name="Withdraw #1")).to_be_visible()
    told(page, sandbox, "U0ALICE", "Your request #1 is open")


def test_bob_sees_who_can_decide_and_approves_on_a_phone(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = home(sandbox, browser_page, "U0BOB", width=390, height=844)
    expect(page.locator("#log")).to_contain_text("Forty scanners in the plant", timeout=SLOW)
    expect(page.locator("#log")).to_contain_text("On the register: D1 until")
    expect(page.locator("#log").get_by_role("button", name="Need longer")).to_be_visible()
    without_fault(page)
    screenshot(page, "home-2-waits-for-bob-on-a-phone")
    press(page, "Who can decide?")
    told(page, sandbox, "U0BOB", "could give one now")
    page = home(sandbox, browser_page, "U0BOB", width=390, height=844)
    press(page, "Approve")
    expect(page.locator("#log").get_by_role("button", name="Approve")).to_have_count(0, timeout=SLOW)
    told(page, sandbox, "U0BOB", "Your approval of #1 is counted")
    sandbox.slack.workspace.wait_for(lambda: sandbox.microsoft.tenant.value is True)


def test_alice_looks_by_the_shortcut_and_asks_for_longer(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = browser_page(f"{sandbox.slack.url}/?as=U0ALICE")
    expect(page.locator(".message", has_text="Applied: #1")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Shortcut: Legacy TLS").click()
    expect(form(page)).to_contain_text("days left", timeout=SLOW)
    screenshot(page, "home-3-shortcut")
    form(page).get_by_role("button", name="Ask to extend").click()
    expect(form(page).get_by_label("End date")).to_be_visible(timeout=SLOW)
    form(page).get_by_label(re.compile("^Reason")).fill("The replacement is late")
    form(page).get_by_role("button", name="Ask for approval").click()
    expect(page.locator(".message", has_text="Request #2: extend the opt-in")).to_be_visible(timeout=SLOW)


def test_carol_approves_the_extension(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = home(sandbox, browser_page, "U0CAROL")
    press(page, "Approve")
    expect(page.locator("#log").get_by_role("button", name="Approve")).to_have_count(0, timeout=SLOW)
    told(page, sandbox, "U0CAROL", "Your approval of #2 is counted")


def test_bob_closes_his_scanner_on_a_phone(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = home(sandbox, browser_page, "U0BOB", width=390, height=844)
    expect(page.locator("#log")).to_contain_text("Ricoh MP 301, active")
    page.locator("#log").get_by_role("button", name="Replaced").click()
    asked = page.get_by_role("alertdialog", name="Is D1 replaced?")
    expect(asked).to_contain_text("for good")
    without_fault(page)
    screenshot(page, "home-4-is-it-replaced-on-a-phone")
    with page.expect_response("**/console/press"):
        asked.get_by_role("button", name="Replaced").click()
    expect(page.locator("#log").get_by_role("heading", name="Your devices")).to_have_count(0, timeout=SLOW)
    told(page, sandbox, "U0BOB", "D1 is replaced. No active device is left")


def test_carol_opts_out_in_the_end(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = home(sandbox, browser_page, "U0CAROL")
    press(page, "Opt out")
    expect(form(page)).to_contain_text("smtp-legacy.office365.com", timeout=SLOW)
    form(page).get_by_role("button", name="Opt out now").click()
    sandbox.slack.workspace.wait_for(lambda: sandbox.microsoft.tenant.value is False)
    press(page, "History")
    told(page, sandbox, "U0CAROL", "History, newest first")
    screenshot(page, "home-5-history")


def test_a_guest_reads_one_sentence(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = browser_page(f"{sandbox.slack.url}/?as=U0ERIN&in=home")
    expect(page.locator("#log")).to_contain_text("Guest accounts cannot use this", timeout=SLOW)
    expect(page.locator("#log").get_by_role("button")).to_have_count(0)
    become(page, "Bob")
    expect(page.locator("#log")).to_contain_text("Waits for you", timeout=SLOW)
