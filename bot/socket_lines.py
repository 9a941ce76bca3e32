"""One connection of Socket Mode and what is remembered of it, and how often new ones may be opened.

Opens nothing and starts no thread: ``bot.socket_mode`` does.
"""

import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from bot.websocket import Lost, WebSocket

CONNECTIONS: Final = 2
"""Slack allows ten for all replicas together."""
CROWDED: Final = 60.0
"""Seconds until a connection that was one too many is tried again."""
PING_EVERY: Final = 3.0
"""Seconds of silence after which the other side is asked for a sign of life."""
PONG_WITHIN: Final = 5.0
"""Seconds in which it has to give one: a silent cut is noticed within nine."""
LINGER: Final = 30.0
"""Seconds for which a connection that was asked to go is still listened to; Slack closes it within ten."""
LONGEST_PAUSE: Final = 30.0
DIALS_A_MINUTE: Final = 20
"""A Slack that sends every connection away again is not called more often than this."""


@dataclass(eq=False, slots=True)
class Line:
    """One connection; ``leaving`` since it was asked to go, on the monotonic clock."""

    socket: WebSocket
    leaving: float | None = None
    lately: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=256))
    """What was acknowledged here and when: a connection that is closing takes acknowledgements that nobody reads."""

    @property
    def silent(self) -> bool:
        """Whether a ping has been left unanswered."""
        return self.socket.heard < self.socket.pinged and time.monotonic() - self.socket.pinged > PONG_WITHIN

    def say(self, text: str, at: float) -> bool:
        """Send an acknowledgement that was due ``at`` (monotonic clock); ``False`` when the connection is known to be gone."""
        self.lately.append((at, text))
        try:
            self.socket.send(text)
        except Lost:
            return False
        return True

    def look(self) -> bool:
        """Ask a quiet connection for a sign of life; ``False`` when it left the last question unanswered, or should be gone."""
        now = time.monotonic()
        if self.silent or (self.leaving is not None and now - self.leaving > LINGER):
            return False
        if self.socket.heard >= self.socket.pinged and now - self.socket.heard > PING_EVERY:
            with suppress(Lost):  # its reader has noticed as well
                self.socket.ping()
        return True


@dataclass(slots=True)
class Pace:
    """How many connections to hold, and when the next may be opened."""

    not_before: float = 0.0
    crowded_until: float = 0.0
    pause: float = 0.5
    dialled: deque[float] = field(default_factory=lambda: deque(maxlen=DIALS_A_MINUTE))

    def wait(self) -> float:
        """Seconds until then."""
        now = time.monotonic()
        full = self.dialled[0] + 60 if len(self.dialled) == DIALS_A_MINUTE else 0.0
        return max(0.0, self.not_before - now, full - now)

    def wanted(self) -> int:
        """How many connections to hold: one while Slack says that there are too many."""
        return 1 if time.monotonic() < self.crowded_until else CONNECTIONS

    def crowded(self) -> None:
        """Slack has just said so."""
        now = time.monotonic()
        self.crowded_until, self.not_before = now + CROWDED, max(self.not_before, now + 1)

    def failed(self, retry_after: float | None) -> float:
        """One try failed; returns the seconds until the next."""
        pause = max(self.pause, retry_after or 0.0)
        self.not_before, self.pause = time.monotonic() + pause, min(self.pause * 2, LONGEST_PAUSE)
        return pause

    def succeeded(self) -> None:
        """One is open."""
        self.pause = 0.5
        self.dialled.append(time.monotonic())
