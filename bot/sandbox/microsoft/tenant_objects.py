"""Hold mailboxes and domains of the simulated tenant: rows that never change."""

from uuid import NAMESPACE_DNS, uuid5

from bot.sandbox.microsoft.odata import Refused, Row, annotated, error
from bot.sandbox.microsoft.transport_config import ORGANIZATION

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
