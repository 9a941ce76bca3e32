"""Which rows of a table the default line plays; the long tests play the others."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

from tests.chance import chance

T = TypeVar("T")


def sampled(
    purpose: str, rows: Iterable[T], *, of: int, always: Callable[[T], bool] = lambda row: False
) -> list[Any]:
    """Every row as a parameter, all but one of ``of`` marked ``long``, and never those that ``always`` holds
    for.

    Which ones is drawn, so that ``TESTS_SEED`` plays others. A row that is a tuple is the values of several
    parameters.
    """
    drawn = chance(purpose)
    found = []
    for row in rows:
        plays = drawn.randrange(of) == 0 or always(row)
        values = row if isinstance(row, tuple) else (row,)
        found.append(pytest.param(*values, marks=() if plays else (pytest.mark.long,)))
    return found


def drawn(purpose: str, rows: Iterable[Any], *, keep: int = 1) -> list[Any]:
    """Every row as a parameter, all but ``keep`` of them marked ``long``: which ones stay is drawn, as in
    ``sampled``."""
    table = list(rows)
    kept = chance(purpose).sample(range(len(table)), keep)
    values = [row if isinstance(row, tuple) else (row,) for row in table]
    return [
        pytest.param(*row, marks=() if place in kept else (pytest.mark.long,))
        for place, row in enumerate(values)
    ]
