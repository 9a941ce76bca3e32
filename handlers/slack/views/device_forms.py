"""Draw the forms about devices, and the buttons that answer what is said about them.

Block ids are the field names of ``handlers.register.commands``; in the form that takes a file, ``FILE`` and
two days.
"""

from slack_sdk.models.blocks import (
    Block,
    ButtonElement,
    InputBlock,
    Option,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.blocks.block_elements import FileInputElement
from slack_sdk.models.views import View

from handlers.calendar.milestone import spelled
from handlers.calendar.protocols import PROTOCOL_NAMES
from handlers.outgoing.device_news import DeviceDue, DeviceNews, DeviceYours, NoneLeft
from handlers.register.commands import DEVICE, DUE, OWNER, PLAN, PROTOCOL, REASON, SENDER, SITE
from handlers.register.device_pages import DueDays
from handlers.register.forms import LONGEST_NAME
from handlers.slack.views import form_fields
from handlers.slack.views.blocks import button, section, small
from handlers.slack.views.card_buttons import OPT_OUT_NOW
from handlers.slack.views.devices import NOT_MINE, REPLACED
from handlers.slack.views.form_fields import day_field, form, text_field
from handlers.slack.views.mrkdwn import escape, fitted
from storage.devices.records import Device
from storage.records import MailProtocol

ADD, DAY, NEW_OWNER = "form_device_add", "form_device_day", "form_device_owner"

_NAMED = 150
"""Characters of a device's name that a form shows."""


def add(*, channel: str, days: DueDays, zone: str) -> View:
    """Return everything that an entry needs.

    ``channel`` is where it was asked, so that the answer finds its way back.
    """
    blocks: list[Block] = [
        _short(DEVICE, "Device or application", "Ricoh MP 301"),
        _short(SENDER, "Sends as", "scanner@contoso.com"),
        _short(SITE, "Where it stands", "Building 2, first floor", optional=True),
        _owner("Who answers for it, and is asked before the due day?", None),
        _protocol(),
        text_field(REASON, "Why can it not speak TLS 1.2?", "Model, firmware, what the vendor says"),
        text_field(PLAN, "Plan", "Replaced, updated, put behind a relay: by whom?"),
        _due(
            f"24:00 of this day in {zone}; at the latest {spelled(days.latest)}.",
            days.proposed.isoformat(),
        ),
        *small(["An entry opts nothing in. It becomes active with the opt-in or extension that names it."]),
    ]
    return form(ADD, channel, "Add a device", "Put on the register", blocks)


def change_day(device: Device, *, channel: str) -> View:
    """Draw the form for another due day of one entry, with the reason that a later one needs."""
    hint = (
        "An earlier day holds at once. A later one within the opt-in's window is accepted by another "
        "approver; one beyond it takes an extension."
    )
    present = device.asked_due or device.due
    blocks: list[Block] = [
        section(_head(device, f"is due on {spelled(device.due)}, moved {device.moves} times so far")),
        _due(hint, present.isoformat()),
        text_field(
            REASON, "Why?", "Needed for a later day: whoever accepts it decides on this", optional=True
        ),
    ]
    return form(DAY, metadata(device.id, channel), "Change the due day", "Change the day", blocks)


def change_owner(device: Device, *, channel: str) -> View:
    """Return who answers for an entry from now on."""
    now = f"is <@{device.owner_id}>'s now" if device.owner_id else "has no owner now"
    blocks: list[Block] = [
        section(_head(device, now)),
        _owner("Who answers for it from now on?", device.owner_id),
    ]
    return form(NEW_OWNER, metadata(device.id, channel), "Change the owner", "Change the owner", blocks)


def metadata(number: int, channel: str) -> str:
    """Pack an entry's number and where the answer goes (empty: a direct message) into a form."""
    return f"{number} {channel}".strip()


def _head(device: Device, how: str) -> str:
    return f"*{device.name}* {fitted(escape(' '.join(device.device.split())), _NAMED)} {how}."


def _short(field: str, label: str, placeholder: str, *, optional: bool = False) -> InputBlock:
    return text_field(field, label, placeholder, most=LONGEST_NAME, multiline=None, optional=optional)


def _owner(label: str, present: str | None) -> InputBlock:
    return InputBlock(
        block_id=OWNER, label=label, element=UserSelectElement(action_id=OWNER, initial_user=present)
    )


def _protocol() -> InputBlock:
    options = [Option(value=protocol.value, text=PROTOCOL_NAMES[protocol]) for protocol in MailProtocol]
    element = StaticSelectElement(action_id=PROTOCOL, options=options, initial_option=options[0])
    return InputBlock(block_id=PROTOCOL, label="Protocol", element=element)


def _due(hint: str, proposed: str) -> InputBlock:
    return day_field(DUE, "Last day on which it needs old TLS", proposed, hint=hint)


NEED_LONGER, KEEP = "device_longer", "keep_until_end"
LONGER = "form_device_longer"


def answer_buttons(said: DeviceNews) -> list[ButtonElement]:
    """Draw the ways to answer; each carries the number of the entry, or of the change that set the window."""
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


IMPORT = "form_device_import"
FILE, FIRST_DAY, LAST_DAY = "file", "from", "to"

REPORT_ADDS = (
    "A report adds what was seen of senders and nothing else: no entry is added, moved or ended by it."
)
LIST_ADDS = (
    "Of a list every row is proposed by you, or none where one is wrong; what stands already stays as it is."
)


def import_form(*, channel: str) -> View:
    """Ask for one file and the days it speaks of; ``channel`` is where it was asked."""
    hint = (
        "The SMTP AUTH clients report, a download of Entra's sign-ins (CSV or JSON), one saved message, or a "
        "list of devices (CSV, the columns of `legacytls devices --csv`); at most 25 MB."
    )
    file = InputBlock(
        block_id=FILE, label="File", element=FileInputElement(action_id=FILE, max_files=1), hint=hint
    )
    first = form_fields.day_field(FIRST_DAY, "First day of the report", optional=True)
    last = form_fields.day_field(LAST_DAY, "Last day of the report", optional=True)
    blocks = [file, first, last, *small([REPORT_ADDS, LIST_ADDS])]
    return form_fields.form(IMPORT, channel, "Import a file", "Import", blocks)
