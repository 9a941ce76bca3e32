"""What ``legacytls init`` asks for, step by step, and how the answers of each step are proven.

What a setting is, how it is spelled and where to find it stands in ``bot.settings``; the proofs are
those of ``bot.checks``.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from bot.checks.database import database_verdicts
from bot.checks.microsoft import exchange_verdicts
from bot.checks.run import STYLES
from bot.checks.slack import channel_verdict, connection_verdicts, people_of, token_verdicts
from bot.checks.verdict import Outcome, Verdict
from bot.from_settings import exchange_of, slack_client
from bot.process import utc_now
from bot.settings.model import NAMES, Settings
from bot.terminal import line

Answers = Mapping[str, str]
"""What has been answered so far, by the settings' names."""


@dataclass(frozen=True, slots=True)
class Question:
    """One setting that is asked for."""

    name: str
    empty: str = ""
    """What leaving it empty means; an empty text: it is needed, or its default holds."""
    when: Callable[[Answers], bool] = lambda so_far: True
    """Whether it is asked after these answers."""


@dataclass(frozen=True, slots=True)
class Step:
    """Settings that are proven together."""

    title: str
    questions: tuple[Question, ...]
    proof: Callable[[Settings], Iterator[Verdict]] = lambda settings: iter(())
    need: frozenset[str] = frozenset()
    """The parts that are complete with it, as ``bot.settings.load`` names them."""

    @property
    def names(self) -> frozenset[str]:
        """The settings that it asks for."""
        return frozenset(question.name for question in self.questions)


def _token(settings: Settings) -> Iterator[Verdict]:
    yield from token_verdicts(slack_client(settings), settings)


def _connection(settings: Settings) -> Iterator[Verdict]:
    return connection_verdicts(slack_client(settings), settings)


def _channel(settings: Settings) -> Iterator[Verdict]:
    yield channel_verdict(slack_client(settings), settings)


def _people(settings: Settings) -> Iterator[Verdict]:
    """With the token's scopes once more: which are needed depends on whether groups are named."""
    client = slack_client(settings)
    identity = yield from token_verdicts(client, settings)
    if identity is not None:
        yield from people_of(client, settings, identity)


def _exchange(settings: Settings) -> Iterator[Verdict]:
    exchange = exchange_of(settings, utc_now)
    try:
        yield from exchange_verdicts(settings, exchange)
    finally:
        exchange.close()


def _unless(*others: str) -> Callable[[Answers], bool]:
    return lambda so_far: not any(name in so_far for name in others)


_PATH, _SECRET = "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_SECRET"
_FEDERATED = "AZURE_FEDERATED_TOKEN_FILE"
_ANOTHER = "another credential"

STEPS = (
    Step("Slack, the bot's token", (Question("SLACK_BOT_TOKEN"),), _token),
    Step(
        "Slack, how it reaches the bot",
        (
            Question("SLACK_APP_TOKEN", "HTTP instead of Socket Mode"),
            Question("SLACK_SIGNING_SECRET", when=_unless("SLACK_APP_TOKEN")),
        ),
        _connection,
    ),
    Step("Slack, the channel", (Question("LEGACYTLS_CHANNEL"),), _channel),
    Step("Slack, who approves", (Question("LEGACYTLS_APPROVERS"),), _people),
    Step(
        "Entra and Exchange Online",
        (
            Question("AZURE_TENANT_ID"),
            Question("EXCHANGE_CLOUD"),
            Question("AZURE_CLIENT_ID", "none, for the machine's own managed identity"),
            Question(_PATH, _ANOTHER),
            Question("AZURE_CLIENT_CERTIFICATE_PASSWORD", "none", when=lambda so_far: _PATH in so_far),
            Question(_SECRET, _ANOTHER, when=_unless(_PATH)),
            Question(
                "AZURE_CLIENT_SECRET_EXPIRES", "no warning ahead", when=lambda so_far: _SECRET in so_far
            ),
            Question(_FEDERATED, _ANOTHER, when=_unless(_PATH, _SECRET)),
            Question("AZURE_MANAGED_IDENTITY", when=_unless(_PATH, _SECRET, _FEDERATED)),
        ),
        _exchange,
        frozenset({"exchange"}),
    ),
    Step("The database", (Question("DATABASE_URL"),), database_verdicts),
    Step(
        "The record's key",
        (Question("LEGACYTLS_RECORD_KEY", "one is made", _unless("LEGACYTLS_RECORD_KEY_FILE")),),
    ),
    Step("The time zone", (Question("LEGACYTLS_TIMEZONE"),)),
)


def proven(step: Step, settings: Settings) -> bool:
    """Prove a step and show each verdict as it is found; ``False`` where one fails."""
    holds = True
    for verdict in step.proof(settings):
        line(f"  {verdict.line()}", STYLES[verdict.outcome])
        sys.stdout.flush()
        holds = holds and verdict.outcome is not Outcome.FAILED
    return holds


def is_secret(name: str) -> bool:
    """Tell whether what a setting holds is not to be shown."""
    return _holds_secret(Settings.model_fields[NAMES[name]].annotation)


def default_of(name: str) -> str:
    """Return what holds where a setting is left out, as it is written; empty for nothing."""
    value = getattr(Settings(), NAMES[name])
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value.key if isinstance(value, ZoneInfo) else value if isinstance(value, str) else ""


def _holds_secret(kind: Any) -> bool:
    return kind is SecretStr or any(_holds_secret(part) for part in get_args(kind))
