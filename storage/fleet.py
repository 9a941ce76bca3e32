"""Read many tenants' records at once, for fleet operators and for the process's metrics.

It tells how things stand as the rows say; who acts on one of them asks that tenant's own ledger.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from storage import rows
from storage.engine import Database
from storage.integrity.damaged import any_bytes
from storage.lifecycle import State
from storage.notice_kind import NoticeKind
from storage.records import Observation, SettingValue
from storage.schema.device_tables import IS_STANDING
from storage.schema.tables import OWED, baselines, change_requests, devices, notices, observations


@dataclass(frozen=True, slots=True)
class Standing:
    """How one tenant stands."""

    tenant_id: str
    newest: Observation | None
    """The newest reading, or failure of one; ``None`` before the first."""
    seen: SettingValue | None
    """The newest value that could be read."""
    seen_at: datetime | None
    window_end: datetime | None
    """When the window ends; ``None`` where there is none, or it has no end."""
    overdue_devices: int


class FleetRecord:
    """The questions; each raises ``Unreachable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standings(self, tenants: Collection[str], today: date) -> list[Standing]:
        """Return how each of these tenants stands, in their order; ``today`` tells what is overdue."""
        with self._database.read() as connection, any_bytes(connection):
            newest = _newest(connection, tenants)
            readable = _newest(connection, tenants, readable=True)
            ends = _ends(connection, tenants)
            late = _overdue(connection, tenants, today)
        return [_standing(one, newest, readable, ends, late) for one in tenants]

    def devices(self, tenants: Collection[str]) -> dict[str, list[str]]:
        """Return the standing entries of the register of each tenant, by their numbers and names."""
        table = devices.c
        mine = (table.tenant_id.in_(list(tenants)), IS_STANDING)
        query = select(table.tenant_id, table.id, table.device).where(*mine).order_by(table.id)
        found: dict[str, list[str]] = {}
        with self._database.read(quick=True) as connection:
            for row in connection.execute(query):
                found.setdefault(row.tenant_id, []).append(f"D{row.id} {' '.join(row.device.split())}")
        return found

    def requests(self) -> dict[State, int]:
        """Return how many change requests are in each state."""
        states = change_requests.c.state
        with self._database.read() as connection:
            found = connection.execute(select(states, func.count().label("requests")).group_by(states)).all()
        counts = Counter({str(row.state): int(row.requests) for row in found})
        return {state: counts[state.value] for state in State}

    def owed_since(self, now: datetime) -> datetime | None:
        """Return when the oldest message that is due was written; ``None`` where none is owed."""
        owed = select(func.min(notices.c.created_at)).where(OWED, notices.c.due_at <= now)
        with self._database.read() as connection, any_bytes(connection):
            found: datetime | None = connection.execute(owed).scalar()
        return found

    def unsent(self, kinds: Collection[NoticeKind]) -> dict[str, str]:
        """Return why a message of these kinds could not be sent so far, by tenant."""
        table = notices.c
        query = select(table.tenant_id, func.min(table.problem)).where(OWED, table.problem.is_not(None))
        with self._database.read() as connection, any_bytes(connection):
            found = connection.execute(query.where(table.kind.in_(list(kinds))).group_by(table.tenant_id))
            return {row[0]: row[1] for row in found}


def _newest(
    connection: Connection, tenants: Collection[str], *, readable: bool = False
) -> dict[str, Observation]:
    table = observations.c
    which = [table.tenant_id.in_(list(tenants)), *([table.value.is_not(None)] if readable else [])]
    last = select(func.max(table.id)).where(*which).group_by(table.tenant_id)
    found = connection.execute(select(observations).where(table.id.in_(last)))
    return {row.tenant_id: rows.observation(row) for row in found}


def _ends(connection: Connection, tenants: Collection[str]) -> dict[str, datetime | None]:
    table = baselines.c
    opted_in = (table.tenant_id.in_(list(tenants)), table.value == SettingValue.OPTED_IN.value)
    return {
        row[0]: row[1]
        for row in connection.execute(select(table.tenant_id, table.window_end).where(*opted_in))
    }


def _overdue(connection: Connection, tenants: Collection[str], today: date) -> dict[str, int]:
    table = devices.c
    late = (table.tenant_id.in_(list(tenants)), IS_STANDING, table.due < today.isoformat())
    found = connection.execute(select(table.tenant_id, func.count()).where(*late).group_by(table.tenant_id))
    return {row[0]: row[1] for row in found}


def _standing(
    tenant_id: str,
    newest: dict[str, Observation],
    readable: dict[str, Observation],
    ends: dict[str, datetime | None],
    late: dict[str, int],
) -> Standing:
    seen = readable.get(tenant_id)
    return Standing(
        tenant_id,
        newest=newest.get(tenant_id),
        seen=seen.value if seen is not None else None,
        seen_at=seen.at if seen is not None else None,
        window_end=ends.get(tenant_id),
        overdue_devices=late.get(tenant_id, 0),
    )
