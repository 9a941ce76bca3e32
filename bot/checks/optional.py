"""Run each optional cmdlet once: a role that lacks it costs the bot nothing but that answer."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from bot.checks.verdict import Verdict, optional, passed, warned
from bot.exchange.client import ExchangeOnline
from bot.exchange.lookups import OptionalLookups
from bot.exchange.outcomes import Meaning
from bot.exchange.readings import rows_of
from handlers.ports import Unavailable

LOOKED_BACK = timedelta(days=7)
PATIENCE = 20.0
WANTED = "If wanted, give the bot the optional role for this cmdlet (docs/install.md, step 3)."
AGAIN = "Run the check again; if this lasts, look at the Microsoft 365 service health page."
INGESTION = "UnifiedAuditLogIngestionEnabled"
SWITCH_ON = (
    f"Set-AdminAuditLogConfig -{INGESTION} $true in Exchange Online PowerShell; it takes up to an hour."
)


def optional_verdicts(exchange: ExchangeOnline, now: datetime) -> Iterator[Verdict]:
    """One verdict for each optional cmdlet; nothing is written."""
    yield _cmdlet(exchange, "Get-CASMailbox", {"ResultSize": 1}, "which lock blocks a mailbox")
    yield _cmdlet(exchange, "Get-User", {"ResultSize": 1}, "whether a mailbox's sign-in is blocked")
    yield _cmdlet(exchange, "Get-AcceptedDomain", {}, "the tenant's domains")
    yield _search(exchange, now)
    yield _ingestion(exchange)


def _cmdlet(exchange: ExchangeOnline, cmdlet: str, parameters: Mapping[str, object], use: str) -> Verdict:
    try:
        exchange.invoke(cmdlet, parameters, timeout=PATIENCE)
    except Unavailable as away:
        return _away(cmdlet, away, use)
    return passed(cmdlet, f"available; tells {use}")


def _search(exchange: ExchangeOnline, now: datetime) -> Verdict:
    """The search for authors, run as drift runs it; that it finds nothing proves nothing."""
    use = "who changed the setting outside the bot"
    try:
        found = OptionalLookups(exchange, client_id="").recorded(now - LOOKED_BACK, now)
    except Unavailable as away:
        return _away("Search-UnifiedAuditLog", away, use)
    return passed(
        "Search-UnifiedAuditLog", f"available; tells {use} ({len(found)} recorded in the last 7 days)"
    )


def _ingestion(exchange: ExchangeOnline) -> Verdict:
    """Whether there will be anything to find."""
    use = "whether Exchange records changes at all"
    try:
        outcome = exchange.invoke("Get-AdminAuditLogConfig", {}, timeout=PATIENCE)
    except Unavailable as away:
        return _away("Audit ingestion", away, use)
    match [row.get(INGESTION) for row in rows_of(outcome) or ()]:
        case [True]:
            return passed("Audit ingestion", "on; changes made outside the bot are recorded")
        case [False]:
            return warned(
                "Audit ingestion", "off: nobody can tell who changed the setting outside the bot", SWITCH_ON
            )
    return optional(
        "Audit ingestion", f"Get-AdminAuditLogConfig does not say {use}", "If this lasts, please report it."
    )


def _away(check: str, why: Unavailable, use: str) -> Verdict:
    mend = WANTED if why.code == Meaning.FORBIDDEN else why.mend or AGAIN
    return optional(check, f"not available ({why.sentence.rstrip('.')}); it would tell {use}", mend)
