"""Spell what is hashed or kept as text in one way: equal values give equal bytes. Pure."""

import json
from datetime import UTC, datetime

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
"""Made once: every write spells several values."""


def canonical(value: object) -> str:
    """Return the one spelling of a JSON value: sorted keys, no blanks, ASCII."""
    return _ENCODER.encode(value)


def stamp(at: datetime) -> str:
    """Return the one spelling of an instant: UTC with microseconds and ``Z``."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
