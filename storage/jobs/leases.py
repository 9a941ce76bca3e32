"""Leases: the time-limited right of one worker to do one job, fenced by an epoch.

Only the database's clock is compared with the database's clock; a holder that was stopped beyond its time
finds its epoch gone. A job is one duty for one tenant: its lease carries when it is due again and how it
ended (``storage.jobs.schedule`` asks for it).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    and_,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
    update,
)

from storage.database.clock import database_clock, is_over
from storage.database.inserting import insert_into
from storage.engine import Database
from storage.schema.tables import leases

LEASE_MS = 10_000
"""A claim lasts ten seconds and is renewed while a call runs."""

_NAME, _ME = leases.c.name == bindparam("lease"), leases.c.holder == bindparam("me")
_ANOTHERS = select(leases.c.name).where(_NAME, not_(_ME), not_(is_over(leases.c.until, LEASE_MS)))
_FREE = or_(is_over(leases.c.until, LEASE_MS), _ME)
_SKIPPING = select(leases.c.name).where(_NAME, _FREE).with_for_update(skip_locked=True)
_UNTIL = database_clock() + bindparam("milliseconds", type_=BigInteger())
_KEPT = (leases.c.epoch, leases.c.attempts)
_NAMED = (leases.c.name, *_KEPT)
_TAKEN = update(leases).where(leases.c.name.in_(_SKIPPING), _FREE).returning(*_KEPT)
_TAKE = _TAKEN.values(epoch=leases.c.epoch + 1, until=_UNTIL)
_FIRST = {"epoch": 1, "until": _UNTIL}
_OWN = (_NAME, _ME, leases.c.epoch == bindparam("held_epoch"))
_STANDING = (*_OWN, leases.c.until >= database_clock())
_RELEASE = update(leases).where(*_OWN)
_RENEW = update(leases).where(*_STANDING).values(until=database_clock() + LEASE_MS)
_STILL_HELD = select(leases.c.epoch).where(*_STANDING)
"""Built once: every tick asks them, and building a statement costs more than running it."""


@cache
def _fresh(dialect: str) -> Executable:
    new = insert_into(leases, dialect).values(_FIRST)
    return new.on_conflict_do_nothing(index_elements=["name"]).returning(*_KEPT)


class TenantDuty(StrEnum):
    """What one worker at a time does for a tenant, over all replicas."""

    APPLY = "apply"
    AUTHORS = "authors"
    EVIDENCE = "evidence"
    OBSERVE = "observe"
    PROBE = "probe"
    PRUNE = "prune"
    PUBLIC = "public"
    REMIND = "remind"
    STREAM = "stream"

    def lease(self, tenant_id: str) -> str:
        """Return the name of its lease, by which replicas of every version take it."""
        return f"{self.value}:{tenant_id}"


class JobOutcome(StrEnum):
    """How a job ended."""

    DONE = "done"
    STUCK = "stuck"
    """There was work, and none of it could be done."""
    UNREACHABLE = "unreachable"
    """The database was, in the middle of it."""
    FAILED = "failed"
    """A defect."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A right held: ``epoch`` rises with every new holder."""

    name: str
    holder: str
    epoch: int
    attempts: int = field(default=0, compare=False)
    """How often in a row the job has ended otherwise than done, before this holder."""


class Leases:
    """The table of leases; ``holder`` names this process."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    @property
    def holder(self) -> str:
        """Under which name jobs are taken."""
        return self._holder

    def take(self, name: str, *, milliseconds: int = LEASE_MS) -> Lease | None:
        """Take a right that is free or ours; ``None`` when another worker holds it."""
        return self._take(name, milliseconds, {})

    def claim(self, tenant_id: str, duty: TenantDuty, *, again_at: datetime | None = None) -> Lease | None:
        """Take a job that is free or ours; ``None`` when another worker holds it.

        ``again_at`` is when it is due next if nothing else is said meanwhile; ``None``: its due time is kept
        nowhere.
        """
        job = {"tenant_id": tenant_id, "duty": duty.value, "due_at": again_at, "outcome": None}
        return self._take(duty.lease(tenant_id), LEASE_MS, job)

    def _take(self, name: str, milliseconds: int, job: Mapping[str, object]) -> Lease | None:
        if self._held_by_another(name):
            return None
        held = {"holder": self._holder, "milliseconds": milliseconds, **job}
        with self._database.write() as connection:
            row = connection.execute(_TAKE, held | {"lease": name, "me": self._holder}).first()
            row = row or connection.execute(_fresh(connection.dialect.name), held | {"name": name}).first()
        return None if row is None else Lease(name, self._holder, row.epoch, _count(row.attempts))

    def renew(self, lease: Lease) -> bool:
        """Keep a right; tells ``False`` when it was lost or given back: what has run out is never revived."""
        with self._database.write() as connection:
            return connection.execute(_RENEW, _own(lease)).rowcount == 1

    def release(
        self, lease: Lease, outcome: JobOutcome | None = None, *, due_at: datetime | None = None
    ) -> None:
        """Give a right back at once; the epoch stays. ``outcome`` says how a job ended.

        With ``due_at`` the job is due again then, or sooner where that was said while it ran.
        """
        values: dict[str, object] = {"until": 0}
        if outcome is not None:
            failed = outcome is not JobOutcome.DONE
            values |= {
                "outcome": outcome.value,
                "attempts": func.coalesce(leases.c.attempts, 0) + 1 if failed else 0,
            }
        if due_at is not None:
            values["due_at"] = case((leases.c.due_at < due_at, leases.c.due_at), else_=due_at)
        with self._database.write() as connection:
            connection.execute(update(leases).where(*_OWN).values(**values), _own(lease))

    def put_off(self, tenant_id: str, duty: TenantDuty, *, now: datetime, until: datetime) -> None:
        """Put a job off that looked due at ``now``; without effect while it is held."""
        name, table = duty.lease(tenant_id), leases.c
        looked_due = and_(table.name == name, table.due_at <= now, is_over(table.until, LEASE_MS))
        with self._database.read() as connection:
            if connection.execute(select(table.name).where(looked_due)).first() is None:
                return
        with self._database.write() as connection:
            connection.execute(update(leases).where(looked_due).values(due_at=until))

    def holders(self, tenant_id: str) -> dict[str, bool]:
        """Return a tenant's duties ever taken, by name, and whether we took each last."""
        duties = {duty.lease(tenant_id): duty.value for duty in TenantDuty}
        query = select(leases.c.name, leases.c.holder).where(
            leases.c.name.in_(list(duties)), leases.c.epoch > 0
        )
        with self._database.read() as connection:
            return {duties[row.name]: row.holder == self._holder for row in connection.execute(query)}

    def _held_by_another(self, name: str) -> bool:
        with self._database.read() as connection:
            return connection.execute(_ANOTHERS, {"lease": name, "me": self._holder}).first() is not None


def claim_due(
    connection: Connection, holder: str, names: Collection[str], is_due: ColumnElement[bool], again: datetime
) -> dict[str, Lease]:
    """Take those of these jobs that are free and still due, in one statement; returns leases by tenant."""
    named = leases.c.name.in_(list(names))
    free = select(leases.c.name).where(named, is_due, is_over(leases.c.until, LEASE_MS))
    ours = update(leases).where(leases.c.name.in_(free.with_for_update(skip_locked=True)))
    held = {"holder": holder, "until": database_clock() + LEASE_MS, "due_at": again, "outcome": None}
    taken = ours.values({**held, "epoch": leases.c.epoch + 1}).returning(leases.c.tenant_id, *_NAMED)
    return {
        row.tenant_id: Lease(row.name, holder, row.epoch, _count(row.attempts))
        for row in connection.execute(taken)
    }


def held_still(connection: Connection, held: Collection[Lease]) -> set[Lease]:
    """Return those that are still their holders'."""
    names = leases.c.name.in_([lease.name for lease in held])
    query = select(leases.c.name, leases.c.holder, leases.c.epoch)
    found = connection.execute(query.where(names, leases.c.until >= database_clock()))
    return {Lease(row.name, row.holder, row.epoch) for row in found} & set(held)


def release_all(connection: Connection, held: Collection[Lease]) -> None:
    """Give back the leases of jobs that are done; when they are due again stays as it was said."""
    done = {"until": 0, "outcome": JobOutcome.DONE.value, "attempts": 0}
    if held:
        connection.execute(_RELEASE.values(done), [_own(lease) for lease in held])


def still_held(connection: Connection, lease: Lease) -> bool:
    """Tell whether the lease is still ours, asked inside the transaction that acts on it."""
    return connection.execute(_STILL_HELD, _own(lease)).first() is not None


def _count(stored: object) -> int:
    """The number of attempts, of a column that anything may have been written to."""
    return max(0, stored) if isinstance(stored, int) else 0


def _own(lease: Lease) -> dict[str, object]:
    return {"lease": lease.name, "me": lease.holder, "held_epoch": lease.epoch}
