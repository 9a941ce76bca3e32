"""One connection of Socket Mode and what is remembered of it, and how often new ones may be opened.

Opens nothing and starts no thread: ``bot.transport.socket_mode`` does.
"""

import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from bot.transport.websocket import Lost, WebSocket

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
PAUSES: Final = (0.25, 0.5, 0.5, 1.0, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0)
"""Seconds before the next try after one failed, two in a row, ...: seven in three seconds, and again within
thirty of whatever lasted."""
LASTED: Final = 10.0
"""Seconds after which a connection counts as a success. One that Slack sends away before (``link_disabled``
right behind its hello, say) is a failed try, after which the pauses grow."""
SETTLED: Final = 1.0
"""Seconds after which one opened after a failed try is believed to be of use."""
BURST: Final = 10
"""Connections that may be opened without waiting; then one every ``DIAL_EVERY`` seconds, and nobody is deaf
for longer."""
DIAL_EVERY: Final = 3.0


@dataclass(eq=False, slots=True)
class Line:
    """One connection; ``leaving`` since it was asked to go, on the monotonic clock."""

    socket: WebSocket
    leaving: float | None = None
    opened: float = field(default_factory=time.monotonic)
    counted: bool = False
    """Whether its fate, success or failed try, has been told to the pace."""
    lately: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=256))
    """What was acknowledged here and when: a connection that is closing takes acknowledgements that nobody
    reads."""

    @property
    def silent(self) -> bool:
        """Whether a ping has been left unanswered."""
        return self.socket.heard < self.socket.pinged and time.monotonic() - self.socket.pinged > PONG_WITHIN

    def say(self, text: str, at: float) -> bool:
        """Send an acknowledgement due ``at`` (monotonic); ``False`` when the connection is gone."""
        self.lately.append((at, text))
        try:
            self.socket.send(text)
        except Lost:
            return False
        return True

    def look(self) -> bool:
        """Ping a quiet connection; ``False`` when it left the last ping unanswered, or should be gone."""
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
    failures: int = 0
    """Tries in a row that failed, or opened what did not last."""
    failed_at: float = 0.0
    opened_until: float = 0.0
    """When the connections opened so far would all have had their time, at one every ``DIAL_EVERY``
    seconds."""

    def wait(self) -> float:
        """Return seconds until the next may be opened."""
        now = time.monotonic()
        full = self.opened_until - (BURST - 1) * DIAL_EVERY
        return max(0.0, self.not_before - now, full - now)

    def wanted(self, lines: Sequence[Line]) -> int:
        """Return how many connections to hold: one while Slack refuses more, or after a failure."""
        crowded = time.monotonic() < self.crowded_until
        return (
            1
            if crowded or not (self.failures == 0 or any(self.holds(line) for line in lines))
            else CONNECTIONS
        )

    def holds(self, line: Line) -> bool:
        """Tell whether a connection is usable: not closing or silent, open a moment after failures."""
        stays = line.leaving is None and not line.silent
        return stays and (self.failures == 0 or time.monotonic() - line.opened >= SETTLED)

    def crowded(self, line: Line) -> None:
        """Slack has just said that this connection is one too many, which is no failure."""
        now = time.monotonic()
        line.counted = True
        self.crowded_until, self.not_before = now + CROWDED, max(self.not_before, now + 1)

    def failed(self, retry_after: float | None) -> float:
        """Count one try that failed; returns the seconds until the next."""
        pause = max(PAUSES[min(self.failures, len(PAUSES) - 1)], retry_after or 0.0)
        self.failed_at = time.monotonic()
        self.not_before, self.failures = self.failed_at + pause, self.failures + 1
        return pause

    def opened(self) -> None:
        """Count one that is open; whether that was a success shows later."""
        self.opened_until = max(self.opened_until, time.monotonic()) + DIAL_EVERY

    def judge(self, line: Line, *, ended: bool) -> None:
        """Count a connection once: as a success when it has lasted, as a failed try when it ended before.

        Two that end together are one failure.
        """
        if line.counted:
            return
        if time.monotonic() - line.opened >= LASTED:
            line.counted, self.failures = True, 0
        elif ended:
            line.counted = True
            if line.opened > self.failed_at:
                self.failed(None)
