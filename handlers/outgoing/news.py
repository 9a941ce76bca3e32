"""List what is told once when it happens, without waiting for working hours. Pure.

To add one, write its class here with its place in ``News``, and its words in ``handlers.slack.views.news``,
which mypy asks for. Kinds and the names of fields are stored, so they stay.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from handlers.outgoing.announcement import AboutWindow, Announcement, kept_as
from storage.records import Mistrust, SettingValue


class Subject(StrEnum):
    """What a message about a disagreement is about."""

    STOPPED = "stopped"
    """A request that was not made, and is over."""
    SET_ASIDE = "set_aside"
    """A request whose row cannot be read, or stands where it never came to."""
    GOES_ON = "goes_on"
    """An opt-out, or what was sent before: it goes on by what is on record."""
    WINDOW = "window"
    """What the live value ought to be, and until when."""
    JUDGED_BY = "judged_by"
    """The rule, or the tenant's name."""
    UNREADABLE = "unreadable"
    """A message or a delivery that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChanged(Announcement):
    """The settings have changed the rule, which has this digest now."""

    kind = "rule"
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(Announcement):
    """The live value cannot be read, ``since`` the first of the failed readings."""

    kind = "unreadable"
    problem: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable(Announcement):
    """Tell that it can be read again; ``since`` names the outage, ``None`` from an earlier version."""

    kind = "readable"
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSight(Announcement):
    """The first reading ever found the tenant opted in."""

    kind = "first_sight"


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewEnd(Announcement):
    """Somebody else has given the window another end: to those who asked for it."""

    request: int
    requester: str | None
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended(_NewEnd):
    """A later end."""

    kind = "extended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened(_NewEnd):
    """An earlier end."""

    kind = "shortened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Announcement):
    """Tell that the opt-in ``asked_as`` is over: ``request`` opted out, by somebody or at its end."""

    kind = "ended"
    request: int
    asked_as: int = field(metadata=kept_as("wish"))
    requester: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue(AboutWindow):
    """Tell that a window ended without its opt-out; ``next`` try, ``None`` while the outcome is open."""

    kind = "overdue"
    end: datetime
    problem: str
    next: datetime | None = None
    mention: tuple[str, ...] = ()
    """Those to escalate to, and whoever asked for the window: they count on its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(Announcement):
    """Tell that a change given up as failed shows after all; ``again`` is the opt-out against it."""

    kind = "correction"
    request: int
    value: SettingValue
    end: datetime | None
    again: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Untrusted(Announcement):
    """Tell that the database is not believed; ``known`` and ``found`` are sequence numbers of heads."""

    kind = "estranged"
    why: Mistrust
    detail: str
    known: int | None
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside(Announcement):
    """Rows of a table counted for nothing; ``row`` is the first of them, ``why`` a clause."""

    kind = "set_aside"
    table: str
    count: int
    row: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Announcement):
    """A person has accepted the database as it stands, which made these requests stale."""

    kind = "restore_accepted"
    stale: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement(Announcement):
    """Tell where database and record disagree, and ``more``; ``end`` is the window's recorded end."""

    kind = "disagreement"
    subject: Subject
    request: int | None
    places: str
    more: int
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardsMissing(Announcement):
    """Tell which triggers that guard the record are missing, and ``more``; none named: all are back."""

    kind = "guards"
    missing: str
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeChanged(Announcement):
    """Tell of TLS versions newly taken or refused; ``useless``: neither 1.0 nor 1.1 any more."""

    kind = "probe"
    target: str
    taken: str
    refused: str
    useless: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamGone(Announcement):
    """The receiver of the stream (its origin) wants no more events."""

    kind = "stream_gone"
    receiver: str
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditGap(Announcement):
    """Tell that audit log and record differ: a change without a row, or a row without a change.

    With ``times``: somebody sets the same value again and again past the bot, so often within a month.
    """

    kind = "audit_gap"
    change: int | None
    """The number of the change that has no row; ``None``: it is a row, by ``actor`` to ``value``."""
    at: datetime
    actor: str
    value: str
    why: str
    times: int | None
    operators: tuple[str, ...]


News: TypeAlias = (
    RuleChanged | Unreadable | Readable | FirstSight | Extended | Shortened | Ended | Overdue | Correction
    | Untrusted | SetAside | Accepted | Disagreement | GuardsMissing | ProbeChanged | StreamGone
    | AuditGap
)  # fmt: skip
