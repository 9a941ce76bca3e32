"""What a stranger tries with several tenants on the page: name one, see all, opt some out. In order."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from bot.command_line.arguments import few
from bot.sandbox.run import SHOWN, Sandbox
from bot.sandbox.tenants import MOST
from tests.bot.sandbox.browser import OpenPage, screenshot
from tests.bot.sandbox.console.test_page_axe import found
from tests.stories.test_the_main_story import SLOW, become, type_command


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("several")
    with Sandbox(folder, settings=SHOWN, tenants=few(str(3))) as started:
        started.wait_until_connected()
        yield started


def test_the_sandbox_has_a_name_for_as_many_tenants_as_may_be_asked_for() -> None:
    assert few(str(MOST)) == MOST


def test_alice_names_a_tenant_and_sees_all_of_them(sandbox: Sandbox, browser_page: OpenPage) -> None:
    page = browser_page(f"{sandbox.slack.url}/?as=U0ALICE&in={sandbox.slack.dm('U0ALICE')}")
    type_command(page, "/legacytls @fabrikam status")
    status = page.locator(".message", has_text="is taken on the legacy hosts")
    expect(status).to_contain_text("fabrikam · ⚠", timeout=SLOW)
    type_command(page, "/legacytls fleet")
    expect(page.locator(".message", has_text="3 tenants: 1 opted in")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("region", name="Other tenants")).to_contain_text(
        "fabrikam.onmicrosoft.comopted in"
    )
    screenshot(page, "several-1-fleet")
    assert "\n".join(found(page)) == ""
    become(page, "Dave")
    expect(page.get_by_role("button", name="You are dave")).to_be_visible(timeout=SLOW)
    type_command(page, "/legacytls fleet")
    expect(page.locator(".message", has_text="not one of the fleet operators")).to_be_visible(timeout=SLOW)


def test_bob_opts_two_out_with_one_confirmation(sandbox: Sandbox, browser_page: OpenPage) -> None:
    where = f"{sandbox.slack.url}/?as=U0BOB&in={sandbox.slack.dm('U0BOB')}"
    page = browser_page(where, width=390, height=844)
    type_command(page, "/legacytls fleet disable")
    form = page.get_by_role("dialog")
    form.get_by_label("fabrikam: opted in").check(timeout=SLOW)
    form.get_by_label("contoso: not set").check()
    screenshot(page, "several-2-choice")
    form.get_by_role("button", name="Next").click()
    expect(form).to_contain_text("no device on its register", timeout=SLOW)
    screenshot(page, "several-3-confirmation")
    form.get_by_role("button", name="Opt out now").click()
    expect(page.locator(".message", has_text="Applied: #")).to_have_count(2, timeout=SLOW)
    assert sandbox.microsoft.tenant.value is False
    assert [one.value for one in sandbox.microsoft.others] == [False, None]
