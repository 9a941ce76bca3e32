"""Turn announcements into a notice's facts and back, and into what is shown at one moment. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, get_args

from handlers.outgoing import announcement
from handlers.outgoing.device_news import DeviceNews
from handlers.outgoing.news import News, Overdue
from handlers.outgoing.reminders import Ending, Reminder, Weekly
from storage.lifecycle import Kind
from storage.messages.records import ReminderAnswer
from storage.records import Baseline, SettingValue

AnyAnnouncement: TypeAlias = Reminder | News | DeviceNews
AnyAboutWindow: TypeAlias = Ending | Weekly | Overdue

WHAT = "what"
"""The key under which the facts of a notice keep an announcement's kind."""

BY_KIND: dict[str, type[AnyAnnouncement]] = {one.kind: one for one in get_args(AnyAnnouncement)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How a reminder may be answered, kept with its facts.

    ``slot`` is the key of what it tells, however often it was put off; without a ``series`` it takes no
    answer. ``ends`` is when what it is about comes; ``snooze`` for how many days it may be put off, ``done``
    whether it may be called done.
    """

    slot: str = ""
    series: str = ""
    ends: datetime | None = None
    snooze: int | None = None
    done: bool = False


NO_OFFER = Offer()


@dataclass(frozen=True, slots=True)
class Overtaken:
    """What came after the window that an announcement tells of: the change, its kind, and when."""

    by: int
    kind: Kind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementView:
    """Everything one drawing of an announcement needs.

    ``number`` is its notice's, ``None`` where nobody can answer it.
    """

    said: AnyAnnouncement
    offer: Offer = NO_OFFER
    number: int | None = None
    overtaken: Overtaken | None = None
    stands: str = ""
    """How the request that it reminds of stands, once that no longer waits."""
    answer: ReminderAnswer | None = None


def facts_of(said: AnyAnnouncement, offer: Offer = NO_OFFER) -> dict[str, str]:
    """Return what the notice keeps of an announcement."""
    return {WHAT: said.kind, **announcement.texts_of(said), **announcement.texts_of(offer)}


def announcement_of(kept: Mapping[str, str]) -> AnyAnnouncement | None:
    """Read a notice's announcement; ``None`` where there is none, or of a later version."""
    kind = BY_KIND.get(kept.get(WHAT, ""))
    try:
        return announcement.read(kind, kept) if kind is not None else None
    except ValueError:
        return None


def offer_of(kept: Mapping[str, str]) -> Offer:
    """Read how a reminder may be answered. Raises ``ValueError`` for what no version has written."""
    return announcement.read(Offer, kept)


def tells_of(said: AnyAboutWindow, baseline: Baseline) -> bool:
    """Tell whether an announcement tells of the window that this baseline holds."""
    return baseline.value is SettingValue.OPTED_IN and (said.request, said.end) == (
        baseline.request_id,
        baseline.window_end,
    )
