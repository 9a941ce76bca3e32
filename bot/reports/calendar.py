"""``legacytls calendar``: the dates as in Slack, as data, and as an iCalendar."""

import json
import sys
from typing import Any
from zoneinfo import ZoneInfo

from bot.process import utc_now
from bot.reports.status_and_history import ledger_of
from bot.settings.milestones import load_calendar
from bot.settings.model import Settings
from bot.terminal import line
from handlers.calendar.calendar import Listed
from handlers.policy.days import last_day, local_day
from handlers.queries.calendar_dates import CalendarDates, Window
from handlers.slack.views import calendar
from handlers.slack.views.plain_text import plain


def show_calendar(settings: Settings, *, as_json: bool, as_ics: bool) -> int:
    """Print the calendar in one of its forms."""
    zone, milestones = settings.timezone, load_calendar(settings.milestones)
    with ledger_of(settings) as ledger:
        dates = CalendarDates(
            ledger, milestones, settings.exchange_cloud, lambda: local_day(utc_now(), zone)
        ).gather()
    if as_ics:
        from bot.calendar_file import ics  # noqa: PLC0415 - only who wants the file waits for the library

        sys.stdout.buffer.write(ics(dates))
        return 0
    if as_json:
        windows = [_window(one, zone) for one in dates.windows]
        data = {
            "windows": windows,
            "milestones": [_milestone(row) for row in dates.milestones],
            "warning": dates.warning,
        }
        sys.stdout.write(json.dumps(data, indent=2) + "\n")
        return 0
    for text in plain(calendar.calendar(dates.milestones, dates.warning)):
        line(text)
    return 0


def _window(window: Window, zone: ZoneInfo) -> dict[str, Any]:
    day = last_day(window.end, zone).isoformat()
    return {
        "number": window.number,
        "ends": window.end.isoformat(),
        "last_day": day,
        "cut_short": window.cut_short,
    }


def _milestone(row: Listed) -> dict[str, Any]:
    milestone = row.milestone
    return {
        "id": milestone.id,
        "kind": milestone.kind.value,
        "when": milestone.display,
        "from": milestone.first.isoformat() if milestone.first else None,
        "to": milestone.last.isoformat() if milestone.last else None,
        "phase": row.phase.value,
        "effect": milestone.effect,
        "protocols": list(milestone.protocols),
        "message_center_id": milestone.message_center_id,
        "sources": [{"title": source.title, "url": source.url} for source in milestone.sources],
        "replaced_by": row.replaced_by.id if row.replaced_by else None,
    }
