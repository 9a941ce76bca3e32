"""When jobs are due that are done every so often: asked over all tenants at once, of the table of jobs.

What is due because of what people did is asked of the ledger's other tables (``storage.jobs.pending``): a
second copy of it here could only be wrong.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from storage.database.clock import is_over
from storage.database.inserting import insert_into
from storage.engine import Database
from storage.integrity.damaged_rows import any_bytes
from storage.jobs.leases import LEASE_MS, JobOutcome, Lease, TenantDuty, claim_due
from storage.schema.tables import leases

AT_A_LOOK = 256
"""Tenants that one look returns at most: thousands may be due at once, and are done over many looks."""

ENROLLED_EVERY = 60
"""Looks between two at which every tenant is given its row anew, should somebody have altered it."""


class Schedule:
    """One duty of these tenants that is due ``every`` so often.

    ``spread``: of several new tenants the first is due at once, and the others one after the other within
    ``every``, so that what nobody waits for does not come all at once.
    """

    def __init__(
        self,
        database: Database,
        duty: TenantDuty,
        tenants: Collection[str],
        *,
        every: timedelta,
        spread: bool = False,
    ) -> None:
        self._database = database
        self._duty = duty
        self._tenants = tenants
        self._known = frozenset(tenants)
        self._every = every
        self._spread = spread
        self._looks = 0

    def due(self, now: datetime) -> list[str]:
        """Return tenants whose turn has come and whom no worker has in hand, the longest overdue first.

        That is also who was never served, whose last worker was cut short, and whose due time lies farther
        ahead than it can: the clock was set back since, or is another replica's. Raises ``Unreachable``.
        """
        if self._looks % ENROLLED_EVERY == 0:
            self._enrol(now)
        self._looks += 1
        table = leases.c
        free = select(table.tenant_id).where(self._ours(), self._come(now), is_over(table.until, LEASE_MS))
        # a damaged id is nobody's, and stops no other
        with self._database.read() as connection, any_bytes(connection):
            ordered = free.order_by(table.due_at, table.name)
            found = list(connection.execute(ordered.limit(AT_A_LOOK)).scalars())
            if len(found) == AT_A_LOOK and not self._known.issuperset(found):
                # who is not served here stays due, and must not stand before everybody who is
                found = list(connection.execute(ordered).scalars())
        return found

    def claim(self, tenants: Collection[str], holder: str, now: datetime) -> dict[str, Lease]:
        """Take the jobs of these tenants that are still due, in one transaction; each is due again later.

        Raises ``Unreachable``.
        """
        if not tenants:
            return {}
        with self._database.write() as connection:
            names = [self._duty.lease(tenant_id) for tenant_id in tenants]
            return claim_due(connection, holder, names, self._come(now), now + self._every)

    def _come(self, now: datetime) -> ColumnElement[bool]:
        table, longest = leases.c, now + 2 * self._every
        return or_(
            table.outcome.is_(None), table.due_at.is_(None), table.due_at <= now, table.due_at > longest
        )

    def _enrol(self, now: datetime) -> None:
        """Give every tenant a row due now, or by and by; existing ones become due within ``every``."""
        table = leases.c
        later = (self._ours(), table.due_at > now + self._every)
        with self._database.read() as connection, any_bytes(connection):
            known = set(connection.execute(select(table.tenant_id).where(self._ours())).scalars())
            must_shorten = connection.execute(select(table.name).where(*later).limit(1)).first() is not None
        fresh_ones = [tenant_id for tenant_id in self._tenants if tenant_id not in known]
        new = [
            self._row(tenant_id, now, place / len(fresh_ones)) for place, tenant_id in enumerate(fresh_ones)
        ]
        if not new and not must_shorten:
            return
        with self._database.write() as connection:
            if new:
                fresh = insert_into(leases, connection.dialect.name)
                renamed = {"tenant_id": fresh.excluded.tenant_id, "duty": fresh.excluded.duty}
                connection.execute(fresh.on_conflict_do_update(index_elements=["name"], set_=renamed), new)
            connection.execute(update(leases).where(*later).values(due_at=now + self._every))

    def _ours(self) -> ColumnElement[bool]:
        return leases.c.duty == self._duty.value

    def _row(self, tenant_id: str, now: datetime, place: float) -> dict[str, object]:
        """Return a new row; ``place`` among the new ones is from 0 to 1. Without an outcome it is due now."""
        job: dict[str, object] = {"tenant_id": tenant_id, "duty": self._duty.value, "due_at": now}
        if self._spread:
            job |= {"due_at": now + place * self._every, "outcome": JobOutcome.DONE.value if place else None}
        return job | {"name": self._duty.lease(tenant_id), "holder": "", "epoch": 0, "until": 0}
