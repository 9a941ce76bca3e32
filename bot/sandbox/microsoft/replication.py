"""Two domain controllers that agree only after a while, so that a read straight after a write may be stale.

Keeps versions, nothing else; the owner serialises access.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Version:
    """The transport settings between two changes."""

    values: Mapping[str, object]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class _Written:
    version: Version
    controller: int
    everywhere_at: float


class Controllers:
    """Alternate calls between two controllers; the other one knows a version after the lag.

    ``monotonic`` is real time in seconds, not the sandbox's clock: replication does not wait for a clock that
    stands still.
    """

    def __init__(self, first: Version, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._turn = 0
        self._versions = [_Written(first, 0, monotonic())]

    @property
    def newest(self) -> Version:
        """What was last written anywhere."""
        return self._versions[-1].version

    def write(self, version: Version, *, lag: float) -> None:
        """Store ``version`` on the controller whose turn it is; the other has it ``lag`` seconds later."""
        now = self._monotonic()
        self._forget(now)
        self._versions.append(_Written(version, self._next(), now + lag))

    def read(self) -> tuple[Version, int]:
        """Return what the controller whose turn it is knows, and its index (0 or 1)."""
        controller, now = self._next(), self._monotonic()
        known = [
            kept.version
            for kept in self._versions
            if kept.controller == controller or kept.everywhere_at <= now
        ]
        return known[-1], controller

    def _next(self) -> int:
        self._turn = 1 - self._turn
        return self._turn

    def _forget(self, now: float) -> None:
        """Drop what is older than the newest version both controllers know."""
        settled = [index for index, kept in enumerate(self._versions) if kept.everywhere_at <= now]
        if settled:
            del self._versions[: settled[-1]]
