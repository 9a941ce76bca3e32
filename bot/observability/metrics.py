"""The numbers of one process for Prometheus, in a registry of its own.

Labels hold words of the house, never ids, names or texts. Ages are kept as instants and computed when
somebody asks, so that a bot that has stopped looking shows it.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from handlers.ports import Clock
from storage.lifecycle import State
from storage.records import Door, Vote

ACK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0)
"""Seconds; Slack gives up at 3 (docs.slack.dev: acknowledge within 3000 ms)."""


class Metrics:
    """What an operator watches. Thread-safe. ``clock`` tells the present, for ages."""

    def __init__(self, clock: Clock) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock
        self._observed_at: datetime | None = None
        self._owed_since: datetime | None = None
        self._unsent_by: dict[str, tuple[int, datetime | None]] = {}
        self._requests = self._gauge(
            "requests", "Change requests by state, the same on every replica.", ["state"]
        )
        recorded = "Decisions recorded since the start. Every replica counts those of all: take max, not sum."
        self._decisions = Counter("legacytls_decisions", recorded, ["vote", "door"], registry=self.registry)
        acks, calls = "From receipt to acknowledgement.", "Calls to Exchange by outcome."
        self._acks = Histogram(
            "legacytls_ack_seconds", acks, ["kind"], buckets=ACK_BUCKETS, registry=self.registry
        )
        self._calls = Counter("legacytls_exchange_calls", calls, ["call", "outcome"], registry=self.registry)
        self._tenants: Gauge | None = None
        self._tenant_states: set[str] = set()
        drift = "1 while the live value was set outside the bot, 0 while not, NaN while unknown; of several "
        self._drift = self._gauge("drift", f"{drift}tenants in how many it was.")
        self._drift.set(math.nan)
        last = "1 where this process was the last to do a duty, 0 where another was; of several tenants "
        self._duties = self._gauge("lease_held", f"{last}for how many it was.", ["duty"])
        self._unsent = self._gauge(
            "stream_events_waiting", "Events that the receiver has not taken yet; 0 without one."
        )
        self._measure_ages()

    def _measure_ages(self) -> None:
        """Add the gauges that are computed when they are read: seconds since something."""
        outbox = self._gauge(
            "outbox_oldest_seconds", "Age of the oldest notice that is still owed; 0 when none is."
        )
        outbox.set_function(lambda: self._age(self._owed_since, otherwise=0.0))
        waiting = "Age of the oldest event that the receiver has not taken; 0 when none waits."
        stream = self._gauge("stream_oldest_seconds", waiting)
        stream.set_function(lambda: self._age(self._unsent_since(), otherwise=0.0))
        observed = self._gauge(
            "observation_age_seconds", "Age of the last reading of the live value; NaN before the first."
        )
        observed.set_function(lambda: self._age(self._observed_at, otherwise=math.nan))

    def requests(self, counts: Mapping[State, int]) -> None:
        """How many change requests are on record in each state; states that are not named have none."""
        for state in State:
            self._requests.labels(state.value).set(counts.get(state, 0))

    def tenants(self, counts: Mapping[str, int]) -> None:
        """Set how many of several tenants are in each state; a state that is not named has none."""
        if self._tenants is None:
            said = "Tenants by the newest reading of the setting; only where there are several."
            self._tenants = self._gauge("tenants", said, ["state"])
        self._tenant_states |= counts.keys()
        for state in self._tenant_states:
            self._tenants.labels(state).set(counts.get(state, 0))

    def decided(self, vote: Vote, door: Door) -> None:
        """A decision was recorded, by whichever replica."""
        self._decisions.labels(vote.value, door.value).inc()

    def acknowledged(self, kind: str, seconds: float) -> None:
        """A command, click or event (``kind``) was acknowledged after so many seconds."""
        self._acks.labels(kind).observe(seconds)

    def called(self, call: str, outcome: str) -> None:
        """A call to Exchange (``read`` or ``write``) ended: what the answer amounted to, or ``no_token``."""
        self._calls.labels(call, outcome).inc()

    def held(self, duties: Mapping[str, int]) -> None:
        """Who does each duty: for how many tenants it was this process that took it last."""
        for duty, ours in duties.items():
            self._duties.labels(duty).set(float(ours))

    def owing(self, since: datetime | None) -> None:
        """When the oldest notice still owed was written; ``None``: nothing is owed."""
        self._owed_since = since

    def streaming(self, events: int, since: datetime | None, *, tenant: str = "") -> None:
        """Count events not taken by the receiver, the oldest of ``since``; ``None``: none waits.

        Of several tenants they are counted together.
        """
        self._unsent_by[tenant] = events, since
        self._unsent.set(sum(waiting for waiting, _ in list(self._unsent_by.values())))

    def _unsent_since(self) -> datetime | None:
        return min((since for _, since in list(self._unsent_by.values()) if since is not None), default=None)

    def forget(self, tenant: str) -> None:
        """Count no events any more of a tenant that is not served."""
        if self._unsent_by.pop(tenant, None) is not None:
            self._unsent.set(sum(waiting for waiting, _ in list(self._unsent_by.values())))

    def observed(self, at: datetime, *, drifted: int | None) -> None:
        """Note the oldest newest reading, and in how many tenants it was set outside; ``None``: not known."""
        self._observed_at = at
        self._drift.set(math.nan if drifted is None else float(drifted))

    def text(self) -> bytes:
        """Return all numbers in Prometheus' text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, meaning: str, labels: Iterable[str] = ()) -> Gauge:
        return Gauge(f"legacytls_{name}", meaning, labels, registry=self.registry)

    def _age(self, since: datetime | None, *, otherwise: float) -> float:
        return otherwise if since is None else max(0.0, (self._clock() - since).total_seconds())
