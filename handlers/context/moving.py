"""Go through a job's due items one by one, each under its own correlation id and failure."""

from collections.abc import Callable, Iterable

from storage.database.correlation import correlated
from storage.database.errors import Conflict, Stuck
from storage.records import ChangeRequest

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
