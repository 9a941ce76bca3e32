"""What is told once, when it happens, and waits for no working hours: announcements that are no reminders, pure.

To add one, write its class here with its place in ``News``, and its words in ``handlers.slack.views.news``, which mypy asks for.
Kinds and the names of fields are stored, so they stay.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from handlers.outgoing.announcement import AboutWindow, Announcement
from handlers.outgoing.facts import kept_as
from storage.estrangement import Estrangement
from storage.records import SettingValue


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
    """It can be read again; ``since`` tells the outage that is over, ``None`` where an earlier version did not say."""

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
    """The opt-in that somebody asked for as ``asked_as`` is over: ``request`` opted out, by ``requester`` or at its end."""

    kind = "ended"
    request: int
    asked_as: int = field(metadata=kept_as("wish"))
    requester: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue(AboutWindow):
    """A window has ended without its opt-out; ``next`` is when it is tried again, ``None`` while its outcome is looked for."""

    kind = "overdue"
    end: datetime
    problem: str
    next: datetime | None = None
    mention: tuple[str, ...] = ()
    """Those to escalate to, and whoever asked for the window: they count on its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(Announcement):
    """A change that was given up as failed shows in the live value; ``again`` is the opt-out that takes it back."""

    kind = "correction"
    request: int
    value: SettingValue
    end: datetime | None
    again: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estranged(Announcement):
    """The database is not believed; ``known`` and ``found`` are the sequences of the head seen before, and of its own."""

    kind = "estranged"
    why: Estrangement
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
    """The database does not agree with the record: at these places and ``more``; ``end`` is the recorded end of the window."""

    kind = "disagreement"
    subject: Subject
    request: int | None
    places: str
    more: int
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardsMissing(Announcement):
    """Triggers that keep the record unaltered are missing: these and ``more``; all are back where none is named."""

    kind = "guards"
    missing: str
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeChanged(Announcement):
    """An endpoint takes, or refuses, versions that it did not; ``useless``: neither TLS 1.0 nor 1.1 is taken any more."""

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
    """Exchange's audit log and the record do not say alike: a change without a row there, or a row without a change here.

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
    | Estranged | SetAside | Accepted | Disagreement | GuardsMissing | ProbeChanged | StreamGone
    | AuditGap
)  # fmt: skip
