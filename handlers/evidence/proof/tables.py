"""Make the rows of a pack's tables, each from events alone."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from handlers.evidence.proof.cells import csv_line, moment, text_of
from handlers.evidence.proof.change import NEEDS_OTHERS, Change
from handlers.evidence.proof.facts import Facts

POPULATION = (
    *(
        "number",
        "kind",
        "ticket",
        "requester",
        "requested_at",
        "approvers",
        "approved_at",
        "from",
        "to",
        "window_end",
    ),
    *("outcome", "applied_at", "read_back", "digest", "devices"),
)
APPROVALS = ("number", "person", "vote", "at", "via", "digest", "rule", "counted", "why_not")
ATTEMPTS = ("number", "at", "what", "outcome", "request_id", "detail")
DAYS = ("day", "value", "hours_unobserved")
HEADS = ("seq", "hash", "at", "permalink")
RECONCILIATION = ("at", "actor", "value", "result", "matched", "number", "why")
DEVICES = (
    *(
        "id",
        "device",
        "sender",
        "site",
        "owner",
        "protocol",
        "reason",
        "plan",
        "due",
        "state",
        "moves",
        "last_seen",
    ),
    *("tls10", "tls11", "tls12", "messages"),
)
PROBES = ("host", "port", "tls", "outcome", "since")
PEOPLE = ("id", "name")


class Span:
    """The period: its first instant and the first one behind it, spelled as the record spells instants."""

    def __init__(self, first_day: str, end_day: str) -> None:
        self.first = f"{first_day}T00:00:00.000000Z"
        self.end = f"{end_day}T00:00:00.000000Z"

    @property
    def days(self) -> int:
        """How many days it has."""
        return (date.fromisoformat(self.end[:10]) - date.fromisoformat(self.first[:10])).days

    def holds(self, at: Any) -> bool:
        """Tell whether an instant of the record lies within."""
        return self.first <= text_of(at) < self.end

    def holds_day(self, day: str) -> bool:
        """Tell whether a day lies within."""
        return self.first[:10] <= day < self.end[:10]


def population_cells(change: Change, facts: Facts) -> list[str]:
    """Return the row of one change in ``population.csv``."""
    asked, counted = change.opened, change.judge()
    outside, applied = change.outside, change.state == "applied" or bool(change.corrected_at)
    requester = facts.author_of(change.number) if outside else text_of(asked.get("requester_id"))
    applied_at = change.corrected_at or change.settled_at if applied else ""
    return [
        str(change.number),
        change.kind,
        text_of(asked.get("ticket")),
        requester,
        "" if outside else moment(asked.get("created_at")),
        "; ".join(vote.person for vote in counted),
        moment(change.approved[1]) if change.approved and not outside else "",
        text_of(asked.get("from_value")),
        text_of(asked.get("to_value")),
        moment(asked.get("window_end")),
        "observed" if outside else change.state,
        "" if outside else moment(applied_at),
        text_of(asked.get("to_value")) if outside else _read_back(change),
        counted[-1].digest if counted else "",
        devices_of(change),
    ]


def devices_of(change: Change) -> str:
    """Return what a change was asked for: entries of the register by number, and what was typed beside them.

    The text of the request ends with a line for each entry that it named then
    (``handlers.register.named_devices``).
    """
    lines = text_of(change.opened.get("clients")).split("\n")
    typed = "\n".join(lines[: len(lines) - len(change.opened.get("devices") or [])])
    return "; ".join(
        [*change.devices, f"typed: {typed}" if change.devices else typed] if typed else change.devices
    )


def _read_back(change: Change) -> str:
    seen = [text_of(step.get("value")) for step in change.attempts if step.get("step") == "read_back"]
    return seen[-1] if seen else ""


def approval_rows(change: Change, facts: Facts) -> Iterator[list[str]]:
    """Return the rows of one change in ``approvals.csv``: every vote that was ever recorded."""
    counted = {id(vote) for vote in change.judge()}
    for vote in change.votes:
        does = id(vote) in counted or (vote.vote == "reject" and not vote.why_not)
        rule, _ = facts.rule_at(vote.seq)
        cells = [
            str(change.number),
            vote.person,
            vote.vote.replace("_", " "),
            moment(vote.at),
            vote.via,
            vote.digest,
            rule,
        ]
        yield [*cells, "yes" if does else "no", vote.why_not]


def attempt_rows(change: Change) -> Iterator[list[str]]:
    """Return the rows of one change in ``attempts.csv``: each call of Exchange and what came of it."""
    for step in change.attempts:
        what, outcome = (
            text_of(step.get("step")).replace("_", " "),
            text_of(step.get("outcome") or step.get("value")),
        )
        yield [
            str(change.number), moment(step.get("at")), what, outcome.replace("_", " "),
            text_of(step.get("client_request_id")), text_of(step.get("detail")),
        ]  # fmt: skip


def unapproved(change: Change, facts: Facts) -> str:
    """Say what is unproven of a sent change: enough approvals of others; empty where proven."""
    if change.kind not in NEEDS_OTHERS or not (change.made or change.sent_at):
        return ""
    found = len(change.judge())
    _, needed = facts.rule_at(change.approved[0] if change.approved else 0)
    if change.approved is not None and found >= needed:
        return ""
    return f"#{change.number} was made with {found} of the {needed} approvals by others that its rule needs."


def day_rows(facts: Facts, span: Span) -> Iterator[list[str]]:
    """Return the rows of ``days.csv``, in the order of the days."""
    for day in sorted(facts.days):
        if span.holds_day(day):
            said = facts.days[day]
            minutes = said.get("minutes_unobserved") or 0
            yield [day, text_of(said.get("value")) or "unknown", f"{minutes / 60:.2f}"]


def head_rows(facts: Facts, last: int) -> Iterator[list[str]]:
    """Return the rows of ``heads.csv``: the heads that were posted in Slack, up to the event ``last``."""
    for said in facts.heads:
        if said.get("seq", 0) <= last:
            yield [
                text_of(said.get("seq")),
                text_of(said.get("hash")),
                moment(said["at"]),
                text_of(said.get("permalink")),
            ]


def reconciled(facts: Facts, span: Span) -> Iterable[list[str]]:
    """Return the rows of the audit log by time, and the changes that have none, to be read more than once."""
    unmatched = (said for said in facts.changes.values() if said.get("matched") != "yes")
    told = (said for kept in (facts.rows.values(), unmatched) for said in kept if span.holds(said.get("at")))
    return facts.in_order([text_of(said.get(name)) for name in RECONCILIATION] for said in told)


def reconciliation_rows(found: Iterable[list[str]]) -> Iterator[list[str]]:
    """Return the rows of ``reconciliation.csv`` from what was ``reconciled``."""
    for cells in found:
        yield [moment(cells[0]), *cells[1:]]


def probe_rows(facts: Facts, span: Span) -> Iterator[list[str]]:
    """Return the rows of ``probes.csv``: what endpoints were last seen to take by the period's end."""
    known = {
        (host, port, tls): (outcome, at) for at, host, port, tls, outcome in facts.probes if at < span.end
    }
    for (host, port, tls), (outcome, at) in sorted(known.items()):
        yield [host, port, tls, outcome, moment(at)]


def stamp_files(facts: Facts, span: Span) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file below ``timestamps/``, for the days' heads within the period."""
    for day, (seq, _, _) in sorted(facts.day_heads.items(), key=lambda known: known[1]):
        said = facts.stamps.get(seq)
        if said is not None and span.holds_day(day):
            yield f"timestamps/{seq}.tsr", base64.b64decode(text_of(said.get("token")))
            yield f"timestamps/{seq}.txt", f"{seq}:{text_of(said.get('hash'))}".encode("ascii")


def table(fields: tuple[str, ...], rows: Iterator[list[str]]) -> Iterator[str]:
    """Yield the lines of a table, its header first."""
    yield csv_line(fields)
    for cells in rows:
        yield csv_line(cells)
