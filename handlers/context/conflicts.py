"""What follows when somebody else was faster: an act of a person is repeated, a due item of a job is left.

What a job of the worker leaves is due again at its next look.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from storage.database.correlation import correlated
from storage.database.errors import AlreadyHandled, Conflict, Stuck
from storage.records import ChangeRequest

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


Overtaken = Callable[[ChangeRequest, Conflict], None]


def _left(request: ChangeRequest, overtaken: Conflict) -> None:
    """It is looked at again on the next look."""


def move_on(
    due: Iterable[ChangeRequest], act: Callable[[ChangeRequest], None], overtaken: Overtaken = _left
) -> int:
    """Act on every change that is due; returns how many were moved on.

    One for which somebody was faster is handed to ``overtaken``. Raises ``Stuck`` where some were due and
    none was moved on.
    """
    done, why = 0, None
    for request in due:
        try:
            with correlated(request.correlation_id):
                act(request)
        except Conflict as faster:
            why = faster
            overtaken(request, faster)
        else:
            done += 1
    if why is not None and not done:
        raise Stuck(str(why)) from why
    return done
