"""Give examples of what is shown of many tenants, with the longest texts there can be, for Slack to judge."""

from collections.abc import Iterator
from datetime import datetime

from slack_sdk.models.views import View

from handlers.ports import Cloud
from handlers.slack.listeners.commands import SUBCOMMANDS
from handlers.slack.views import fleet, help_and_history
from handlers.slack.views.blocks import Message
from storage.records import Observation, SettingValue
from storage.tenants import TenantStanding


def messages(now: datetime, cloud: Cloud) -> Iterator[tuple[str, Message]]:
    """Yield more tenants than are shown, in every state, and the help where no tenant was meant."""
    yield "fleet", fleet.table(_lines(now, fleet.MOST_SHOWN + 1))
    yield (
        "help (several)",
        help_and_history.help_text(cloud, SUBCOMMANDS, "a" * 40, which=f"`@{'a' * 40}` " * 50),
    )


def forms(now: datetime) -> Iterator[tuple[str, View]]:
    """Yield the forms with as many tenants as can be offered, and as many as can be chosen."""
    yield "form (choose tenants)", fleet.choice(_lines(now, fleet.MOST_OFFERED + 1))
    chosen = _lines(now, fleet.MOST_CHOSEN)
    devices = {one.standing.tenant_id: ["D999999999 " + "x" * 300] * 20 for one in chosen}
    yield "form (opt tenants out)", fleet.confirmation(chosen, devices, ",".join(devices))


def _lines(now: datetime, number: int) -> list[fleet.Line]:
    readings = [
        None,
        *(Observation(now, value, None, None, None if value else "x") for value in (*SettingValue, None)),
    ]
    return [_line(now, place, readings[place % len(readings)]) for place in range(number)]


def _line(now: datetime, place: int, newest: Observation | None) -> fleet.Line:
    seen = newest.value if newest is not None else None
    tenant_id = f"{place:08}-2222-3333-4444-555555555555"
    return fleet.Line("a" * 36 + f"{place:04}", TenantStanding(tenant_id, newest, seen, now, now, 7), now)
