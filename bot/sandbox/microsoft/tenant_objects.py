"""Hold the simulated tenant's objects: its transport settings, and mailboxes and domains that never change.

Key order and values are those of public exports of real tenants. State and judgement live elsewhere.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import NAMESPACE_DNS, UUID, uuid5

from bot.sandbox.microsoft.odata import Refused, Row, UInt32, annotated, error

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


SHARED = frozenset({"Scanner warehouse"})
"""Shared mailboxes: their accounts may not sign in, as Microsoft sets them up."""

MAILBOXES: tuple[tuple[str, bool | None], ...] = (
    ("Alice", None),
    ("Bob", True),
    ("Carol", None),
    ("Scanner", False),
    ("Scanner warehouse", False),
)
"""Display name and ``SmtpClientAuthenticationDisabled``: null inherits, false explicitly allows SMTP AUTH."""


def accepted_domains() -> list[Row]:
    """``Get-AcceptedDomain``: the initial domain and the one mail is addressed to."""
    return [_accepted_domain(ORGANIZATION, initial=True), _accepted_domain("contoso.com", initial=False)]


def _accepted_domain(name: str, *, initial: bool) -> Row:
    return annotated(
        {
            "DomainName": name,
            "CatchAllRecipientID": None,
            "DomainType": "Authoritative",
            "MatchSubDomains": False,
            "Default": not initial,
            "InitialDomain": initial,
            "AuthenticationType": "Managed",
            "Name": name,
            "Identity": name,
            "DistinguishedName": (
                f"CN={name},CN=Accepted Domains,CN=Transport Settings,CN=Configuration,CN={ORGANIZATION}"
            ),
            "Guid": uuid5(NAMESPACE_DNS, name),
            "IsValid": True,
        }
    )


def audit_config(*, ingesting: bool) -> Row:
    """``Get-AdminAuditLogConfig``."""
    return annotated(
        {
            "Name": "Default",
            "Identity": "Default",
            "AdminAuditLogEnabled": True,
            "UnifiedAuditLogIngestionEnabled": ingesting,
            "AdminAuditLogCmdlets": ["*"],
            "AdminAuditLogParameters": ["*"],
            "IsValid": True,
        }
    )


def cas_mailboxes() -> list[Row]:
    """``Get-CASMailbox``: a few people, two scanners."""
    return [_cas_mailbox(name, disabled) for name, disabled in MAILBOXES]


def _cas_mailbox(name: str, disabled: bool | None) -> Row:
    address = f"{name.lower().replace(' ', '.')}@contoso.com"
    return annotated(
        {
            "Name": name,
            "DisplayName": name,
            "Identity": name,
            "PrimarySmtpAddress": address,
            "Guid": uuid5(NAMESPACE_DNS, address),
            "ExternalDirectoryObjectId": str(uuid5(NAMESPACE_DNS, f"entra.{address}")),
            "SmtpClientAuthenticationDisabled": disabled,
            "PopEnabled": True,
            "ImapEnabled": name.startswith("Scanner"),
            "IsValid": True,
        }
    )


def users() -> list[Row]:
    """``Get-User``: the account of each mailbox; that of a shared one may not sign in."""
    return [_user(name) for name, _ in MAILBOXES]


def _user(name: str) -> Row:
    address = f"{name.lower().replace(' ', '.')}@contoso.com"
    return annotated(
        {
            "Name": name,
            "DisplayName": name,
            "Identity": name,
            "WindowsEmailAddress": address,
            "PrimarySmtpAddress": address,
            "Guid": uuid5(NAMESPACE_DNS, address),
            "AccountDisabled": name in SHARED,
            "IsValid": True,
        }
    )


def found(rows: list[Row], identity: object) -> list[Row]:
    """Return the rows of ``identity``, or all when it is ``None``.

    Raises ``Refused`` (404) when it names nothing.
    """
    if identity is None:
        return rows
    names = ("Identity", "Name", "PrimarySmtpAddress", "Guid")
    matching = [
        row for row in rows if str(identity).lower() in {str(row.get(name)).lower() for name in names}
    ]
    if not matching:
        kind = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
        text = (
            f"The operation couldn't be performed because object '{identity}' couldn't be found on "
            "'BY1PR09A06DC005'."
        )
        raise Refused(
            error(404, "Error executing cmdlet", detail=f"Ex6F9304|{kind}|{text}"), "object not found"
        )
    return matching
