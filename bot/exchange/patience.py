"""How long Exchange Online and Entra are waited for, and when a read is tried again: the one place for both.

A write is never tried again here: whether it may be is the ledger's to know (``handlers`` sends it again
after a pause).
"""

import random
from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Final, TypeVar

from handlers.ports import Unavailable

T = TypeVar("T")

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


def try_until(until: float, act: Callable[[], T], closing: Event) -> T:
    """Repeat ``act``, which only reads, after passing trouble, until this monotonic time or ``closing``.

    Raises the ``Unavailable`` of the last try.
    """
    for pause in PAUSES:
        try:
            return act()
        except Unavailable as failure:
            wait = _wait(failure, pause)
            if not failure.retryable or monotonic() + wait >= until or closing.wait(wait):
                raise
    return act()


def _wait(failure: Unavailable, pause: float) -> float:
    """Return seconds before the next try: what Exchange asks for or more, spread over callers."""
    jitter = 1 + random.random() / 2  # noqa: S311 - spreads load, guards nothing
    return max(failure.retry_after or 0.0, pause * jitter)
