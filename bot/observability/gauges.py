"""Keeps ``/metrics`` and the trouble in ``/readyz`` up to date from the ledger; counts nothing by hand.

What is read here is the same for every replica, whichever of them did it.
"""

import time
from collections import Counter

from bot.observability.health import Health
from bot.observability.metrics import Metrics
from handlers.changes.transitions import held_up
from handlers.context.context import Context
from handlers.delivery.deliver import PUBLIC
from storage.engine import Database
from storage.ledger_reader import Reader
from storage.lifecycle import Kind
from storage.messages.outbox import Outbox
from storage.record.database_trust import Standing
from storage.records import Observation

EVERY = 2.0
"""Seconds between two looks at the ledger."""


class Gauges:
    """A duty of the worker: looks at the ledger now and then."""

    def __init__(self, context: Context, outbox: Outbox, *, metrics: Metrics, health: Health) -> None:
        self._context = context
        self._outbox = outbox
        self._metrics = metrics
        self._health = health
        self._next = 0.0
        self._counted = (0, "")
        self._last_decision: int | None = None

    def refresh(self) -> int:
        """Bring everything up to date; never counts as work found. Raises ``Unreachable``."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + EVERY
        with self._context.ledger.reading() as reader:
            self._count(reader)
            self._observe(reader)
            self._health.note("changes", held_up(reader, self._context.rule))
        self._metrics.owing(self._outbox.oldest_owed(self._context.now()))
        self._metrics.held(self._context.leases.holders(self._context.ledger.tenant_id))
        self._health.note("channel", self._outbox.problem(PUBLIC))
        self._trust()
        return 0

    def _count(self, reader: Reader) -> None:
        """Count requests only after something was recorded: it means reading all settled ones."""
        head = reader.head()
        if head == self._counted:
            return
        self._counted = head
        self._metrics.requests(reader.counts())
        fresh, self._last_decision = reader.decisions_since(self._last_decision)
        for vote, door in fresh:
            self._metrics.decided(vote, door)

    def _trust(self) -> None:
        """Whether the database is the one that is known, and what was set aside of it since the start."""
        standing = self._context.standing
        if standing is not None:
            standing.look()
        self._health.note("record", distrust(standing))
        self._health.note("set_aside", set_aside(self._context.ledger.database))

    def _observe(self, reader: Reader) -> None:
        newest, readable = (
            reader.readings.newest_observation(),
            reader.readings.newest_observation(readable=True),
        )
        self._health.note("exchange", newest.problem if newest is not None and newest.value is None else None)
        if readable is not None:
            self._metrics.observed(readable.at, drifted=_drifted(reader, readable))


def _drifted(reader: Reader, readable: Observation) -> bool | None:
    """Tell whether the live value differs from what the bot applied, on record as outside or not yet."""
    baseline = reader.baseline()
    if baseline is None:
        return None
    set_by = reader.find(baseline.request_id) if baseline.request_id is not None else None
    outside = set_by is not None and set_by.kind is Kind.OUTSIDE
    return outside or readable.value is not baseline.value


def distrust(standing: Standing | None) -> str | None:
    """Say why the last look at the record found that it is not believed, or cannot be kept an eye on."""
    if standing is None:
        return None
    if standing.doubted is not None:
        return standing.doubted.plainly
    problem = standing.problem
    return f"A backup that is put back would not be recognised: {problem}." if problem else None


def set_aside(database: Database) -> str | None:
    """Say which rows were set aside since the start; ``None`` where none was."""
    rows = database.authenticity.unbelieved()
    counts = ", ".join(
        f"{number} of {table}" for table, number in sorted(Counter(row.table for row in rows).items())
    )
    said = f"Rows that this bot did not write were set aside since it started: {counts}. Nothing was done "
    return f"{said}because of them." if rows else None
