"""Make the sandbox's further tenants: each with a channel, and all named in a file as an operator writes it.

Values only; whoever puts the sandbox together adds what is made here.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from bot.sandbox.microsoft.tenant import Tenant
from bot.sandbox.slack import cast
from bot.sandbox.slack.cast import Channel

FURTHER = ("fabrikam", "adatum", "litware", "northwind", "tailspin", "wingtip", "proseware")
"""Aliases of the tenants beside Contoso: companies that Microsoft's own documentation makes up."""

MOST = 1 + len(FURTHER)

OF_ONE = ("AZURE_TENANT_ID", "EXCHANGE_ORGANIZATION", "LEGACYTLS_CHANNEL")
"""Settings that each tenant has of its own in the file."""

CUSTOMER = """\
    approvers: [U0BOB, U0CAROL]
    warning: Customer under a service contract
"""
"""Of the first further tenant, so that not all of them are alike: Alice may only ask there."""


def further(count: int, *, clock: Callable[[], datetime], changed: Callable[[], None]) -> list[Tenant]:
    """Make so many tenants beside Contoso; every other one is opted in, so that there is something to see."""
    made = []
    for place, alias in enumerate(FURTHER[:count]):
        tenant = Tenant(
            clock=clock,
            changed=changed,
            tenant_id=f"{place + 2}{place + 2:07}-2222-3333-4444-555555555555",
            organization=f"{alias}.onmicrosoft.com",
        )
        tenant.value = True if place % 2 == 0 else None
        made.append(tenant)
    return made


def channel_of(tenant: Tenant) -> Channel:
    """Return the channel of a further tenant, with everybody in it but who is from another workspace."""
    alias = _alias(tenant)
    members = {member.id for member in cast.members() if not member.is_stranger}
    return Channel(f"C0{alias.upper()}", f"{alias}-mail", members)


def write_file(file: Path, contoso: Tenant, others: Sequence[Tenant]) -> None:
    """Write the file of tenants; Alice may see all of them."""
    channels = [cast.CHANGES, *(channel_of(one).id for one in others)]
    entries = [
        f"  {_alias(one)}:\n    tenant_id: {one.tenant_id}\n    organization: {one.organization}\n"
        f"    channel: {channel}\n{CUSTOMER if place == 1 else ''}"
        for place, (one, channel) in enumerate(zip([contoso, *others], channels, strict=True))
    ]
    file.write_text("fleet_operators: [U0ALICE]\ntenants:\n" + "".join(entries), encoding="utf-8")


def _alias(tenant: Tenant) -> str:
    return tenant.organization.partition(".")[0]
