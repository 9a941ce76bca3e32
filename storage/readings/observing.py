"""Answer about readings: the newest, and failures since the last that had a value."""

from datetime import datetime
from itertools import takewhile

from sqlalchemy import Connection, Integer, bindparam, func, select

from storage import rows
from storage.integrity.damaged_rows import one, readable
from storage.records import Observation, SettingValue
from storage.schema.tables import observations

_NEWEST = (
    select(observations)
    .where(observations.c.tenant_id == bindparam("tenant"))
    .order_by(observations.c.id.desc())
    .limit(bindparam("limit", type_=Integer()))
)
_NEWEST_WITH_VALUE = _NEWEST.where(observations.c.value.is_not(None))
"""Built once: every tick asks them, and building a statement costs more than running it."""


class ReadingReader:
    """Reads one tenant's readings over one connection, inside or outside a transaction."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    def newest_observations(self, limit: int) -> list[Observation]:
        """Return the newest runs of readings, and of failures of one, newest first."""
        mine = {"tenant": self._tenant_id, "limit": limit}
        return readable(self._connection, _NEWEST, observations, rows.observation, mine)

    def observed_between(self, first: datetime, end: datetime) -> list[Observation]:
        """Return every run of readings and failures between two instants, oldest first."""
        table = observations.c
        began = func.coalesce(table.first_at, table.at)
        query = select(observations).where(
            table.tenant_id == self._tenant_id, table.at >= first, began <= end
        )
        return readable(self._connection, query.order_by(table.id), observations, rows.observation)

    def newest_observation(self, *, readable: bool = False) -> Observation | None:
        """Return the newest run of readings; with ``readable`` the newest one that has a value."""
        query = _NEWEST_WITH_VALUE if readable else _NEWEST
        mine = {"tenant": self._tenant_id, "limit": 1}
        return one(self._connection, query, observations, rows.observation, mine)

    def last_seen_as(self, value: SettingValue, before: datetime) -> Observation | None:
        """Return the newest reading until ``before`` that showed ``value``."""
        table = observations.c
        began = func.coalesce(table.first_at, table.at)
        query = select(observations).where(
            table.tenant_id == self._tenant_id, table.value == value.value, began <= before
        )
        seen = one(self._connection, query.order_by(table.id.desc()).limit(1), observations, rows.observation)
        return seen.as_of(before) if seen is not None else None

    def failed_observations(self, limit: int) -> list[Observation]:
        """Return runs of failures since the last readable one, newest first, at most ``limit``."""
        return list(takewhile(lambda seen: seen.value is None, self.newest_observations(limit)))
