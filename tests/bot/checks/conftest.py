"""A set-up that holds, for the tests of legacytls check to break."""

import json
import logging
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.cli import main
from bot.sandbox.microsoft.simulation import Microsoft
from bot.sandbox.slack import cast
from bot.sandbox.slack.simulation import Slack
from handlers.slack.scopes import BOT_SCOPES
from tests.bot.drawing import drawn_once

__all__ = ["drawn_once"]


@pytest.fixture(scope="module")
def microsoft(tmp_path_factory: pytest.TempPathFactory, drawn_once: None) -> Iterator[Microsoft]:
    found = Microsoft(tmp_path_factory.mktemp("microsoft"), clock=lambda: datetime.now(UTC))
    found.start()
    yield found
    found.stop()


@dataclass
class Setup:
    """Everything right; a test breaks one thing and runs the check in this process."""

    folder: Path
    microsoft: Microsoft
    slack: Slack
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.monkeypatch.setenv(name, value)

    def unset(self, *names: str) -> None:
        for name in names:
            self.monkeypatch.delenv(name)

    def grant(self, **grants: object) -> None:
        for name, value in grants.items():
            self.monkeypatch.setattr(self.microsoft.tenant.grants, name, value)

    def check(self) -> tuple[int, dict[str, dict[str, str]]]:
        """Exit code and verdicts by name."""
        code = main(["check", "--json"])
        out, err = self.capsys.readouterr()
        assert err == ""
        answer = json.loads(out)
        assert answer["ok"] is (code == 0)
        assert len({verdict["check"] for verdict in answer["checks"]}) == len(answer["checks"]), (
            "each check is told once"
        )
        return code, {verdict["check"]: verdict for verdict in answer["checks"]}

    def failed(self) -> dict[str, dict[str, str]]:
        """What does not hold; there must be something, told by the exit code too."""
        code, verdicts = self.check()
        found = {name: verdict for name, verdict in verdicts.items() if verdict["outcome"] == "failed"}
        assert code == 1, verdicts
        return found


def _serve(scopes: tuple[str, ...]) -> Slack:
    slack = Slack(clock=lambda: datetime.now(UTC), scopes=scopes)
    slack.start()
    return slack


@pytest.fixture
def setup(
    tmp_path: Path,
    _migrated_sqlite: Path,
    microsoft: Microsoft,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: Any,
) -> Iterator[Setup]:
    """``@pytest.mark.parametrize("setup", [scopes], indirect=True)`` gives the token other scopes."""
    slack = _serve(getattr(request, "param", tuple(BOT_SCOPES)))
    monkeypatch.chdir(tmp_path)
    found = Setup(tmp_path, microsoft, slack, monkeypatch, capsys)
    found.set(**slack.environment, **microsoft.environment, DATABASE_URL=f"sqlite:///{tmp_path}/record.db")
    found.set(LEGACYTLS_RECORD_KEY="ab" * 32)
    shutil.copy(_migrated_sqlite, tmp_path / "record.db")
    calls = len(microsoft.tenant.calls)
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    yield found
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    slack.stop()
    microsoft.tenant.clear_faults()
    assert [call.cmdlet for call in microsoft.tenant.calls[calls:] if call.cmdlet.startswith("Set-")] == []
    assert slack.messages(cast.CHANGES) == []
