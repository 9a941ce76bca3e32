"""Tell which events can be read: whoever owns the database can write anything, and its hash, into the record.

What cannot be read makes no row, and is named; nothing breaks by it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from handlers.evidence.proof.hash_chain import Event
from handlers.evidence.proof.register import DEVICE_ACTS, DEVICE_REPORT

Fits = Callable[[Any], bool]

MOST = 2**31 - 1
"""The highest number that a change can have."""


def is_about_change(request: Any) -> bool:
    """Tell whether this is the number of a change: a request of another number is none's, and unreadable."""
    return type(request) is int and 0 < request <= MOST


def is_readable(event: Event) -> bool:
    """Tell whether the fields that tables are made of have the types in which the bot writes them.

    One that is missing is an older version's.
    """
    fields, said, request = _FIELDS.get(event["kind"]), event["payload"], event.get("request")
    if request is not None and not is_about_change(request):
        return False
    return fields is None or all(fits(said[name]) for name, fits in fields.items() if name in said)


def _is_number(value: Any) -> bool:
    return type(value) is int


def _is_count(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_token(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(base64.b64decode(value, validate=True))
    except ValueError:
        return False


def _are_numbered(name: str) -> Fits:
    """Objects, each with a number or nothing under a name."""
    return lambda value: (
        isinstance(value, list)
        and all(isinstance(each, dict) and _is_count(each.get(name)) for each in value)
    )


def _are_devices(value: Any) -> bool:
    return value is None or (
        isinstance(value, list) and all(isinstance(each, list) and bool(each) for each in value)
    )


NAMING = ("request_opened", "devices_changed")
"""The kinds by which a change names entries of the register."""

_NAMED: Mapping[str, Fits] = {"devices": _are_devices}
_ACT: Mapping[str, Fits] = {
    "device": _is_number,
    "after": _is_object,
    "seen": lambda value: value is None or _is_object(value),
}
_FIELDS: Mapping[str, Mapping[str, Fits]] = {
    "rule": {"body": _is_object},
    "settings": {"settings": _is_object},
    "day": {"day": lambda value: isinstance(value, str), "minutes_unobserved": _is_count},
    "reconciled": {"rows": _are_numbered("number"), "changes": _are_numbered("number")},
    "head_posted": {"seq": _is_number},
    "timestamped": {"seq": _is_number, "token": _is_token},
    **dict.fromkeys(NAMING, _NAMED),
    DEVICE_REPORT: {"registered": _are_numbered("device")},
    **dict.fromkeys(DEVICE_ACTS, _ACT),
}
