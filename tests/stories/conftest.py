"""The real page on the real sandbox with the real bot, in a real browser."""

from collections.abc import Iterator

import pytest

from bot.sandbox.run import Sandbox
from tests.bot.sandbox.browser import browser, browser_page, open_page

__all__ = ["browser", "browser_page", "open_page"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for a story told by several tests in order."""
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as started:
        started.wait_until_connected()
        yield started
