"""Runs every check and prints it: one line each, or JSON for machines."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from bot.checks.database import believing_verdicts, database_verdicts, stream_verdicts
from bot.checks.microsoft import exchange_verdicts
from bot.checks.secret_files import file_verdicts
from bot.checks.slack import POST_CHECK, slack_verdicts
from bot.checks.verdict import Outcome, Verdict, failed
from bot.from_settings import exchange_of
from bot.process import utc_now
from bot.settings.model import Settings
from bot.terminal import line

WRITING = (
    "Writing to Exchange: Set-TransportConfig is not tried; the first change shows whether it is allowed."
)
POSTING = "Posting into the channel: `legacytls check --post` sends a test card and takes it away again."
REACHING = "That Slack reaches /slack/events on this machine: only Slack can tell."
DELIVERING = (
    "That Slack delivers commands, buttons, reactions and the opening of the Home: the installed app's "
    "manifest cannot be read; the first of each shows it."
)
RECEIVING = "That the receiver of events takes them: nothing is sent to it."
STAMPING = "That the time-stamping service answers: it is not asked."
DOCUMENTED = (
    "When Exchange Online honours the value, and how it answers a write: known from documents and public "
    "measurements alone (docs/limits.md)."
)


def unproven(settings: Settings, found: Sequence[Verdict]) -> Iterator[str]:
    """Name what stays unproven after these verdicts, a sentence each."""
    posted = any(one.check == POST_CHECK and one.outcome is not Outcome.FAILED for one in found)
    yield WRITING
    yield from [] if posted else [POSTING]
    yield from [REACHING] if settings.mode == "http" else []
    yield DELIVERING
    yield from [RECEIVING] if settings.events_url is not None else []
    yield from [STAMPING] if settings.timestamp_url is not None else []
    yield DOCUMENTED


STYLES = {
    Outcome.PASSED: "green",
    Outcome.WARNED: "yellow",
    Outcome.OPTIONAL: "dim",
    Outcome.FAILED: "bold red",
}
"""How a terminal shows the outcomes."""


def check(
    settings: Settings,
    *,
    as_json: bool,
    post: bool = False,
    no_database: Sequence[str] = (),
) -> int:
    """Print every verdict as it is found. Exit code 0 when all that is needed holds, 1 when not.

    ``post`` has a test card sent to the channel and taken away again. ``no_database``: why there is no
    database to be checked, a sentence each; all else is checked.
    """
    found: list[Verdict] = []
    for verdict in _verdicts(settings, no_database, post=post):
        found.append(verdict)
        if not as_json:
            line(verdict.line(), STYLES[verdict.outcome])
            sys.stdout.flush()
    wrong = [verdict.check for verdict in found if verdict.outcome is Outcome.FAILED]
    left = list(unproven(settings, found))
    if as_json:
        told = {"ok": not wrong, "checks": [asdict(verdict) for verdict in found], "unproven": left}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        sys.stdout.write(f"\n{_last_line(wrong)}\nNot proven by this:\n")
        sys.stdout.writelines(f"  - {one}\n" for one in left)
    return 1 if wrong else 0


def _verdicts(settings: Settings, no_database: Sequence[str], *, post: bool) -> Iterator[Verdict]:
    if no_database:
        mend = "Mend DATABASE_URL, and run the check again; docs/settings.md says what it may hold."
        yield failed("Database", f"DATABASE_URL cannot be used: {'; '.join(no_database)}", mend)
    else:
        yield from database_verdicts(settings)
        yield from stream_verdicts(settings)
    yield from believing_verdicts(settings)
    yield from file_verdicts(settings)
    yield from slack_verdicts(settings, post=post)
    exchange = exchange_of(settings, utc_now)
    try:
        yield from exchange_verdicts(settings, exchange)
    finally:
        exchange.close()


def _last_line(wrong: Sequence[str]) -> str:
    if not wrong:
        return "All that is needed holds."
    return (
        f"Not yet: {', '.join(wrong)}. Everything else that is needed holds, as far as it could be checked."
    )
