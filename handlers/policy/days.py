"""Turn days of the configured zone into instants. Pure.

What is approved is an absolute end: 24:00 of the chosen day. The maximum counts from the submission.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return 24:00 of ``day`` in ``zone`` as UTC; if a clock change skips it, the skip's instant."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)


def spelled_instant(at: datetime) -> str:
    """Spell an instant for a kept sentence, UTC to the minute; Slack's edge localises it."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def read_instant(text: str) -> datetime:
    """Return the instant that ``spelled_instant`` wrote. Raises ``ValueError``."""
    return datetime.strptime(text, "%d %B %Y, %H:%M UTC").replace(tzinfo=UTC)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of an instant in ``zone``."""
    return at.astimezone(zone).date()


def last_day(window_end: datetime, zone: ZoneInfo) -> date:
    """Return the last whole day of a window that ends at ``window_end``."""
    return local_day(window_end - timedelta(microseconds=1), zone)


def spelled_end(window_end: datetime, zone: ZoneInfo) -> str:
    """Return a window's end for people, by the zone's clock: ``24:00 of 28 December 2026, Europe/Berlin``.

    Chosen under another zone it is the end of no day, and said with its hour.
    """
    day, local = last_day(window_end, zone), window_end.astimezone(zone)
    hour = "24:00" if window_end == end_of_day(day, zone) else f"{local:%H:%M}"
    return f"{hour} of {day:%-d %B %Y}, {zone.key}"


def latest_day(now: datetime, max_window: timedelta, zone: ZoneInfo) -> date:
    """Return the latest day whose 24:00 is within the maximum window from ``now``; never before today."""
    limit = now + max_window
    day = local_day(limit, zone)
    while end_of_day(day, zone) > limit and day > local_day(now, zone):
        day -= timedelta(days=1)
    return day


def latest_end(asked_at: datetime, max_window: timedelta, zone: ZoneInfo) -> datetime:
    """Return the latest end that could be chosen for a window when it was asked for."""
    return end_of_day(latest_day(asked_at, max_window, zone), zone)


def default_day(
    now: datetime,
    default_window: timedelta,
    max_window: timedelta,
    zone: ZoneInfo,
    *,
    runs_until: datetime | None = None,
) -> date:
    """Return the day a form proposes: the default window from now, or from ``runs_until``."""
    begins = runs_until if runs_until and runs_until > now else None
    day = last_day(begins + default_window, zone) if begins else local_day(now + default_window, zone)
    return min(day, latest_day(now, max_window, zone))
