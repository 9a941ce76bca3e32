"""Have Slack judge every layout that the bot can send, before somebody waits for a message it refuses."""

import time
from collections.abc import Sequence

from bot.checks.verdict import Verdict, failed, passed, warned
from bot.exchange.clouds import CLOUDS
from bot.from_settings import rule_of, slack_client
from bot.process import utc_now
from bot.settings.milestones import load_calendar
from bot.settings.model import Settings
from handlers.ports import Unavailable
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.layouts.examples import Examples
from handlers.slack.layouts.layout import Layout, mistakes

CHECK = "Slack layouts"
REPORT = "This is a defect of this version: please report it with what is said here."
LATER = (
    "Run the check again later; where Slack offers no blocks.validate, the sandbox judges by its published "
    "limits."
)

NOT_DRAWN = "It draws no charts or data tables here, so text says the same"

NAMED = 5
"""Layouts that are named; the others are counted."""

LONGEST_PAUSE, PAUSES = 30.0, 3
"""Seconds that Slack may ask for before the next layout, and how often: a check is not to hang."""


def layout_verdict(settings: Settings) -> Verdict:
    """Say whether Slack would take each layout; what it would refuse is named with where and why."""
    cloud, now = CLOUDS[settings.exchange_cloud].cloud, utc_now()
    examples = Examples(rule_of(settings), cloud, load_calendar(settings.milestones), settings.timezone, now)
    client, found = slack_client(settings), examples.distinct()
    waiting, native = ([each for each in found if each.native is kind] for kind in (False, True))
    taken, refused, left = _judged(client, waiting)
    if refused:
        more = f"; and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
        return failed(CHECK, f"Slack would refuse {'; '.join(refused[:NAMED])}{more}", REPORT)
    if left:
        return warned(
            CHECK, f"{taken} of {len(waiting)} were judged and taken, the others not: {left}", LATER
        )
    drawn = f". {NOT_DRAWN}" if _judged(client, native)[1] else ""
    return passed(CHECK, f"Slack would take all {taken}, which hold every shape that the bot sends{drawn}")


def _judged(client: SlackWebClient, layouts: Sequence[Layout]) -> tuple[int, list[str], str]:
    """Tell how many layouts Slack would take and what it would refuse; empty where all were taken."""
    taken, refused, pauses, place = 0, list[str](), 0, 0
    while place < len(layouts):
        try:
            wrong = mistakes(client, layouts[place])
        except Unavailable as away:
            pauses += 1
            if away.retry_after is None or away.retry_after > LONGEST_PAUSE or pauses > PAUSES:
                return taken, refused, away.sentence
            time.sleep(away.retry_after)
            continue
        place += 1
        taken += not wrong
        refused += [f"{layouts[place - 1].name} ({', '.join(wrong)})"] if wrong else []
    return taken, refused, ""
