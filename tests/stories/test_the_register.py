"""What a newcomer sees of the register: import twelve devices, opt in, watch them go, and the switch go off.
In order."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.sandbox.console.samples import DEVICES
from bot.sandbox.run import SHOWN, Sandbox
from bot.sandbox.slack.cast import CHANGES
from tests.bot.sandbox.browser import OpenPage, picture, screenshot
from tests.stories.test_the_main_story import SLOW, become, type_command

DAY, WEEK = 86_400, 7 * 86_400


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("register"), settings=SHOWN) as started:
        started.wait_until_connected()
        yield started


def imported(page: Page, sample: str) -> Locator:
    """Import a file that the sandbox offers; returns the private answers."""
    type_command(page, "/legacytls devices import")
    form = page.get_by_role("dialog")
    form.get_by_role("button", name=sample).click()
    form.get_by_role("button", name="Import", exact=True).click()
    return page.locator(".message.ephemeral")


def close(sandbox: Sandbox, number: int, person: str = "U0BOB") -> None:
    """Somebody looks at one entry and says that it is replaced."""
    slack, wanted = sandbox.slack, f"D{number} is "

    def shown(begins: str) -> Any:
        private = (
            one
            for one in slack.messages(CHANGES, person)
            if one["ephemeral"] and one["text"].startswith(begins)
        )
        return next(private, None)

    slack.command(person, f"/legacytls devices D{number}")
    slack.workspace.wait_for(lambda: shown(f"{wanted}active") is not None)
    slack.press(person, CHANGES, shown(f"{wanted}active")["ts"], "device_replaced")
    slack.workspace.wait_for(lambda: shown(f"{wanted}replaced") is not None)


def test_twelve_devices_and_a_report_are_imported_with_a_click_each(
    sandbox: Sandbox, browser_page: OpenPage
) -> None:
    page = browser_page(f"{sandbox.slack.url}/?as=U0ALICE")
    expect(imported(page, "Twelve devices").filter(has_text=f"Proposed: {len(DEVICES)}")).to_be_visible(
        timeout=SLOW
    )
    report = imported(page, "The admin centre's report").filter(
        has_text="Still on old TLS and registered: 12"
    )
    expect(report).to_contain_text("on nobody's list: 2", timeout=SLOW)
    screenshot(page, "register-1-imported")


def test_the_opt_in_names_them_and_one_of_them_is_nobodys(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = browser_page(f"{sandbox.slack.url}/?as=U0ALICE")
    type_command(page, "/legacytls enable")
    form = page.get_by_role("dialog")
    choice = form.locator(".block-input", has_text="Devices of the register").get_by_role("checkbox")
    expect(choice).to_have_count(len(DEVICES), timeout=SLOW)
    for box in choice.all():
        box.check()
    form.get_by_label(re.compile("^Reason")).fill("They are replaced one by one")
    form.get_by_role("button", name="Ask for approval").click()
    become(page, "Bob")
    page.locator(".message", has_text="Request #1").get_by_role("button", name="Approve").click()
    expect(page.locator(".live-word").first).to_have_text("opted in", timeout=SLOW)
    become(page, "Dave")
    type_command(page, "/legacytls devices D1")
    page.locator(".message.ephemeral", has_text="D1 is active").get_by_role("button", name="Not mine").click()
    expect(page.locator(".message", has_text="Without an owner: D1")).to_be_visible(timeout=SLOW)


def test_the_burn_down_falls_week_by_week(sandbox: Sandbox, browser_page: OpenPage) -> None:
    for week in (0, 1):
        sandbox.clock.advance(WEEK)
        for number in range(4 * week + 1, 4 * week + 5):
            close(sandbox, number)
    page = browser_page(f"{sandbox.slack.url}/?as=U0ALICE")
    type_command(page, "/legacytls devices")
    shown = page.locator(".message.ephemeral", has_text="12 → 8 → 4; at this pace")
    expect(shown.locator(".chart-bar")).to_have_count(3, timeout=SLOW)
    expect(shown).to_contain_text("in time")
    picture(shown, "register")
    screenshot(page, "register-2-burn-down")


def test_with_the_last_device_the_switch_goes_off(sandbox: Sandbox, browser_page: OpenPage) -> None:
    sandbox.clock.advance(WEEK)
    for number in range(9, 13):
        close(sandbox, number)
    page = browser_page(f"{sandbox.slack.url}/?as=U0ALICE")
    expect(page.locator(".message", has_text="no active device is left")).to_be_visible(timeout=SLOW)
    sandbox.clock.advance(DAY + 60)
    expect(page.locator(".live-word").first).to_have_text("opted out", timeout=2 * SLOW)
    type_command(page, "/legacytls devices")
    expect(page.locator(".message.ephemeral", has_text="8 → 4 → 0").locator(".chart-bar")).to_have_count(
        4, timeout=SLOW
    )
    screenshot(page, "register-3-the-switch-is-off")
