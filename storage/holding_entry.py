"""The part of a ledger transaction that says what holds: readings, what ought to be, the organisation, the rule.

Each leaves an audit event but for a reading, which may be pruned. Nobody's right to act is judged here.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, update

from storage import chain
from storage.integrity.canonical import canonical, stamp
from storage.outbox import OutboxEntry
from storage.reading import Reader
from storage.records import Baseline, Observation
from storage.runs import UNBROKEN, keep_reading
from storage.schema.tables import baselines, organizations, rules

BOT = "bot"
"""The actor of events that no person caused."""


class HoldingEntry(OutboxEntry):
    """One write transaction on one tenant's ledger, as far as it is about no request. ``now`` is the caller's clock."""

    def __init__(self, connection: Connection, tenant_id: str, now: datetime, *, unbroken: timedelta = UNBROKEN) -> None:
        super().__init__(connection, tenant_id, now)
        self.unbroken = unbroken
        self.reader = Reader(connection, tenant_id)

    def record(self, kind: str, actor: str, payload: Mapping[str, object], request_id: int | None = None) -> str:
        """Append one audit event and return the chain's new head."""
        return chain.append(
            self.connection, self.tenant_id, at=self.now, kind=kind, actor=actor, payload=payload, request_id=request_id
        )

    def observe(self, observation: Observation) -> None:
        """Keep one reading (or the failure of one), in the run that it goes on with. Readings are no audit events."""
        keep_reading(self.connection, self.tenant_id, observation, unbroken=self.unbroken)

    def set_baseline(self, baseline: Baseline, *, why: str) -> None:
        """Say what the live value ought to be from now on."""
        values = {
            "value": baseline.value.value,
            "since": baseline.since,
            "request_id": baseline.request_id,
            "window_end": baseline.window_end,
        }
        mine = update(baselines).where(baselines.c.tenant_id == self.tenant_id).values(**values)
        if self.connection.execute(mine).rowcount == 0:
            self.connection.execute(insert(baselines).values(tenant_id=self.tenant_id, **values))
        end = stamp(baseline.window_end) if baseline.window_end else None
        payload = {"value": baseline.value.value, "window_end": end, "since": stamp(baseline.since), "why": why}
        self.record("baseline", BOT, payload, baseline.request_id)

    def keep_organization(self, name: str) -> None:
        """Keep the first answer's organisation, to be compared with every later one."""
        if self.reader.organization() is None:
            self.connection.execute(insert(organizations).values(tenant_id=self.tenant_id, name=name))
            self.record("organization", BOT, {"name": name})

    def keep_rule(self, digest: str, body: Mapping[str, object]) -> None:
        """Record the rule that holds from now on."""
        values = {"digest": digest, "body": canonical(body), "since": self.now}
        self.connection.execute(insert(rules).values(tenant_id=self.tenant_id, **values))
        self.record("rule", BOT, {"digest": digest, "body": body})
