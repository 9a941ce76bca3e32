"""Asks for the settings, at a terminal or line by line, and proves each step before the next.

Nothing is written here. A secret is not shown while it is typed, nor anywhere else.
"""

import getpass
import secrets
import sys
from collections.abc import Collection, Mapping

from bot.checks.run import STYLES
from bot.checks.verdict import Outcome
from bot.observability import logs
from bot.settings.load import UNSTRIPPED, WrongSettings, load
from bot.settings.model import WHERE
from bot.setup.steps import STEPS, Question, Step, default_of, is_secret, proven
from bot.terminal import line

FAILED = "Enter tries again; other: other answers; keep: go on with these."
LEFT_OUT = "-"
"""What is typed to leave a setting out that is there."""

ASKED = tuple(question.name for step in STEPS for question in step.questions)
"""Every setting that is asked for, in order."""

RECORD_KEY = "LEGACYTLS_RECORD_KEY"


class Ended(Exception):
    """There was no further line to read where something was asked."""


class Conversation:
    """``proposed``: what ``.env`` says already; ``fixed``: what the environment sets, which is not asked."""

    def __init__(self, proposed: Mapping[str, str], fixed: Collection[str]) -> None:
        self._proposed = proposed
        self._fixed = frozenset(fixed)
        self.answers = {name: value for name, value in proposed.items() if name not in ASKED}
        """Every setting that is to stand in the file, by name."""
        self.unproven: list[str] = []
        """Steps whose proof failed, and that were kept all the same."""

    def hold(self) -> None:
        """Ask everything. Raises ``Ended``, and ``WrongSettings`` for what cannot be mended here."""
        for step in STEPS:
            line(f"\n{step.title}", "bold")
            while not self._is_settled(step):
                pass

    def confirmed(self, question: str) -> bool:
        """Ask for a yes; anything else is a no. Raises ``Ended``."""
        return _read(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    def _is_settled(self, step: Step) -> bool:
        """Ask a step's questions and prove the answers; ``False``: it is to be asked anew."""
        for question in step.questions:
            if question.name in self._fixed:
                line(f"{question.name} is set in the environment, which wins over .env.")
            elif question.when(self.answers | dict.fromkeys(self._fixed, "")):
                self._ask(question)
            else:
                self.answers.pop(question.name, None)
        try:
            settings = load(step.need, file=self.answers)
        except WrongSettings as wrong:
            if not wrong.names & (step.names - self._fixed):
                raise
            _tell(wrong.lines)
            return False
        logs.withhold(settings.secrets())
        while not proven(step, settings):
            match _read(f"{FAILED} ").strip().lower():
                case "":
                    continue
                case "keep":
                    self.unproven.append(step.title)
                    return True
                case _:
                    return False
        return True

    def _ask(self, question: Question) -> None:
        name = question.name
        before = self.answers.pop(name, "") or self._proposed.get(name, "")
        instead = question.empty or default_of(name)
        line(f"{name}: {WHERE[name]}")
        while True:
            text = _read(_prompt(name, before, instead), hidden=is_secret(name))
            if text.strip() == LEFT_OUT and instead:
                text = before = ""
            text = text if text.strip() else before
            problem = self._problem(name, text) if text else "" if instead else "is needed"
            if not problem:
                break
            _tell([f"{name} {problem}"])
        if not text and name == RECORD_KEY:
            text = secrets.token_hex(32)
        if text:
            self.answers[name] = text if name in UNSTRIPPED else text.strip()

    def _problem(self, name: str, text: str) -> str:
        """What is wrong with the form of one answer, or an empty string."""
        try:
            load((), file=self.answers | {name: text})
        except WrongSettings as wrong:
            return wrong.why.get(name, "")
        return ""


def _prompt(name: str, before: str, instead: str) -> str:
    shown = ("as it is" if is_secret(name) else before) if before else instead
    out = f"; {LEFT_OUT}: {instead}" if before and instead else ""
    return f"[Enter: {shown}{out}] > " if shown else "> "


def _tell(mistakes: Collection[str]) -> None:
    for one in mistakes:
        line(f"  {one}", STYLES[Outcome.FAILED])


def _read(prompt: str, *, hidden: bool = False) -> str:
    """One line without its end. Raises ``Ended``."""
    if hidden and sys.stdin is not None and sys.stdin.isatty():
        try:
            return getpass.getpass(prompt, stream=sys.stdout)
        except EOFError:
            raise Ended from None
    sys.stdout.write(prompt)
    sys.stdout.flush()
    text = sys.stdin.readline() if sys.stdin is not None else ""
    if not text:
        raise Ended
    if not sys.stdin.isatty():
        sys.stdout.write("\n")  # nobody's Enter ends the line of the question
    return text.rstrip("\r\n")
