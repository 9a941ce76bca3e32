"""Read the headers of an answer: how long to wait, and which claims a 401 asks for. Pure."""

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from bot.exchange.http.received import Answer

LONGEST_WAIT: Final = 3600.0
"""Seconds for which Microsoft is left alone at most, whatever it asks for: nothing may wait longer
(``storage.records``)."""


def header(answer: Answer, name: str) -> str:
    """Return the value of a header, whatever the case of its name; empty where there is none."""
    return next((value for key, value in answer.headers.items() if key.lower() == name.lower()), "")


def retry_after(text: str, now: datetime, longest: float = LONGEST_WAIT) -> float | None:
    """Read ``Retry-After`` (RFC 9110, 10.2.3: seconds or a date) as seconds, at most ``longest``.

    ``None`` when it cannot be read.
    """
    if re.fullmatch(r"\d{1,12}(\.\d{1,12})?", text, re.ASCII):
        return min(float(text), longest)
    try:
        date = parsedate_to_datetime(text)
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0.0), longest)


def claims_of(challenge: str) -> str | None:
    """Read the claims of a ``WWW-Authenticate: Bearer`` header as JSON; ``None`` where there are none."""
    found = re.search(r'(?:^|[\s,])claims="([A-Za-z0-9+/_=-]+)"', challenge)
    if found is None:
        return None
    packed = found[1].rstrip("=").replace("+", "-").replace("/", "_")
    try:
        text = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
        wanted = json.loads(text)
    except (ValueError, binascii.Error, RecursionError):
        return None
    return text if isinstance(wanted, dict) else None
