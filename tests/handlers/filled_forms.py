"""What people fill into forms, as Slack spells it, and the dates that a tenant of the tests knows."""

import functools
from datetime import date, datetime, timedelta
from typing import Any

from handlers.calendar.calendar import Calendar, load_packaged
from handlers.ports import Cloud

WORLDWIDE = Cloud(
    "worldwide",
    "Worldwide",
    ("smtp-legacy.office365.com", "pop-legacy.office365.com", "imap-legacy.office365.com"),
)

HIGH = Cloud("gcc-high", "GCC High", ())


@functools.cache
def _calendar() -> Calendar:
    return load_packaged()


def _request(now: datetime) -> dict[str, Any]:
    return {
        "reason": "Scanners in Zürich speak TLS 1.0",
        "clients": "40 scanners, owned by Dave",
        "protocols": ["smtp-auth"],
        "day": now.date() + timedelta(days=20),
    }


def _element(value: object) -> dict[str, Any]:
    if isinstance(value, date):
        return {"type": "datepicker", "selected_date": value.isoformat()}
    if isinstance(value, list):
        return {"type": "checkboxes", "selected_options": [{"value": option} for option in value]}
    return {"type": "plain_text_input", "value": value}
