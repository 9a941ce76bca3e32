"""Derive the register from events: every entry there ever was, and the newest word on senders.

Only what was recorded before the period's end is taken, so a pack of last year is not changed by this year's
acts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handlers.evidence.proof.cells import text_of
from handlers.evidence.proof.hash_chain import Event

DEVICE_ACTS = frozenset(
    {
        *(
            "device_added",
            "device_moved",
            "device_longer_asked",
            "device_longer_accepted",
            "device_longer_refused",
        ),
        *("device_activated", "device_accepted", "device_refused", "device_owner_changed", "device_orphaned"),
        *("device_replaced", "device_withdrawn"),
    }
)
"""The kinds of event that an entry is made of."""

DEVICE_REPORT = "report_imported"
LAST_SEEN_ALONE = "entra-sign-ins"
"""The kind of report that says when somebody was seen, and not over which version of TLS."""

SEEN_FIELDS = ("tls10", "tls11", "tls12", "messages")
DEVICE_FIELDS = (
    "device",
    "sender",
    "site",
    "owner_id",
    "protocol",
    "reason",
    "plan",
    "due",
    "state",
    "moves",
)
"""What an entry shows, by the names of the record, in the order of the columns behind its number."""


class Register:
    """Hold the register at an instant, spelled as the record does; takes events in their order.

    Every event passes by, and one that can be read and says something of the register is taken.
    """

    def __init__(self, end: str) -> None:
        self._end = end
        self.day = ""
        """The day of the newest event that passed by."""
        self._entries: dict[int, dict[str, Any]] = {}
        self._seen: dict[str, dict[str, Any]] = {}
        """The newest word on a sender, by address."""

    def pass_by(self, at: str) -> None:
        """Note when one more event was recorded, whatever it says."""
        if at < self._end:
            self.day = max(self.day, at[:10])

    def take(self, event: Event) -> None:
        """Add what one more event says; most kinds say nothing of the register."""
        kind, said = event["kind"], event["payload"]
        if text_of(event["at"]) >= self._end:
            return
        if kind == DEVICE_REPORT:
            self._imported(event, said)
        elif kind in DEVICE_ACTS:
            self._acted(said)

    def _acted(self, said: dict[str, Any]) -> None:
        after = said.get("after", {})
        entry = self._entries.setdefault(said.get("device", 0), {})
        entry.update((name, after[name]) for name in DEVICE_FIELDS if name in after)
        if said.get("seen"):
            self._see(text_of(entry.get("sender")), said["seen"], text_of(said["seen"].get("as_of")))

    def _imported(self, event: Event, said: dict[str, Any]) -> None:
        as_of = text_of(said.get("last_day")) or text_of(event["at"])[:10]
        for row in said.get("registered", []):
            sender = text_of(self._entries.get(row.get("device"), {}).get("sender"))
            self._see(sender, row, "" if said.get("kind") == LAST_SEEN_ALONE else as_of)

    def _see(self, sender: str, row: dict[str, Any], as_of: str) -> None:
        """Keep one word on a sender; without a day it says when they were seen, not which TLS."""
        known = self._seen.setdefault(sender, {"as_of": ""})
        if as_of < known["as_of"] and as_of:
            return
        known["last_seen"] = max(text_of(known.get("last_seen")), text_of(row.get("last_seen")))
        if as_of:
            known.update({name: row.get(name) for name in SEEN_FIELDS}, as_of=as_of)

    def rows(self) -> Iterator[list[str]]:
        """Yield the cells of every entry by number; what is unknown is empty."""
        for number in sorted(self._entries):
            entry = self._entries[number]
            seen = self._seen.get(text_of(entry.get("sender")), {})
            told = [entry.get(name) for name in DEVICE_FIELDS] + [
                seen.get(name) for name in ("last_seen", *SEEN_FIELDS)
            ]
            yield [f"D{number}", *map(text_of, told)]
