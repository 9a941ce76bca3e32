"""Limit how often something is done: by one person in a minute, or again after it failed.

Kept in memory, per process and tenant: a restart forgets it, which costs a look-up and nothing else.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

MINUTE: Final = 60.0
MOST_KEYS: Final = 4096
"""People remembered at most; the one heard of longest ago is forgotten first."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Monotonic = Callable[[], float]


class Rations(Generic[Key]):
    """At most ``most`` a minute for each key. ``monotonic`` tells the time in seconds."""

    def __init__(self, most: int, monotonic: Monotonic = time.monotonic) -> None:
        self._most = most
        self._monotonic = monotonic
        self._taken: OrderedDict[Key, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: Key) -> bool:
        """Take one; ``False`` when the key has had its share of this minute. A refused one is not counted."""
        now = self._monotonic()
        with self._lock:
            taken = self._taken.setdefault(key, deque(maxlen=self._most))
            self._taken.move_to_end(key)
            if len(self._taken) > MOST_KEYS:
                self._taken.popitem(last=False)
            if len(taken) == self._most and now - taken[0] < MINUTE:
                return False
            taken.append(now)
        return True


class ForAMinute(Generic[Key, Value]):
    """Values that hold for a minute from when they were kept."""

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """Return the value, while it holds."""
        with self._lock:
            since, value = self._kept.get(key, (float("-inf"), None))
        return value if self._monotonic() - since < MINUTE else None

    def keep(self, key: Key, value: Value) -> None:
        """Keep a value from now on."""
        with self._lock:
            self._kept[key] = self._monotonic(), value
            self._kept.move_to_end(key)
            if len(self._kept) > MOST_KEYS:
                self._kept.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Forget a value that holds no more."""
        with self._lock:
            self._kept.pop(key, None)


RESTS: Final = (1.0, 2.0, 4.0, 8.0, 10.0)
"""Seconds of rest after something failed, or found work and could do none of it, once, twice, ...: nine tries
in the first minute, six in each later one. The longest is short enough for an opt-out that is asked for
meanwhile."""


class Pacing:
    """The right to try one thing again.

    Times are seconds of one clock, the caller's, which may be set back.
    """

    def __init__(self) -> None:
        self._stuck = 0
        self._rests_until = 0.0

    @property
    def is_stuck(self) -> bool:
        """Whether the newest try failed, or could do none of the work there was."""
        return self._stuck > 0

    def may_look(self, now: float) -> bool:
        """Tell whether it rests no more; being woken shortens no rest."""
        return not now < self._rests_until <= now + RESTS[-1]

    def got_on(self) -> None:
        """Note that it did what there was, or that there was nothing: no rest."""
        self._stuck, self._rests_until = 0, 0.0

    def stuck(self, now: float, *, free: int = 0) -> None:
        """Note a failure, or work of which none could be done; the first ``free`` in a row cost no rest."""
        self._stuck += 1
        if self._stuck > free:
            self._rests_until = now + RESTS[min(self._stuck - free, len(RESTS)) - 1]
