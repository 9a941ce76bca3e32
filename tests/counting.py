"""What the tests have been through, in numbers that CONTRIBUTING.md quotes, printed at the end of a run.

A test counts with the fixture ``tally``; only what passed is added up.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

COUNTED, CELL = "counted", "cell"
Tally = Callable[..., None]
"""``tally(what, number=1)``."""


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Counts something that this test has been through."""
    return lambda what, number=1: record_property(COUNTED, [what, number])


@pytest.fixture
def cell(record_property: Callable[[str, object], None]) -> Callable[[str, str, str], None]:
    """Fills one cell of the table of faults: row, column, what came of it."""
    return lambda row, column, outcome: record_property(CELL, [row, column, outcome])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the counts, and the table of faults where there is one."""
    passed = [
        report for report in terminalreporter.stats.get("passed", []) if getattr(report, "when", "") == "call"
    ]
    found = [
        (name, list(value))
        for report in passed
        for name, value in report.user_properties
        if name in (COUNTED, CELL)
    ]
    totals: Counter[str] = Counter()
    for name, value in found:
        if name == COUNTED:
            totals[value[0]] += value[1]
    cells = {
        (row, column): outcome for name, value in found if name == CELL for row, column, outcome in [value]
    }
    if totals or cells:
        terminalreporter.section("what these tests have been through")
    for what, number in sorted(totals.items()):
        terminalreporter.line(f"{number:>8,}  {what}")
    for line in table(cells):
        terminalreporter.line(line)


def table(cells: dict[tuple[str, str], str]) -> list[str]:
    """The cells as lines of text, rows and columns in the order in which they first came."""
    rows, columns = (
        list(dict.fromkeys(row for row, _ in cells)),
        list(dict.fromkeys(column for _, column in cells)),
    )
    if not cells:
        return []
    head = ["", *columns]
    lines = [[row, *(cells.get((row, column), "-") for column in columns)] for row in rows]
    widths = [max(len(line[place]) for line in [head, *lines]) for place in range(len(head))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in [head, *lines]
    ]
