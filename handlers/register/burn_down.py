"""Sum the register up: how many, how they shrink by week, and whether the last ends in time.

It only reads. Sentences and charts are drawn elsewhere from these values.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from handlers.calendar.milestone import spelled
from handlers.policy.days import last_day, local_day
from handlers.ports import Clock
from handlers.register.files.parsed_file import FileKind
from handlers.register.permissions import window_of
from handlers.register.redrawing import monday_of
from storage.devices.reader import DeviceCounts
from storage.devices.records import Device
from storage.ledger import Ledger
from storage.ledger_reader import Reader
from storage.sightings import KeptReport, Sighting, SightingReader

WEEK = timedelta(days=7)

TREND = 3
"""Weeks that a pace is taken from: fewer are no trend."""


@dataclass(frozen=True, slots=True)
class Week:
    """How many entries were active when a week ended, or today in the present one."""

    monday: date
    active: int


@dataclass(frozen=True, slots=True)
class Pace:
    """Where the last weeks lead; only where they lead down."""

    counts: tuple[int, ...]
    gone_on: date
    too_late: int
    """How many would still be active when the window ends; 0 where none would, or the window has no end."""
    window_ends: date | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The register at one moment."""

    counts: DeviceCounts
    unregistered: int
    """Senders that the newest report saw on old TLS and that are on nobody's list."""
    weeks: tuple[Week, ...]
    pace: Pace | None
    window_ends: date | None
    report: KeptReport | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry with the newest word on its sender; ``None``: it was never seen."""

    device: Device
    seen: Sighting | None


class Devices:
    """Answers what the register holds."""

    def __init__(self, ledger: Ledger, zone: ZoneInfo, clock: Clock) -> None:
        self._ledger = ledger
        self._zone = zone
        self._clock = clock
        self._kept: tuple[tuple[object, ...], Overview] | None = None
        """The newest overview, with what it was counted from: nothing is counted twice while nothing has
        changed."""

    def overview(self) -> Overview:
        """Return counts, burn-down, pace and the newest report."""
        with self._ledger.reading() as reader:
            return self._overview(reader)

    def everything(self) -> tuple[Overview, list[Listed]]:
        """Return the overview and every entry there ever was, by number, from one connection."""
        with self._ledger.reading() as reader:
            known = SightingReader(reader.connection, self._ledger.tenant_id)
            seen = known.of()
            return self._overview(reader), [
                Listed(device, seen.get(device.sender)) for device in reader.devices.everything()
            ]

    def _overview(self, reader: Reader) -> Overview:
        now, zone = self._clock(), self._zone
        today = local_day(now, zone)
        known = SightingReader(reader.connection, self._ledger.tenant_id)
        end = window_of(reader.baseline(), now)
        counted_from = (reader.devices.newest_act(), known.newest_import(), end, today)
        kept = self._kept
        if kept is not None and kept[0] == counted_from:
            return kept[1]
        overview = self._counted(reader, known, today, last_day(end, zone) if end else None)
        self._kept = counted_from, overview
        return overview

    @staticmethod
    def _counted(reader: Reader, known: SightingReader, today: date, ends_on: date | None) -> Overview:
        by_week = weeks(reader.devices.changes(), today)
        return Overview(
            counts=reader.devices.counts(today),
            unregistered=known.unregistered(),
            weeks=by_week,
            pace=pace(by_week, today, ends_on),
            window_ends=ends_on,
            report=known.newest_report(FileKind.SMTP_CLIENTS.value),
        )


def weeks(by_day: Mapping[date, int], today: date) -> tuple[Week, ...]:
    """Return the burn-down: the active entries at each week's end since the first, oldest first.

    ``by_day`` has how many more were active at the end of a day than at its beginning.
    """
    if not by_day:
        return ()
    changes: dict[date, int] = {}
    for day, more in by_day.items():
        changes[monday_of(day)] = changes.get(monday_of(day), 0) + more
    monday, active, found = min(changes), 0, []
    while monday <= today:
        active += changes.get(monday, 0)
        found.append(Week(monday, active))
        monday += WEEK
    return tuple(found)


def pace(by_week: Sequence[Week], today: date, window_ends: date | None) -> Pace | None:
    """Project from the last three weeks; ``None`` with fewer, without a fall, or with nothing left."""
    last = [week.active for week in by_week[-TREND:]]
    fallen = last[0] - last[-1] if len(last) == TREND else 0
    if fallen <= 0 or not last[-1]:
        return None
    a_week = fallen / (TREND - 1)
    gone_on = today + timedelta(days=math.ceil(last[-1] / a_week * 7))
    left = (window_ends - today).days / 7 if window_ends else 0
    too_late = max(0, math.ceil(last[-1] - a_week * left)) if window_ends else 0
    return Pace(tuple(last), gone_on, too_late, window_ends)


def pace_line(overview: Overview) -> str:
    """Return the weekly sentence: the last counts, and where they lead if there is a trend.

    Empty without weeks.
    """
    if not overview.weeks:
        return ""
    found = overview.pace
    told = " → ".join(str(week.active) for week in overview.weeks[-TREND:])
    if found is None:
        return told
    led = f"{told}; at this pace the last is gone on {spelled(found.gone_on)}"
    if found.window_ends is None:
        return led
    late = f"{found.too_late} too late" if found.too_late else "in time"
    return f"{led}, the window ends on {spelled(found.window_ends)}: {late}"
