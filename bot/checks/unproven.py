"""Says what `legacytls check` cannot prove, so that nobody takes its last line for more than it is."""

from collections.abc import Iterator, Sequence

from bot.checks.posting import CHECK
from bot.checks.verdict import Outcome, Verdict
from bot.settings.model import Settings

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
    posted = any(one.check == CHECK and one.outcome is not Outcome.FAILED for one in found)
    yield WRITING
    yield from [] if posted else [POSTING]
    yield from [REACHING] if settings.mode == "http" else []
    yield DELIVERING
    yield from [RECEIVING] if settings.events_url is not None else []
    yield from [STAMPING] if settings.timestamp_url is not None else []
    yield DOCUMENTED
