"""Answer what is said about devices: its buttons, and the form to ask for a later day.

Block ids are the field names of ``handlers.register.commands``.
"""

from slack_sdk.models.blocks import Block, ButtonElement
from slack_sdk.models.views import View

from handlers.calendar.milestone import spelled
from handlers.outgoing.device_news import DeviceDue, DeviceNews, DeviceYours, NoneLeft
from handlers.register.commands import DUE, REASON
from handlers.slack.views.blocks import button, section
from handlers.slack.views.card_buttons import OPT_OUT_NOW
from handlers.slack.views.device_forms import metadata
from handlers.slack.views.devices import NOT_MINE, REPLACED
from handlers.slack.views.forms import day_field, form, text_field
from handlers.slack.views.mrkdwn import escape, fitted
from storage.devices.records import Device

NEED_LONGER, KEEP = "device_longer", "keep_until_end"
LONGER = "form_device_longer"

_NAMED = 150
"""Characters of a device's name that the form shows."""


def buttons(said: DeviceNews) -> list[ButtonElement]:
    """The ways to answer; each carries the number of the entry, or of the change that set the window."""
    match said:
        case DeviceDue():
            return [
                button("Replaced", REPLACED, said.device, style="primary"),
                button("Need longer", NEED_LONGER, said.device),
                button("Not mine", NOT_MINE, said.device),
            ]
        case DeviceYours():
            return [button("Not mine", NOT_MINE, said.device)]
        case NoneLeft():
            keep = [button("Keep until the end", KEEP, said.request)] if said.wait is not None else []
            return [button("Opt out now", OPT_OUT_NOW, said.request), *keep]
        case _:
            return []


def longer(device: Device, *, channel: str) -> View:
    """Ask for a later day, and why.

    ``channel`` is where it was asked, so that the answer finds its way back.
    """
    named = fitted(escape(device.device), _NAMED)
    moved = f" and was moved {device.moves} times so far" if device.moves else ""
    hint = (
        "A later day within the opt-in's window is accepted by another approver; one beyond it takes an "
        "extension."
    )
    present = (device.asked_due or device.due).isoformat()
    blocks: list[Block] = [
        section(f"*{device.name}* {named} is due on {spelled(device.due)}{moved}."),
        day_field(DUE, "Until which day does it need old TLS?", present, hint=hint),
        text_field(REASON, "Why does it take longer?", "Whoever accepts the day decides on this"),
    ]
    return form(LONGER, metadata(device.id, channel), "Need longer", "Ask for this day", blocks)
