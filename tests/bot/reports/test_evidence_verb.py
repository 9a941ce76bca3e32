"""``legacytls evidence``: its exit codes, its words, and a file that is whole or not there."""

import json
import os
import re
import sys
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import terminal
from bot.reports import evidence
from bot.reports.opened_record import checking
from storage.engine import Database
from storage.migrate import upgrade
from tests.bot.machine import Machine, Outcome
from tests.handlers.driver import ALICE, BOB, TENANT, House

TODAY = datetime.now(UTC).date()
PERIOD = ("--from", str(TODAY - timedelta(days=3)), "--to", str(TODAY))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A record that holds an opt-in of two days ago."""
    with Machine(tmp_path_factory.mktemp("machine")) as found:
        upgrade(found.settings["DATABASE_URL"])
        database = Database(found.settings["DATABASE_URL"])
        house = House(database, at=datetime.now(UTC).replace(microsecond=0) - timedelta(days=2))
        number = house.ask(ALICE).id
        house.approve(BOB, number)
        house.work()
        database.close()
        yield found


def run(machine: Machine, *more: str, output: Path, period: tuple[str, ...] = PERIOD) -> Outcome:
    return machine.run("evidence", *period, "--output", str(output), *more, **NO_EXCHANGE)


NO_EXCHANGE = {"AZURE_CLIENT_SECRET": "", "AZURE_CLIENT_CERTIFICATE_PATH": ""}
"""The record alone: nobody can be asked what Exchange has on record."""


def test_what_is_not_proven_is_said_sentence_by_sentence_with_exit_code_3(
    machine: Machine, tmp_path: Path
) -> None:
    outcome = run(machine, output=tmp_path / "pack.zip")
    assert outcome.code == 3, outcome.said
    with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
        missing = json.loads(pack.read("manifest.json"))["missing"]
        assert "Alice" in pack.read("people.csv").decode().title()
    assert missing
    assert all(f"  - {sentence}\n" in outcome.out for sentence in missing)


def test_a_target_that_exists_is_left_alone_unless_forced(machine: Machine, tmp_path: Path) -> None:
    target = tmp_path / "pack.zip"
    target.write_text("mine")
    outcome = run(machine, output=target)
    assert (outcome.code, target.read_text()) == (2, "mine")
    assert "--force" in outcome.err
    assert run(machine, "--force", "--no-names", output=target).code == 3
    with zipfile.ZipFile(target) as pack:
        assert "people.csv" not in pack.namelist()
    assert [path.name for path in tmp_path.iterdir()] == ["pack.zip"]


@pytest.mark.parametrize(
    ("period", "told"),
    [
        ((str(TODAY), str(TODAY - timedelta(days=1))), "lies before"),
        ((str(TODAY + timedelta(days=1)), str(TODAY + timedelta(days=2))), "has not begun yet"),
        ((str(TODAY), "9999-12-31"), "9999-12-31 is too far away"),
        (("2026-02-30", str(TODAY)), "write a day"),
        (("yesterday", str(TODAY)), "write a day"),
    ],
)
def test_days_that_are_no_period_write_nothing_and_end_with_2(
    machine: Machine, tmp_path: Path, period: tuple[str, str], told: str
) -> None:
    outcome = run(machine, output=tmp_path / "pack.zip", period=("--from", period[0], "--to", period[1]))
    assert outcome.code == 2
    assert told in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_ends_with_2(machine: Machine, tmp_path: Path) -> None:
    too_long = tmp_path / f"{300 * 'x'}.zip"
    for target in (tmp_path, tmp_path / "no" / "such" / "folder.zip", Path("/proc/pack.zip"), too_long):
        outcome = run(machine, output=target)
        assert outcome.code == 2, outcome.said
        assert "--output" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_no_space_left_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> tuple[int, str]:
        (tmp_path / ".pack.zip.x").touch()
        return os.open("/dev/full", os.O_RDWR), str(tmp_path / ".pack.zip.x")

    monkeypatch.setattr(evidence.tempfile, "mkstemp", full)
    with (
        pytest.raises(evidence.WrongTarget, match="no space left"),
        evidence._whole(tmp_path / "pack.zip", force=False) as file,
    ):
        file.write(b"x" * 100_000)
    assert list(tmp_path.iterdir()) == []


def test_another_program_s_file_is_not_replaced_while_the_pack_is_written(tmp_path: Path) -> None:
    target = tmp_path / "pack.zip"
    with pytest.raises(evidence.WrongTarget, match="exists by now"), evidence._whole(target, force=False):
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


def test_the_installed_program_carries_its_checker(machine: Machine, tmp_path: Path) -> None:
    assert run(machine, output=tmp_path / "pack.zip").code == 3
    with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
        pack.extractall(tmp_path / "pack")
    import subprocess

    checked = subprocess.run(
        [sys.executable, "-I", "verify.py"],
        cwd=tmp_path / "pack",
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_whoever_waits_at_a_terminal_is_told_for_what(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = threading.Event()
    monkeypatch.setattr(terminal, "PATIENCE", 0.01)
    monkeypatch.setattr(terminal.sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(terminal.sys.stderr, "flush", said.set)
    database = Database(machine.settings["DATABASE_URL"])
    with checking(database, TENANT):
        assert said.wait(10)
    database.close()
    assert re.search(rf"tenant {TENANT}: [0-9]+ events", capsys.readouterr().err)
