"""Keeps ``/metrics`` and the trouble in ``/readyz`` up to date for many tenants: counts and the worst age.

There is never a series for each tenant. Trouble names the tenants it is about, the first few. A tenant that
is not served any more is not counted.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from bot.observability.gauges import distrust, set_aside
from bot.observability.health import Health
from bot.observability.metrics import Metrics
from handlers.changes.transitions import held_up
from handlers.context.context import Context
from handlers.delivery.deliver import PUBLIC
from handlers.ports import Clock
from storage.engine import Database
from storage.tenants import FleetRecord, Standing

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

    def _observe(self, standings: Sequence[Standing]) -> None:
        self._metrics.tenants(Counter(map(_state, standings)))
        known = [one.drifted for one in standings if one.drifted is not None]
        ages = [one.seen_at for one in standings if one.seen_at is not None]
        if ages:
            self._metrics.observed(min(ages), drifted=sum(known) if known else None)

    def _tell(
        self, served: Mapping[str, Context], aliases: Mapping[str, str], standings: Sequence[Standing]
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


def _state(one: Standing) -> str:
    if one.newest is None:
        return UNREAD
    return UNREADABLE if one.newest.value is None else one.newest.value.value
