"""Draw the register: counts, the burn-down, a page of entries, and one with its buttons.

Where Slack draws charts the burn-down is one, with its numbers beside it; elsewhere it is drawn with signs.
"""

from collections.abc import Mapping

from slack_sdk.models.blocks import Block, ButtonElement, MarkdownTextObject, SectionBlock

from handlers.calendar.milestone import spelled
from handlers.calendar.protocols import PROTOCOL_NAMES
from handlers.register.burn_down import Overview, Week, pace_line
from handlers.register.device_pages import DevicePage, ShownDevice, Which
from handlers.register.permissions import awaited_day
from handlers.slack.views.blocks import (
    POINTS,
    Cell,
    Message,
    actions,
    bar_chart,
    button,
    cell,
    data_table,
    number_cell,
    person_cell,
    quoted,
    section,
    small,
)
from handlers.slack.views.mrkdwn import escape, fitted
from handlers.suggested import Suggested
from storage.devices.records import Device
from storage.sightings import Sighting

SHOW_DEVICE, CHANGE_DAY, CHANGE_OWNER = "device_show", "device_change_day", "device_change_owner"
REPLACED, WITHDRAW_DEVICE = "device_replaced", "device_withdraw"
ACCEPT_DEVICE, REFUSE_DEVICE, NOT_MINE = "device_accept", "device_refuse", "device_not_mine"
ADD_DEVICE = "device_add"

FIRST_PAGE: Mapping[str, Which] = {f"devices_{which.value}": which for which in Which}
"""Buttons for a list from its beginning; they carry no number."""

MY_DEVICES = next(action for action, which in FIRST_PAGE.items() if which is Which.MINE)
EVERY_DEVICE = next(action for action, which in FIRST_PAGE.items() if which is Which.ALL)

NEXT_PAGE: Mapping[str, Which] = {f"devices_{which.value}_next": which for which in Which}
"""Buttons for the page behind the entry whose number they carry."""

_TITLES = {Which.ALL: "All", Which.MINE: "Mine", Which.OVERDUE: "Overdue", Which.ORPHANS: "Orphans"}

_NOTHING = {
    Which.ALL: f"No device stands on the register. {Suggested('devices add')} puts the first one on it.",
    Which.MINE: "You answer for no device on the register.",
    Which.OVERDUE: "No device is overdue.",
    Which.ORPHANS: "Every device has an owner.",
}

_BEGINS = {
    Which.ALL: "Devices that still need old TLS",
    Which.MINE: "Your devices that still need old TLS",
    Which.OVERDUE: "Overdue devices",
    Which.ORPHANS: "Devices without an owner",
}

BAR = 20
"""Signs of the longest bar of the burn-down; it has as many weeks as a chart of Slack's has points."""

NAME, PLACE = 150, 100
"""Characters of what people typed on one line; Slack's own limit is 3,000 for all of it."""


def page(found: DevicePage) -> Message:
    """Draw one page: counts and burn-down where they come with it, then the entries."""
    title, overview = _BEGINS[found.which], found.overview
    if not found.devices:
        text = _NOTHING[found.which]
        heading: list[Block] = []
    elif overview:
        text = _counts(overview)
        heading = [section(f"*{title}, the next due first*")]
    else:
        text = f"{title}, the next due first"
        heading = []
    head = section(f"*{text.strip('*')}*" if found.devices and not overview else text)
    listed = [_line(device, found) for device in found.devices]
    rest = [*heading, *listed, *_more(found), actions(*_choices(found.which))]
    drawn = _drawn_by_slack(found)
    return Message(
        text=text.replace("*", ""),
        blocks=[head, *_burn_down(overview), *rest],
        native=[head, *_pace(overview), *drawn, *rest] if drawn else [],
    )


def entry(found: ShownDevice, person: str) -> Message:
    """Draw one entry as ``person`` sees it, with its buttons; a refused press is told then."""
    device = found.device
    head = f"{_sign(late=device.is_overdue(found.today))}*{device.name}* is *{device.state.value}*"
    when = f", due {spelled(device.due)}" if device.is_standing else ""
    late = ": *overdue*" if device.is_overdue(found.today) else ""
    buttons = _buttons(device, person)
    return Message(
        text=f"{device.name} is {device.state.value}{when}.",
        blocks=[
            section(f"{head}{when}{late}. {_owner(device)}"),
            section(_what(device)),
            *([section(_asked(device))] if device.asked_due else []),
            *quoted("Why it cannot speak TLS 1.2", device.reason),
            *quoted("Plan", device.plan),
            *small([_history(device), _seen(found.seen)]),
            *([actions(*buttons)] if buttons else []),
        ],
    )


def _counts(overview: Overview) -> str:
    counts = overview.counts
    total = counts.proposed + counts.active
    need = "1 device still needs" if total == 1 else f"{total} devices still need"
    more = [
        f"{counts.overdue} overdue" if counts.overdue else "",
        f"{counts.orphaned} without an owner" if counts.orphaned else "",
        f"{overview.unregistered} senders on old TLS are on nobody's list" if overview.unregistered else "",
    ]
    told = "; ".join(part for part in more if part)
    return f"*{need} old TLS: {counts.active} active, {counts.proposed} proposed.*" + (
        f" {told}." if told else ""
    )


def _pace(overview: Overview | None) -> list[Block]:
    """Draw the weekly line; nothing where no entry was ever active."""
    told = pace_line(overview) if overview else ""
    return [section(f"Active at the end of each week: {told}.")] if told else []


def _burn_down(overview: Overview | None) -> list[Block]:
    """Draw the weekly line, and a bar of signs for each of the last weeks."""
    if overview is None or not overview.weeks:
        return []
    shown = overview.weeks[-POINTS:]
    most = max(week.active for week in shown) or 1
    bars = (f"{_week(week)}  {'█' * -(-week.active * BAR // most):<{BAR}} {week.active}" for week in shown)
    drawn = "\n".join(bars)
    return [*_pace(overview), section(f"```{drawn}```")]


def _drawn_by_slack(found: DevicePage) -> list[Block]:
    """Draw the burn-down as a chart with its numbers, and the table; nothing where neither is."""
    blocks: list[Block] = []
    if found.overview and found.overview.weeks:
        points = [(_week(week), week.active) for week in found.overview.weeks[-POINTS:]]
        title = "Devices that still need old TLS"
        numbers = ", ".join(f"{label}: {active}" for label, active in points)
        chart = bar_chart(title, points, x_label="Week that begins on", y_label="Active devices")
        blocks += [chart, *small([f"By the week: {numbers}."])]
    if found.table:
        rows = [_row(device, found) for device in found.table]
        blocks.append(data_table(f"The {len(rows)} devices that are due next", _COLUMNS, rows))
    return blocks


def _week(week: Week) -> str:
    """Name a week by its first day, alike in chart and text."""
    return f"{week.monday:%d %b %Y}"


_COLUMNS = ("Number", "Device", "Site", "Owner", "Due", "State", "Moved")


def _row(device: Device, found: DevicePage) -> list[Cell]:
    state = "overdue" if device.is_overdue(found.today) else device.state.value
    name, site = (" ".join(text.split())[:NAME] for text in (device.device, device.site))
    told = (device.name, name, site)
    return [
        *map(cell, told),
        person_cell(device.owner_id),
        cell(device.due.isoformat()),
        cell(state),
        number_cell(device.moves),
    ]


def _line(device: Device, found: DevicePage) -> SectionBlock:
    late = device.is_overdue(found.today)
    due = f"*overdue*, was due {spelled(device.due)}" if late else f"due {spelled(device.due)}"
    waits = f" · {spelled(device.asked_due)} asked for" if device.asked_due else ""
    owner = f"<@{device.owner_id}>" if device.owner_id else "*no owner*"
    text = (
        f"{_sign(late=late)}*{device.name}* {_one_line(device.device, NAME)} · {owner} · {due} · "
        f"{device.state.value}{waits}"
    )
    return SectionBlock(
        text=MarkdownTextObject(text=text, verbatim=True),
        accessory=button(f"Open {device.name}", SHOW_DEVICE, device.id),
    )


def _more(found: DevicePage) -> list[Block]:
    if found.last is None:
        return []
    action = next(action for action, which in NEXT_PAGE.items() if which is found.which)
    return [actions(button("Next page", action, found.last))]


def _choices(present: Which) -> list[ButtonElement]:
    lists = [
        button(_TITLES[which], action, 0) for action, which in FIRST_PAGE.items() if which is not present
    ]
    return [*lists, button("Add a device", ADD_DEVICE, 0)]


def _buttons(device: Device, person: str) -> list[ButtonElement]:
    if not device.is_standing:
        return []
    waits = awaited_day(device) is not None
    decide = [
        button("Accept device", ACCEPT_DEVICE, device.id, style="primary"),
        button("Refuse device", REFUSE_DEVICE, device.id, style="danger"),
    ]
    return [
        *(decide if waits else []),
        button("Change day", CHANGE_DAY, device.id),
        button("Change owner", CHANGE_OWNER, device.id),
        button("Replaced", REPLACED, device.id),
        button("Withdraw", WITHDRAW_DEVICE, device.id),
        *([button("Not mine", NOT_MINE, device.id)] if device.owner_id == person else []),
    ]


def _owner(device: Device) -> str:
    if device.owner_id:
        return f"<@{device.owner_id}> answers for it."
    return "Nobody answers for it: *Change owner* gives it to somebody." if device.is_standing else ""


def _what(device: Device) -> str:
    place = f" · {_one_line(device.site, PLACE)}" if device.site else ""
    sender = fitted(escape(device.sender), NAME)
    return (
        f"{_one_line(device.device, NAME)}{place}\nSends as {sender} over {PROTOCOL_NAMES[device.protocol]}"
    )


def _asked(device: Device) -> str:
    day = spelled(device.asked_due) if device.asked_due else ""
    return f"<@{device.asked_by}> asks for *{day}*. Until that is agreed to, {spelled(device.due)} holds."


def _history(device: Device) -> str:
    moved = {0: "", 1: " Its due day was moved once."}.get(
        device.moves, f" Its due day was moved {device.moves} times."
    )
    return f"Proposed by <@{device.proposer_id}>.{moved}"


def _seen(seen: Sighting | None) -> str:
    if seen is None:
        return "No report has shown its sender yet."
    day = f" on {spelled(seen.last_seen)}" if seen.last_seen else ""
    return f"Its sender was last seen{day}: {'still on old TLS' if seen.is_legacy else 'not on old TLS'}."


def _sign(*, late: bool) -> str:
    return ":warning: " if late else ""


def _one_line(text: str, limit: int) -> str:
    """What a person typed, on one line and harmless."""
    return fitted(escape(" ".join(text.split())), limit)
