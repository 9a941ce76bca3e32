"""What axe-core says of the page: every rule it has, those it calls experimental included, in every state of
it."""

from collections.abc import Callable
from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage
from tests.bot.sandbox.console.console_stub import ConsoleStub
from tests.bot.sandbox.console.test_page_layout import everything
from tests.sampling import drawn

TAGS = [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
    "experimental",
    "cat.semantics",
]
EXTRA: dict[str, dict[str, bool]] = {
    rule: {"enabled": True}
    for rule in ("label-content-name-mismatch", "target-size", "css-orientation-lock", "p-as-heading")
}

EXTRA["aria-allowed-role"] = {"enabled": False}
"""ARIA in HTML allows a textarea no role; without ``combobox`` nobody hears of the commands that are offered
while typing."""


def found(page: Page) -> list[str]:
    """Each violation: the rule, and the element."""
    response = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}, "rules": EXTRA}).response
    assert len(response["passes"]) > 20, "axe looked at nothing"
    return [f"{one['id']}: {node['html'][:160]}" for one in response["violations"] for node in one["nodes"]]


def people(page: Page) -> None:
    page.get_by_role("button", name="Be someone else").click()


def dialog(page: Page) -> None:
    expect(page.get_by_role("dialog")).to_be_visible()


STATES: dict[str, Callable[[Page], None]] = {"as it is": lambda page: None, "choosing a person": people}


@pytest.mark.parametrize(("state", "width"), drawn("axe", product(STATES, [1440, 390]), keep=2))
def test_axe_finds_nothing_on_the_page(
    state: str, width: int, console: ConsoleStub, open_page: OpenPage
) -> None:
    everything(console)
    page = open_page(console.url, width=width, height=1200)
    STATES[state](page)
    assert "\n".join(found(page)) == ""


def test_axe_finds_nothing_in_a_dialog(console: ConsoleStub, open_page: OpenPage) -> None:
    console.state["views"] = [{"id": "V1", "view": canned.enable_modal(), "errors": {"reason": "Say more."}}]
    page = open_page(console.url, height=1200)
    dialog(page)
    assert "\n".join(found(page)) == ""


@pytest.mark.parametrize("width", drawn("axe on the home", [1440, 390]))
def test_axe_finds_nothing_on_the_home(width: int, console: ConsoleStub, open_page: OpenPage) -> None:
    console.state["home"] = canned.home()
    page = open_page(f"{console.url}/?in=home", width=width, height=1200)
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    assert "\n".join(found(page)) == ""


def test_axe_would_notice(console: ConsoleStub, open_page: OpenPage) -> None:
    page = open_page(console.url, height=1200)
    page.evaluate("document.querySelector('.composer button').setAttribute('aria-label', 'Something else')")
    assert [one.split(":")[0] for one in found(page)] == ["label-content-name-mismatch"]
