"""Checks of the Microsoft side: token and its claims, the one needed cmdlet, then the optional ones.

Nothing is written.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bot.checks.entra import mend_of_reading, token_verdicts
from bot.checks.optional import optional_verdicts
from bot.checks.verdict import Outcome, Verdict, failed, optional, passed, warned
from bot.exchange.client import ExchangeOnline
from bot.process import utc_now
from bot.settings.model import Settings
from handlers.ports import Reading, Unavailable

SOON = timedelta(days=30)


def exchange_verdicts(settings: Settings, exchange: ExchangeOnline) -> Iterator[Verdict]:
    """Each check of Entra and Exchange; the later ones are left out when there is no token."""
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
