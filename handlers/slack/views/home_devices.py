"""Draw the register on the App Home: what a person answers for, and which days wait for them."""

from collections.abc import Iterator
from datetime import date

from slack_sdk.models.blocks import (
    Block,
    ConfirmObject,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from handlers.calendar.milestone import spelled
from handlers.queries.home import HomePage
from handlers.slack.views.blocks import actions, button, header, section, small
from handlers.slack.views.device_forms import NEED_LONGER
from handlers.slack.views.devices import MY_DEVICES, REPLACED, SHOW_DEVICE
from handlers.slack.views.mrkdwn import escape, fitted
from handlers.suggested import Suggested
from storage.devices.records import Device

ACCEPTANCES = 5
"""Entries of the register named that wait for an approver."""


def acceptances(found: HomePage) -> Iterator[Block]:
    """Draw days that wait for an approver; the entry opened has the deciding buttons."""
    for one in found.to_accept[:ACCEPTANCES]:
        text = f"*{one.name}* {_named(one)}: {_asked_day(one)}."
        yield SectionBlock(
            text=MarkdownTextObject(text=text, verbatim=True),
            accessory=button(f"Open {one.name}", SHOW_DEVICE, one.id),
        )
    more = len(found.to_accept) - ACCEPTANCES
    told = f"{more} more of the register wait for an approver: {Suggested('devices')}."
    yield from small([told] if more > 0 else [])


def _asked_day(one: Device) -> str:
    if one.asked_due is None:
        return f"<@{one.proposer_id}> proposes it until *{spelled(one.due)}*"
    return f"<@{one.asked_by}> asks for *{spelled(one.asked_due)}* instead of {spelled(one.due)}"


def owned(found: HomePage) -> Iterator[Block]:
    """Draw what the person answers for, each with its buttons, the next due first."""
    if not found.rows.devices:
        return
    yield header("Your devices")
    for one in found.rows.devices:
        yield section(_device(one, found.today))
        yield actions(
            button("Replaced", REPLACED, one.id, confirm=_for_good(one)),
            button("Need longer", NEED_LONGER, one.id),
        )
    left = found.rows.device_count - len(found.rows.devices)
    yield from small([f"{left} more are due later."] if left else [])
    yield actions(button("Open my devices", MY_DEVICES, 0))


def _device(one: Device, today: date) -> str:
    late = ":warning: overdue, was due" if one.is_overdue(today) else "due"
    longer = f"; {spelled(one.asked_due)} is asked for" if one.asked_due else ""
    return f"*{one.name}* {_named(one)}, {one.state.value}: {late} {spelled(one.due)}{longer}"


def _named(one: Device) -> str:
    return fitted(escape(" ".join(one.device.split())), 70)


def _for_good(one: Device) -> ConfirmObject:
    """Several such buttons stand below each other, and an entry that has ended is not reopened."""
    text = "It leaves the register for good. Should it need old TLS again, it has to be proposed anew."
    return ConfirmObject(
        title=f"Is {one.name} replaced?",
        text=PlainTextObject(text=text),
        confirm="Replaced",
        deny="Not yet",
    )
