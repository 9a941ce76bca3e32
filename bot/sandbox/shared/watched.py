"""Share state among threads: one lock, a revision that counts changes, and waiting without sleeping."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.05
"""How often a waiting predicate is asked again without a change here: it may look at other state as well."""


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
        """Call ``watcher`` after every change, from the changing thread: it must be quick. Returns what ends this."""
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
        until = time.monotonic() + timeout
        while True:
            seen = self._revision
            if found := predicate():
                return found
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"nothing within {timeout:g} s; what there is:\n{self.describe()}")
            with self._lock:
                if self._revision == seen:
                    self._changed.wait(min(left, POLL_SECONDS))

    def describe(self) -> str:
        """What a person needs to see when waiting was in vain."""
        return f"revision {self._revision}"
