"""Ask over many tenants at once: how each stands, and which one a number or a person belongs to.

Numbers of changes, entries and messages run through all tenants, so each leads to one of them. It tells how
things stand as the rows say; who acts on one of them asks that tenant's own ledger.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, select, union

from storage import rows
from storage.engine import Database
from storage.integrity.damaged_rows import any_bytes
from storage.ledger_reader import decisions_since
from storage.lifecycle import Kind, State
from storage.messages.records import NoticeKind
from storage.records import Door, Observation, SettingValue, Vote
from storage.schema.device_tables import IS_STANDING
from storage.schema.tables import (
    OWED,
    baselines,
    cards,
    change_requests,
    devices,
    leases,
    notices,
    observations,
)

AT_ONCE = 500
"""Tenants that one look is about: the readings of ten thousand at once would take forty megabytes."""


@dataclass(frozen=True, slots=True)
class TenantStanding:
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
    drifted: bool | None = None
    """Whether the newest readable value was set outside the bot; ``None`` where that is not known."""


class FleetRecord:
    """The questions; each raises ``Unreachable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standings(self, tenants: Collection[str], today: date) -> list[TenantStanding]:
        """Return how each of these tenants stands, in their order; ``today`` tells what is overdue."""
        each = list(tenants)
        some = (each[first : first + AT_ONCE] for first in range(0, len(each), AT_ONCE))
        return [found for part in some for found in self._standings(part, today)]

    def _standings(self, tenants: Collection[str], today: date) -> list[TenantStanding]:
        with self._database.read() as connection, any_bytes(connection):
            newest = _newest(connection, tenants)
            readable = _newest(connection, tenants, readable=True)
            kept = _baselines(connection, tenants)
            late = _overdue(connection, tenants, today)
        return [_standing(one, newest, readable, kept, late) for one in tenants]

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

    def requests(self, tenants: Collection[str]) -> dict[State, int]:
        """Return how many change requests of these tenants are in each state."""
        table = change_requests.c
        query = select(table.state, func.count().label("requests")).where(table.tenant_id.in_(list(tenants)))
        with self._database.read() as connection:
            found = connection.execute(query.group_by(table.state)).all()
        counts = Counter({str(row.state): int(row.requests) for row in found})
        return {state: counts[state.value] for state in State}

    def decisions_since(
        self, last: int | None, tenants: Collection[str]
    ) -> tuple[list[tuple[Vote, Door]], int]:
        """As ``storage.ledger_reader.decisions_since``."""
        with self._database.read() as connection:
            return decisions_since(connection, last, tenants)

    def jobs(self, holders: Collection[str]) -> dict[str, int]:
        """Return for how many tenants one of ``holders`` did each duty last; one never done is left out."""
        table = leases.c
        ours = case((table.holder.in_(list(holders)), 1), else_=0)
        query = select(table.duty, func.sum(ours)).where(table.duty.is_not(None), table.epoch > 0)
        with self._database.read() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query.group_by(table.duty))}

    def waiting(self, tenants: Collection[str]) -> frozenset[str]:
        """Return those of ``tenants`` that have a change which is approved or whose outcome is not known."""
        table = change_requests.c
        held = (State.APPROVED.value, State.UNCERTAIN.value)
        query = select(table.tenant_id).where(table.tenant_id.in_(list(tenants)), table.state.in_(held))
        with self._database.read() as connection:
            return frozenset(connection.execute(query.distinct()).scalars())

    def owed_since(self, now: datetime, tenants: Collection[str]) -> datetime | None:
        """Return when the oldest due message of these tenants was written; ``None`` where none is owed."""
        owed = select(func.min(notices.c.created_at)).where(
            OWED, notices.c.due_at <= now, notices.c.tenant_id.in_(list(tenants))
        )
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


def _baselines(connection: Connection, tenants: Collection[str]) -> dict[str, Any]:
    """What was applied last in each tenant: value, end of the window, and the kind of change that set it."""
    table, set_by = baselines.c, change_requests.c
    query = select(table.tenant_id, table.value, table.window_end, set_by.kind).outerjoin(
        change_requests, set_by.id == table.request_id
    )
    found = connection.execute(query.where(table.tenant_id.in_(list(tenants))))
    return {row.tenant_id: row for row in found}


def _overdue(connection: Connection, tenants: Collection[str], today: date) -> dict[str, int]:
    table = devices.c
    late = (table.tenant_id.in_(list(tenants)), IS_STANDING, table.due < today.isoformat())
    found = connection.execute(select(table.tenant_id, func.count()).where(*late).group_by(table.tenant_id))
    return {row[0]: row[1] for row in found}


def _standing(
    tenant_id: str,
    newest: dict[str, Observation],
    readable: dict[str, Observation],
    kept: dict[str, Any],
    late: dict[str, int],
) -> TenantStanding:
    seen, baseline = readable.get(tenant_id), kept.get(tenant_id)
    value = seen.value if seen is not None else None
    opted_in = baseline is not None and baseline.value == SettingValue.OPTED_IN.value
    drifted = None
    if baseline is not None and value is not None:
        drifted = baseline.kind == Kind.OUTSIDE.value or baseline.value != value.value
    return TenantStanding(
        tenant_id,
        newest=newest.get(tenant_id),
        seen=value,
        seen_at=seen.at if seen is not None else None,
        window_end=baseline.window_end if baseline is not None and opted_in else None,
        overdue_devices=late.get(tenant_id, 0),
        drifted=drifted,
    )


class Whose:
    """The questions; each raises ``Unreachable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_request(self, number: int) -> str | None:
        """Return the id of the tenant that has this change request; ``None`` where nobody has it."""
        return self._one(select(change_requests.c.tenant_id).where(change_requests.c.id == number))

    def of_device(self, number: int) -> str | None:
        """Return whose entry of the register this is; ``None`` where it is nobody's."""
        return self._one(select(devices.c.tenant_id).where(devices.c.id == number))

    def of_notice(self, number: int) -> str | None:
        """Return whose message has this number; ``None`` where it is nobody's."""
        return self._one(select(notices.c.tenant_id).where(notices.c.id == number))

    def at(self, channel: str, ts: str) -> str | None:
        """Return whose message stands at this place in Slack; ``None`` where it is not known."""
        return self._one(select(cards.c.tenant_id).where(cards.c.channel == channel, cards.c.ts == ts))

    def having(self, person_id: str, tenants: Collection[str]) -> frozenset[str]:
        """Return those of ``tenants`` in which a person has asked for a change, or answers for a device."""
        asked, owned = change_requests.c, devices.c
        mine = select(asked.tenant_id).where(
            asked.tenant_id.in_(list(tenants)), asked.requester_id == person_id
        )
        theirs = select(owned.tenant_id).where(
            owned.tenant_id.in_(list(tenants)), owned.owner_id == person_id, IS_STANDING
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(union(mine, theirs)).scalars())

    def _one(self, query: Select[Any]) -> str | None:
        with self._database.read(quick=True) as connection:
            found: str | None = connection.execute(query).scalar_one_or_none()
        return found
