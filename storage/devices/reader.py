"""Answer about the register: an entry, a page of them, how many there are.

Every page is found by an index and its last row, so its depth and the number of entries cost nothing.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, select, tuple_

from storage.devices.records import Device, DeviceState, RecordedAct
from storage.devices.replay import device_differences
from storage.errors import NoSuchDevice
from storage.integrity.damaged_rows import DAMAGE, is_damage, readable
from storage.records import NamedDevice
from storage.rows import record
from storage.schema.device_tables import IS_STANDING, device_acts, devices
from storage.schema.tables import audit_events


def day_of(stored: str | None) -> date | None:
    """Return the calendar day that is stored, or ``None`` where none is. Raises ``ValueError``."""
    return date.fromisoformat(stored) if stored is not None else None


def device_of(row: Row[Any]) -> Device:
    """Return one row of ``devices``. Raises ``ValueError`` for what no entry can say."""
    return record(Device, row, version=int(row.version), moves=int(row.moves))


def act_of(row: Row[Any]) -> RecordedAct:
    """Return one row of ``device_acts``."""
    return record(RecordedAct, row)


_BATCH = 500


@dataclass(frozen=True, slots=True)
class DeviceCounts:
    """Count standing entries of each sort; overdue and orphaned ones are counted twice."""

    proposed: int
    active: int
    overdue: int
    orphaned: int


class DeviceReader:
    """Reads one tenant's register over one connection, inside or outside a transaction."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    def device(self, number: int) -> Device:
        """Return the entry with this number. Raises ``NoSuchDevice``, also where its row is damaged."""
        try:
            row = self._connection.execute(self._devices(devices.c.id == number)).one_or_none()
            if row is not None:
                return device_of(row)
        except DAMAGE as damage:
            if not is_damage(damage):
                raise
            raise NoSuchDevice(f"D{number} cannot be read: its row in the database is damaged.") from damage
        raise NoSuchDevice(f"There is no device D{number}.")

    def agrees(self, device: Device) -> bool:
        """Tell whether an entry and the acts on it are as the record says."""
        return not device_differences(self._connection, self._tenant_id, device.id)

    def standing(self, *, after: tuple[date, int] | None = None, limit: int = 20) -> list[Device]:
        """Return a page of standing entries, next due first, after this due day and number."""
        return self._page((), after, limit)

    def owned_by(
        self, person: str | None, *, after: tuple[date, int] | None = None, limit: int = 20
    ) -> list[Device]:
        """Return a page of one owner's entries, next due first; ``None``: orphans."""
        mine = devices.c.owner_id.is_(None) if person is None else devices.c.owner_id == person
        return self._page((mine,), after, limit)

    def due_before(
        self, day: date, *, after: tuple[date, int] | None = None, limit: int = 20
    ) -> list[Device]:
        """Return one page of the standing entries that were due before a day, the oldest first."""
        return self._page((devices.c.due < day.isoformat(),), after, limit)

    def everything(self) -> Iterator[Device]:
        """Yield every entry there ever was, by number, a batch at a time."""
        last, batch = 0, self._numbered(0)
        while batch:
            yield from batch
            last = batch[-1].id
            batch = self._numbered(last)

    def named(self, numbers: Collection[int]) -> list[Device]:
        """Return the entries with these numbers, by number; missing or unreadable ones left out."""
        query = self._devices(devices.c.id.in_(list(numbers))).order_by(devices.c.id)
        return self._many(query)

    def owners(self) -> list[str]:
        """Whoever owns a standing entry, each once, in order."""
        query = select(devices.c.owner_id).where(
            devices.c.tenant_id == self._tenant_id, IS_STANDING, devices.c.owner_id.is_not(None)
        )
        return list(self._connection.execute(query.distinct().order_by(devices.c.owner_id)).scalars())

    def active(self) -> int:
        """Return how many entries are active."""
        return self._count(devices.c.state == DeviceState.ACTIVE.value)

    def has_active(self) -> bool:
        """Tell whether any entry is active."""
        active = select(devices.c.id).where(
            self._mine, IS_STANDING, devices.c.state == DeviceState.ACTIVE.value
        )
        return self._connection.execute(active.limit(1)).first() is not None

    def last_ended(self) -> Device | None:
        """Return the entry that ended last of those that ever were active; ``None`` where none has."""
        table = devices.c
        query = self._devices(table.ended_at.is_not(None), table.active_at.is_not(None))
        return next(iter(self._many(query.order_by(table.ended_at.desc(), table.id.desc()).limit(1))), None)

    def is_empty(self) -> bool:
        """Tell whether no entry stands on the register."""
        return (
            self._connection.execute(select(devices.c.id).where(self._mine, IS_STANDING).limit(1)).first()
            is None
        )

    def counts(self, today: date) -> DeviceCounts:
        """Count the standing entries; one is overdue whose due day was before ``today``."""
        table = devices.c
        sorts = (
            table.state == DeviceState.PROPOSED.value,
            table.state == DeviceState.ACTIVE.value,
            table.due < today.isoformat(),
            table.owner_id.is_(None),
        )
        query = select(*(func.coalesce(func.sum(case((sort, 1), else_=0)), 0) for sort in sorts))
        return DeviceCounts(*map(int, self._connection.execute(query.where(self._mine, IS_STANDING)).one()))

    def changes(self) -> dict[date, int]:
        """Return by day (UTC) how many more entries were active at its end; unchanged days left out."""
        table, by_day = devices.c, dict[date, int]()
        for column, each in ((table.active_at, 1), (table.ended_at, -1)):
            day = self._day(column)
            ever = (self._mine, table.active_at.is_not(None), column.is_not(None))
            for found, count in self._connection.execute(
                select(day, func.count()).where(*ever).group_by(day)
            ):
                when = date.fromisoformat(str(found))
                by_day[when] = by_day.get(when, 0) + each * count
        return by_day

    def newest_act(self) -> int:
        """Return the number of the newest event of any entry; 0 where there is none.

        It moves with every change of the register.
        """
        query = select(func.max(device_acts.c.seq)).where(device_acts.c.tenant_id == self._tenant_id)
        return self._connection.execute(query).scalar_one() or 0

    def standing_senders(self) -> list[tuple[int, str]]:
        """Return the number of every standing entry with the address that it sends as, by number."""
        query = select(devices.c.id, devices.c.sender).where(self._mine, IS_STANDING).order_by(devices.c.id)
        return [(row.id, row.sender) for row in self._connection.execute(query)]

    def acts(self, number: int) -> list[RecordedAct]:
        """Return every act on one entry, oldest first."""
        query = select(device_acts).where(
            device_acts.c.device_id == number, device_acts.c.tenant_id == self._tenant_id
        )
        return readable(self._connection, query.order_by(device_acts.c.id), device_acts, act_of)

    def as_named(self, numbers: Collection[int]) -> tuple[NamedDevice, ...]:
        """Return how a request names these standing entries now: by number, each with its due day.

        Where a later day was asked for, it is that one: it holds once the request is applied.
        """
        return tuple(
            NamedDevice(device.id, device.asked_due or device.due)
            for device in self.named(numbers)
            if device.is_standing
        )

    def named_anew(self, request_id: int) -> datetime | None:
        """Return when a request's entries or their due days changed last; ``None``: never."""
        table = audit_events.c
        about = (
            table.tenant_id == self._tenant_id,
            table.request_id == request_id,
            table.kind == "devices_changed",
        )
        query = select(table.at).where(*about).order_by(table.seq.desc()).limit(1)
        return self._connection.execute(query).scalar_one_or_none()

    def named_at_first(self, request_id: int) -> int:
        """Return how many entries of the register a request named when it was opened."""
        table = audit_events.c
        about = (
            table.tenant_id == self._tenant_id,
            table.request_id == request_id,
            table.kind == "request_opened",
        )
        payload = self._connection.execute(select(table.payload).where(*about).limit(1)).scalar_one_or_none()
        return len(json.loads(payload).get("devices") or ()) if payload else 0

    @property
    def _mine(self) -> ColumnElement[bool]:
        return devices.c.tenant_id == self._tenant_id

    def _day(self, column: ColumnElement[datetime]) -> ColumnElement[Any]:
        """The day (UTC) of an instant, in either database's words."""
        utc = column if self._connection.dialect.name == "sqlite" else func.timezone("UTC", column)
        return func.date(utc)

    def _count(self, sort: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(devices).where(self._mine, IS_STANDING, sort)
        return self._connection.execute(query).scalar_one()

    def _devices(self, *only: ColumnElement[bool]) -> Select[Any]:
        return select(devices).where(self._mine, *only)

    def _page(
        self, only: Sequence[ColumnElement[bool]], after: tuple[date, int] | None, limit: int
    ) -> list[Device]:
        query = self._devices(IS_STANDING, *only)
        if after is not None:
            query = query.where(tuple_(devices.c.due, devices.c.id) > tuple_(after[0].isoformat(), after[1]))
        return self._many(query.order_by(devices.c.due, devices.c.id).limit(limit))

    def _numbered(self, above: int) -> list[Device]:
        return self._many(self._devices(devices.c.id > above).order_by(devices.c.id).limit(_BATCH))

    def _many(self, query: Select[Any]) -> list[Device]:
        return readable(self._connection, query, devices, device_of)
