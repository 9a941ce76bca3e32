"""Let a job of the worker leave a change for which somebody else was faster: it is due again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from storage.database.correlation import correlated
from storage.errors import Conflict, Stuck
from storage.records import ChangeRequest

Overtaken = Callable[[ChangeRequest, Conflict], None]


def _left(request: ChangeRequest, overtaken: Conflict) -> None:
    """It is looked at again on the next look."""


class Look:
    """Count what one look moves on; a change for which somebody was faster is handed to ``overtaken``."""

    def __init__(self, overtaken: Overtaken = _left) -> None:
        self._overtaken = overtaken
        self._moved = 0
        self._why: Conflict | None = None

    @contextmanager
    def at(self, request: ChangeRequest) -> Iterator[None]:
        """Act on one change that is due, in the block; a ``Conflict`` of the block ends only the block."""
        try:
            with correlated(request.correlation_id):
                yield
        except Conflict as faster:
            self._why = faster
            self._overtaken(request, faster)
        else:
            self._moved += 1

    def moved(self) -> int:
        """Return how many were moved on. Raises ``Stuck`` where some were due and none was."""
        if self._why is not None and not self._moved:
            raise Stuck(str(self._why)) from self._why
        return self._moved
