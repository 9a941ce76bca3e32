"""Make a pack's text files from its events, line by line, for writing and for comparing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from handlers.evidence.proof.cells import csv_line
from handlers.evidence.proof.change import Change
from handlers.evidence.proof.facts import Facts
from handlers.evidence.proof.hash_chain import canonical_text
from handlers.evidence.proof.page import (
    Named,
    Population,
    change_row,
    changes_begin,
    page_begin,
    page_end,
    timeline,
)
from handlers.evidence.proof.register import Register
from handlers.evidence.proof.tables import (
    APPROVALS,
    ATTEMPTS,
    DAYS,
    DEVICES,
    HEADS,
    POPULATION,
    PROBES,
    RECONCILIATION,
    Span,
    approval_rows,
    attempt_rows,
    day_rows,
    head_rows,
    population_cells,
    probe_rows,
    reconciled,
    reconciliation_rows,
    table,
)

KEPT_EVENTS = {"rules.jsonl": "rule", "settings.jsonl": "settings"}
"""The files that hold the events of one kind, up to the pack's last one."""

TOLD_BESIDE = ("people.csv",)
"""What follows from no event: what Slack says now. The manifest has a hash of each of its lines."""

PAGE = "index.html"
OF_CHANGES = ("population.csv", "approvals.csv", "attempts.csv", PAGE)
"""The files that hold rows of each change, between a beginning and an end."""


class Building:
    """Makes the lines of each file that follows from events.

    ``named`` tells how a person is named on the page.
    """

    def __init__(self, facts: Facts, register: Register, span: Span, named: Named) -> None:
        self._facts = facts
        self._register = register
        self._span = span
        self._named = named
        self._reconciled = reconciled(facts, span)
        self._changes, self._outside = 0, 0

    def of_change(self, change: Change, missing: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield file and line for each row of one change; changes come in the order of their numbers.

        ``missing``: what is not proven of it.
        """
        self._changes += 1
        self._outside += change.outside
        cells = population_cells(change, self._facts)
        yield "population.csv", csv_line(cells)
        yield from (("approvals.csv", csv_line(cells)) for cells in approval_rows(change, self._facts))
        yield from (("attempts.csv", csv_line(cells)) for cells in attempt_rows(change))
        yield PAGE, "".join(change_row(change, cells, missing, self._facts, self._named))

    def begin(self, name: str, manifest: dict[str, Any]) -> Iterator[str]:
        """Return the lines before the rows of all changes that were taken.

        ``manifest`` says tenant, days, head and gaps.
        """
        if name != PAGE:
            yield csv_line(
                {"population.csv": POPULATION, "approvals.csv": APPROVALS, "attempts.csv": ATTEMPTS}[name]
            )
            return
        yield from page_begin(manifest, Population(self._changes, self._outside, self._register.day))
        yield from timeline(self._facts, self._span)
        yield from changes_begin()

    def end(self, name: str, last: int) -> Iterator[str]:
        """Yield file and line of what follows the changes; ``last`` numbers the pack's last event."""
        if name == PAGE:
            heads, probes = head_rows(self._facts, last), probe_rows(self._facts, self._span)
            yield from page_end(
                self._register, reconciliation_rows(self._reconciled), heads, probes, self._named
            )

    def beside_changes(self, last: int) -> Iterator[tuple[str, Iterator[str]]]:
        """Name and lines of the files that hold no row of a change."""
        yield "devices.csv", table(DEVICES, self._register.rows())
        yield "days.csv", table(DAYS, day_rows(self._facts, self._span))
        yield "probes.csv", table(PROBES, probe_rows(self._facts, self._span))
        yield "heads.csv", table(HEADS, head_rows(self._facts, last))
        yield "reconciliation.csv", table(RECONCILIATION, reconciliation_rows(self._reconciled))


def event_line(event: dict[str, Any]) -> str:
    """Return one line of ``events.jsonl``, ``rules.jsonl`` or ``settings.jsonl``."""
    return canonical_text(event) + "\n"


def names_from(rows: Iterable[list[str]]) -> Named:
    """Return people's names by id, from the rows of ``people.csv`` without its header."""
    known = {cells[0]: cells[1].removeprefix("'") for cells in rows if len(cells) == 2 and cells[1]}
    return lambda person: f"{known[person]} ({person})" if person in known else person
