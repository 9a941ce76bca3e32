"""What reminders are judged by: everything they may need, read at one moment, pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from handlers.calendar.milestone import Milestone
from handlers.calendar.milestones import Calendar
from handlers.policy.days import local_day
from handlers.policy.working_hours import NINE_TO_FIVE, Hours
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
