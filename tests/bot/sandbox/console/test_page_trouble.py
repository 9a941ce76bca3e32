"""What goes wrong is said, and the page recovers by itself."""

from playwright.sync_api import Route, expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage
from tests.bot.sandbox.console.console_stub import ConsoleStub


def test_a_new_revision_is_drawn_without_asking(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url)
    console.state["messages"][canned.CHANNEL].append(canned.message(canned.AT, "U0CAROL", "just arrived"))
    console.changed()
    expect(page.get_by_text("just arrived")).to_be_visible()


def test_a_refused_action_is_told_in_a_sentence_that_can_be_dismissed(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    console.answers["press"] = (409, {"ok": False, "error": "That message is gone."})
    page = open_page(console.url)
    page.get_by_role("button", name="Approve").click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text("That message is gone.")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)


def test_the_sandboxs_notice_is_shown_as_long_as_it_stands(console: ConsoleStub, open_page: OpenPage) -> None:
    console.state["notice"] = "The bot is starting."
    page = open_page(console.url)
    expect(page.get_by_text("The bot is starting.")).to_be_visible()
    console.state["notice"] = None
    console.changed()
    expect(page.locator("#banner")).to_be_hidden()


def test_a_sandbox_that_is_gone_is_said_and_found_again(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url)
    page.context.set_offline(True)
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#banner")).to_have_text("The sandbox does not answer. Trying again…")
    expect(page.locator(".toast").first).to_contain_text("Is `legacytls sandbox` still running?")
    page.context.set_offline(False)
    page.get_by_role("radio", name="Bob Baker").check(force=True)
    expect(page.locator("#banner")).to_be_hidden()


def test_an_answer_for_the_person_before_is_not_shown_to_the_next(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/console/state?as=U0ALICE", hold)
    with page.expect_request("**/console/state?as=U0ALICE"):
        console.changed()
    page.get_by_role("radio", name="Bob Baker").check(force=True)
    for route in held:
        route.continue_()
    expect(page.locator(".ephemeral")).to_have_count(0)
    expect(page.get_by_role("button", name="You are bob, approver. Be someone else")).to_be_visible()
