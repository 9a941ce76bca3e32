"""Keeps the numbers of ``/metrics`` up to date from the ledger; counts nothing by hand."""

import time

from bot.metrics import Metrics
from handlers.ports import Clock
from storage.ledger import Ledger
from storage.outbox import Outbox

EVERY = 10.0
"""Seconds between two looks at the ledger."""


class Gauges:
    """A duty of the worker: looks at the ledger now and then."""

    def __init__(self, ledger: Ledger, outbox: Outbox, metrics: Metrics, clock: Clock) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._metrics = metrics
        self._clock = clock
        self._next = 0.0

    def refresh(self) -> int:
        """Bring the gauges up to date; never counts as work found."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + EVERY
        with self._ledger.reading() as reader:
            self._metrics.requests(reader.counts_of_open())
            newest, baseline = reader.newest_observation(readable=True), reader.baseline()
        self._metrics.owing(self._outbox.oldest_owed(self._clock()))
        if newest is not None:
            drifted = None if baseline is None else newest.value is not baseline.value
            self._metrics.observed(newest.at, drifted=drifted)
        return 0
