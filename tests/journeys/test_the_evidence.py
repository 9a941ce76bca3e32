"""The evidence of a period in people's hands: asked for in Slack, it comes as a file that checks itself."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import UTC
from pathlib import Path

import pytest

from tests.journeys.stage import ALICE, BOB, ERIN, Stage

SENT = "The evidence is in our direct messages"


def ask(stage: Stage, person: str, period: str) -> tuple[str, bytes]:
    """Ask for it; returns the file's name and content from the direct message."""
    direct = stage.slack.dm(person)
    stage.wait_until_delivered()
    before = len(stage.slack.messages(direct, person))
    assert SENT in stage.command(person, f"evidence {period}")
    (message,) = stage.slack.messages(direct, person)[before:]
    (file,) = message["files"]
    return file["name"], stage.slack.file(file["id"])


def test_an_approver_gets_a_file_that_checks_itself(stage: Stage, tmp_path: Path) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    day = stage.clock().astimezone(UTC).date()
    name, content = ask(stage, BOB, f"{day}..{day}")
    assert name == f"legacytls-evidence-{day}-{day}.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        pack.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert f'"{number}","opt_in"' in (tmp_path / "population.csv").read_text(encoding="utf-8")
    last = json.loads((tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert last["kind"] in ("exported", "reconciled")


@pytest.mark.parametrize(
    ("period", "told"),
    [
        ("", "2026-Q4"),
        ("yesterday", "That is no period"),
        ("2999-Q1", "has not begun yet"),
        ("2026-01-01..9999-12-31", "is too far away"),
        ("2026-02-31..2026-03-01", "no such day"),
    ],
)
def test_what_is_no_period_is_said_and_sends_nothing(stage: Stage, period: str, told: str) -> None:
    assert told in stage.command(ALICE, f"evidence {period}")


def test_who_is_neither_operator_nor_approver_is_refused(stage: Stage) -> None:
    assert SENT not in stage.command(ERIN, "evidence 2026-11")
