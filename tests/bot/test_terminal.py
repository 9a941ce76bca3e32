"""At a terminal: what people typed stays text, and what only draws is loaded by the verbs that draw."""

import subprocess
import sys

import pytest

from bot import terminal
from tests.bot.machine import ROOT


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "is_terminal", lambda: True)


@pytest.mark.usefixtures("looked_at")
def test_what_people_typed_moves_no_cursor_and_is_no_mark_up(capsys: pytest.CaptureFixture[str]) -> None:
    typed = "[red]:boom: \x1b[2J\x1b]0;title\x07\x9b31m\r"
    terminal.line(typed)
    terminal.table(["Reason"], [[typed]])
    shown = capsys.readouterr().out
    assert [sign for sign in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\r") if sign in shown] == []
    assert shown.count("[red]:boom:") == 2


def test_a_file_gets_the_text_to_the_letter(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.line("a [b] c", "bold red")
    assert capsys.readouterr().out == "a [b] c\n"


def test_the_bot_itself_draws_nothing() -> None:
    program = (
        "import sys; from bot.cli import load_logging_plainly as load; load(); import bot.process; "
        "print('rich' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
