"""What ``tests.processes`` forks is what ``python -m`` starts: the same end, streams, environment and
folder."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.patience import patience
from tests.processes import ROOT, Forked, Process, ended, start

PROGRAM = "tests.bot.forked_program"
needs_forks = pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="this system starts an interpreter each time"
)


def started(folder: Path, *arguments: str, **environment: str) -> Process:
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        around = {"PYTHONPATH": str(ROOT), **environment}
        return start(PROGRAM, *arguments, environment=around, folder=folder, stdout=out, stderr=err)


def test_it_ends_with_its_code_and_its_words_are_where_they_belong(tmp_path: Path) -> None:
    process = started(tmp_path, "exit", "7", OWN="yes")
    assert (ended(process, within=20), process.poll()) == (7, 7)
    told = json.loads((tmp_path / "out").read_text())
    assert told == {
        "arguments": ["exit", "7"],
        "environment": {"OWN": "yes", "PYTHONPATH": str(ROOT)},
        "folder": str(tmp_path),
    }
    assert (tmp_path / "err").read_text() == "to standard error\nat the end\n"


@needs_forks
def test_whoever_kills_it_kills_it_and_nothing_else(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first, second = started(tmp_path / "first", "stay"), started(tmp_path / "second", "stay")
    assert isinstance(first, Forked)
    with pytest.raises(subprocess.TimeoutExpired):
        first.wait(timeout=0.05)
    first.kill()
    assert first.wait(timeout=20) == -signal.SIGKILL
    until = time.monotonic() + patience(20)
    while not (tmp_path / "second" / "out").read_text():
        assert time.monotonic() < until
        time.sleep(0.01)
    assert second.poll() is None
    second.send_signal(signal.SIGINT)
    assert second.wait(timeout=20) == -signal.SIGINT
    assert "KeyboardInterrupt" in (tmp_path / "second" / "err").read_text()


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    process = started(tmp_path, "stay")
    with pytest.raises(subprocess.TimeoutExpired):
        ended(process, within=0.05)
    assert process.poll() == -signal.SIGKILL
