"""Gather what reminders are judged by at one moment, and how near a date is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from handlers.calendar.calendar import Calendar
from handlers.calendar.milestone import Milestone, Precision
from handlers.policy.days import local_day
from handlers.policy.working_hours import DAY, NINE_TO_FIVE, Hours, last_opening
from storage.records import Baseline, ChangeRequest, MailProtocol

BASIC = "smtp-auth-basic"
"""Basic authentication over SMTP AUTH, as the milestones name it: it works without legacy TLS, and goes its
own way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Tell how many could approve and are needed beside the requester, or ``unknown_since`` when."""

    eligible: int | None = None
    needed: int | None = None
    unknown_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What reminders are judged by, read at one moment.

    What is ``None`` or empty is not there, or not known.
    """

    now: datetime
    zone: ZoneInfo
    hours: Hours = NINE_TO_FIVE
    calendar: Calendar
    cloud: str = ""
    baseline: Baseline | None = None
    protocols: tuple[MailProtocol, ...] = ()
    """What the tenant opted in for; empty while it is not opted in."""
    signs_in: bool = False
    """Whether SMTP AUTH is known to be on."""
    pending: Sequence[tuple[ChangeRequest, Sequence[str]]] = ()
    """Each request that waits, and who of those listed could approve it and has not."""
    escalate_to: tuple[str, ...] = ()
    certificate_expires: datetime | None = None
    secret_expires: datetime | None = None
    head: tuple[int, str] | None = None
    """Sequence and hash of the record's newest event; ``None`` before a change is on record to bear witness
    to."""
    head_owed: int = 0
    """The sequence of the head that was last owed to the channel."""
    shortage: Shortage | None = None

    @property
    def today(self) -> date:
        """The present day in the configured zone."""
        return local_day(self.now, self.zone)

    def milestones(self) -> list[Milestone]:
        """Return the coming changes that concern this tenant."""
        coming, used = (
            self.calendar.upcoming(self.cloud, self.today),
            {protocol.value for protocol in self.protocols},
        )
        if not used:
            return [milestone for milestone in coming if self.signs_in and BASIC in milestone.protocols]
        used |= {BASIC} if MailProtocol.SMTP_AUTH in self.protocols else set()
        return [milestone for milestone in coming if any(milestone.concerns(protocol) for protocol in used)]


BEFORE = (30, 14, 7, 1)
"""Days ahead at which a change, or an expiry, is told; of these the nearest alone."""


def to_milestone(milestone: Milestone, today: date) -> int | None:
    """Return the nearest distance at which a change is told today; ``None`` while it is far, or over."""
    first = milestone.first
    near = [distance for distance in BEFORE if first and _is_near(first, distance, today)]
    return near[-1] if near else None


def to_expiry(expires: datetime | None, now: datetime, zone: ZoneInfo, hours: Hours) -> int | None:
    """Return the nearest distance at which an expiry is told now; ``None`` while it is far, or over.

    It is told at the latest on the last working day before it.
    """
    if expires is None or now >= expires:
        return None
    last_chance = last_opening(expires, zone, hours)
    near = [days for days in BEFORE if now >= min(expires - days * DAY, last_chance)]
    return near[-1] if near else None


def how_near(milestone: Milestone, distance: int, today: date) -> str:
    """Say how close it is; counted in days only where Microsoft gave a day."""
    if milestone.first is not None and milestone.precision is Precision.DAY:
        days = (milestone.first - today).days
        return "in 1 day" if days == 1 else f"in {days} days"
    return {30: "perhaps within a month", 14: "perhaps within two weeks", 7: "perhaps within a week"}.get(
        distance, "any day now"
    )


def _is_near(first: date, distance: int, today: date) -> bool:
    """Tell whether it is that many days before ``first``, or the last working day before that."""
    last_working_day = first - (max(1, first.weekday() - 4) if first.weekday() else 3) * DAY
    return first - distance * DAY <= today < first or (today < first and today >= last_working_day)
