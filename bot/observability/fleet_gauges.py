"""Keeps ``/metrics`` and the trouble in ``/readyz`` up to date for many tenants: counts and the worst age.

There is never a series for each tenant. Trouble names the tenants it is about, the first few.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping

from bot.observability.health import Health
from bot.observability.metrics import Metrics
from handlers.delivery.deliver import PUBLIC
from handlers.ports import Clock
from storage.engine import Database
from storage.fleet import FleetRecord, Standing

EVERY = 15.0
"""Seconds between two looks at all tenants."""

UNREADABLE, UNREAD = "unreadable", "not read yet"


class FleetGauges:
    """A duty of the worker. ``aliases`` tells the tenants that are served, by their ids."""

    def __init__(
        self,
        database: Database,
        aliases: Callable[[], Mapping[str, str]],
        clock: Clock,
        *,
        metrics: Metrics,
        health: Health,
    ) -> None:
        self._record = FleetRecord(database)
        self._database = database
        self._aliases = aliases
        self._clock = clock
        self._metrics = metrics
        self._health = health
        self._next = 0.0

    def refresh(self) -> int:
        """Bring everything up to date; never counts as work found. Raises ``Unreachable``."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + EVERY
        aliases, now = self._aliases(), self._clock()
        standings = self._record.standings(list(aliases), now.date())
        self._metrics.requests(self._record.requests())
        self._metrics.owing(self._record.owed_since(now))
        self._metrics.tenants(Counter(map(_state, standings)))
        ages = [one.seen_at for one in standings if one.seen_at is not None]
        if ages:
            self._metrics.observed(min(ages), drifted=None)
        unsent = self._record.unsent(PUBLIC)
        for one in standings:
            failed = one.newest.problem if one.newest is not None and one.newest.value is None else None
            self._health.note("exchange", failed, tenant=aliases[one.tenant_id])
            self._health.note("channel", unsent.get(one.tenant_id), tenant=aliases[one.tenant_id])
        set_aside = len(self._database.authenticity.unbelieved())
        said = (
            f"{set_aside} rows that this bot did not write were set aside since it started. Nothing was "
            "done because of them."
        )
        self._health.note("set_aside", said if set_aside else None)
        return 0


def _state(one: Standing) -> str:
    if one.newest is None:
        return UNREAD
    return UNREADABLE if one.newest.value is None else one.newest.value.value
