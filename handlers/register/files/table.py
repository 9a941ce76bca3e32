"""Read a table's rows by ``csv``, with the separator that splits the header into most columns."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from handlers.register.files.decoding import NotRead

MOST_ROWS = 100_000
"""Rows of the longest file that is read; Entra's own limit (Learn, howto-download-logs)."""

_SEPARATORS = (",", ";", "\t")
_LONGEST_CELL = 131_072


@dataclass(frozen=True, slots=True)
class Table:
    """The header and the rows below it, each with its place in the file: the header is row 1."""

    header: list[str]
    rows: list[list[str]]
    first: int
    """Number of the first row below the header."""

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every row that holds anything, with its number."""
        for number, row in enumerate(self.rows, start=self.first):
            if any(row):
                yield number, row


def table(text: str) -> Table:
    """Read a table. Raises ``NotRead`` where there is none, or more of it than is read."""
    csv.field_size_limit(_LONGEST_CELL)
    first, rest, skipped = _beginning(text)
    separator = max(_SEPARATORS, key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))
    try:
        found = list(csv.reader(io.StringIO(rest, newline=""), delimiter=separator))
    except csv.Error as broken:
        raise NotRead(f"This file is no table that can be read: {broken}.") from broken
    if len(found) > MOST_ROWS + 1:
        raise NotRead(
            f"This file has {len(found) - 1:,} rows; at most {MOST_ROWS:,} are read. Export a shorter period."
        )
    if len(found) < 2 or not any(any(row) for row in found[1:]):
        raise NotRead("This file has a header and no rows, or is no table at all.")
    return Table(found[0], found[1:], first=skipped + 2)


def _beginning(text: str) -> tuple[str, str, int]:
    """Return the first meaningful line, the text from there, and lines before; ``sep=;`` is skipped."""
    lines, skipped = text.split("\n", 3), 0
    while (
        len(lines) > 1 and (not lines[0].strip() or lines[0].strip().casefold()[:4] == "sep=") and skipped < 2
    ):
        lines, skipped = lines[1:], skipped + 1
    return lines[0].strip("\r"), "\n".join(lines), skipped
