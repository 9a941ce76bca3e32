"""Keep readings as runs: one row for equal ones that followed each other on one day.

A row ends where the value changes, where reading begins or ceases to fail, at midnight UTC, where the clock was set back, and
where nobody looked for longer than ``unbroken``. So the time within a row was observed throughout, and the time between two rows
is as long as it was: from the rows and the interval of reading, the hours that nobody observed can be counted.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from storage.records import Observation
from storage.schema.tables import observations

UNBROKEN = timedelta(minutes=20)
"""Twice the time between two readings by default: one that comes late breaks no run."""


def keep_reading(connection: Connection, tenant_id: str, seen: Observation, *, unbroken: timedelta) -> None:
    """Count a reading to the newest run if it goes on with it, else begin a new one. Needs a write transaction of the tenant."""
    table = observations.c
    told = {
        "value": seen.value.value if seen.value else None,
        "smtp_auth_disabled": seen.smtp_auth_disabled,
        "organization": seen.organization,
        "problem": seen.problem,
        "changed_at": seen.changed_at,
    }
    began = func.coalesce(table.first_at, table.at)
    goes_on = (
        update(observations)
        .where(
            table.id == select(func.max(table.id)).where(table.tenant_id == tenant_id).scalar_subquery(),
            *(table[name].is_not_distinct_from(value) for name, value in told.items()),
            table.at.between(seen.at - unbroken, seen.at),
            began >= _midnight(seen.at),
        )
        .values(first_at=began, at=seen.at, readings=func.coalesce(table.readings, 1) + 1)
    )
    if connection.execute(goes_on).rowcount == 0:
        connection.execute(insert(observations).values(tenant_id=tenant_id, at=seen.at, **told))


def _midnight(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
