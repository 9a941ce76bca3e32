"""The dates as an iCalendar (RFC 5545), the same bytes for the same record.

Each entry keeps its UID and counts its SEQUENCE up, so that a calendar that reads it again moves the entry it
has. A date of Microsoft's is a span of days exactly as wide as what Microsoft stated: a month never becomes a
day.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from icalendar import Calendar, Event, vDate

from handlers.calendar.calendar import Listed
from handlers.calendar.milestone import Phase
from handlers.queries.calendar_dates import Dates, Window

FETCH_AGAIN = timedelta(hours=1)
"""How often whoever subscribed is asked to fetch it again (RFC 7986, REFRESH-INTERVAL)."""

_HEAD = {
    "prodid": "-//legacytls//calendar//EN",
    "version": "2.0",
    "calscale": "GREGORIAN",
    "method": "PUBLISH",
    "x-wr-calname": "Legacy TLS in Exchange Online",
}

_FIRST = date(2020, 1, 1)
"""From which the checks of the milestones are counted; SEQUENCE has to grow when a date is moved."""


def ics(dates: Dates) -> bytes:
    """Return the calendar file."""
    calendar = Calendar()
    for name, value in _HEAD.items():
        calendar.add(name, value)
    calendar.add("refresh-interval", FETCH_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for event in (*_windows(dates), *_dues(dates), *_milestones(dates)):
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _windows(dates: Dates) -> Iterator[Event]:
    for window in dates.windows:
        uid = f"window-{window.number}@{dates.tenant_id}"
        event = _event(uid, window.moved_by, window.changed_at, cancelled=window.cut_short)
        event.add("summary", f"Legacy TLS: the opt-in #{window.number} ends")
        event.add("description", _what_happens(window))
        event.add("dtstart", window.end)
        yield event


def _what_happens(window: Window) -> str:
    if window.cut_short:
        return f"It was ended before its time by #{window.moved_by}."
    return (
        "The bot opts out by itself then, and what still needs TLS 1.0 or 1.1 stops. `/legacytls extend` "
        "asks for more time."
    )


def _dues(dates: Dates) -> Iterator[Event]:
    for due in dates.dues:
        event = _event(
            f"device-{due.number}@{dates.tenant_id}", due.version, due.changed_at, cancelled=due.has_ended
        )
        event.add("summary", f"Legacy TLS: D{due.number} is due")
        event.add("description", "The last day on which this device may need TLS 1.0 or 1.1.")
        event.add("dtstart", vDate(due.day))
        event.add("dtend", vDate(due.day + timedelta(days=1)))
        yield event


def _milestones(dates: Dates) -> Iterator[Event]:
    sequence = max(0, (dates.verified_on - _FIRST).days)
    checked = datetime.combine(dates.verified_on, time(), tzinfo=UTC)
    for row in dates.milestones:
        milestone = row.milestone
        if milestone.first is None or milestone.last is None or not milestone.is_change:
            continue
        replaced = row.phase is Phase.SUPERSEDED
        event = _event(f"milestone-{milestone.id}@legacytls", sequence, checked, cancelled=replaced)
        event.add("summary", f"Microsoft, {milestone.display}: {milestone.effect}")
        event.add("description", _from_where(row))
        event.add("dtstart", vDate(milestone.first))
        event.add("dtend", vDate(milestone.last + timedelta(days=1)))
        yield event


def _from_where(row: Listed) -> str:
    replaced = f"Replaced by: {row.replaced_by.display}. " if row.replaced_by else ""
    sources = " ".join(f"{source.title} {source.url or ''}".strip() for source in row.milestone.sources)
    return (
        f"{replaced}Microsoft moves these dates; the message centre of your tenant has the last word. "
        f"{sources}"
    ).strip()


def _event(uid: str, sequence: int, at: datetime, *, cancelled: bool) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("sequence", sequence)
    event.add("dtstamp", at.astimezone(UTC).replace(microsecond=0))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event
