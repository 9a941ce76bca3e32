"""Counts which lines of the product the tests run, and fails a run that runs fewer than it used to.

Only where ``TESTS_COVERAGE`` asks for it, as ``make coverage`` and ``.ci/run`` do: ``check`` compares with
``coverage.json``, ``record`` writes that anew. What forked and started processes run does not count: journeys
show that the bot works, not which line did. A floor is a whole percent, half a percent below what was
counted, because a few lines run or not as one thread or another is faster; a folder that has none is named
and fails nothing.

``conftest.py`` imports this before anything of the product: slipcover changes the code of a module while it
is imported, and takes out again what has run.
"""

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("bot", "handlers", "storage")
FLOORS = Path(__file__).with_suffix(".json")
ASKED = os.environ.get("TESTS_COVERAGE", "")
MARGIN = 0.5
COUNTER = "slipcover"
"""By its name, so that an environment that was set up before it was needed still runs all other tests."""

Lines = dict[str, tuple[set[int], set[int]]]
"""By file: the lines that ran, and all there are."""


class Coverage:
    """The lines that this process ran and, in the one that leads a run, its workers."""

    def __init__(self) -> None:
        slipcover = import_module(COUNTER)
        self._lines: Lines = {}
        self._counter = slipcover.Slipcover()
        ours = slipcover.FileMatcher(sources=[str(ROOT / room) for room in ROOMS])
        slipcover.ImportManager(self._counter, ours).__enter__()
        slipcover.wrap_spec_from_file_location(self._counter, ours)  # how Alembic loads migrations

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what this worker ran; or judge what all have run."""
        found = self._counter.get_coverage()["files"]
        ran = {file: (each["executed_lines"], each["missing_lines"]) for file, each in found.items()}
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["coverage"] = ran
            return
        self._add(ran)
        self._add({file: ([], _statements(file)) for file in _files() - self._lines.keys()})
        percents = by_folder(self._lines)
        if ASKED == "record":
            FLOORS.write_text(
                json.dumps({name: int(each - MARGIN) for name, each in percents.items()}, indent=2) + "\n"
            )
        floors = json.loads(FLOORS.read_text(encoding="utf-8"))
        self._told = table(self._lines, floors)
        if below(percents, floors) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker ran; nothing of one that died."""
        self._add(getattr(node, "workeroutput", {}).get("coverage", {}))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the table."""
        terminalreporter.section("lines of the product that these tests ran, in percent")
        for line in self._told:
            terminalreporter.line(line)

    def _add(self, ran: dict[str, tuple[list[int], list[int]]]) -> None:
        for file, (executed, missing) in ran.items():
            seen, every = self._lines.setdefault(file, (set(), set()))
            seen.update(executed)
            every.update(executed, missing)


def by_folder(lines: Lines) -> dict[str, float]:
    """Tell for each folder the percentage of its lines that ran, those of folders below it left out."""
    return {
        folder: _percent(each for file, each in lines.items() if _folder(file) == folder)
        for folder in sorted({_folder(file) for file in lines})
    }


def below(percents: dict[str, float], floors: dict[str, int]) -> list[str]:
    """Name the folders that are below their floor."""
    return [name for name, percent in percents.items() if percent < floors.get(name, 0)]


def table(lines: Lines, floors: dict[str, int]) -> list[str]:
    """A line for each folder: its percentage, the floor that it is below, and its modules that did not run
    whole."""
    percents = by_folder(lines)
    low = below(percents, floors)
    told = []
    for folder, percent in percents.items():
        modules = {
            Path(file).stem: _percent([lines[file]]) for file in sorted(lines) if _folder(file) == folder
        }
        part = ", ".join(f"{name} {int(each)}" for name, each in modules.items() if each < 100)
        mark = f" BELOW {floors[folder]}" if folder in low else " (no floor)" * (folder not in floors)
        told.append(f"{percent:6.1f}  {folder}{mark}{': ' * bool(part)}{part}")
    return told


def _percent(lines: Any) -> float:
    counts = [(len(seen), len(every)) for seen, every in lines]
    ran, there = (sum(column) for column in zip(*counts, strict=True))
    return 100 * ran / there if there else 100.0


def _folder(file: str) -> str:
    return str(Path(file).parent)


def _files() -> set[str]:
    return {str(file.relative_to(ROOT)) for room in ROOMS for file in (ROOT / room).rglob("*.py")}


def _statements(file: str) -> list[int]:
    """The lines of a file that nothing imported."""
    code = compile((ROOT / file).read_text(encoding="utf-8"), file, "exec")
    return list(import_module(COUNTER).Slipcover.lines_from_code(code))


COVERAGE = Coverage() if ASKED else None
