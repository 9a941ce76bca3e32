"""Describe one dated fact of the deprecation, with exactly the precision Microsoft gave it. Pure.

A milestone knows its span and how people read it. It never turns a month into a day for people: they read
``display``.
"""

import calendar
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

EXCHANGE_CLOUDS = frozenset({"worldwide", "gcc", "gcc-high", "dod", "21vianet"})
"""The names of ``EXCHANGE_CLOUD``; ``all`` in a milestone means these."""

MILESTONE_CLOUDS = EXCHANGE_CLOUDS | {"consumer", "all"}

MILESTONE_PROTOCOLS = frozenset(
    {"smtp-auth", "smtp-auth-basic", "smtp-mailflow", "pop3", "imap4", "admin", "all"}
)

_LAST_DAYS = 10
"""How many days the words "end of" cover at the close of a month, for telling upcoming from running."""


class MilestoneKind(StrEnum):
    """What sort of fact a milestone is."""

    ANNOUNCEMENT = "announcement"
    ROLLOUT_START = "rollout_start"
    ROLLOUT_END = "rollout_end"
    DEFAULT_CHANGE = "default_change"
    SUPPORT_END = "support_end"
    REMOVAL = "removal"
    FEATURE = "feature"
    INCIDENT = "incident"


CHANGES = frozenset(
    {
        MilestoneKind.ROLLOUT_START,
        MilestoneKind.ROLLOUT_END,
        MilestoneKind.DEFAULT_CHANGE,
        MilestoneKind.SUPPORT_END,
        MilestoneKind.REMOVAL,
    }
)
"""The kinds that alter what works, and that people are therefore reminded of."""


class Precision(StrEnum):
    """How exactly the source states the date."""

    DAY = "day"
    MONTH = "month"
    HALF = "half"


class Phase(StrEnum):
    """Where a milestone stands on a given day."""

    SUPERSEDED = "superseded"
    UNANNOUNCED = "unannounced"
    UPCOMING = "upcoming"
    RUNNING = "running"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a milestone was read; not every source has an address."""

    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Milestone:
    """One entry of the milestones file.

    ``stated`` is the date as the source gives it: 2026-08-01, 2026-12 or 2027-H2.
    """

    id: str
    kind: MilestoneKind
    stated: str | None
    precision: Precision | None
    display: str
    protocols: tuple[str, ...]
    clouds: tuple[str, ...]
    effect: str
    message_center_id: str | None
    sources: tuple[Source, ...]
    superseded_by: str | None
    confidence: str
    until: date | None = None
    part: str | None = None
    """``end`` when the source says "end of" the period."""
    announced_by: str | None = None
    note: str | None = None
    tenants: str | None = None
    """``new`` when it concerns tenants only that are yet to be created: it stands in the calendar, and nobody
    is reminded."""

    @property
    def first(self) -> date | None:
        """The first day the stated date allows; ``None`` when no date was announced."""
        span = self._span()
        return span[0] if span else None

    @property
    def last(self) -> date | None:
        """Return the last day the stated date allows, or a rollout's end; ``None`` without a date."""
        span = self._span()
        return (self.until or span[1]) if span else None

    @property
    def is_change(self) -> bool:
        """Tell whether it alters what works for an existing tenant, unlike announcements and features."""
        return self.kind in CHANGES and self.tenants is None

    def touches(self, cloud: str) -> bool:
        """Tell whether it concerns this ``EXCHANGE_CLOUD``."""
        return cloud in self.clouds or ("all" in self.clouds and cloud in EXCHANGE_CLOUDS)

    def concerns(self, protocol: str) -> bool:
        """Tell whether it concerns this protocol, spelled as in the file."""
        return protocol in self.protocols or "all" in self.protocols

    def phase(self, today: date) -> Phase:
        """Return where it stands on ``today``; a superseded entry is never anything else."""
        if self.superseded_by is not None:
            return Phase.SUPERSEDED
        if self.first is None or self.last is None:
            return Phase.UNANNOUNCED
        if today < self.first:
            return Phase.UPCOMING
        return Phase.RUNNING if today <= self.last else Phase.PAST

    def when(self) -> str:
        """Return ``display`` with its preposition: ``at the end of December 2026``, ``from January 2027``."""
        if self.display.split(" ", 1)[0] in {
            "from",
            "by",
            "on",
            "in",
            "at",
            "no",
            "until",
            "before",
            "after",
        }:
            return self.display
        if self.display.startswith("end of "):
            return f"at the {self.display}"
        if " to " in self.display or self.precision is None:
            return self.display
        if self.precision is Precision.DAY:
            return f"{'from' if self.until else 'on'} {self.display}"
        return f"in {'the ' if self.precision is Precision.HALF else ''}{self.display}"

    def _span(self) -> tuple[date, date] | None:
        if self.stated is None or self.precision is None:
            return None
        first, last = span(self.stated, self.precision)
        if self.part != "end":
            return first, last
        if self.precision is Precision.HALF:
            return last.replace(day=1), last
        return last.replace(day=last.day - _LAST_DAYS + 1), last


@lru_cache
def span(stated: str, precision: Precision) -> tuple[date, date]:
    """Return the first and last day that a stated date allows.

    Raises ``ValueError`` when it is not of this precision.
    """
    if precision is Precision.DAY:
        if len(stated) != len("2026-08-01"):
            raise ValueError(stated)
        return date.fromisoformat(stated), date.fromisoformat(stated)
    year, dash, rest = stated.partition("-")
    if len(year) != 4 or not year.isdecimal() or not dash or len(rest) != 2:
        raise ValueError(stated)
    if precision is Precision.HALF:
        return _half(int(year), rest)
    if not rest.isdecimal():
        raise ValueError(stated)
    first = date(int(year), int(rest), 1)
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _half(year: int, half: str) -> tuple[date, date]:
    if half not in {"H1", "H2"}:
        raise ValueError(half)
    return (date(year, 1, 1), date(year, 6, 30)) if half == "H1" else (date(year, 7, 1), date(year, 12, 31))


def spelled(day: date) -> str:
    """Return a day we know ourselves (such as the day of a check), for people: ``23 November 2026``."""
    return f"{day.day} {calendar.month_name[day.month]} {day.year}"
