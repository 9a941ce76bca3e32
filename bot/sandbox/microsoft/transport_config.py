"""Describe what ``Get-TransportConfig`` says here, and what of it ``Set-TransportConfig`` may change.

Key order and values are those of public exports of real tenants. The object is data: state and judgement live
elsewhere.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from bot.sandbox.microsoft.odata import Row, UInt32, annotated

ORGANIZATION = "contoso.onmicrosoft.com"
FOREST = "NAMPR09A006.PROD.OUTLOOK.COM"
FIRST_CHANGED = datetime(2026, 5, 4, 7, 39, 21, tzinfo=UTC)

SETTABLE = frozenset({"AllowLegacyTLSClients", "SmtpClientAuthenticationDisabled"})
"""The parameters of ``Set-TransportConfig`` that are simulated, of 30; there is no ``Identity``."""

NULLABLE = frozenset({"AllowLegacyTLSClients"})
"""Booleans that are null until somebody sets them. That null can be *written* is an inference nobody has
proven live."""


def settings(changes: Mapping[str, object], organization: str = ORGANIZATION) -> dict[str, object]:
    """Return the whole object of an organisation, with ``changes`` laid over the defaults."""
    return {name: _named(value, organization) for name, value in DEFAULTS.items()} | dict(changes)


def _named(value: object, organization: str) -> object:
    return value.replace(ORGANIZATION, organization) if isinstance(value, str) else value


def render(values: Mapping[str, object], *, changed_at: datetime, server: str) -> Row:
    """Return the object as one row: ``values``, dates of the last change, the controller read."""
    dates = {"WhenChanged": changed_at, "WhenChangedUTC": changed_at}
    return annotated({**values, **dates, "OriginatingServer": server, "IsValid": True})


DEFAULTS: dict[str, object] = {
    "Name": "Transport Settings",
    "TLSReceiveDomainSecureList": [],
    "ExternalPostmasterAddress": None,
    "MigrationEnabled": True,
    "TransportRuleLimit": 300,
    "MaxAllowedAgentGeneratedMessageDepth": UInt32(3),
    "SmtpClientAuthenticationDisabled": False,
    "AllowLegacyTLSClients": None,
    "MessageExpiration": "1.00:00:00",
    "DistinguishedName": (
        "CN=Transport "
        f"Settings,CN=Configuration,CN={ORGANIZATION},CN=ConfigurationUnits,DC=NAMPR09A006,DC=PROD,"
        "DC=OUTLOOK,DC=COM"
    ),
    "Identity": "Transport Settings",
    "WhenChanged": FIRST_CHANGED,
    "WhenCreated": datetime(2021, 4, 27, 0, 46, 38, tzinfo=UTC),
    "WhenChangedUTC": FIRST_CHANGED,
    "WhenCreatedUTC": datetime(2021, 4, 27, 0, 46, 38, tzinfo=UTC),
    "OrganizationalUnitRoot": ORGANIZATION,
    "OrganizationId": (
        f"{FOREST}/Microsoft Exchange Hosted Organizations/{ORGANIZATION}"
        f" - {FOREST}/ConfigurationUnits/{ORGANIZATION}/Configuration"
    ),
    "Guid": UUID("01d25010-40a8-4d0a-9419-fb1d775b4d16"),
}
"""A tenant that never touched the switch: ``AllowLegacyTLSClients`` is null, as in every public export. Of
their 94 properties these are what the bot reads, and some of every type."""
