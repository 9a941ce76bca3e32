"""What the sandbox's tests share: the browser and a console with canned state; the simulated Slack and a bot
for it."""

from tests.bot.sandbox.bolt_bot import bot, client, impatient, late_bot, site, slack
from tests.bot.sandbox.browser import browser, browser_page, open_page
from tests.bot.sandbox.console.console_stub import console

__all__ = [
    "bot",
    "browser",
    "browser_page",
    "client",
    "console",
    "impatient",
    "late_bot",
    "open_page",
    "site",
    "slack",
]
