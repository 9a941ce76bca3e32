"""Read the admin centre's report of SMTP AUTH clients: senders and shares of TLS versions.

Its exact header and notation are published nowhere (facts of 30 November 2026), so shares may be percent,
fractions or counts: the file says it by what its rows add up to.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from handlers.register.files import numbers
from handlers.register.files.columns import (
    LAST_SEEN,
    MESSAGES,
    SENDER,
    TLS10,
    TLS11,
    TLS12,
    columns_of_report,
    seen,
)
from handlers.register.files.decoding import NotRead
from handlers.register.files.parsed_file import FileKind, Parsed, Seen, Skipped
from handlers.register.files.table import Table

ADDRESS = re.compile(
    r"[^\s@,;<>()\[\]\"\\=]{1,64}@[^\s@,;<>()\[\]\"\\=]{1,253}\.[^\s@,;<>()\[\]\"\\=.]{2,63}"
)
"""What counts as an address in a report that Microsoft wrote: whole, with a dot behind the @; tried on every
row."""

_SHARES = (TLS10, TLS11, TLS12)
HOW_TO_MAP = (
    "Say which column is which, such as `--map sender=COLUMN --map tls10=COLUMN --map tls11=COLUMN --map "
    "tls12=COLUMN`."
)

NO_ADDRESS, NO_SHARE, BEYOND = "this is no mail address", "this is no share", "a share beyond 100, or below 0"


def is_report(table: Table, named: Mapping[str, str]) -> bool:
    """Tell whether a table tells TLS versions."""
    found = columns_of_report(table.header, named)
    return TLS10 in found or TLS11 in found


def parse(table: Table, named: Mapping[str, str]) -> Parsed:
    """Read the report. Raises ``NotRead`` where a column that is needed is not recognised."""
    places = columns_of_report(table.header, named)
    if SENDER not in places:
        places[SENDER] = _by_content(table)
    rows = list(table.numbered())
    factor = _factor([row for _, row in rows[:2000]], places)
    found: dict[str, list[Seen]] = {}
    skipped = []
    for number, row in rows:
        one = _row(row, places, factor)
        if isinstance(one, str):
            skipped.append(Skipped(number, one))
        else:
            found.setdefault(one.sender, []).append(one)
    if not found:
        raise NotRead(f"No row of this file was understood. {seen(table.header)} {HOW_TO_MAP}")
    merged = tuple(_merged(several) if len(several) > 1 else several[0] for several in found.values())
    return Parsed(FileKind.SMTP_CLIENTS, len(rows), seen=merged, skipped=tuple(skipped))


def _by_content(table: Table) -> int:
    """The one column in which nearly every row has an address."""
    sample = table.rows[:50]
    holds = [
        place
        for place in range(len(table.header))
        if sum(len(row) > place and bool(ADDRESS.fullmatch(row[place].strip())) for row in sample)
        >= 0.8 * len(sample)
    ]
    if len(holds) != 1:
        raise NotRead(f"Which column is the sender was not recognised. {seen(table.header)} {HOW_TO_MAP}")
    return holds[0]


@dataclass(frozen=True, slots=True)
class _Notation:
    """How shares become percent: by a factor, or (``None``) by what a row adds up to, as counts."""

    factor: float | None


def _factor(sample: Sequence[Sequence[str]], places: Mapping[str, int]) -> _Notation:
    sums = []
    for row in sample:
        shares = [numbers.share(_cell(row, places, name)) for name in _SHARES if name in places]
        if known := [each for each in shares if each is not None]:
            sums.append((sum(known), numbers.count(_cell(row, places, MESSAGES))))
    percent = sum(98 <= total <= 102 for total, _ in sums)
    fractions = sum(0.98 <= total <= 1.02 for total, _ in sums)
    counts = sum(messages is not None and total == messages and total > 0 for total, messages in sums)
    if fractions > max(percent, counts):
        return _Notation(100.0)
    return _Notation(None) if counts > percent else _Notation(1.0)


def _row(row: Sequence[str], places: Mapping[str, int], notation: _Notation) -> Seen | str:
    """What one row says, or why it is not understood."""
    sender = _cell(row, places, SENDER).strip()
    if not ADDRESS.fullmatch(sender):
        return NO_ADDRESS
    cells = [_cell(row, places, name).strip() for name in _SHARES]
    shares = [numbers.share(cell) if cell else None for cell in cells]
    if None in shares and any(cell and share is None for cell, share in zip(cells, shares, strict=True)):
        return NO_SHARE
    messages = numbers.count(_cell(row, places, MESSAGES))
    factor = notation.factor if notation.factor is not None else _of_counts(shares)
    percent = [round(value * factor, 4) if value is not None else None for value in shares]
    known = [value for value in percent if value is not None]
    if known and (min(known) < 0 or max(known) > 100.5 or sum(known) > 102):
        return BEYOND
    if messages is not None and messages < 0:
        return BEYOND
    day = numbers.day(_cell(row, places, LAST_SEEN), month_first=None) if LAST_SEEN in places else None
    tls10, tls11, tls12 = percent
    return Seen(sender.lower(), tls10, tls11, tls12, messages, last_seen=day)


def _of_counts(shares: Sequence[float | None]) -> float:
    total = sum(value for value in shares if value is not None)
    return 100.0 / total if total > 0 else 1.0


def _cell(row: Sequence[str], places: Mapping[str, int], name: str) -> str:
    place = places.get(name)
    return row[place] if place is not None and place < len(row) else ""


def _merged(rows: Sequence[Seen]) -> Seen:
    """Merge rows of one sender: weighed by messages, or alike where those are not told."""
    weights = [float(row.messages or 0) for row in rows]
    if not sum(weights):
        weights = [1.0] * len(rows)

    def mean(values: Sequence[float | None]) -> float | None:
        known = [
            (value, weight)
            for value, weight in zip(values, weights, strict=True)
            if value is not None and weight
        ]
        return (
            round(sum(value * weight for value, weight in known) / sum(weight for _, weight in known), 4)
            if known
            else None
        )

    told = [row.messages for row in rows if row.messages is not None]
    return replace(
        rows[0],
        tls10=mean([row.tls10 for row in rows]),
        tls11=mean([row.tls11 for row in rows]),
        tls12=mean([row.tls12 for row in rows]),
        messages=sum(told) if told else None,
        last_seen=max((row.last_seen for row in rows if row.last_seen), default=None),
    )
