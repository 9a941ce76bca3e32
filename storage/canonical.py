"""The one spelling of what is hashed or kept as text: two programs that spell the same value write the same bytes. Pure."""

import json
from datetime import UTC, datetime


def canonical(value: object) -> str:
    """The one spelling of a JSON value: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def stamp(at: datetime) -> str:
    """The one spelling of an instant: UTC with microseconds and ``Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
