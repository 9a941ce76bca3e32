"""``legacytls init``: from a person's answers, or from a file of them, to ``.env``."""

import io
import sys
from collections.abc import Mapping
from pathlib import Path

from bot.failure_messages import FAILED as NOT_DONE
from bot.failure_messages import WRONG_SETTINGS
from bot.observability import logs
from bot.settings.load import WrongSettings, in_environment, load
from bot.setup import answer_file as file_of_answers
from bot.setup import env_file
from bot.setup.conversation import ASKED, Conversation, Ended
from bot.setup.steps import STEPS, proven
from bot.terminal import line

HEAD = (
    "# Written by `legacytls init`. docs/settings.md says what else may stand here; the environment wins.\n"
)
NOTHING = "Nothing was written."
THERE = ".env is there: Enter keeps what it says, and you are asked before it is changed."


SEVERAL = "LEGACYTLS_TENANTS"
FOR_ONE = f"{SEVERAL}: is set, and this sets up one tenant; docs/tenants.md says how several are set up"


def init(answers: Path | None, *, force: bool, unproven: bool) -> int:
    """Ask, or read ``answers``; returns the exit code. Raises ``WrongSettings`` with every mistake.

    ``force``: change a ``.env`` that is there without asking; ``unproven``: write answers whose proof
    fails, too.
    """
    if sys.stdin is not None and isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # what is no UTF-8 is no setting either, and is told so
    before = env_file.present()
    if answers is not None:
        return _from_file(answers, before, force=force, unproven=unproven)
    try:
        return _from_a_person(before, force=force)
    except Ended:
        mend = "Answer at a terminal, or from a file: legacytls init --answers FILE."
        sys.stderr.write(f"\nlegacytls: the input ended before all was answered. {NOTHING} {mend}\n")
        return WRONG_SETTINGS
    except KeyboardInterrupt:
        line(f"\n{NOTHING}")
        raise


def _from_a_person(before: str | None, *, force: bool) -> int:
    fixed, proposed = in_environment(), _proposed(before or "")
    if SEVERAL in fixed or SEVERAL in proposed:
        raise WrongSettings([FOR_ONE])
    talk = Conversation(proposed, fixed)
    if before is not None:
        line(THERE)
    talk.hold()
    changed = {name: talk.answers.get(name) for name in ASKED if name not in fixed}
    text = env_file.merged(_begun(before), changed)
    line("")
    if before is not None and not force and not talk.confirmed("Change .env to these answers?"):
        line(NOTHING)
        return NOT_DONE
    return _written(text, talk.unproven)


def _from_file(answers: Path, before: str | None, *, force: bool, unproven: bool) -> int:
    given, mistakes = file_of_answers.read(answers)
    if before is not None and not force:
        mend = "move it away, or have --force change what the answers name"
        raise WrongSettings([f".env: is there already; {mend}"])
    text = env_file.merged(_begun(before), given)
    try:
        settings = load(file=env_file.read(text))
    except WrongSettings as wrong:
        raise WrongSettings([*mistakes, *wrong.lines]) from None
    if mistakes or settings.fleet is not None:
        raise WrongSettings(mistakes or [FOR_ONE])
    logs.withhold(settings.secrets())
    failed = []
    for step in STEPS:
        line(step.title, "bold")
        failed += [] if proven(step, settings) else [step.title]
    if failed and not unproven:
        line(f"{NOTHING} Not proven: {', '.join(failed)}. --unproven writes it all the same.")
        return NOT_DONE
    return _written(text, failed)


def _written(text: str, failed: list[str]) -> int:
    env_file.write(text)
    line("Written: .env, for this account alone.")
    if failed:
        line(f"Not proven yet: {', '.join(failed)}. `legacytls check` tries again.")
        return NOT_DONE
    line("Next: `legacytls check` for the rest, then `legacytls run`.")
    return 0


def _begun(before: str | None) -> str:
    return HEAD if before is None else before


def _proposed(text: str) -> Mapping[str, str]:
    """Return what the file says, without what is wrong and asked anew.

    Raises ``WrongSettings`` for what is wrong and not asked.
    """
    said = {name: value for name, value in env_file.read(text).items() if value and value.strip()}
    try:
        load((), file=said)
    except WrongSettings as wrong:
        if not wrong.names <= set(ASKED):
            raise
        return {name: value for name, value in said.items() if name not in wrong.names}
    return said
