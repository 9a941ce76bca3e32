"""The whole table, briefly: ``pytest -m long tests/benchmarks``. It prints, and asserts nothing about time."""

import math

import pytest

from tests.benchmarks.run import measure
from tests.benchmarks.table import text

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def test_every_figure_can_be_taken(capsys: pytest.CaptureFixture[str]) -> None:
    figures = measure(1)
    with capsys.disabled():
        print(f"\n{text(figures)}")
    assert len(figures) >= 15
    assert all(math.isfinite(figure.ours) and figure.ours > 0 for figure in figures)
