"""Gather dates for a calendar: windows with their ends from the record, and the milestones.

A window is one opt-in, whatever extended or shortened it; it keeps its number, so that a calendar moves its
entry.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from handlers.calendar.calendar import Calendar, Listed
from storage.devices.reader import DeviceReader
from storage.ledger import Ledger
from storage.lifecycle import Kind
from storage.records import Baseline, ChangeRequest, SettingValue


@dataclass(frozen=True, slots=True)
class Window:
    """One window as the record has it."""

    number: int
    """Of the change that opened it."""
    moved_by: int
    """Of the change that last moved, ended or brought it back: it grows with every change of the window."""
    end: datetime
    changed_at: datetime
    """When that change took effect."""
    cut_short: bool = False
    """Whether it was ended before its time."""


@dataclass(frozen=True, slots=True)
class Due:
    """The day on which a device is to be gone."""

    number: int
    version: int
    """Counts the acts on the entry, so it grows whenever the day is moved."""
    day: date
    changed_at: datetime
    has_ended: bool


ENDED_SINCE = timedelta(days=90)
"""How long an ended entry is told as cancelled, for calendars that still have it."""


@dataclass(frozen=True, slots=True)
class Dates:
    """What a calendar shows."""

    tenant_id: str
    windows: tuple[Window, ...]
    """The newest ones, oldest first."""
    milestones: tuple[Listed, ...]
    dues: tuple[Due, ...]
    """Of the devices on the register, by number."""
    verified_on: date
    """When the milestones were last checked."""
    warning: str | None
    """That this was too long ago; ``None`` while it was not."""


class CalendarDates:
    """Gathers the dates for an ``EXCHANGE_CLOUD``; only reads.

    ``today`` tells the present day of the operator's zone.
    """

    def __init__(self, ledger: Ledger, calendar: Calendar, cloud: str, today: Callable[[], date]) -> None:
        self._ledger = ledger
        self._calendar = calendar
        self._cloud = cloud
        self._today = today

    def gather(self) -> Dates:
        """Return the dates of this moment. Raises ``Unreachable``."""
        with self._ledger.reading() as reader:
            made, baseline = list(reader.windows.made()), reader.baseline()
            dues = tuple(self._dues(reader.devices))
        found, today = as_it_stands(windows_of(reversed(made)), baseline), self._today()
        listed, warning = self._calendar.listing(self._cloud, today), self._calendar.freshness(today)
        return Dates(self._ledger.tenant_id, found, listed, dues, self._calendar.verified_on, warning)

    def _dues(self, register: DeviceReader) -> Iterator[Due]:
        """Of the standing entries, and of those that ended lately."""
        since = self._today() - ENDED_SINCE
        for one in register.everything():
            if one.is_standing or (one.ended_at is not None and one.ended_at.date() >= since):
                yield Due(one.id, one.version, one.due, one.changed_at, one.has_ended)


def windows_of(changes: Iterable[ChangeRequest]) -> tuple[Window, ...]:
    """Follow applied changes, oldest first, into the windows they opened, moved and ended."""
    windows: list[Window] = []
    is_open = False
    for change in changes:
        at = change.settled_at or change.created_at
        if change.kind is Kind.OPT_IN or (change.window_end is not None and not is_open):
            windows += [_opened(change, at)] if change.window_end is not None else []
            is_open = bool(windows)
        elif windows and change.window_end is not None:
            windows[-1] = replace(windows[-1], moved_by=change.id, end=change.window_end, changed_at=at)
        elif windows and change.kind in (Kind.OPT_OUT, Kind.OUTSIDE):
            windows[-1] = _met(windows[-1], change, at)
            is_open = is_open and change.kind is Kind.OUTSIDE
    return tuple(windows)


def as_it_stands(windows: Sequence[Window], baseline: Baseline | None) -> tuple[Window, ...]:
    """Let the present window end when the baseline says, which is compared with the record."""
    end = baseline.window_end if baseline and baseline.value is SettingValue.OPTED_IN else None
    if not windows or end is None:
        return tuple(windows)
    return (*windows[:-1], replace(windows[-1], end=end, cut_short=False))


def _opened(change: ChangeRequest, at: datetime) -> Window:
    assert change.window_end is not None
    return Window(change.id, change.id, change.window_end, at)


def _met(window: Window, change: ChangeRequest, at: datetime) -> Window:
    """What an opt-out, or a change made outside the bot, does to the newest window; once over, nothing."""
    if at >= window.end:
        return window
    return replace(
        window, moved_by=change.id, changed_at=at, cut_short=change.to_value is not SettingValue.OPTED_IN
    )
