"""Check the record's hash chain: every event has its hash, names the one before it, and none is missing."""

from __future__ import annotations

import hashlib
import json
from typing import Any

Event = dict[str, Any]
"""One line of ``events.jsonl``, parsed."""

FIRST = "0" * 64
"""What the first event names as the hash before it."""


_TYPES = {
    **dict.fromkeys(("at", "kind", "actor", "prev", "hash", "tenant"), (str,)),
    "seq": (int,),
    "request": (int, type(None)),
    "payload": (dict,),
}
"""The fields of an event, and what each of them is."""


def canonical_text(value: Any) -> str:
    """Return the text that is hashed: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _is(event: Event, name: str, types: tuple[type, ...]) -> bool:
    return name in event and type(event[name]) in types


def flaw_of(line: str, seq: int, head: str) -> tuple[str, Event | None]:
    """Say what is wrong with the event after ``seq`` and ``head``, else empty; and the event, if any."""
    try:
        event = json.loads(line)
        spelled = canonical_text(event)
    except (ValueError, RecursionError):
        return "this is no JSON", None
    if not isinstance(event, dict) or not all(_is(event, name, types) for name, types in _TYPES.items()):
        return "this is no event", None
    if spelled + "\n" != line:
        return "it is not spelled as it was written", None
    bare = {name: value for name, value in event.items() if name != "hash"}
    if hashlib.sha256(canonical_text(bare).encode("ascii")).hexdigest() != event["hash"]:
        return "its content does not match its hash", None
    if event["seq"] != seq + 1 or event["prev"] != head:
        return f"it does not follow event {seq}", None
    return "", event
