"""Whoever is picked sees their own workspace: their channels, direct messages and unread marks."""

from playwright.sync_api import expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage
from tests.bot.sandbox.console.console_stub import ConsoleStub


def test_the_cast_is_listed_with_roles_and_without_the_bot(console: ConsoleStub, open_page: OpenPage) -> None:
    people = open_page(console.url).get_by_role("radiogroup", name="You are")
    expect(people.get_by_role("radio")).to_have_count(6)
    for role in ("operator", "approver", "member", "guest", "other workspace"):
        expect(people).to_contain_text(role)


def test_arrow_keys_change_who_i_am_and_what_i_see(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url)
    expect(page.locator(".ephemeral")).to_have_count(1)
    page.get_by_role("radio", name="Alice Anders").press("ArrowDown")
    expect(page.get_by_role("radio", name="Bob Baker")).to_be_checked()
    expect(page.locator(".ephemeral")).to_have_count(0)
    expect(page.get_by_role("button", name="You are bob, approver. Be someone else")).to_be_visible()


def test_the_address_says_who_and_where_so_that_two_windows_are_two_people(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    alice, bob = open_page(console.url), open_page(f"{console.url}/?as=U0BOB&in=C0GENERAL")
    expect(alice.get_by_role("radio", name="Alice Anders")).to_be_checked()
    expect(bob.get_by_role("radio", name="Bob Baker")).to_be_checked()
    expect(bob.get_by_role("heading", level=1)).to_have_text("general")
    bob.get_by_role("radio", name="Carol Chen").check(force=True)
    bob.wait_for_url("**/?as=U0CAROL&in=C0GENERAL")


def test_somebody_unknown_in_the_address_becomes_the_first_of_the_cast(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(f"{console.url}/?as=U0NOBODY")
    expect(page.get_by_role("radio", name="Alice Anders")).to_be_checked()


def test_a_direct_message_is_marked_unread_until_it_is_opened(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(f"{console.url}/?as=U0BOB")
    direct = page.locator("[data-channel=D0BOB]")
    expect(direct).to_contain_text("1 unread")
    direct.click()
    expect(page.get_by_role("log")).to_contain_text("Your vote on #12 was counted, @bob.")
    expect(direct).not_to_contain_text("unread")
    page.locator(f"[data-channel={canned.CHANNEL}]").click()
    expect(direct).not_to_contain_text("unread")


def test_a_message_that_arrives_elsewhere_lights_its_channel_but_ones_own_does_not(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    page = open_page(console.url)
    general = page.locator("[data-channel=C0GENERAL]")
    console.state["messages"]["C0GENERAL"].append(canned.message(canned.AT, "U0ALICE", "mine"))
    console.changed()
    console.state["messages"]["C0GENERAL"].append(canned.message(canned.AT + 1, "U0BOB", "not mine"))
    console.changed()
    expect(general).to_contain_text("1 unread")


def test_who_is_no_member_of_a_channel_cannot_write_there(console: ConsoleStub, open_page: OpenPage) -> None:
    console.state["channels"][1]["member"] = False
    page = open_page(f"{console.url}/?in=C0GENERAL")
    expect(page.locator("#composer-text")).to_be_disabled()
    expect(page.get_by_role("log")).to_contain_text("#general is not one of this person's channels.")


def test_a_channel_named_in_a_message_is_one_click_away(console: ConsoleStub, open_page: OpenPage) -> None:
    console.state["messages"][canned.CHANNEL].append(canned.message(canned.AT, "U0BOB", "see <#C0GENERAL>"))
    page = open_page(console.url)
    page.get_by_role("log").get_by_role("button", name="#general").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("general")
