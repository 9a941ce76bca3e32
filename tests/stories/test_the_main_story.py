"""What a new user does with the page: ask as Alice, approve as Bob, see the tenant change, opt out, look
back. In order."""

import re

from playwright.sync_api import Page, expect

from bot.sandbox.run import Sandbox
from tests.bot.sandbox.browser import OpenPage, picture, screenshot

SLOW = 15_000
"""Milliseconds: the machine may be busy, and the bot writes, reads back and redraws in between."""


def become(page: Page, name: str) -> None:
    page.locator(f"label.person:has-text('{name}')").click()


def type_command(page: Page, text: str) -> None:
    page.locator("#composer-text").fill(text)
    page.keyboard.press("Escape")
    page.locator("#composer-text").press("Enter")


def test_alice_sees_the_status_and_asks_for_an_opt_in(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = browser_page(sandbox.slack.url, hint=True)
    screenshot(page, "story-1-welcome")
    become(page, "Alice")
    type_command(page, "/legacytls status")
    expect(page.locator(".message.ephemeral", has_text="nobody ever chose")).to_be_visible(timeout=SLOW)
    screenshot(page, "story-2-status")
    type_command(page, "/legacytls enable")
    form = page.get_by_role("dialog")
    expect(form).to_contain_text("Opt in to legacy TLS", timeout=SLOW)
    form.get_by_label(re.compile("^Reason")).fill(
        "Forty scanners in the plant speak nothing newer <!channel>"
    )
    form.get_by_label(re.compile("^Devices")).fill("Ricoh MP 301, hall 3, owner: Facilities")
    proposed = form.get_by_label("End date").input_value()
    form.get_by_label("End date").fill("2020-01-01")
    form.get_by_role("button", name="Ask for approval").click()
    expect(form).to_contain_text("This day is over", timeout=SLOW)
    expect(form.get_by_label(re.compile("^Reason"))).to_have_value(
        "Forty scanners in the plant speak nothing newer <!channel>"
    )
    screenshot(page, "story-3-form-with-errors")
    form.get_by_label("End date").fill(proposed)
    form.get_by_role("button", name="Ask for approval").click()
    card = page.locator(".message", has_text="Request #1: opt in to legacy TLS")
    expect(card).to_be_visible(timeout=SLOW)
    expect(card).to_contain_text("speak nothing newer <!channel>")
    expect(card).to_contain_text("1 more approval is needed")
    screenshot(page, "story-4-request")
    picture(card, "request-card")
    card.get_by_role("button", name="Approve").click()
    expect(page.locator(".message.ephemeral", has_text="somebody else has to decide it")).to_be_visible(
        timeout=SLOW
    )


def test_bob_approves_and_the_tenant_changes(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = browser_page(sandbox.slack.url)
    become(page, "Bob")
    card = page.locator(".message", has_text="Request #1")
    card.get_by_role("button", name="Approve").click()
    done = page.locator(".message", has_text="Applied: #1")
    expect(done).to_be_visible(timeout=SLOW)
    expect(done.get_by_role("button", name="Approve")).to_have_count(0)
    expect(page.locator(".live-word").first).to_have_text("opted in", timeout=SLOW)
    assert sandbox.microsoft.tenant.value is True
    assert [
        call.effective for call in sandbox.microsoft.tenant.calls if call.cmdlet == "Set-TransportConfig"
    ] == [True]
    screenshot(page, "story-5-applied")
    picture(page, "sandbox")


def test_alice_is_told_by_direct_message(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = browser_page(f"{sandbox.slack.url}/?as=U0ALICE&in={sandbox.slack.dm('U0ALICE')}", scheme="dark")
    expect(page.locator(".message", has_text="Applied: #1")).to_be_visible(timeout=SLOW)
    expect(page.locator(".message", has_text="The opt-in ends by itself")).to_be_visible()
    screenshot(page, "story-6-direct-message-dark")


def test_a_change_outside_the_bot_shows_up_with_a_number_and_ways_to_answer(
    sandbox: Sandbox, browser_page: OpenPage
) -> None:
    page = browser_page(f"{sandbox.slack.url}/?as=U0BOB")
    sandbox.microsoft.tenant.change_outside(False)
    sandbox.clock.advance(60)
    drift = page.locator(".message", has_text="Changed outside the bot: #2")
    expect(drift).to_be_visible(timeout=SLOW)
    expect(drift.get_by_role("button", name="It was me")).to_be_visible()
    screenshot(page, "story-7-changed-outside")


def test_carol_opts_out_on_a_phone_and_looks_back(sandbox: Sandbox, browser_page: OpenPage) -> None:
    sandbox.microsoft.tenant.change_outside(True)
    page = browser_page(f"{sandbox.slack.url}/?as=U0CAROL", width=390, height=844, touch=True)
    type_command(page, "/legacytls disable")
    form = page.get_by_role("dialog")
    expect(form).to_contain_text("smtp-legacy.office365.com", timeout=SLOW)
    for host in ("pop-legacy.office365.com", "imap-legacy.office365.com"):
        expect(form).to_contain_text(host)
    screenshot(page, "story-8-opting-out-on-a-phone")
    form.get_by_role("button", name="Opt out now").click()
    expect(page.locator(".message", has_text=re.compile(r"Applied: #\d+ opt out"))).to_be_visible(
        timeout=SLOW
    )
    assert sandbox.microsoft.tenant.value is False
    type_command(page, "/legacytls history")
    page_of_history = page.locator(".message.ephemeral", has_text="History, newest first")
    expect(page_of_history).to_contain_text("asked for by", timeout=SLOW)
    expect(page_of_history).to_contain_text("read back as opted out")
    screenshot(page, "story-9-history-on-a-phone")
