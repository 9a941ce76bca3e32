"""Fixtures that open the sandbox's page in the Chromium installed on this machine; none is ever downloaded.

Without one the tests that need it are skipped, saying so; with ``TESTS_REQUIRE_BROWSER=1`` they fail instead.
A directory of tests takes them in by importing ``browser``, ``open_page`` and ``browser_page`` in its
``conftest.py``.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

SCREENSHOTS = Path(__file__).resolve().parents[2] / "journeys" / "screenshots"
PICTURES = Path(__file__).resolve().parents[3] / "docs" / "pictures"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)

OpenPage = Callable[..., Page]
Scheme = Literal["light", "dark"]


def _chromium() -> str:
    """Path of the installed browser; skips, or fails where one is required."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found:
        return found
    reason = (
        f"no Chromium here: none of {', '.join(_NAMES)} is on the PATH (on Debian: apt-get install chromium)"
    )
    if os.environ.get("TESTS_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{reason}, and TESTS_REQUIRE_BROWSER=1 requires it")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser per module: while it runs, its event loop occupies the thread and would stand in other
    tests' way."""
    path = _chromium()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(_ARGS))
        yield chromium
        chromium.close()


@contextmanager
def pages(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages in fresh profiles: ``open(url, width=, height=, scheme=, touch=, hint=)`` waits until the
    page is drawn.

    At the end they are closed, and none may have thrown, logged an error or asked for anything outside the
    sandbox.
    """
    complaints: list[str] = []
    contexts = []

    def open_(
        url: str,
        *,
        width: int = 1440,
        height: int = 900,
        scheme: Scheme = "light",
        touch: bool = False,
        hint: bool = False,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            has_touch=touch,
            is_mobile=touch,
            reduced_motion="reduce",
        )
        contexts.append(context)
        if not hint:
            context.add_init_script("localStorage.setItem('legacytls.hint', 'seen')")
        page = context.new_page()
        page.set_default_timeout(5000)
        _listen(page, complaints)
        page.goto(url)
        expect(page.locator("body")).to_have_attribute("data-ready", "true")
        return page

    try:
        yield open_
    finally:
        for context in contexts:
            context.close()
    assert complaints == []


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages that live as long as the test."""
    with pages(browser) as opener:
        yield opener


def _listen(page: Page, complaints: list[str]) -> None:
    def logged(line: ConsoleMessage) -> None:
        if line.type == "error" and "Failed to load resource" not in line.text:
            complaints.append(line.text)

    def asked(request: Request) -> None:
        if _leaves(request.url):
            complaints.append(f"left the sandbox: {request.url}")

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", logged)
    page.on("request", asked)


def _leaves(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "data:"))


@pytest.fixture
def browser_page(open_page: OpenPage) -> OpenPage:
    """What journeys ask for: call it with the sandbox's URL, get a page on a desktop-sized window."""
    return open_page


def screenshot(page: Page, name: str) -> None:
    """Keep a picture for people to look at; it is evidence, not an assertion."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.evaluate("document.fonts.ready")
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def picture(shown: Page | Locator, name: str) -> None:
    """Draw a picture of the documents anew, where ``TESTS_PICTURES=1`` asks for it (``make pictures``)."""
    if os.environ.get("TESTS_PICTURES") == "1":
        PICTURES.mkdir(parents=True, exist_ok=True)
        shown.screenshot(path=PICTURES / f"{name}.png")
