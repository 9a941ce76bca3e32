"""Share state among threads: one lock, a revision that counts changes, and waiting without sleeping."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

SOONEST, LATEST = 0.03, 0.25
"""Seconds after which a waiting predicate is asked again without a change here: it may look at other state as
well. The longer it has waited, the more seldom: half as long again, so that who waits on a busy machine does
not make it busier."""
AT_MOST_EVERY = 0.01
"""Seconds between two answers of a waiting predicate: what changes together is looked at together."""


class Watched:
    """Base of shared state. Whoever changes it does so inside ``changing``."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._revision = 0
        self._watchers: list[Callable[[], object]] = []

    @property
    def revision(self) -> int:
        """Grows with every change."""
        return self._revision

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock; count and announce a change at the end, unless an exception was raised."""
        with self._lock:
            yield
            self._revision += 1
            self._changed.notify_all()
            for watcher in self._watchers:
                watcher()

    def touch(self) -> None:
        """Tell watchers that something they look at has changed elsewhere (the tenant, the bot's process)."""
        with self.changing():
            pass

    def watch(self, watcher: Callable[[], object]) -> Callable[[], None]:
        """Call ``watcher`` after every change, from the changing thread: it must be quick.

        Returns what ends this.
        """
        with self._lock:
            self._watchers.append(watcher)

        def unwatch() -> None:
            with self._lock:
                self._watchers.remove(watcher)

        return unwatch

    def wait_for(self, predicate: Callable[[], T | None], timeout: float = 20.0) -> T:
        """Return the first truthy answer of ``predicate``, asked now and after each change.

        Raises ``TimeoutError`` after ``timeout`` seconds, with everything there is to see as its text.
        """
        began = time.monotonic()
        until = began + timeout
        while True:
            seen, asked = self._revision, time.monotonic()
            if found := predicate():
                return found
            now = time.monotonic()
            if now >= until:
                raise TimeoutError(f"nothing within {timeout:g} s; what there is:\n{self.describe()}")
            again = min(until, now + min(max((now - began) / 2, SOONEST), LATEST))
            with self._lock:
                if self._revision == seen:
                    self._changed.wait(again - now)
            time.sleep(max(0.0, min(again, asked + AT_MOST_EVERY) - time.monotonic()))

    def describe(self) -> str:
        """Return what a person needs to see when waiting was in vain."""
        return f"revision {self._revision}"
