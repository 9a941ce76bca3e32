"""Draw all tenants for who may see them, and the two forms of opting several out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, InputBlock, Option, StaticMultiSelectElement
from slack_sdk.models.views import View

from handlers.policy.forms import REASON
from handlers.slack.views.blocks import Message, header, section, small
from handlers.slack.views.form_fields import form, text_field
from handlers.slack.views.mrkdwn import SECTION, escape, fitted, instant, packed
from storage.record.spreadsheet_cells import row
from storage.records import SettingValue
from storage.tenants import TenantStanding

CHOICE, CONFIRMATION, TENANTS = "fleet_choice", "fleet_confirmation", "tenants"

MOST_SHOWN, ROOM = 200, 11_000
"""Tenants of a table, and its characters: Slack's Web API refuses messages of about 13,200
(github.com/slackapi/bolt-js/issues/2509)."""
MOST_CHOSEN = 50
"""Tenants that are opted out at a time: what a form carries has 3,000 characters
(docs.slack.dev/reference/views)."""
MOST_OFFERED = 100
"""Options that Slack takes in a menu (docs.slack.dev, multi-select menu element)."""
ROOM_FOR_DEVICES = 15_000
"""Characters of devices that a form names, of all tenants together: a view has 250 kB, and a character may
take six bytes of it.
"""

LEFT_OUT = (
    "The first {shown} of {all}, those that are opted in first. Any other is opted out with "
    "`/legacytls @ALIAS disable`."
)

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Line:
    """One tenant as it is shown."""

    alias: str
    standing: TenantStanding
    now: datetime

    @property
    def value(self) -> SettingValue | None:
        """The newest value that could be read."""
        return self.standing.seen

    @property
    def unreadable(self) -> bool:
        """Whether nothing was read yet, or the newest reading failed."""
        return self.standing.newest is None or self.standing.newest.value is None

    @property
    def overdue(self) -> bool:
        """Whether a window is over, or a device is still there after its day."""
        end = self.standing.window_end
        late = end is not None and end < self.now and self.value is SettingValue.OPTED_IN
        return late or self.standing.overdue_devices > 0

    @property
    def rank(self) -> tuple[int, str]:
        """Opted in first, then what is overdue, what cannot be read, and all others by their names."""
        order = (self.value is SettingValue.OPTED_IN, self.overdue, self.unreadable)
        return next((place for place, holds in enumerate(order) if holds), len(order)), self.alias.lower()

    @property
    def text(self) -> str:
        """One line of the table."""
        end, late = self.standing.window_end, self.standing.overdue_devices
        said = [self.value.value if self.value else "not known"]
        if self.value is SettingValue.OPTED_IN:
            said[0] += f" until {instant(end, UTC)}" if end else ", without an end"
        if end is not None and end < self.now and self.value is SettingValue.OPTED_IN:
            said.append(":warning: the window is over")
        said += [f":warning: {late} overdue"] if late else []
        said += (
            [":grey_question: cannot be read"] if self.unreadable and self.standing.newest is not None else []
        )
        said += [":grey_question: not read yet"] if self.standing.newest is None else []
        return f"• *{escape(self.alias)}* {', '.join(said)}"


def table(lines: Sequence[Line]) -> Message:
    """Show how many there are in each state, then those that matter first."""
    shown = fitting(lines)
    kind = "tenant" if len(lines) == 1 else "tenants"
    counts = (
        f"{len(lines)} {kind}: {sum(one.value is SettingValue.OPTED_IN for one in lines)} opted in, "
        f"{sum(one.overdue for one in lines)} overdue, {sum(one.unreadable for one in lines)} unreadable"
    )
    left = len(lines) - len(shown)
    rest = small(
        [f"And {left} more; all of them are in the file in our direct messages."] if left > 0 else []
    )
    return Message(text=counts, blocks=[header(counts), *map(section, packed(shown)), *rest])


def fitting(lines: Sequence[Line]) -> list[str]:
    """Return the lines of a table that have room in a message, those that matter first."""
    texts = [line.text for line in sorted(lines, key=lambda line: line.rank)[:MOST_SHOWN]]
    ends = accumulate(len(text) + 1 for text in texts)
    return [text for text, end in zip(texts, ends, strict=True) if end <= ROOM]


def spreadsheet(lines: Sequence[Line]) -> bytes:
    """Return all tenants as CSV."""
    said = [row(("alias", "tenant", "value", "seen_at", "window_end", "overdue_devices", "unreadable"))]
    for one in sorted(lines, key=lambda line: line.rank):
        standing = one.standing
        seen, end = standing.seen_at, standing.window_end
        cells = (
            one.alias,
            standing.tenant_id,
            one.value.value if one.value else "",
            _stamp(seen),
            _stamp(end),
        )
        said.append(row((*cells, str(standing.overdue_devices), "yes" if one.unreadable else "no")))
    return "".join(said).encode()


def choice(lines: Sequence[Line]) -> View:
    """Let somebody choose which tenants to opt out, those that are opted in first."""
    in_order = sorted(lines, key=lambda line: line.rank)[:MOST_OFFERED]
    options = [Option(text=_option(one), value=one.standing.tenant_id) for one in in_order]
    chosen = StaticMultiSelectElement(action_id=TENANTS, options=options, max_selected_items=MOST_CHOSEN)
    rest = small([LEFT_OUT.format(shown=MOST_OFFERED, all=len(lines))] if len(lines) > MOST_OFFERED else [])
    asked = InputBlock(block_id=TENANTS, label="Tenants in which you decide or may ask", element=chosen)
    return form(CHOICE, "", "Opt tenants out", "Next", [asked, *rest])


def confirmation(lines: Sequence[Line], devices: dict[str, list[str]], carried: str) -> View:
    """Name the tenants and their devices before they are opted out, each by a change of its own."""
    room = min(SECTION // 2, ROOM_FOR_DEVICES // max(1, len(lines)))
    named: list[Block] = [
        section(
            "Opted out at once, each tenant by a change of its own; it needs no second person. Devices may "
            "stop sending."
        ),
        *map(section, packed(_named(one, devices.get(one.standing.tenant_id, []), room) for one in lines)),
        text_field(REASON, "Reason", most=1000, multiline=None, optional=True),
    ]
    return form(CONFIRMATION, carried, "Opt tenants out", "Opt out now", named)


def _named(one: Line, devices: list[str], room: int) -> str:
    """A tenant with as many of its devices as have room, and how many more there are."""
    shown: list[str] = []
    for device in devices:
        text = fitted(escape(device), room)
        if shown and sum(map(len, shown)) + 2 * len(shown) + len(text) > room:
            break
        shown.append(text)
    more = f" and {len(devices) - len(shown)} more" if len(devices) > len(shown) else ""
    return f"{one.text}: {', '.join(shown) or 'no device on its register'}{more}"


def _option(one: Line) -> str:
    return f"{one.alias}: {one.value.value if one.value else 'not known'}"[:75]


def _stamp(at: datetime | None) -> str:
    return at.isoformat() if at is not None else ""
