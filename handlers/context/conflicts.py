"""Repeat an act for which somebody else was faster: the only such loop, for whatever was asked.

Jobs of the worker need none: what they leave is due again at their next look (``handlers.context.moving``).
"""

from collections.abc import Callable
from typing import TypeVar

from storage.database.errors import AlreadyHandled, Conflict

TRIES = 7
"""How often an act is begun before the person is told to look again."""

Result = TypeVar("Result")


def retry_on_conflict(act: Callable[[], Result]) -> Result:
    """Do ``act``, from its beginning each time somebody was faster, at most ``TRIES`` times.

    Raises the last ``Conflict``, and ``AlreadyHandled`` at once: then there is nothing left to do.
    """
    for _ in range(TRIES - 1):
        try:
            return act()
        except AlreadyHandled:
            raise
        except Conflict:
            continue
    return act()
