"""``legacytls init``, at a terminal or from a file, proves what it is told and writes ``.env``."""

import fcntl
import io
import logging
import os
import pty
import select
import signal
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from dotenv import dotenv_values

from bot.cli import main
from bot.sandbox.microsoft.simulation import Microsoft
from bot.sandbox.slack import cast
from bot.sandbox.slack.simulation import Slack
from bot.settings.cross_checks import between
from bot.settings.model import NAMES, WHERE, Settings
from bot.setup.conversation import ASKED
from bot.setup.steps import default_of, is_secret
from tests.bot.machine import ROOT, command
from tests.sentences import says

ADDRESSES = ("SLACK_API_URL", "AZURE_AUTHORITY_HOST", "EXCHANGE_API_URL", "REQUESTS_CA_BUNDLE")
"""What stands in the environment, so that nothing leaves this machine."""

KEY = "ab" * 32


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Slack, Microsoft]]:
    microsoft = Microsoft(tmp_path_factory.mktemp("microsoft"), clock=lambda: datetime.now(UTC))
    slack = Slack(clock=lambda: datetime.now(UTC))
    microsoft.start()
    slack.start()
    yield slack, microsoft
    slack.stop()
    microsoft.stop()


@dataclass
class Desk:
    """Where somebody sets the bot up: a folder, and the right answers."""

    folder: Path
    surroundings: dict[str, str]
    right: dict[str, str]
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    said: str = field(default="", init=False)

    def typed(self, *lines: str, arguments: tuple[str, ...] = ()) -> int:
        """Run it with these lines to read, and then nothing more; returns the exit code."""
        self.monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{one}\n" for one in lines)))
        code = main(["init", *arguments])
        out, err = self.capsys.readouterr()
        self.said = out + err
        for name, value in self.right.items():
            assert not is_secret(name) or value not in self.said, name
        return code

    def from_file(self, *arguments: str, **changed: str | None) -> int:
        answers = {name: value for name, value in (self.right | changed).items() if value is not None}
        path = self.folder / "answers.env"
        path.write_text("".join(f"{name}={value}\n" for name, value in answers.items()), encoding="utf-8")
        return self.typed(arguments=("--answers", "answers.env", *arguments))

    @property
    def file(self) -> dict[str, str | None] | None:
        """What ``.env`` says; ``None`` where there is none. Nothing half written lies beside it."""
        assert [path.name for path in self.folder.iterdir() if path.name.startswith(".env-")] == []
        written = self.folder / ".env"
        return dotenv_values(written, interpolate=False) if written.exists() else None

    def lines(self, **changed: str) -> list[str]:
        """What is typed at each question, from the first on."""
        told = self.right | {
            "EXCHANGE_CLOUD": "",
            "AZURE_CLIENT_CERTIFICATE_PASSWORD": "",
            "LEGACYTLS_TIMEZONE": "",
        }
        asked = [name for name in ASKED if name in told]
        return [changed.get(name, told[name]) for name in asked]


@pytest.fixture
def desk(
    world: tuple[Slack, Microsoft],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    slack, microsoft = world
    everything = slack.environment | microsoft.environment
    right = {name: value for name, value in everything.items() if name in ASKED}
    right |= {"DATABASE_URL": f"sqlite:///{tmp_path}/record.db", "LEGACYTLS_RECORD_KEY": KEY}
    surroundings = {name: everything[name] for name in ADDRESSES}
    monkeypatch.chdir(tmp_path)
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    yield Desk(tmp_path, surroundings, right, monkeypatch, capsys)
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    assert [call for call in microsoft.tenant.calls if call.cmdlet.startswith("Set-")] == []
    assert slack.messages(cast.CHANGES) == []


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every proof holds: where it is not what a test is about."""
    for module in ("run", "conversation"):
        monkeypatch.setattr(f"bot.setup.{module}.proven", lambda step, settings: True)


# Asked


def test_whoever_answers_each_question_has_a_file_that_the_check_finds_right(desk: Desk) -> None:
    assert desk.typed(*desk.lines()) == 0, desk.said
    assert desk.file == desk.right
    assert stat.S_IMODE((desk.folder / ".env").stat().st_mode) == 0o600
    for verdict in (
        "Slack token",
        "Slack channel",
        "Enough approvers",
        "Get-TransportConfig",
        "Database writes",
    ):
        assert f"ok  {verdict}: " in desk.said
    assert main(["check"]) == 0


@pytest.mark.usefixtures("believed")
def test_each_setting_is_asked_with_where_to_find_it(desk: Desk) -> None:
    desk.typed(*desk.lines())
    for name in desk.right:
        assert f"{name}: {WHERE[name]}" in desk.said


def test_a_wrong_answer_is_said_at_once_and_asked_again(desk: Desk) -> None:
    token, channel = desk.right["SLACK_BOT_TOKEN"], desk.right["LEGACYTLS_CHANNEL"]
    lines = desk.lines()
    lines[lines.index(token)] = f"\nhello\n{token}"
    lines[lines.index(channel)] = f"#changes\n{channel}"
    assert desk.typed(*lines) == 0, desk.said
    assert says("slack_bot_token_is_needed") in desk.said
    assert says("slack_bot_token_is_no_token") in desk.said
    assert says("channel_is_no_id") in desk.said
    assert desk.file == desk.right


def test_an_answer_that_is_refused_can_be_tried_again_given_anew_or_kept(desk: Desk) -> None:
    token, channel = desk.right["SLACK_BOT_TOKEN"], desk.right["LEGACYTLS_CHANNEL"]
    lines = desk.lines()
    lines[lines.index(token)] = f"xoxb-wrong\n\nother\n{token}"
    lines[lines.index(channel)] = "C0NOWHERE\nkeep"
    assert desk.typed(*lines) == 1, desk.said
    assert desk.said.count(says("slack_refuses_the_bots_token")) == 2
    assert says("not_proven_yet_the_channel") in desk.said
    assert desk.file == desk.right | {"LEGACYTLS_CHANNEL": "C0NOWHERE"}


@pytest.mark.usefixtures("believed")
def test_settings_that_do_not_go_together_are_asked_again(desk: Desk) -> None:
    (desk.folder / "empty.pem").touch()
    path = desk.right["AZURE_CLIENT_CERTIFICATE_PATH"]
    lines = desk.lines()
    lines[lines.index(path)] = f"empty.pem\n\n\n\n\n{path}"
    assert desk.typed(*lines) == 0, desk.said
    assert says("certificate_file_is_wrong") in desk.said


@pytest.mark.usefixtures("believed")
def test_a_key_for_the_record_is_made_for_whoever_has_none(desk: Desk) -> None:
    assert desk.typed(*desk.lines(LEGACYTLS_RECORD_KEY="")) == 0
    made = (desk.file or {})["LEGACYTLS_RECORD_KEY"]
    assert made is not None
    assert len(bytes.fromhex(made)) == 32
    assert made not in desk.said


@pytest.mark.usefixtures("believed")
def test_no_key_is_made_beside_a_file_of_keys(desk: Desk) -> None:
    (desk.folder / "keys").write_text(KEY, encoding="utf-8")
    (desk.folder / ".env").write_text("LEGACYTLS_RECORD_KEY_FILE=keys\n", encoding="utf-8")
    lines = desk.lines()
    lines.remove(KEY)
    assert desk.typed(*lines, "y") == 0, desk.said
    kept = {name: value for name, value in desk.right.items() if name != "LEGACYTLS_RECORD_KEY"}
    assert desk.file == kept | {"LEGACYTLS_RECORD_KEY_FILE": "keys"}


@pytest.mark.usefixtures("believed")
def test_a_managed_identity_needs_no_id_and_everything_else_does(desk: Desk) -> None:
    lines = desk.lines()
    before, client, path, after = lines[:6], lines[6], lines[7], lines[9:]
    assert desk.typed(*before, "", "", "", "", "true", *after) == 0, desk.said
    assert (desk.file or {})["AZURE_MANAGED_IDENTITY"] == "true"
    assert "AZURE_CLIENT_ID" not in (desk.file or {})
    (desk.folder / ".env").unlink()
    assert desk.typed(*before, "", path, "", "", "", client, "", "", *after) == 0, desk.said
    assert says("client_id_is_not_set") in desk.said
    assert desk.file == desk.right


@pytest.mark.usefixtures("believed")
def test_what_is_there_is_proposed_and_changed_only_with_a_yes(desk: Desk) -> None:
    before = "# ours\nLEGACYTLS_MAX_WINDOW=60d\nSLACK_BOT_TOKEN=xoxb-old\nLEGACYTLS_CHANNEL=nonsense\n"
    (desk.folder / ".env").write_text(before, encoding="utf-8")
    for answer, code in (("", 1), ("n", 1), ("yes", 0)):
        assert desk.typed(*desk.lines(), answer) == code, desk.said
        if code:
            assert (desk.folder / ".env").read_text(encoding="utf-8") == before
            assert says("nothing_was_written") in desk.said
    assert desk.file == desk.right | {"LEGACYTLS_MAX_WINDOW": "60d"}
    begins = "# ours\nLEGACYTLS_MAX_WINDOW=60d\nSLACK_BOT_TOKEN="
    assert (desk.folder / ".env").read_text(encoding="utf-8").startswith(begins)
    assert desk.typed(*[""] * len(desk.lines()), "y") == 0, desk.said  # Enter keeps each
    assert desk.file == desk.right | {"LEGACYTLS_MAX_WINDOW": "60d"}


@pytest.mark.usefixtures("believed")
def test_a_setting_that_is_there_can_be_left_out_for_another(desk: Desk) -> None:
    desk.from_file()
    lines = ["" for _ in desk.lines()]
    lines[1] = "-\nsigning-secret"
    assert desk.typed(*lines, "y") == 0, desk.said
    kept = {name: value for name, value in desk.right.items() if name != "SLACK_APP_TOKEN"}
    assert desk.file == kept | {"SLACK_SIGNING_SECRET": "signing-secret"}


@pytest.mark.usefixtures("believed")
def test_what_the_environment_sets_is_not_asked_and_not_written(desk: Desk) -> None:
    desk.monkeypatch.setenv("LEGACYTLS_CHANNEL", desk.right["LEGACYTLS_CHANNEL"])
    lines = [line for line in desk.lines() if line != desk.right["LEGACYTLS_CHANNEL"]]
    assert desk.typed(*lines) == 0, desk.said
    assert desk.file == {name: value for name, value in desk.right.items() if name != "LEGACYTLS_CHANNEL"}


@pytest.mark.usefixtures("believed")
@pytest.mark.parametrize("answered", [0, 3, 9])
def test_where_the_input_ends_nothing_is_written(desk: Desk, answered: int) -> None:
    assert desk.typed(*desk.lines()[:answered]) == 2
    assert says("the_input_ended") in desk.said
    assert desk.file is None


def test_a_mistake_in_what_is_there_and_not_asked_is_told_first(desk: Desk) -> None:
    (desk.folder / ".env").write_text("LEGACYTLS_MAX_WINDOW=soon\n", encoding="utf-8")
    assert desk.typed(*desk.lines()) == 2
    assert "  - LEGACYTLS_MAX_WINDOW: " in desk.said
    assert ASKED[0] not in desk.said


# From a file


def test_a_file_of_answers_asks_nothing(desk: Desk) -> None:
    assert desk.from_file() == 0, desk.said
    assert desk.file == desk.right
    assert ">" not in desk.said


def test_every_mistake_in_the_answers_is_told_at_once(desk: Desk) -> None:
    wrong = {"LEGACYTLS_CHANNEL": "#x", "AZURE_TENANT_ID": None, "SLACK_BOT_TOKEN": "secret-typed"}
    assert desk.from_file(**wrong, LEGACYTLS_CHANEL="C0X") == 2
    for name in ("LEGACYTLS_CHANNEL: ", "AZURE_TENANT_ID: is not set", "SLACK_BOT_TOKEN: "):
        assert name in desk.said
    assert says("channel_is_misspelt") in desk.said
    assert "secret-typed" not in desk.said
    assert desk.file is None


@pytest.mark.usefixtures("believed")
def test_a_file_is_changed_with_force_alone_and_what_is_not_answered_stays(desk: Desk) -> None:
    (desk.folder / ".env").write_text("LEGACYTLS_MAX_WINDOW=60d\n", encoding="utf-8")
    assert desk.from_file() == 2
    assert says("env_is_there_already") in desk.said
    assert desk.from_file("--force") == 0, desk.said
    assert desk.file == desk.right | {"LEGACYTLS_MAX_WINDOW": "60d"}


def test_what_a_proof_refuses_is_not_written_unless_that_is_wanted(desk: Desk) -> None:
    assert desk.from_file(SLACK_BOT_TOKEN="xoxb-wrong") == 1
    assert says("not_proven_the_token") in desk.said
    assert desk.file is None
    assert desk.from_file("--unproven", SLACK_BOT_TOKEN="xoxb-wrong") == 1
    assert desk.file == desk.right | {"SLACK_BOT_TOKEN": "xoxb-wrong"}


# As a process


def test_without_a_terminal_and_with_a_closed_input_it_says_what_to_do(desk: Desk) -> None:
    outcome = command("init", settings=desk.surroundings, folder=desk.folder)
    assert (outcome.code, outcome.err.strip()) == (2, says("the_input_ended"))
    called = [
        sys.executable,
        "-c",
        "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, '-m', 'bot', 'init'])",
    ]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | desk.surroundings
    done = subprocess.run(
        called, cwd=desk.folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr.strip()) == (2, says("the_input_ended"))
    assert desk.file is None


def test_at_a_terminal_no_secret_is_shown_and_control_c_leaves_nothing(desk: Desk) -> None:
    ours, theirs = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where the tests run in the background
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "dumb"} | desk.surroundings
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "init"],
        cwd=desk.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
        preexec_fn=take_terminal,  # noqa: PLW1509
    ) as process:  # fmt: skip
        os.close(theirs)
        try:
            seen = until(ours, "> ")
            os.write(ours, b"xoxb-typed-in-vain\n")
            seen += until(ours, "keep: ")
            os.write(ours, b"\x03")
            seen += until(ours, "written.")
            assert process.wait(timeout=30) == 130
        finally:
            process.kill()
    os.close(ours)
    assert "xoxb-typed-in-vain" not in seen
    assert says("slack_refuses_the_bots_token") in seen
    assert desk.file is None


def until(terminal: int, text: str) -> str:
    """What is written to the terminal, up to this text."""
    seen, end = "", time.monotonic() + 60
    while text not in seen:
        assert time.monotonic() < end, seen
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 65536).decode()
    return seen


# One description


def test_whatever_the_bot_cannot_start_without_is_asked_and_says_where_it_is_found() -> None:
    missing = {names[0] for names, _ in between(Settings(), {"slack", "exchange"}, None)}
    assert missing <= set(ASKED) <= set(WHERE) <= set(NAMES)


def test_what_is_secret_and_what_holds_else_is_read_off_the_settings() -> None:
    secret = {
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_SIGNING_SECRET",
        "AZURE_CLIENT_SECRET",
        "DATABASE_URL",
    }
    assert {name for name in ASKED if is_secret(name)} == secret | {
        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "LEGACYTLS_RECORD_KEY",
    }
    holds = {name: default_of(name) for name in ASKED if default_of(name)}
    assert holds == {
        "EXCHANGE_CLOUD": "worldwide",
        "DATABASE_URL": "sqlite:///legacytls.db",
        "LEGACYTLS_TIMEZONE": "UTC",
    }
