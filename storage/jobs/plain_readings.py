"""Tell which tenants are ordinary or were never read, and keep many ordinary readings in one transaction.

A tenant is ordinary whose newest reading is what ought to be by the record, and whose people have no request
open. Whatever else is the case is the use case's to judge (``handlers.changes.drift``).
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, String, bindparam, func, literal_column, select, union

from storage import rows
from storage.engine import Database
from storage.integrity import believed_events
from storage.integrity.authenticity import authenticity_of
from storage.integrity.damaged_rows import DAMAGE, any_bytes, is_damage
from storage.integrity.row_comparison import recorded_baseline
from storage.jobs.leases import Lease, held_still, release_all
from storage.readings.runs import keep_readings
from storage.records import Baseline, Observation
from storage.schema.tables import OPEN_STATES, audit_events, baselines, change_requests, observations

_MINE = baselines.c.tenant_id.in_(bindparam("tenants", expanding=True, type_=String()))
_BASELINES = select(baselines).where(_MINE)
_older = observations.alias()
_LAST = select(func.max(_older.c.id)).where(_older.c.tenant_id == baselines.c.tenant_id)
_NEWEST = select(observations).where(
    _MINE,
    observations.c.tenant_id == baselines.c.tenant_id,
    observations.c.id == _LAST.correlate(baselines).scalar_subquery(),
)
_earlier = audit_events.alias()
_LAST_SAID = select(func.max(_earlier.c.seq)).where(
    _earlier.c.tenant_id == baselines.c.tenant_id, _earlier.c.kind == literal_column("'baseline'")
)
_SAID = believed_events.ANYBODYS.add_columns(audit_events.c.tenant_id).where(
    _MINE,
    audit_events.c.tenant_id == baselines.c.tenant_id,
    audit_events.c.seq == _LAST_SAID.correlate(baselines).scalar_subquery(),
)
_OPEN = select(change_requests.c.tenant_id).where(
    OPEN_STATES, change_requests.c.tenant_id.in_(bindparam("tenants", expanding=True, type_=String()))
)
_ANY_OF = bindparam("tenants", expanding=True, type_=String())
_KNOWN = union(
    select(observations.c.tenant_id).where(observations.c.tenant_id.in_(_ANY_OF)),
    select(baselines.c.tenant_id).where(baselines.c.tenant_id.in_(_ANY_OF)),
    select(audit_events.c.tenant_id).where(
        audit_events.c.tenant_id.in_(_ANY_OF), audit_events.c.kind == literal_column("'baseline'")
    ),
    _OPEN,
)
"""Built once: building a statement costs more than running it."""


@dataclass(frozen=True, slots=True)
class Ordinary:
    """How an ordinary tenant stands: ``newest`` shows what ``baseline`` says."""

    baseline: Baseline
    newest: Observation

    @property
    def since(self) -> datetime:
        """When it came to stand so."""
        return max(self.newest.at, self.baseline.since)


@dataclass(frozen=True, slots=True)
class PlainReading:
    """A reading that shows what ought to be, under the lease by which it was taken."""

    tenant_id: str
    lease: Lease
    seen: Observation
    known: Ordinary
    """How the tenant stood before."""
    unbroken: timedelta


def ordinary_among(database: Database, tenants: Collection[str], now: datetime) -> dict[str, Ordinary]:
    """Return those of these tenants that are ordinary at ``now``. Raises ``Unreachable``.

    Who was read later than that is none: the clock was set back, or is another replica's.
    """
    with database.read() as connection:
        found = _ordinary(connection, tenants)
    return {one: known for one, known in found.items() if known.since <= now}


def never_read_among(database: Database, tenants: Collection[str]) -> list[str]:
    """Return those of these tenants of whom nothing was ever read or asked. Raises ``Unreachable``."""
    with database.read() as connection, any_bytes(connection):
        known = set(connection.execute(_KNOWN, {"tenants": list(tenants)}).scalars())
    return [one for one in tenants if one not in known]


def keep_plain(database: Database, readings: Sequence[PlainReading]) -> list[PlainReading]:
    """Keep these readings and give their leases back; returns those of tenants that stand otherwise by now.

    Nothing is kept for a lease that was lost. Raises ``Unreachable``.
    """
    with database.write() as connection:
        held = held_still(connection, [one.lease for one in readings])
        known = _ordinary(connection, [one.tenant_id for one in readings])
        ours = [one for one in readings if one.lease in held]
        plain = [one for one in ours if known.get(one.tenant_id) == one.known and _follows(one)]
        kept = [(one.tenant_id, one.seen, one.known.newest, one.unbroken) for one in plain]
        keep_readings(connection, kept)
        release_all(connection, [one.lease for one in plain])
    done = {one.lease for one in plain}
    return [one for one in ours if one.lease not in done]


def _follows(reading: PlainReading) -> bool:
    """Whether it is newer than all that is known: a clock that was set back is judged one by one."""
    return reading.seen.at >= reading.known.since


def _ordinary(connection: Connection, tenants: Collection[str]) -> dict[str, Ordinary]:
    """A damaged row makes none of them ordinary: then each is looked at by itself."""
    found: dict[str, Ordinary] = {}
    asked = {"tenants": list(tenants)}
    try:
        busy = set(connection.execute(_OPEN, asked).scalars())
        newest = {row.tenant_id: rows.observation(row) for row in connection.execute(_NEWEST, asked)}
        for tenant_id, baseline in _baselines(connection, asked):
            seen = newest.get(tenant_id)
            if tenant_id not in busy and seen is not None and seen.value is baseline.value:
                found[tenant_id] = Ordinary(baseline, seen)
    except DAMAGE as damage:
        if not is_damage(damage):
            raise
        return {}
    return found


def _baselines(connection: Connection, asked: dict[str, list[str]]) -> Iterator[tuple[str, Baseline]]:
    """What ought to be, as the record says it; nothing for a tenant whose newest event is not believed."""
    authenticity = authenticity_of(connection)
    said = {row.tenant_id: row for row in connection.execute(_SAID, asked)}
    for row in connection.execute(_BASELINES, asked):
        if row.tenant_id not in said:
            yield row.tenant_id, rows.baseline(row)
            continue
        with suppress(believed_events.Disbelieved):
            told = believed_events.believed(row.tenant_id, said[row.tenant_id], authenticity)
            found = recorded_baseline(told, rows.baseline(row))
            if found is not None:
                yield row.tenant_id, found
