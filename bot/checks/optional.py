"""Checks of what the bot can do without: each optional cmdlet is really run, and a role that lacks it costs nothing."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from bot.checks.verdict import Verdict, optional, passed, warned
from bot.exchange.answers import Meaning, Outcome
from bot.exchange.client import ExchangeOnline
from bot.exchange.readings import rows_of
from bot.exchange.surroundings import Surroundings, Unanswered, Why
from handlers.ports import Unavailable

LOOKED_BACK = timedelta(days=7)
WANTED = "If wanted, give the bot the optional role for this cmdlet (README, Setting up for real, step 3)."
AGAIN = "Run the check again; if this lasts, look at the Microsoft 365 service health page."
INGESTION = "UnifiedAuditLogIngestionEnabled"
SWITCH_ON = f"Set-AdminAuditLogConfig -{INGESTION} $true in Exchange Online PowerShell; it takes up to an hour."


def optional_verdicts(exchange: ExchangeOnline, now: datetime) -> Iterator[Verdict]:
    """One verdict for each optional cmdlet; nothing is written."""
    yield _cmdlet(exchange, "Get-CASMailbox", {"ResultSize": 1}, "which lock blocks a mailbox")
    yield _cmdlet(exchange, "Get-AcceptedDomain", {}, "the tenant's domains")
    yield _search(exchange, now)
    yield _ingestion(exchange)


def _cmdlet(exchange: ExchangeOnline, cmdlet: str, parameters: Mapping[str, object], use: str) -> Verdict:
    outcome = _run(exchange, cmdlet, parameters)
    return passed(cmdlet, f"available; tells {use}") if isinstance(outcome, Outcome) else _away(cmdlet, outcome, use)


def _search(exchange: ExchangeOnline, now: datetime) -> Verdict:
    """The search for authors, run as drift runs it; that it finds nothing proves nothing."""
    use = "who changed the setting outside the bot"
    found = Surroundings(exchange).who_changed(now - LOOKED_BACK, now)
    if not isinstance(found, Unanswered):
        return passed("Search-UnifiedAuditLog", f"available; tells {use} ({len(found)} recorded in the last 7 days)")
    mend = WANTED if found.why is Why.NOT_ALLOWED else found.mend or AGAIN
    return _absent("Search-UnifiedAuditLog", found.sentence, use, mend)


def _ingestion(exchange: ExchangeOnline) -> Verdict:
    """Whether there will be anything to find."""
    use = "whether Exchange records changes at all"
    outcome = _run(exchange, "Get-AdminAuditLogConfig", {})
    if not isinstance(outcome, Outcome):
        return _away("Audit ingestion", outcome, use)
    match [row.get(INGESTION) for row in rows_of(outcome) or ()]:
        case [True]:
            return passed("Audit ingestion", "on; changes made outside the bot are recorded")
        case [False]:
            return warned("Audit ingestion", "off: nobody can tell who changed the setting outside the bot", SWITCH_ON)
    return optional("Audit ingestion", f"Get-AdminAuditLogConfig does not say {use}", "If this lasts, please report it.")


def _run(exchange: ExchangeOnline, cmdlet: str, parameters: Mapping[str, object]) -> Outcome | tuple[str, str]:
    """The answer, or a sentence and its mend."""
    try:
        outcome = exchange.invoke(cmdlet, parameters, timeout=20)
    except Unavailable as refused:
        return refused.sentence, refused.mend or AGAIN
    if outcome.meaning is Meaning.ANSWERED:
        return outcome
    return outcome.sentence, WANTED if outcome.meaning is Meaning.FORBIDDEN else outcome.mend or AGAIN


def _away(check: str, why: tuple[str, str], use: str) -> Verdict:
    return _absent(check, why[0], use, why[1])


def _absent(check: str, sentence: str, use: str, mend: str) -> Verdict:
    return optional(check, f"not available ({sentence.rstrip('.')}); it would tell {use}", mend)
