"""What was measured: one line a figure, ours beside the bare one, and the ratio that the goal is about."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(__file__).parents[2] / "benchmarks.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """``ratio`` is ours to what stands beside it, taken in the same run; where there is none, the goal is
    about ``ours``.

    ``ours`` is ``None`` for what could not be measured here, and ``note`` says why: no row is left out
    silently.
    """

    what: str
    unit: str
    ours: float | None
    goal: str
    beside: float | None = None
    beside_what: str = "bare Bolt, inline"
    floor: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours to the bare one's."""
        return self.ours / self.beside if self.beside and self.ours is not None else None


COLUMNS = ("what", "unit", "ours", "beside", "raw floor", "ratio", "goal")


def text(figures: Sequence[Figure]) -> str:
    """The table for people."""
    rows = [COLUMNS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def save(figures: Sequence[Figure]) -> None:
    """Keep the run for comparison; the file is not part of the repository."""
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "at": datetime.now(UTC).isoformat(),
    }
    kept = [asdict(figure) | {"ratio": figure.ratio} for figure in figures]
    FILE.write_text(json.dumps({"machine": machine, "figures": kept}, indent=2) + "\n", encoding="utf-8")


def _row(figure: Figure) -> tuple[str, ...]:
    beside = "-" if figure.beside is None else f"{_number(figure.beside)} ({figure.beside_what})"
    ratio = "-" if figure.ratio is None else f"{figure.ratio:.2f}x"
    floor = "-" if figure.floor is None else _number(figure.floor)
    what = f"{figure.what} ({figure.note})" if figure.note else figure.what
    ours = "not measured" if figure.ours is None else _number(figure.ours)
    return what, figure.unit, ours, beside, floor, ratio, figure.goal


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
