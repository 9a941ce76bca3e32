"""Which signed deliveries were taken already: a copy of one that is sent again does nothing.

Remembered by this process alone, so that no read waits for a database. What must happen once, however many
copies of the bot run, is kept in the inbox besides: clicks, forms, reactions, and what sends a file.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Delivery:
    """One delivery in hand. Whoever has taken it says so; otherwise it may come again."""

    taken = False


class Deliveries:
    """The signatures of what was taken, each for ``seconds`` after; safe from any thread."""

    def __init__(self, seconds: float, *, patience: float) -> None:
        self._seconds = seconds
        self._patience = patience
        self._changed = threading.Condition()
        self._in_hand: set[str] = set()
        self._taken: dict[str, float] = {}  # in the order of time, by the clock that nobody sets

    @contextmanager
    def first(self, signature: str) -> Iterator[Delivery | None]:
        """The delivery with this signature, or ``None`` when it was taken before.

        A copy waits while the first is in hand: should that come to nothing, the copy is as good. Raises
        ``TimeoutError`` when it takes longer than ``patience``.
        """
        if not self._begin(signature):
            yield None
            return
        delivery = Delivery()
        try:
            yield delivery
        finally:
            with self._changed:
                self._in_hand.discard(signature)
                if delivery.taken:
                    self._taken[signature] = time.monotonic()
                self._changed.notify_all()

    def _begin(self, signature: str) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: signature not in self._in_hand, timeout=self._patience):
                raise TimeoutError("a copy of this is still in hand")
            self._forget(time.monotonic() - self._seconds)
            if signature in self._taken:
                return False
            self._in_hand.add(signature)
            return True

    def _forget(self, before: float) -> None:
        while self._taken:
            oldest = next(iter(self._taken))
            if self._taken[oldest] > before:
                return
            del self._taken[oldest]
