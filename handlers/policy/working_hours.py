"""Judge by working hours when scheduled messages may be posted, and when a request expires.

Pure.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handlers.policy.days import local_day

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Scheduled messages are posted Monday to Friday within these hours of the configured zone."""

    opens: time = time(9)
    closes: time = time(17)


NINE_TO_FIVE = Hours()


def in_working_hours(now: datetime, zone: ZoneInfo, hours: Hours = NINE_TO_FIVE) -> bool:
    """Tell whether scheduled messages may be posted at ``now``."""
    local = now.astimezone(zone)
    return local.weekday() < 5 and hours.opens <= local.time() < hours.closes


def last_opening(before: datetime, zone: ZoneInfo, hours: Hours = NINE_TO_FIVE) -> datetime:
    """Return the last time working hours begin before an instant."""
    day = local_day(before, zone)
    while day.weekday() >= 5 or datetime.combine(day, hours.opens, tzinfo=zone) >= before:
        day -= DAY
    return datetime.combine(day, hours.opens, tzinfo=zone)


def next_opening(after: datetime, zone: ZoneInfo, hours: Hours = NINE_TO_FIVE) -> datetime:
    """Return the first time working hours begin after an instant."""
    day = local_day(after, zone)
    while day.weekday() >= 5 or datetime.combine(day, hours.opens, tzinfo=zone) <= after:
        day += DAY
    return datetime.combine(day, hours.opens, tzinfo=zone)


def expiry_of(
    asked: datetime, ttl: timedelta | None, zone: ZoneInfo, hours: Hours = NINE_TO_FIVE
) -> datetime:
    """Return when an undecided request expires: ``ttl`` later, ``None``: by the next working day.

    That is when working hours end on the first day from Monday to Friday after the one it was asked on: what
    is asked on Friday is still open on Monday.
    """
    if ttl is not None:
        return asked + ttl
    day = local_day(asked, zone) + DAY
    while day.weekday() >= 5:
        day += DAY
    return datetime.combine(day, hours.closes, tzinfo=zone).astimezone(UTC)


def expires_unseen(now: datetime, expires: datetime, zone: ZoneInfo, hours: Hours = NINE_TO_FIVE) -> bool:
    """Tell whether nobody is at work between now and then."""
    return not in_working_hours(now, zone, hours) and next_opening(now, zone, hours) >= expires


def last_open_moment(before: datetime, zone: ZoneInfo, hours: Hours) -> datetime:
    """Return the last moment of working hours before an instant, or the instant itself within them."""
    closing = datetime.combine(local_day(last_opening(before, zone, hours), zone), hours.closes, tzinfo=zone)
    return min(closing.astimezone(UTC), before)
