"""Read a bot message's request from its buttons (``reactions.get``, within the bot's scopes).

Only the number in a button is looked at: what a message shows is never read back as truth.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from slack_sdk import WebClient

from handlers.ports import Place
from handlers.slack.client.calls import call
from handlers.slack.parsing import Malformed, number
from handlers.slack.views.card_buttons import APPROVE, REJECT, WITHDRAW


class SlackCopies:
    """Implements ``handlers.ports.Copies``."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def request_at(self, place: Place) -> int | None:
        """Return the one number that the deciding buttons of this message carry. Raises ``Unavailable``."""
        message = call(self._client.reactions_get, channel=place.channel, timestamp=place.ts).get("message")
        found = set(_numbers(message)) if isinstance(message, dict) else set()
        return found.pop() if len(found) == 1 else None


def _numbers(message: dict[str, Any]) -> Iterator[int]:
    for block in _dicts(message.get("blocks")):
        for element in _dicts(block.get("elements")):
            if element.get("action_id") in (APPROVE, REJECT, WITHDRAW):
                with contextlib.suppress(Malformed):
                    yield number(str(element.get("value")))


def _dicts(found: object) -> Iterator[dict[str, Any]]:
    return (each for each in found if isinstance(each, dict)) if isinstance(found, list) else iter(())
