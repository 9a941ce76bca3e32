"""How long Exchange Online and Entra are waited for, and when a read is tried again: the one place for both.

A write is never tried again here: whether it may be is the ledger's to know (``handlers`` sends it again
after a pause).
"""

import random
from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Final

from handlers.ports import Unavailable

READ_LIMIT: Final = 60.0
"""Seconds for a read with all its tries, where the caller does not name fewer."""

WRITE_LIMIT: Final = 20.0
"""Seconds for a write with its sign-in: an unknown outcome has to be shown within 30 s, and one read-back
comes before that."""

CALL_LIMIT: Final = 60.0
"""Seconds for one call, from its connection to the last byte of its answer."""

LOOKUP_LIMIT: Final = 30.0
"""Seconds for a look-up beside the setting, which is asked once."""

SIGN_IN_LIMIT: Final = 30.0
"""Seconds for a sign-in with all its calls."""

CONNECT_LIMIT: Final = 10.0
"""Seconds for a connection and its TLS handshake, over all addresses of a name; looking the name up is up to
the system."""

PAUSES: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds between the tries of a read where Exchange names none; up to half as much again is added."""


class Tries:
    """Tell a read whether it is tried again: not after ``until`` (monotonic clock), nor once ``closing``.

    That is asked for in trouble only: most of thousands of tenants have none.
    """

    def __init__(self, until: float, closing: Callable[[], Event]) -> None:
        self._until = until
        self._closing = closing
        self._pauses = iter(PAUSES)

    def again_after(self, failure: Unavailable) -> bool:
        """Wait before the next try; ``False``, without waiting, where this failure was the last one's."""
        pause = next(self._pauses, None)
        if pause is None or not failure.retryable:
            return False
        wait = _wait(failure, pause)
        return monotonic() + wait < self._until and not self._closing().wait(wait)


def _wait(failure: Unavailable, pause: float) -> float:
    """Return seconds before the next try: what Exchange asks for or more, spread over callers."""
    jitter = 1 + random.random() / 2  # noqa: S311 - spreads load, guards nothing
    return max(failure.retry_after or 0.0, pause * jitter)
