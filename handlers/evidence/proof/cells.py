"""Spell the cells and instants of a pack."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

BREAKS = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""Whatever Python, and some programs that read tables, take for the end of a line."""

RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")  # noqa: RUF001 - spreadsheets run full-width signs too
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection)."""


def text_of(value: Any) -> str:
    """Return a value of the record as text; ``None`` as the empty text."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def moment(spelled: Any) -> str:
    """Return an instant to the second, ``2026-11-23T12:00:00Z``; a text that is no instant, as it stands."""
    text = text_of(spelled)
    whole, dot, rest = text.partition(".")
    return f"{whole}Z" if dot and rest.endswith("Z") else text


def csv_line(cells: Sequence[str]) -> str:
    """Write one CSV line with its newline: cells quoted, no formula, line breaks made blanks."""
    text = "".join(cells)
    if '"' in text or not text.isprintable():  # no line break is printable
        broken = [" ".join(cell.splitlines()) if BREAKS.search(cell) else cell for cell in cells]
        cells = [cell.replace('"', '""') for cell in broken]
    return '"' + '","'.join([f"'{cell}" if cell.startswith(RUNS) else cell for cell in cells]) + '"\n'
