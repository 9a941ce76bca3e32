"""Learn from Slack's refusals whether this workspace draws charts and data tables.

Without them the text says the same. A refusal is remembered for a while, so that not every message is tried
twice; after that it is tried again.
"""

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from handlers.ports import Unavailable
from handlers.slack.views.blocks import Message

Answer = TypeVar("Answer")

REFUSED: Final = frozenset({"invalid_blocks", "invalid_blocks_format"})
"""Slack's codes for blocks that it does not take."""

REMEMBERED: Final = 3600.0
"""Seconds for which a refusal holds."""


class NativeBlocks:
    """Remember refusals by ``monotonic``; safe to share among threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._refused_until = float("-inf")

    def taken_in(self, message: Message) -> bool:
        """Tell whether a message has native blocks that are worth a try."""
        return bool(message.native) and self._monotonic() >= self._refused_until

    def sent(self, message: Message, send: Callable[[dict[str, Any]], Answer]) -> Answer:
        """Send a message, without native blocks where Slack refuses them. Raises ``Unavailable``."""
        if self.taken_in(message):
            try:
                return send(message.arguments(native=True))
            except Unavailable as refused:
                if refused.code not in REFUSED:
                    raise
                self._refused_until = self._monotonic() + REMEMBERED
        return send(message.arguments())
