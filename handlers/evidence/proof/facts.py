"""Read what stands beside the changes: rules, settings, days, pairings, heads, time stamps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from handlers.evidence.proof.cells import text_of
from handlers.evidence.proof.hash_chain import Event
from handlers.evidence.proof.readable_events import is_about_change, is_readable


class Latest(Protocol):
    """What was last said of each thing, by its key; a ``dict`` is one."""

    def __setitem__(self, key: Any, said: Any, /) -> None:
        """Replace what was said before."""

    def get(self, key: Any, /) -> Any:
        """Return what was said last; ``None``: nothing."""

    def values(self) -> Iterable[Any]:
        """Return everything that was said last, in any order."""


@dataclass
class Facts:
    """Collected from all events in their order, those about changes included."""

    rules: list[tuple[int, str, int]] = field(default_factory=list)
    """Number of the event, digest, and how many approvals it needs."""
    days: dict[str, dict[str, Any]] = field(default_factory=dict)
    day_heads: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """Of each day the number, the hash and the time of the event that closed it: the day's head."""
    rows: Latest = field(default_factory=dict)
    """What was last said of each row of Exchange's audit log, by its id."""
    authors: Latest = field(default_factory=dict)
    """Who made a change by the newest row that was paired with it, by its number."""
    changes: Latest = field(default_factory=dict)
    """What was last said of each change that was looked for in it, by its number."""
    searches: list[tuple[str, str]] = field(default_factory=list)
    """From when until when it was searched; one that goes on with the one before is one with it."""
    heads: list[dict[str, Any]] = field(default_factory=list)
    stamps: dict[int, dict[str, Any]] = field(default_factory=dict)
    stamping: list[tuple[str, bool]] = field(default_factory=list)
    """From when on time stamps were wanted, or no more."""
    probes: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    """When, host, port, TLS version, and whether it was taken: each first outcome and each change."""
    unreadable: list[int] = field(default_factory=list)
    """The numbers of events that the bot did not write so."""
    in_order: Callable[[Iterable[list[str]]], Iterable[list[str]]] = sorted
    """Sorts rows of cells; what it returns can be read more than once."""

    def take(self, event: Event) -> bool:
        """Add what one more event says; most kinds say nothing of this. Tells whether it can be read."""
        if not is_readable(event):
            if not is_about_change(event.get("request")):  # else the change that it is about names it
                self.unreadable.append(event["seq"])
            return False
        reader = _READERS.get(event["kind"])
        if reader is not None:
            reader(self, event, event["payload"])
        return True

    def rule_at(self, seq: int) -> tuple[str, int]:
        """Return the rule's digest at an event and the approvals it needs; 1 where none is recorded."""
        held = [(digest, needed) for number, digest, needed in self.rules if number <= seq]
        return held[-1] if held else ("", 1)

    def author_of(self, number: int) -> str:
        """Return who made a change outside the bot, as the audit log says; empty where it does not."""
        return text_of(self.authors.get(number))

    def stamps_wanted(self, at: str) -> bool:
        """Tell whether time stamps were set up at an instant."""
        said = [wanted for since, wanted in self.stamping if since <= at]
        return bool(said) and said[-1]


def _rule(facts: Facts, event: Event, said: dict[str, Any]) -> None:
    needed = said.get("body", {}).get("approvals_required", 1)
    facts.rules.append((event["seq"], text_of(said.get("digest")), needed if isinstance(needed, int) else 1))


def _settings(facts: Facts, event: Event, said: dict[str, Any]) -> None:
    wanted = bool(said.get("settings", {}).get("LEGACYTLS_TIMESTAMP_URL"))
    facts.stamping.append((text_of(event["at"]), wanted))


def _day(facts: Facts, event: Event, said: dict[str, Any]) -> None:
    day = text_of(said.get("day"))
    facts.days[day] = said
    if said.get("over"):
        facts.day_heads[day] = (event["seq"], event["hash"], text_of(event["at"]))


def _reconciled(facts: Facts, event: Event, said: dict[str, Any]) -> None:
    _searched(facts, text_of(said.get("from")), text_of(said.get("until")))
    for row in said.get("rows", []):
        facts.rows[text_of(row.get("id"))] = row
        if row.get("number") is not None:
            facts.authors[row["number"]] = text_of(row.get("actor"))
    for change in said.get("changes", []):
        facts.changes[change.get("number")] = change


def _searched(facts: Facts, since: str, until: str) -> None:
    before, end = facts.searches[-1] if facts.searches else ("", "")
    if facts.searches and before <= since <= end:
        facts.searches[-1] = (before, max(end, until))
    else:
        facts.searches.append((since, until))


def _head_posted(facts: Facts, event: Event, said: dict[str, Any]) -> None:
    facts.heads.append({**said, "at": event["at"]})


def _timestamped(facts: Facts, event: Event, said: dict[str, Any]) -> None:
    facts.stamps[said.get("seq", 0)] = {**said, "kept_at": event["at"]}


def _probed(facts: Facts, event: Event, said: dict[str, Any]) -> None:
    place = (text_of(event["at"]), text_of(said.get("host")), text_of(said.get("port")))
    for outcome in ("accepted", "refused"):
        versions = said.get(outcome)
        facts.probes += [
            (*place, text_of(tls), outcome) for tls in (versions if isinstance(versions, list) else [])
        ]


_READERS = {
    "rule": _rule,
    "settings": _settings,
    "day": _day,
    "reconciled": _reconciled,
    "head_posted": _head_posted,
    "timestamped": _timestamped,
    "probed": _probed,
}

FACTS = frozenset(_READERS)
"""The kinds of event that say something of this."""
