"""Record what holds: readings, what ought to be, the organisation, the rule.

Each leaves an audit event but for a reading, which may be pruned. Nobody's right to act is judged here.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, insert, update

from storage.chain import BOT
from storage.holding.reading import HoldingReader
from storage.integrity.canonical import canonical, stamp
from storage.readings.runs import UNBROKEN, keep_reading
from storage.records import Baseline, Observation
from storage.schema.tables import baselines, organizations, rules


class Record(Protocol):
    """Appends one audit event to the transaction's record."""

    def __call__(
        self, kind: str, actor: str, payload: Mapping[str, object], request_id: int | None = None
    ) -> str:
        """Return the chain's new head."""


class HoldingWriter:
    """Says what holds in one ledger transaction.

    ``now`` is the caller's clock, ``record`` the transaction's own.
    """

    def __init__(
        self,
        connection: Connection,
        tenant_id: str,
        now: datetime,
        record: Record,
        *,
        unbroken: timedelta = UNBROKEN,
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._now = now
        self._record = record
        self._unbroken = unbroken
        self._known = HoldingReader(connection, tenant_id)

    def observe(self, observation: Observation) -> None:
        """Keep one reading (or the failure of one), in the run that it goes on with.

        Readings are no audit events.
        """
        keep_reading(self._connection, self._tenant_id, observation, unbroken=self._unbroken)

    def set_baseline(self, baseline: Baseline, *, why: str) -> None:
        """Say what the live value ought to be from now on."""
        values = {
            "value": baseline.value.value,
            "since": baseline.since,
            "request_id": baseline.request_id,
            "window_end": baseline.window_end,
        }
        mine = update(baselines).where(baselines.c.tenant_id == self._tenant_id).values(**values)
        if self._connection.execute(mine).rowcount == 0:
            self._connection.execute(insert(baselines).values(tenant_id=self._tenant_id, **values))
        end = stamp(baseline.window_end) if baseline.window_end else None
        payload = {
            "value": baseline.value.value,
            "window_end": end,
            "since": stamp(baseline.since),
            "why": why,
        }
        self._record("baseline", BOT, payload, baseline.request_id)

    def keep_organization(self, name: str) -> None:
        """Keep the first answer's organisation, to be compared with every later one."""
        if self._known.organization() is None:
            self._connection.execute(insert(organizations).values(tenant_id=self._tenant_id, name=name))
            self._record("organization", BOT, {"name": name})

    def keep_rule(self, digest: str, body: Mapping[str, object]) -> None:
        """Record the rule that holds from now on."""
        values = {"digest": digest, "body": canonical(body), "since": self._now}
        self._connection.execute(insert(rules).values(tenant_id=self._tenant_id, **values))
        self._record("rule", BOT, {"digest": digest, "body": body})
