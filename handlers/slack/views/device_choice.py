"""Draw the register inside the window's forms: the choice of entries, and which ones stop."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, InputBlock, Option, StaticMultiSelectElement

from handlers.calendar.milestone import spelled
from handlers.changes.form_proposals import Standing
from handlers.policy.forms import DEVICES
from handlers.slack.views.blocks import section, small
from handlers.slack.views.mrkdwn import escape, fitted
from storage.devices.records import Device, DeviceState

LABEL = "Devices of the register"

_TEXT, _DESCRIPTION = 75, 75
"""Characters of an option and of its description (docs.slack.dev,
reference/block-kit/composition-objects/option-object)."""

_LISTED = 30
"""Entries that the form of opting out names; ``/legacytls devices`` has all."""

_ROW = 10
"""Entries to a section, which keeps well below Slack's 3,000 characters."""


def choice(register: Standing) -> list[Block]:
    """Draw the choice of entries; owners stand below, since an option mentions nobody.

    Nothing where nobody stands on the register.
    """
    options = {one.id: _option(one) for one in register.devices}
    if not options:
        return []
    initial = [option for number, option in options.items() if number in register.named]
    element = StaticMultiSelectElement(
        action_id=DEVICES,
        placeholder="D12, D14 …",
        options=list(options.values()),
        initial_options=initial or None,
    )
    more = (
        f" These are the {len(options)} due next of {register.count}."
        if register.count > len(options)
        else ""
    )
    hint = (
        "Each with the day until which it needs old TLS. Once this is applied, those chosen are "
        f"active.{more}"
    )
    block = InputBlock(block_id=DEVICES, label=LABEL, element=element, hint=hint, optional=True)
    return [block, *small([_owners(register.devices)])]


def stopping(register: Standing) -> list[Block]:
    """Name who stops at once, a line each, the next due first."""
    listed = register.devices[:_LISTED]
    lines = [f"• {_stops(one)}" for one in listed]
    rows = [section("\n".join(lines[at : at + _ROW])) for at in range(0, len(lines), _ROW)]
    more = register.count - len(listed)
    return (
        [section("*Will stop, by the register*"), *rows, *small([f"And {more} more." if more > 0 else ""])]
        if rows
        else []
    )


def _option(one: Device) -> Option:
    site = f", {_line(one.site)}" if one.site else ""
    late = f"; until {spelled(one.asked_due)} is asked for" if one.asked_due else ""
    return Option(
        value=str(one.id),
        text=_cut(f"{one.name} {_line(one.device)}{site}", _TEXT),
        description=_cut(f"{one.state.value}, until {spelled(one.due)}{late}", _DESCRIPTION),
    )


def _owners(devices: Sequence[Device]) -> str:
    """Whose each entry is, as mentions, which Slack shows as names; in a form they notify nobody."""
    owned: dict[str, list[str]] = {}
    for one in devices:
        owned.setdefault(f"<@{one.owner_id}>" if one.owner_id else "*nobody*", []).append(one.name)
    return "Whose they are: " + "; ".join(f"{owner} {', '.join(names)}" for owner, names in owned.items())


def _stops(one: Device) -> str:
    site = f", {_fitted(one.site)}" if one.site else ""
    state = " (proposed)" if one.state is DeviceState.PROPOSED else ""
    owner = f"<@{one.owner_id}>" if one.owner_id else "*no owner*"
    return f"*{one.name}* {_fitted(one.device)}{site}{state}: {owner}, until {spelled(one.due)}"


def _fitted(text: str) -> str:
    return fitted(escape(_line(text)), 80)


def _line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
