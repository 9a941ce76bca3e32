"""Keep readings as runs: one row for equal ones that followed each other on one day.

A row ends where the value changes, where reading begins or ceases to fail, at midnight UTC, where the clock
was set back, and where nobody looked for longer than ``unbroken``. So the time within a row was observed
throughout, and the time between two rows is as long as it was: from the rows and the interval of reading, the
hours that nobody observed can be counted.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, func, insert, select, update

from storage.records import Observation
from storage.schema.tables import observations

UNBROKEN = timedelta(minutes=20)
"""Twice the time between two readings by default: one that comes late breaks no run."""

_TOLD = ("value", "smtp_auth_disabled", "organization", "problem", "changed_at")
_BEGAN = func.coalesce(observations.c.first_at, observations.c.at)
_NEWEST = select(func.max(observations.c.id)).where(observations.c.tenant_id == bindparam("tenant"))
_GO_ON = (
    update(observations)
    .where(
        observations.c.id == _NEWEST.scalar_subquery(),
        *(observations.c[name].is_not_distinct_from(bindparam(f"same_{name}")) for name in _TOLD),
        observations.c.at.between(bindparam("earliest"), bindparam("seen_at")),
        bindparam("midnight") <= _BEGAN,
    )
    .values(first_at=_BEGAN, at=bindparam("seen_at"), readings=func.coalesce(observations.c.readings, 1) + 1)
)
_BEGIN = insert(observations)
"""Built once: they run with every reading, and building a statement costs more than running it."""


def keep_reading(connection: Connection, tenant_id: str, seen: Observation, *, unbroken: timedelta) -> None:
    """Count a reading to the newest run if it goes on with it, else begin a new one.

    Needs a write transaction of the tenant.
    """
    told = _told(seen)
    same = {f"same_{name}": told[name] for name in _TOLD}
    when = {"earliest": seen.at - unbroken, "seen_at": seen.at, "midnight": _midnight(seen.at)}
    if connection.execute(_GO_ON, {"tenant": tenant_id, **same, **when}).rowcount == 0:
        connection.execute(_BEGIN, {"tenant_id": tenant_id, "at": seen.at, **told})


def keep_readings(
    connection: Connection, readings: Iterable[tuple[str, Observation, Observation, timedelta]]
) -> None:
    """Keep many tenants' readings: of each its id, the reading, its newest run as it is now, ``unbroken``.

    Needs a write transaction and the right to read each tenant, so that nobody else keeps one meanwhile.
    """
    go_on, begin = [], []
    for tenant_id, seen, newest, unbroken in readings:
        told = _told(seen)
        is_near = seen.at - unbroken <= newest.at <= seen.at and _midnight(seen.at) <= newest.since
        if told == _told(newest) and is_near:
            same = {f"same_{name}": told[name] for name in _TOLD}
            when = {"earliest": seen.at - unbroken, "seen_at": seen.at, "midnight": _midnight(seen.at)}
            go_on.append({"tenant": tenant_id, **same, **when})
        else:
            begin.append({"tenant_id": tenant_id, "at": seen.at, **told})
    if go_on:
        connection.execute(_GO_ON, go_on)
    if begin:
        connection.execute(_BEGIN, begin)


def _told(seen: Observation) -> dict[str, object]:
    return {
        "value": seen.value.value if seen.value else None,
        "smtp_auth_disabled": seen.smtp_auth_disabled,
        "organization": seen.organization,
        "problem": seen.problem,
        "changed_at": seen.changed_at,
    }


def _midnight(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
