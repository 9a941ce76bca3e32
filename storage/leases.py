"""Leases: the time-limited right of one worker to do one duty, fenced by an epoch.

Only the database's clock is compared with the database's clock; a holder that was stopped beyond its time finds its epoch gone.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.engine import Database, database_clock, is_over
from storage.schema.tables import leases

LEASE_MS = 10_000
"""A claim lasts ten seconds and is renewed while a call runs."""


class TenantDuty(StrEnum):
    """What one worker at a time does for a tenant, over all replicas."""

    APPLY = "apply"
    AUTHORS = "authors"
    OBSERVE = "observe"
    PROBE = "probe"
    PUBLIC = "public"
    REMIND = "remind"
    STREAM = "stream"

    def lease(self, tenant_id: str) -> str:
        """The name of its lease."""
        return f"{self.value}:{tenant_id}"


@dataclass(frozen=True, slots=True)
class Lease:
    """A duty held: ``epoch`` rises with every new holder."""

    name: str
    holder: str
    epoch: int


class Leases:
    """The table of duties; ``holder`` names this process."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    def take(self, name: str, *, milliseconds: int = LEASE_MS) -> Lease | None:
        """Take a duty that is free or ours; ``None`` when another worker holds it."""
        if self._held_by_another(name):
            return None
        new = sqlite_insert if self._database.is_sqlite else postgresql_insert
        until = database_clock() + milliseconds
        fresh = new(leases).values(name=name, holder=self._holder, epoch=1, until=until)
        taken = fresh.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": self._holder, "epoch": leases.c.epoch + 1, "until": until},
            where=or_(is_over(leases.c.until, LEASE_MS), leases.c.holder == self._holder),
        ).returning(leases.c.epoch)
        with self._database.write() as connection:
            epoch = connection.execute(taken).scalar()
        return None if epoch is None else Lease(name=name, holder=self._holder, epoch=epoch)

    def renew(self, lease: Lease) -> bool:
        """Keep a duty; tells ``False`` when it was lost or given back: what has run out is never revived."""
        with self._database.write() as connection:
            current = (*_own(lease), leases.c.until >= database_clock())
            kept = update(leases).where(*current).values(until=database_clock() + LEASE_MS)
            return connection.execute(kept).rowcount == 1

    def release(self, lease: Lease) -> None:
        """Give a duty back at once; the epoch stays."""
        with self._database.write() as connection:
            connection.execute(update(leases).where(*_own(lease)).values(until=0))

    def holders(self, tenant_id: str) -> dict[str, bool]:
        """Each of a tenant's duties that was ever taken, by its bare name, and whether it was us who took it last."""
        duties = {duty.lease(tenant_id): duty.value for duty in TenantDuty}
        query = select(leases.c.name, leases.c.holder).where(leases.c.name.in_(list(duties)))
        with self._database.read() as connection:
            return {duties[row.name]: row.holder == self._holder for row in connection.execute(query)}

    def _held_by_another(self, name: str) -> bool:
        others = (leases.c.name == name, leases.c.holder != self._holder, not_(is_over(leases.c.until, LEASE_MS)))
        with self._database.read() as connection:
            return connection.execute(select(leases.c.name).where(*others)).first() is not None


def still_held(connection: Connection, lease: Lease) -> bool:
    """Whether the lease is still ours, asked inside the transaction that acts on it."""
    query = select(leases.c.epoch).where(*_own(lease), leases.c.until >= database_clock())
    return connection.execute(query).first() is not None


def _own(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (leases.c.name == lease.name, leases.c.holder == lease.holder, leases.c.epoch == lease.epoch)
