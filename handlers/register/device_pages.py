"""Read what people look at: a page of entries, and one entry.

Each page is found behind the last entry of the one before, so that its depth costs nothing. It only reads;
sentences are drawn elsewhere.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.policy.days import default_day, last_day, latest_day
from handlers.register.burn_down import Devices, Overview
from handlers.register.permissions import window_of
from storage.devices.reader import DeviceReader
from storage.devices.records import Device
from storage.sightings import Sighting, SightingReader

PAGE = 10
"""Entries a page: it fits a message of Slack's with room to spare."""

TABLE = 50
"""Entries in the table on the first page of all."""


class Which(StrEnum):
    """Which standing entries are listed."""

    ALL = "all"
    MINE = "mine"
    OVERDUE = "overdue"
    ORPHANS = "orphans"


@dataclass(frozen=True, slots=True)
class DevicePage:
    """One page of standing entries, the next due first."""

    which: Which
    devices: tuple[Device, ...]
    today: date
    last: int | None
    """The number of the last entry here, where another page follows; else ``None``."""
    overview: Overview | None
    """Counts and burn-down, on the first page of all."""
    table: tuple[Device, ...] = ()
    """The next due, on the first page of all where another page follows: more of them than a page has."""


@dataclass(frozen=True, slots=True)
class ShownDevice:
    """One entry as somebody looks at it."""

    device: Device
    today: date
    seen: Sighting | None
    """The newest word of a report on its sender; ``None``: it was never seen."""


@dataclass(frozen=True, slots=True)
class DueDays:
    """What a form proposes as the due day, and the last one that is taken now."""

    proposed: date
    latest: date


class Pages:
    """Answers what one person sees of the register."""

    def __init__(self, context: Context, devices: Devices) -> None:
        self._context = context
        self._devices = devices

    def page(self, which: Which, person: str, *, after: int | None = None) -> DevicePage:
        """Return one page; ``after`` is the number of the last entry seen.

        Raises ``NoSuchDevice`` where that cannot be read.
        """
        today, first = self._context.today(), which is Which.ALL and after is None
        with self._context.ledger.reading() as reader:
            behind = reader.devices.device(after) if after is not None else None
            seen = (behind.due, behind.id) if behind else None
            most = TABLE if first else PAGE + 1  # one more than is shown tells whether another page follows
            found = _listed(reader.devices, which, person, today, seen, most=most)
        shown, has_more = tuple(found[:PAGE]), len(found) > PAGE
        overview = self._devices.overview() if first else None
        table = tuple(found) if first and has_more else ()
        return DevicePage(which, shown, today, shown[-1].id if has_more else None, overview, table)

    def entry(self, number: int) -> ShownDevice:
        """Return one entry, ended ones too. Raises ``NoSuchDevice``."""
        tenant = self._context.ledger.tenant_id
        with self._context.ledger.reading() as reader:
            device = reader.devices.device(number)
            seen = SightingReader(reader.connection, tenant).of([device.sender]).get(device.sender)
        return ShownDevice(device, self._context.today(), seen)

    def overtaken(self, number: int, interaction: Interaction) -> ShownDevice | None:
        """Return the entry, where somebody acted on a message older than it, so that the act did not count.

        ``None`` where the newest change is the act itself, or nothing has changed since the message was
        posted.
        """
        with self._context.ledger.reading() as reader:
            device, acts = reader.devices.device(number), reader.devices.acts(number)
        shown_at = datetime.fromtimestamp(float(interaction.ts), tz=UTC) if interaction.ts else interaction.at
        own = bool(acts) and acts[-1].person_id == interaction.person and acts[-1].at >= interaction.at
        return None if own or device.changed_at <= min(shown_at, interaction.at) else self.entry(number)

    def due_days(self) -> DueDays:
        """Return the end of the present or usual window, and the latest day any window may have."""
        context, now = self._context, self._context.now()
        with context.ledger.reading() as reader:
            end = window_of(reader.baseline(), now)
        latest = latest_day(now, context.rule.max_window, context.zone)
        usual = default_day(now, context.rule.default_window, context.rule.max_window, context.zone)
        return DueDays(min(last_day(end, context.zone) if end else usual, latest), latest)


def _listed(
    reader: DeviceReader, which: Which, person: str, today: date, after: tuple[date, int] | None, *, most: int
) -> list[Device]:
    match which:
        case Which.ALL:
            return reader.standing(after=after, limit=most)
        case Which.MINE:
            return reader.owned_by(person, after=after, limit=most)
        case Which.OVERDUE:
            return reader.due_before(today, after=after, limit=most)
        case Which.ORPHANS:
            return reader.owned_by(None, after=after, limit=most)
