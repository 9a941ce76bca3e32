"""Keep, day by day, what evidence will be asked for later: a job of the worker.

Nothing else waits for it.
"""

import time
from collections.abc import Callable
from typing import Final

import structlog

from handlers.evidence.daily_values import Days
from handlers.evidence.heads import Heads, Stamping
from handlers.evidence.reconciliation import Reconciliation
from handlers.ports import Clock, Unavailable

log = structlog.get_logger(__name__)

EVERY: Final = 30.0
"""Seconds between two looks: what is kept is kept by the day."""

AGAIN: Final = 3600.0
"""Seconds after which a search that failed is tried again; until then, and for as long as it fails, it is not
proven."""


STAMPED_AGAIN: Final = 600.0
"""Seconds after which a head that could not be stamped is offered again."""


class Keeping:
    """Closes days, searches Exchange's audit log, keeps where heads were posted.

    ``monotonic`` spaces the looks.
    """

    def __init__(
        self,
        days: Days,
        reconciliation: Reconciliation,
        heads: Heads,
        stamping: Stamping | None = None,
        *,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._days = days
        self._reconciliation = reconciliation
        self._heads = heads
        self._stamping = stamping
        self._clock = clock
        self._monotonic = monotonic
        self._next = 0.0
        self._next_search = 0.0
        self._next_stamp = 0.0

    def is_due(self) -> bool:
        """Tell whether it is time to look again."""
        return self._monotonic() >= self._next

    def run(self) -> int:
        """Keep what is to be kept by now; never counts as work found. Raises ``Unreachable``."""
        self._next = self._monotonic() + EVERY
        self._days.close(self._clock())
        self._heads.keep(self._clock())
        if self._monotonic() >= self._next_search:
            self._search()
        if self._stamping is not None and self._monotonic() >= self._next_stamp:
            self._stamp(self._stamping)
        return 0

    def _stamp(self, stamping: Stamping) -> None:
        try:
            stamping.keep(self._clock())
        except Unavailable as away:
            self._next_stamp = self._monotonic() + STAMPED_AGAIN
            log.warning("head.not_stamped", problem=away.sentence)

    def _search(self) -> None:
        try:
            self._reconciliation.daily(self._clock())
        except Unavailable as away:
            self._next_search = self._monotonic() + AGAIN
            log.warning("audit_log.not_searched", problem=away.sentence)
