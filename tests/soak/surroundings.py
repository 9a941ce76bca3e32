"""What stands around a soak: nineteen tenants beside the one that is worked with, and a receiver."""

from pathlib import Path
from urllib.parse import urlsplit

from bot.sandbox.microsoft.tenant import Tenant
from bot.sandbox.slack import cast
from tests.bot.stream.receiving import SECRET, Receiving
from tests.crashes.world import World
from tests.soak.descriptors import DATABASE, ENTRA, EXCHANGE, RECEIVER, SLACK

TENANTS = 20

_ENTRY = """\
  {alias}:
    tenant_id: {tenant_id}
    organization: {organization}
    channel: {channel}
    approvers: [U0ALICE, U0BOB, S0MAIL]
    operators: [U0ALICE, U0BOB, U0DAVE]
"""


def settings_of(folder: Path, receiver: Receiving) -> dict[str, str]:
    """What the bot is told of them; the reminders' hours are the whole day."""
    return {
        "LEGACYTLS_TENANTS": str(folder / "tenants.yaml"),
        "AZURE_TENANT_ID": "",
        "EXCHANGE_ORGANIZATION": "",
        "LEGACYTLS_CHANNEL": "",
        "LEGACYTLS_APPROVERS": "",
        "LEGACYTLS_OPERATORS": "",
        "LEGACYTLS_OBSERVE_EVERY": "1m",
        "LEGACYTLS_WORKING_HOURS": "00:00-23:59",
        "LEGACYTLS_EVENTS_URL": receiver.url,
        "LEGACYTLS_EVENTS_SECRET": SECRET,
    }


def servers(world: World, receiver: Receiving) -> dict[int, str]:
    """The port of each server that the bot calls, with the kind of descriptor that its connections are."""
    addresses = {
        DATABASE: world.url,
        ENTRA: world.microsoft.environment["AZURE_AUTHORITY_HOST"],
        EXCHANGE: world.microsoft.environment["EXCHANGE_API_URL"],
        SLACK: world.slack.url,
        RECEIVER: receiver.url,
    }
    return {port: kind for kind, url in addresses.items() if (port := urlsplit(url).port) is not None}


def settle(world: World) -> None:
    """Let the other tenants be served, each with a channel of its own, before the world is entered."""
    for number in range(2, TENANTS + 1):
        names = {
            "tenant_id": f"99999999-2222-3333-4444-{number:012d}",
            "organization": f"tenant{number}.onmicrosoft.com",
        }
        world.microsoft.others.append(Tenant(clock=world.clock, changed=world.slack.workspace.touch, **names))
    members = set(world.slack.workspace._channels[cast.CHANGES].members)
    served = [("contoso", world.tenant, cast.CHANGES)]
    for place, one in enumerate(world.microsoft.others, 2):
        channel = f"C0TENANT{place}"
        world.slack.workspace._channels[channel] = cast.Channel(channel, f"tenant{place}", members)
        world.slack.workspace._messages[channel] = []
        served.append((f"tenant{place}", one, channel))
    entries = [
        _ENTRY.format(alias=alias, tenant_id=one.tenant_id, organization=one.organization, channel=channel)
        for alias, one, channel in served
    ]
    (world.folder / "tenants.yaml").write_text("tenants:\n" + "".join(entries), encoding="utf-8")
