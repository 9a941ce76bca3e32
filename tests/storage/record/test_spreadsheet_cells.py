"""A spreadsheet runs nothing that stands in a cell, and no byte of a text is lost."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.record.spreadsheet_cells import inert, row

RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("sign", RUN)
def test_a_cell_that_would_be_run_is_shown(sign: str) -> None:
    assert inert(f"{sign}1+1") == f"'{sign}1+1"


@given(st.lists(st.text(alphabet="=+-@\t\r\n'\",;ax＝", max_size=8), min_size=1, max_size=5))
def test_whatever_is_in_a_row_it_is_inert_and_comes_back(cells: list[str]) -> None:
    (found,) = read(row(cells))
    assert not any(cell.startswith(RUN) for cell in found)
    assert [cell.removeprefix("'") for cell in found] == cells
