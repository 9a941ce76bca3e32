"""Keep ``/metrics`` and the trouble in ``/readyz`` up to date from the ledger, for one tenant and for many.

Nothing is counted by hand: what is read here is the same for every replica, whichever of them did it. For
many tenants it is counts and the worst age, never a series for each; trouble names the first few. A tenant
that is not served any more is not counted.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from bot.observability.health import Health
from bot.observability.metrics import Metrics
from handlers.changes.transitions import held_up
from handlers.context.context import Context
from handlers.delivery.deliver import PUBLIC
from handlers.ports import Clock
from storage.engine import Database
from storage.ledger_reader import Reader
from storage.lifecycle import Kind
from storage.messages.outbox import Outbox
from storage.record.database_trust import Standing
from storage.records import Observation
from storage.tenants import FleetRecord, TenantStanding

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


SOONEST, LATEST, FOR_EACH, OF_THOUSANDS = 2.0, 15.0, 0.1, 0.006
"""Seconds between two looks at all tenants: with few as with one, and longer the more there are."""

UNREADABLE, UNREAD = "unreadable", "not read yet"


class FleetGauges:
    """A duty of the worker. ``contexts`` tells the tenants that are served, by their aliases."""

    def __init__(
        self,
        database: Database,
        contexts: Callable[[], Mapping[str, Context]],
        clock: Clock,
        *,
        holder: str = "",
        metrics: Metrics,
        health: Health,
    ) -> None:
        self._record = FleetRecord(database)
        self._database = database
        self._contexts = contexts
        self._clock = clock
        self._metrics = metrics
        self._health = health
        self._holders = [holder] if holder else []
        """Of the leases of readings that are taken together."""
        self._next = 0.0
        self._last_decision: int | None = None

    def refresh(self) -> int:
        """Bring everything up to date; never counts as work found. Raises ``Unreachable``."""
        if time.monotonic() < self._next:
            return 0
        served = self._contexts()
        pause = min(LATEST, max(SOONEST, FOR_EACH * len(served)))
        self._next = time.monotonic() + max(pause, OF_THOUSANDS * len(served))
        aliases = {context.ledger.tenant_id: alias for alias, context in served.items()}
        standings = self._record.standings(list(aliases), self._clock().date())
        self._count(served, aliases)
        self._observe(standings)
        self._tell(served, aliases, standings)
        return 0

    def _count(self, served: Mapping[str, Context], aliases: Mapping[str, str]) -> None:
        self._metrics.requests(self._record.requests(aliases))
        self._metrics.owing(self._record.owed_since(self._clock(), aliases))
        fresh, self._last_decision = self._record.decisions_since(self._last_decision, aliases)
        for vote, door in fresh:
            self._metrics.decided(vote, door)
        holders = (context.leases.holder for context in served.values())
        self._metrics.held(self._record.jobs([*self._holders, *holders]))

    def _observe(self, standings: Sequence[TenantStanding]) -> None:
        self._metrics.tenants(Counter(map(_state, standings)))
        known = [one.drifted for one in standings if one.drifted is not None]
        ages = [one.seen_at for one in standings if one.seen_at is not None]
        if ages:
            self._metrics.observed(min(ages), drifted=sum(known) if known else None)

    def _tell(
        self, served: Mapping[str, Context], aliases: Mapping[str, str], standings: Sequence[TenantStanding]
    ) -> None:
        """Note each tenant's trouble, and that of the database, which all of them share."""
        unsent, waiting = self._record.unsent(PUBLIC), self._record.waiting(aliases)
        for one in standings:
            alias = aliases[one.tenant_id]
            context = served[alias]
            failed = one.newest.problem if one.newest is not None and one.newest.value is None else None
            self._health.note("exchange", failed, tenant=alias)
            self._health.note("channel", unsent.get(one.tenant_id), tenant=alias)
            self._health.note("record", distrust(context.standing), tenant=alias)
            self._health.note(
                "changes", _held_up(context) if one.tenant_id in waiting else None, tenant=alias
            )
        self._health.note("set_aside", set_aside(self._database))


def _held_up(context: Context) -> str | None:
    with context.ledger.reading() as reader:
        return held_up(reader, context.rule)


def _state(one: TenantStanding) -> str:
    if one.newest is None:
        return UNREAD
    return UNREADABLE if one.newest.value is None else one.newest.value.value
