"""Numbers and days as portals, Excel and three languages write them, purely."""

import re
from datetime import date
from functools import lru_cache

_GROUPED = re.compile(r"[+-]?\d{1,3}([.,' \u00a0\u202f]\d{3})+")
_PLAIN = re.compile(r"[+-]?\d+([.,]\d+)?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?=$|[T ])")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?=$|[ ,])")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?=$|[ ,])")


@lru_cache(maxsize=4096)
def share(text: str) -> float | None:
    """Read a share, with or without percent sign, point or comma; ``None`` where it is none."""
    bare = text.replace("%", "").replace("\u00a0", "").strip()
    return float(bare.replace(",", ".")) if _PLAIN.fullmatch(bare) else None


@lru_cache(maxsize=4096)
def count(text: str) -> int | None:
    """Return a count with or without signs between its thousands; ``None`` where it is none."""
    bare = text.strip()
    if _GROUPED.fullmatch(bare):
        return int(re.sub(r"[^\d-]", "", bare))
    found = share(bare)
    return int(found) if found is not None and found == int(found) else None


def day(text: str, *, month_first: bool | None) -> date | None:
    """Return the day of a moment; ``None`` where it is none, or day and month are ambiguous."""
    for pattern, order in (
        (_ISO, (1, 2, 3)),
        (_DOTTED, (3, 2, 1)),
        (_SLASHED, (3, 1, 2) if month_first else (3, 2, 1)),
    ):
        found = pattern.match(text.strip())
        if found and (pattern is not _SLASHED or month_first is not None):
            try:
                return date(*(int(found[place]) for place in order))
            except ValueError:
                return None
    return None


def puts_month_first(texts: list[str]) -> bool | None:
    """Tell whether slashed days begin with the month, by a day above 12; ``None``: untold."""
    found = [match for text in texts if (match := _SLASHED.match(text.strip()))]
    if any(int(match[1]) > 12 for match in found):
        return False
    return True if any(int(match[2]) > 12 for match in found) else None


def is_slashed(text: str) -> bool:
    """Tell whether a moment is written as Excel saves it in two of the world's orders."""
    return _SLASHED.match(text.strip()) is not None
