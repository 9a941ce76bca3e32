"""A duty of the worker: lets go of old readings and deliveries, an hour apart and a batch at a time."""

import time
from collections.abc import Callable
from datetime import timedelta

from handlers.ports import Clock
from storage.engine import Database
from storage.notice_kind import NoticeKind
from storage.retention import BATCH, prune

EVERY = 3600.0
"""Seconds between two looks when nothing is left to be removed."""

PASSING = frozenset(NoticeKind) - {NoticeKind.CHANNEL}
"""Kinds of messages whose keys cannot come again: each belongs to one act, or is owed together with one of the channel's.

The channel's announcements stay, because each is made once: by their keys the bot knows what it has told.
"""


class Pruning:
    """Removes what is older than ``keep``. ``monotonic`` spaces the looks."""

    def __init__(
        self,
        database: Database,
        tenant_id: str,
        *,
        keep: timedelta,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._keep = keep
        self._clock = clock
        self._monotonic = monotonic
        self._next = 0.0

    def run(self) -> int:
        """Remove one batch; returns how many rows went."""
        if self._monotonic() < self._next:
            return 0
        removed = prune(self._database, self._tenant_id, before=self._clock() - self._keep, kinds=PASSING)
        if removed < BATCH:
            self._next = self._monotonic() + EVERY
        return removed
