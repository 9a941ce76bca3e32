"""Say what events alone do not prove of a period, a sentence each; none means that they prove all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from handlers.evidence.proof.cells import moment, text_of
from handlers.evidence.proof.change import Change
from handlers.evidence.proof.facts import Facts
from handlers.evidence.proof.tables import Span, unapproved

LATE = timedelta(hours=24)
"""A head that is stamped later than this proves less, and says so."""

FRESH = timedelta(hours=1)
"""A search that is older than this says nothing of the present."""


def missing_of_change(change: Change, facts: Facts) -> Iterator[str]:
    """Return what is not proven of one change, a sentence each."""
    yield from (f"#{change.number}: {_unreadable(seq)}" for seq in change.unreadable)
    sentence = unapproved(change, facts)
    if sentence:
        yield sentence
    if needs_a_row(change):
        said = facts.changes.get(change.number)
        if said is None:
            yield f"#{change.number} was not looked for in Exchange's audit log."
        elif said.get("matched") != "yes":
            yield f"#{change.number}: {text_of(said.get('why'))}"


def needs_a_row(change: Change) -> bool:
    """Tell whether Exchange's audit log has to hold a row of this change: it took effect by a write."""
    return change.outside or (change.made and bool(change.sent_at))


def missing_of_facts(facts: Facts, span: Span, last_at: str, hashes: Mapping[int, str]) -> Iterator[str]:
    """Return what is not proven beside the changes, a sentence each.

    ``last_at``: of the pack's last event; ``hashes``: those of the heads posted.
    """
    yield from map(_unreadable, facts.unreadable)
    yield from unsearched(facts, span, last_at)
    unpaired = (row for row in facts.rows.values() if row.get("matched") in ("no", "awaited"))
    for row in sorted(unpaired, key=lambda said: (text_of(said.get("at")), text_of(said.get("id")))):
        if span.holds(row.get("at")):
            yield _row(row)
    for head in facts.heads:
        if head.get("seq") in hashes and hashes[head["seq"]] != head.get("hash"):
            yield f"The head {head['seq']}:{head.get('hash')}, posted in Slack, is not that of the record."
    for day in sorted(facts.day_heads):
        if span.holds_day(day):
            yield from _stamp(facts, day, last_at)


def _unreadable(seq: int) -> str:
    return f"Event {seq} was not written so by the bot, and nothing is shown of it."


def _row(row: Mapping[str, Any]) -> str:
    who, value = (
        text_of(row.get("actor")) or "somebody unknown",
        text_of(row.get("value")) or "a value that is not told",
    )
    return (
        f"Exchange's audit log has a change to {value} by {who} at {moment(row.get('at'))}: "
        f"{text_of(row.get('why'))}"
    )


def unsearched(facts: Facts, span: Span, last_at: str) -> Iterator[str]:
    """Return the parts of the period for which no search of the audit log is on record."""
    covered = span.first
    end = min(span.end, last_at)
    for since, until in sorted(facts.searches):
        if covered >= end:
            return
        if since > covered:
            yield _gap(covered, min(since, end))
        covered = max(covered, until)
    if instant_of(covered) + FRESH < instant_of(end) or (not facts.searches and covered < end):
        yield _gap(covered, end)


def _gap(since: str, until: str) -> str:
    return f"Exchange's audit log was not searched from {moment(since)} to {moment(until)}."


def _stamp(facts: Facts, day: str, last_at: str) -> Iterator[str]:
    seq, digest, closed_at = facts.day_heads[day]
    if not facts.stamps_wanted(closed_at):
        return
    said = facts.stamps.get(seq)
    if said is None:
        if instant_of(closed_at) + LATE < instant_of(last_at):
            yield f"The head of {day} ({seq}) has no time stamp."
    elif said.get("hash") != digest:
        yield f"The time stamp of {day} is of another head than {seq}:{digest}."
    elif instant_of(text_of(said.get("at"))) > instant_of(closed_at) + LATE:
        yield f"The head of {day} ({seq}) was stamped late, at {moment(said.get('at'))}."


def instant_of(spelled: str) -> datetime:
    """Return an instant of the record to reckon with; for a text that is none, one before all others."""
    try:
        return datetime.fromisoformat(spelled.replace("Z", "+00:00"))
    except ValueError:
        return datetime.fromisoformat("0001-01-01T00:00:00+00:00")
