"""The whole table, briefly: ``pytest -m long tests/benchmarks``. It prints, and asserts nothing about
time."""

import math
import os

import pytest

from tests.benchmarks.run import measure
from tests.benchmarks.table import text

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


def test_every_figure_can_be_taken(capsys: pytest.CaptureFixture[str]) -> None:
    figures = measure(1)
    with capsys.disabled():
        print(f"\n{text(figures)}")
    assert len(figures) >= 25
    unmeasured = [figure for figure in figures if figure.ours is None]
    assert all(figure.note.startswith("not measured: ") for figure in unmeasured)
    assert not unmeasured or os.environ.get("TESTS_REQUIRE_POSTGRES") != "1"
    assert all(
        math.isfinite(figure.ours) and figure.ours > 0 for figure in figures if figure.ours is not None
    )
