"""Tell one listener when the database's calls fail, and when they succeed again."""

import threading
import time
from collections.abc import Callable

FORGOTTEN_AFTER = 30.0
"""Seconds after the last failed write for which reads that succeed are no sign that the trouble is over."""

Tell = Callable[[str | None], None]


def _unheard(problem: str | None) -> None:
    """Nobody listens."""


class Watch:
    """Take every call's outcome on any thread; ``tell`` hears changes, ``None`` when well."""

    def __init__(self) -> None:
        self.tell: Tell = _unheard
        self._lock = threading.Lock()
        self._problem: str | None = None
        self._write_failed_at = float("-inf")

    def failed(self, problem: str, *, writing: bool) -> None:
        """A call failed for want of the database; ``problem`` names no address and no password."""
        with self._lock:
            if writing:
                self._write_failed_at = time.monotonic()
            if problem != self._problem:
                self._problem = problem
                self.tell(problem)

    def succeeded(self, *, writing: bool) -> None:
        """A call did what it was to do."""
        if self._problem is None:
            return  # what nearly every call finds: without the lock
        with self._lock:
            if writing or time.monotonic() - self._write_failed_at > FORGOTTEN_AFTER:
                self._problem = None
                self.tell(None)
