"""The machine on which an admin types ``legacytls``: a folder, settings in the environment, Slack and
Microsoft on loopback.

Every command is a process of its own; nothing of the tests' own surroundings reaches it.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bot.sandbox.microsoft.simulation import Microsoft
from bot.sandbox.slack.simulation import Slack
from tests.processes import ROOT, TRUSTED, ended, start

__all__ = ["ROOT", "Machine", "Outcome", "command"]

SECRETS = {
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
}


@dataclass(frozen=True)
class Outcome:
    """How one command ended, and what it wrote where."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


def command(
    *arguments: str,
    settings: dict[str, str],
    folder: Path,
    stdout: int | None = None,
    interpreter: bool = False,
) -> Outcome:
    """Run ``python -m bot`` with nothing but ``settings`` in a folder. Whatever it writes holds no traceback
    and no secret.

    With ``interpreter`` Python itself is started, as people start it.
    """
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment = inherited | TRUSTED | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | settings
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        streams = {"stdout": out if stdout is None else stdout, "stderr": err}
        if interpreter:
            call = [sys.executable, "-m", "bot", *arguments]
            code = subprocess.run(
                call,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                timeout=50,
                check=False,
                **streams,
            ).returncode
        else:
            code = ended(
                start("bot", *arguments, environment=environment, folder=folder, **streams), within=50
            )
        outcome = Outcome(code, _written(out), _written(err))
    assert "Traceback" not in outcome.said or "LEGACYTLS_LOG_LEVEL" in settings, outcome.said
    leaked = [name for name in SECRETS if settings.get(name) and settings[name] in outcome.said]
    assert leaked == []
    return outcome


def _written(file: IO[bytes]) -> str:
    """As a pipe in text mode gives it: UTF-8, and every end of a line the same."""
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


@dataclass
class Machine:
    """Use as a context manager; ``settings`` are complete and right until a test says otherwise."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.slack = Slack(clock=lambda: datetime.now(UTC))
        self.microsoft = Microsoft(self.folder, clock=lambda: datetime.now(UTC))
        self.microsoft.start()
        self.slack.start()
        self.settings = (
            self.slack.environment
            | self.microsoft.environment
            | {"DATABASE_URL": f"sqlite:///{self.database}"}
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.slack.stop()
        self.microsoft.stop()

    @property
    def database(self) -> Path:
        return self.folder / "record.db"

    def run(
        self, *arguments: str, without: tuple[str, ...] = (), interpreter: bool = False, **changed: str
    ) -> Outcome:
        """Run one command with some settings changed or left away."""
        kept = {name: value for name, value in self.settings.items() if name not in without}
        return command(*arguments, settings=kept | changed, folder=self.folder, interpreter=interpreter)


def executed(file: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file)
    try:
        with connection:
            return connection.execute(statement).fetchall()
    finally:
        connection.close()
