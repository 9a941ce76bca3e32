"""Posts one test card into the channel and takes it away again: only where somebody asked for it."""

import time
from collections.abc import Callable
from typing import Any

from bot.checks.verdict import Verdict, failed, passed, warned
from bot.from_settings import slack_client
from bot.settings.model import Settings
from handlers.ports import Unavailable
from handlers.slack.client.calls import call
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.views.trial import trial_card

CHECK = "Test card"
LONGEST_PAUSE = 30.0
"""Seconds that Slack may ask for before the card is taken away; it is asked twice."""

BY_HAND = "Delete it by hand"


def post_verdict(settings: Settings) -> Verdict:
    """Post the card and delete it; a card that stays is named with its link."""
    client, channel = slack_client(settings), settings.channel or ""
    try:
        posted = call(client.chat_postMessage, channel=channel, **trial_card().arguments())
    except Unavailable as refused:
        unknown = (
            " It is not known whether it was posted: look into the channel." if refused.retryable else ""
        )
        mend = refused.mend or "Invite the bot there, and run the check again."
        return failed(CHECK, f"{refused.sentence}{unknown}", mend)
    place = {"channel": str(posted.get("channel") or channel), "ts": str(posted.get("ts") or "")}
    try:
        _patiently(client.chat_delete, **place)
    except Unavailable as refused:
        stays = f"posted, but not taken away ({refused.sentence.rstrip('.')})"
        return warned(CHECK, stays, f"{BY_HAND}: {_link(client, **place)}")
    return passed(CHECK, "posted into the channel, and taken away again")


def _patiently(method: Callable[..., Any], **arguments: str) -> None:
    """Call once more after the pause that Slack asks for, where that is short. Raises ``Unavailable``."""
    try:
        call(method, **arguments)
    except Unavailable as busy:
        if busy.retry_after is None or busy.retry_after > LONGEST_PAUSE:
            raise
        time.sleep(busy.retry_after)
        call(method, **arguments)


def _link(client: SlackWebClient, channel: str, ts: str) -> str:
    try:
        found = call(client.chat_getPermalink, channel=channel, message_ts=ts).get("permalink")
    except Unavailable:
        found = None
    return str(found or f"the message {ts} in the channel {channel}")
