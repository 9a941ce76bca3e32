"""Cells and rows of CSV for spreadsheets: no text in them is run as a formula, and none loses a byte.

A cell that a spreadsheet would run, and one that begins with an apostrophe, gets one apostrophe in front;
take the first apostrophe of a cell away and the stored text is back (OWASP, CSV Injection).
"""

import csv
import io
from collections.abc import Iterable

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")  # noqa: RUF001 - spreadsheets run full-width signs too


def inert(text: str) -> str:
    """Return the text as a cell that is shown and not run."""
    return f"'{text}" if text.startswith(_RUNS) else text


def as_stored(cell: str) -> str:
    """Return the text that ``inert`` made a cell of; another cell as it is."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_RUNS) else cell


def row(cells: Iterable[str]) -> str:
    """Return one row of CSV (RFC 4180, every cell quoted, each made ``inert``) with its newline."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow([inert(cell) for cell in cells])
    return line.getvalue()
