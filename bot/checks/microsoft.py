"""Check the Microsoft side: the token and its claims, the one needed cmdlet, then the optional ones.

Nothing is written. A token that cannot be decoded says nothing: Exchange is asked all the same, and its
answer decides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.checks.verdict import Outcome, Verdict, failed, optional, passed, warned
from bot.exchange.client import ExchangeOnline
from bot.exchange.optional_lookups import OptionalLookups
from bot.exchange.outcomes import Meaning, rows_of
from bot.process import utc_now
from bot.settings.model import Settings
from handlers.ports import Reading, Unavailable

PERMISSION = "Exchange.ManageAsApp"
_BELOW = "Get-TransportConfig, below, shows whether it serves."


def token_verdicts(asked: str, claims: Mapping[str, object]) -> Iterator[Verdict]:
    """Check tenant and permission of a token for the tenant ``asked``; ``claims`` may be empty."""
    if not claims:
        yield warned(
            "Entra tenant", "the token cannot be decoded, so its tenant and permission are not known", _BELOW
        )
        return
    yield _tenant(asked, str(claims.get("tid") or ""))
    yield _permission(claims)


def mend_of_reading(refused: Unavailable, claims: Mapping[str, object]) -> str:
    """Return the next step after a refused ``Get-TransportConfig``.

    A token without the permission is answered 401; one with it, but without a role, 403 (measured by a public
    client).
    """
    if refused.code not in {Meaning.UNAUTHORIZED, Meaning.FORBIDDEN}:
        return (
            refused.mend
            or "Run the check again; if this lasts, look at the Microsoft 365 service health page."
        )
    if not claims:
        return refused.mend
    if not _permitted(claims):
        return f"Grant {PERMISSION} first, as said above."
    if refused.code == Meaning.UNAUTHORIZED:
        return (
            f"The token carries {PERMISSION}, so it is not the permission: check that AZURE_TENANT_ID, "
            "EXCHANGE_CLOUD and EXCHANGE_API_URL belong together, and this machine's clock."
        )
    return (
        f"The token carries {PERMISSION}, so it is the role that is missing: put the enterprise app into a "
        "role group with a role that includes Get-TransportConfig (docs/install.md, step 3). It takes from "
        "minutes to hours to arrive."
    )


def _tenant(asked: str, issued: str) -> Verdict:
    if not issued:
        return warned("Entra tenant", "the token does not name its tenant", _BELOW)
    if "." not in asked and issued.lower() != asked.lower():
        return failed("Entra tenant", "the token is for another tenant", "Check AZURE_TENANT_ID.")
    return passed("Entra tenant", issued)


def _permission(claims: Mapping[str, object]) -> Verdict:
    if _permitted(claims):
        return passed("Entra app role", PERMISSION)
    mend = (
        f"Grant the application permission {PERMISSION} (Office 365 Exchange Online) with admin consent; its "
        "look-alikes do not serve."
    )
    return failed("Entra app role", f"the token does not carry {PERMISSION}", mend)


def _permitted(claims: Mapping[str, object]) -> bool:
    roles = claims.get("roles")
    return isinstance(roles, list) and PERMISSION in roles


LOOKED_BACK = timedelta(days=7)
PATIENCE = 20.0
WANTED = "If wanted, give the bot the optional role for this cmdlet (docs/install.md, step 3)."
AGAIN = "Run the check again; if this lasts, look at the Microsoft 365 service health page."
INGESTION = "UnifiedAuditLogIngestionEnabled"
SWITCH_ON = (
    f"Set-AdminAuditLogConfig -{INGESTION} $true in Exchange Online PowerShell; it takes up to an hour."
)


def optional_verdicts(exchange: ExchangeOnline, now: datetime) -> Iterator[Verdict]:
    """Yield one verdict for each optional cmdlet; nothing is written."""
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


SOON = timedelta(days=30)


def exchange_verdicts(settings: Settings, exchange: ExchangeOnline) -> Iterator[Verdict]:
    """Yield each check of Entra and Exchange; the later ones are left out when there is no token."""
    yield from _expiry(settings, exchange)
    try:
        claims = exchange.tokens.claims()
    except Unavailable as refused:
        yield failed(
            "Entra token",
            refused.sentence,
            refused.mend or "Run the check again; if this lasts, check the network.",
        )
        return
    yield passed("Entra token", "issued")
    yield from token_verdicts(settings.azure_tenant_id or "", claims)
    try:
        reading = exchange.read(patience=20)
    except Unavailable as refused:
        yield failed("Get-TransportConfig", refused.sentence, mend_of_reading(refused, claims))
        return
    yield _read(reading)
    if not exchange.cloud.offers_legacy:
        yield warned(
            "Cloud",
            f"{exchange.cloud.display} has no legacy hosts: nobody can opt in there",
            "Check EXCHANGE_CLOUD.",
        )
    yield optional("Set-TransportConfig", "cannot be proven without writing; the first change will show")
    if reading.smtp_auth_disabled:
        yield warned(
            "SMTP AUTH",
            "switched off for the organisation",
            "Opting in helps only mailboxes that are allowed SMTP AUTH.",
        )
    yield from optional_verdicts(exchange, utc_now())


def _read(reading: Reading) -> Verdict:
    found = f"the live value is {reading.value.value}, organisation {reading.organization or 'not named'}"
    if reading.organization:
        return passed("Get-TransportConfig", found)
    return warned(
        "Get-TransportConfig", f"{found}, so nothing would be written", "If this lasts, please report it."
    )


def _expiry(settings: Settings, exchange: ExchangeOnline) -> Iterator[Verdict]:
    try:
        certificate = exchange.tokens.certificate_expires()
    except Unavailable as unreadable:
        yield failed("Certificate", unreadable.sentence, unreadable.mend)
        return
    if certificate is not None:
        yield _dated(
            "Certificate", certificate, "Create a new one, upload it to the app registration, set the path."
        )
    secret = settings.secret_expires()
    if secret is not None:
        verdict = _dated(
            "Client secret",
            secret,
            "Add a new one to the app registration, set it and AZURE_CLIENT_SECRET_EXPIRES.",
        )
        # Only Entra knows: whether the secret still serves is the next verdict.
        yield replace(verdict, outcome=Outcome.WARNED) if verdict.outcome is Outcome.FAILED else verdict
    elif settings.azure_client_secret is not None:
        mend = (
            "Set AZURE_CLIENT_SECRET_EXPIRES to the day that the app registration shows: check and a "
            "reminder then warn ahead."
        )
        yield optional("Client secret", "Entra does not tell when it expires", mend)


def _dated(check: str, expires: datetime, mend: str) -> Verdict:
    left, day = expires - utc_now(), f"{expires:%-d %B %Y}"
    if left <= timedelta(0):
        return failed(check, f"expired on {day}", mend)
    if left <= SOON:
        return warned(
            check, f"expires on {day}, in {left.days} days", f"{mend.rstrip('.')}, before that day."
        )
    return passed(check, f"valid until {day}")
