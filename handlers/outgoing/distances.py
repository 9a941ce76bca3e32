"""Judge how near something is for a reminder: 30, 14, 7 and 1 day before, never after a weekend."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from handlers.calendar.milestone import Milestone, Precision
from handlers.policy.working_hours import DAY, Hours, last_opening

BEFORE = (30, 14, 7, 1)
"""Days ahead at which a change, or an expiry, is told; of these the nearest alone."""


def to_milestone(milestone: Milestone, today: date) -> int | None:
    """Return the nearest distance at which a change is told today; ``None`` while it is far, or over."""
    first = milestone.first
    near = [distance for distance in BEFORE if first and _is_near(first, distance, today)]
    return near[-1] if near else None


def to_expiry(expires: datetime | None, now: datetime, zone: ZoneInfo, hours: Hours) -> int | None:
    """Return the nearest distance at which an expiry is told now; ``None`` while it is far, or over.

    It is told at the latest on the last working day before it.
    """
    if expires is None or now >= expires:
        return None
    last_chance = last_opening(expires, zone, hours)
    near = [days for days in BEFORE if now >= min(expires - days * DAY, last_chance)]
    return near[-1] if near else None


def how_near(milestone: Milestone, distance: int, today: date) -> str:
    """Say how close it is; counted in days only where Microsoft gave a day."""
    if milestone.first is not None and milestone.precision is Precision.DAY:
        days = (milestone.first - today).days
        return "in 1 day" if days == 1 else f"in {days} days"
    return {30: "perhaps within a month", 14: "perhaps within two weeks", 7: "perhaps within a week"}.get(
        distance, "any day now"
    )


def _is_near(first: date, distance: int, today: date) -> bool:
    """Tell whether it is that many days before ``first``, or the last working day before that."""
    last_working_day = first - (max(1, first.weekday() - 4) if first.weekday() else 3) * DAY
    return first - distance * DAY <= today < first or (today < first and today >= last_working_day)
