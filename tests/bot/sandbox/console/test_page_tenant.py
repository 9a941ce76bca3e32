"""Beside the chat stands the tenant: what it is, what it received, and how to make it misbehave."""

import pytest
from playwright.sync_api import Page, expect

from tests.bot.sandbox.browser import OpenPage
from tests.bot.sandbox.console.console_stub import ConsoleStub


def click(page: Page, name: str, what: str) -> None:
    """Press the tenant's button ``name`` and wait until ``what`` was answered."""
    with page.expect_response(f"**/console/{what}"):
        page.get_by_role("complementary").get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize(("value", "word"), [(None, "not set"), (True, "opted in"), (False, "opted out")])
def test_the_live_value_has_its_own_word(
    console: ConsoleStub, open_page: OpenPage, value: bool | None, word: str
) -> None:
    console.state["tenant"]["value"] = value
    page = open_page(console.url)
    expect(page.locator(".live-word")).to_have_text(word)
    expect(page.locator(".live-chip")).to_contain_text(word)
    expect(page.get_by_role("complementary").get_by_role("button", name=word)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_the_value_and_smtp_auth_are_changed_outside_the_bot(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url)
    expect(page.get_by_text("Change it outside the bot, as alice")).to_be_visible()
    for word in ("not set", "opted in", "opted out"):
        click(page, word, "tenant")
    with page.expect_response("**/console/smtp_auth"):
        page.get_by_role("switch", name="SMTP AUTH allowed").click()
    assert console.posted("tenant") == [{"as": "U0ALICE", "value": value} for value in (None, True, False)]
    assert console.posted("smtp_auth") == [{"disabled": False}]


def test_cmdlets_are_listed_newest_first_with_status_and_effect(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url)
    calls = page.locator(".call")
    expect(calls).to_have_count(3)
    expect(calls.first).to_contain_text("15:20:02")
    expect(calls.first).to_contain_text("503")
    expect(calls.first).to_contain_text("ServerBusy")
    page.get_by_label("writes only").check()
    expect(calls).to_have_count(1)
    expect(calls).to_contain_text("-AllowLegacyTLSClients false")
    expect(calls).to_contain_text("took effect")


def test_a_fault_is_armed_shown_and_cleared(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url)
    page.get_by_label("What happens").select_option("lose_answer")
    page.get_by_label("To", exact=True).select_option("Set-TransportConfig")
    page.get_by_label("Times").fill("2")
    click(page, "Arm", "fault")
    assert console.posted("fault") == [{"name": "lose_answer", "count": 2, "cmdlet": "Set-TransportConfig"}]
    console.state["tenant"]["faults"] = [{"name": "lose_answer", "cmdlet": "Set-TransportConfig", "count": 2}]
    console.changed()
    expect(page.get_by_role("list", name="Faults waiting")).to_contain_text("Do it, but lose the answer ×2")
    expect(page.get_by_label("What happens")).to_have_value("lose_answer")
    click(page, "Clear all", "clear_faults")


def test_the_clock_is_moved_and_told_in_the_persons_zone(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url)
    expect(page.locator(".clock")).to_contain_text("15:30")
    for name in ("+1 hour", "+1 day", "+7 days", "+30 days"):
        click(page, name, "clock")
    assert [body["advance_seconds"] for body in console.posted("clock")] == [3600, 86400, 604800, 2592000]


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        ("2026-11-27T20:00:00+00:00", 60.0),
        ("2026-11-23T07:59:00+00:00", 1 / 60),
        ("2026-03-27T08:30:00+00:00", 70.5),
    ],
)
def test_the_clock_goes_to_the_next_working_morning_over_weekends_and_changes_of_the_hour(
    now: str, hours: float, console: ConsoleStub, open_page: OpenPage
) -> None:
    console.state["now"] = now
    page = open_page(console.url)
    click(page, "Next workday, 09:00", "clock")
    (moved,) = [body["advance_seconds"] for body in console.posted("clock")]
    assert moved == pytest.approx(hours * 3600, abs=60)  # the page's clock goes on meanwhile


def test_the_bot_is_restarted_stopped_and_started(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url)
    click(page, "Restart", "bot")
    click(page, "Stop", "bot")
    console.state["bot"]["state"] = "stopped"
    console.changed()
    click(page, "Start", "bot")
    assert [body["action"] for body in console.posted("bot")] == ["restart", "stop", "start"]


def test_without_a_tenant_the_rest_still_works(console: ConsoleStub, open_page: OpenPage) -> None:
    console.state["tenant"] = None
    page = open_page(console.url)
    expect(page.get_by_text("This sandbox runs without a simulated tenant.")).to_be_visible()
    click(page, "+1 day", "clock")
