"""List the reminders: what each says, how it behaves and when it is due. Pure.

A reminder is a frozen dataclass: its fields are what its words need. To add one, write its class here with
its place in ``Reminder``, and its words in ``handlers.slack.views.reminders``, which mypy asks for. Kinds,
keys and the names of fields are stored, so they stay.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar, TypeAlias, get_args

from handlers.outgoing.announcement import AboutWindow, Announcement, kept_as
from handlers.outgoing.reminder_situation import Situation, how_near, to_expiry, to_milestone
from handlers.policy.days import last_day, local_day
from handlers.policy.working_hours import DAY, last_open_moment, last_opening, next_opening
from storage.records import ChangeRequest, SettingValue

BEFORE_END = (timedelta(days=7), timedelta(days=1))
EARLY_REMINDERS, LAST_REMINDER = (1 / 12, 1 / 4), 3 / 4
"""The shares of a request's time after which it is recalled: of a day after two, six and eighteen hours."""
LAST_HOUR = timedelta(hours=1)
"""How long before the last working hours end that a request has, the last recall comes at the latest."""
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled(Announcement):
    """Remind in working hours; overtaken once a newer reminder, or none at all, is due."""

    snooze_days: ClassVar[int] = 0
    """For how many days it is put off; 0: it guards the tenant and cannot be."""
    may_be_done: ClassVar[bool] = False
    """Whether one word may be the last: any other ends when what it is about has ended."""
    asked_for: ClassVar[bool] = False
    """Whether somebody asked for it, so that it is told from an installation's first day on."""

    @classmethod
    def due(cls, seen: Situation) -> "Iterator[Slot]":
        """Return the due slots of this kind, owed before or not: the nearest distance alone."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending(AboutWindow, Scheduled):
    """Remind 7 and 1 days before the window's end, or the last working day before; nearest wins.

    Without the last working day, a window that ends with a weekend would end without a last word. ``days`` is
    what is left, begun days counted, whenever the reminder is posted.
    """

    kind = "ending"
    asked_for = True
    end: datetime
    days: int
    tonight: bool = False

    @classmethod
    def due(cls, seen: Situation) -> "Iterator[Slot]":
        """Return one slot for each end and distance."""
        of, now = seen.baseline, seen.now
        if (
            of is None
            or of.value is not SettingValue.OPTED_IN
            or of.window_end is None
            or now >= of.window_end
        ):
            return
        end = of.window_end
        last_chance = last_opening(end, seen.zone, seen.hours)
        near = [before for before in BEFORE_END if now >= min(end - before, last_chance)]
        if near and end - of.since > near[-1]:
            tonight = local_day(now, seen.zone) == last_day(end, seen.zone)
            said = cls(request=of.request_id, end=end, days=-((now - end) // DAY), tonight=tonight)
            yield Slot(f"ending:{end.isoformat()}:{near[-1].days}", said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly(AboutWindow, Scheduled):
    """Every week while opted in, the first after seven days, until the end of the window is told."""

    kind = "weekly"
    snooze_days = 14
    since: datetime
    end: datetime | None

    @classmethod
    def due(cls, seen: Situation) -> "Iterator[Slot]":
        """Return the slot of the newest week; without an end it cannot be snoozed, having no other guard."""
        of = seen.baseline
        if (
            of is None
            or of.value is not SettingValue.OPTED_IN
            or of.is_over(seen.now)
            or any(Ending.due(seen))
        ):
            return
        weeks = (seen.now - of.since) // WEEK
        if weeks >= 1:
            series = f"weekly:{of.since.isoformat()}"
            said = cls(request=of.request_id, since=of.since, end=of.window_end)
            yield Slot(f"{series}:{weeks}", said, series=series if of.window_end else "", ends=of.window_end)


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneAhead(Scheduled):
    """Remind 30, 14, 7 and 1 days before a change of Microsoft's that concerns the tenant."""

    kind = "milestone"
    snooze_days, may_be_done = 3, True
    display: str
    effect: str
    notice: str
    near: str = ""

    @classmethod
    def due(cls, seen: Situation) -> "Iterator[Slot]":
        """Return a slot for each milestone that is near."""
        for milestone in seen.milestones():
            first, distance = milestone.first, to_milestone(milestone, seen.today)
            if first is not None and distance is not None:
                said = cls(
                    display=milestone.display,
                    effect=milestone.effect,
                    notice=milestone.message_center_id or "",
                    near=how_near(milestone, distance, seen.today),
                )
                series = f"milestone:{milestone.id}:{milestone.stated}"
                # the earliest instant at which it may, anywhere
                begins = datetime.combine(first, time(), tzinfo=UTC)
                yield Slot(f"{series}:{distance}", said, series=series, ends=begins)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalReminder(Scheduled):
    """Remind of a pending request with growing gaps, each step once; the last step calls ``others`` too.

    The last comes before the last working hours end: on Friday for what expires on Sunday.
    ``away``: it expires before anybody is at work again.
    """

    kind = "nudge"
    asked_for = True
    request: int
    requester: str | None
    expires_at: datetime = field(metadata=kept_as("lapses"))
    waiting_for: tuple[str, ...]
    others: tuple[str, ...]
    away: bool = False

    @classmethod
    def due(cls, seen: Situation) -> "Iterator[Slot]":
        """Return the newest step of each request that waits."""
        for request, waiting_for in seen.pending:
            if request.expires_at is not None and request.created_at <= seen.now < request.expires_at:
                yield from cls._step(seen, request, request.expires_at, waiting_for)

    @classmethod
    def _step(
        cls, seen: Situation, request: ChangeRequest, expires_at: datetime, waiting_for: Iterable[str]
    ) -> "Iterator[Slot]":
        now, asked, life = seen.now, request.created_at, expires_at - request.created_at
        last_word = min(
            asked + life * LAST_REMINDER, last_open_moment(expires_at, seen.zone, seen.hours) - LAST_HOUR
        )
        early = sum(now >= asked + life * share for share in EARLY_REMINDERS)
        step = len(EARLY_REMINDERS) + 1 if now >= last_word else early
        if not step:
            return
        today = local_day(expires_at, seen.zone) == seen.today
        said = cls(
            request=request.id,
            requester=request.requester_id,
            expires_at=expires_at,
            waiting_for=tuple(waiting_for),
            others=tuple(seen.escalate_to) if now >= last_word else (),
            away=next_opening(now, seen.zone, seen.hours) >= expires_at and not today,
        )
        yield Slot(f"nudge:{request.id}:{step}", said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness(Scheduled):
    """Once, when the milestones have not been checked for sixty days."""

    kind = "freshness"
    snooze_days, may_be_done = 7, True
    warning: str

    @classmethod
    def due(cls, seen: Situation) -> "Iterator[Slot]":
        """Return one slot for each day on which they were checked."""
        warning = seen.calendar.freshness(seen.today)
        if warning:
            series = f"freshness:{seen.calendar.verified_on}"
            yield Slot(series, cls(warning=warning), series=series)


def _expiring(kind: str, expires: datetime | None, seen: Situation) -> Iterator[tuple[str, str, datetime]]:
    """Yield series, slot and end 30, 14, 7 and 1 days before something expires; at last on a working day."""
    distance = to_expiry(expires, seen.now, seen.zone, seen.hours)
    if expires is not None and distance is not None:
        series = f"{kind}:{expires.isoformat()}"
        yield series, f"{series}:{distance}", expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate(Scheduled):
    """Remind of the certificate with which the bot signs in."""

    kind = "certificate"
    snooze_days = 3
    expires: datetime

    @classmethod
    def due(cls, seen: Situation) -> "Iterator[Slot]":
        """Return the slot of the nearest distance."""
        for series, key, expires in _expiring(cls.kind, seen.certificate_expires, seen):
            yield Slot(key, cls(expires=expires), series=series, ends=expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret(Scheduled):
    """Remind of the bot's client secret, as far as the operator said when it expires."""

    kind = "secret"
    snooze_days = 3
    expires: datetime

    @classmethod
    def due(cls, seen: Situation) -> "Iterator[Slot]":
        """Return the slot of the nearest distance."""
        for series, key, expires in _expiring(cls.kind, seen.secret_expires, seen):
            yield Slot(key, cls(expires=expires), series=series, ends=expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head(Scheduled):
    """Once a day, when the record moved since its head was last owed to the channel."""

    kind = "head"
    sequence: int
    head: str

    @classmethod
    def due(cls, seen: Situation) -> "Iterator[Slot]":
        """Return one slot a day; none before a change is on record to bear witness to."""
        if seen.head is not None and seen.head[0] > seen.head_owed:
            sequence, digest = seen.head
            yield Slot(f"head:{seen.today}", cls(sequence=sequence, head=digest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers(Scheduled):
    """Tell that too few could approve somebody's request, or that it is ``unknown_since`` then."""

    kind = "approvers"
    snooze_days = 7
    eligible: int | None = None
    needed: int | None = None
    unknown_since: datetime | None = None

    @classmethod
    def due(cls, seen: Situation) -> "Iterator[Slot]":
        """Return one slot a day while it is so."""
        found = seen.shortage
        if found is not None:
            said = cls(eligible=found.eligible, needed=found.needed, unknown_since=found.unknown_since)
            yield Slot(cls.key(seen.today), said, series=f"approvers:{seen.today:%Y-%m}")

    @staticmethod
    def key(today: date) -> str:
        """Return the key of the day's slot."""
        return f"approvers:{today.isoformat()}"


Reminder: TypeAlias = (
    Ending | Weekly | MilestoneAhead | ApprovalReminder | Freshness | Certificate | Secret | Head | Approvers
)
REMINDERS: tuple[type[Reminder], ...] = get_args(Reminder)


@dataclass(frozen=True, slots=True)
class Slot:
    """One reminder that is due: its key for ever, and what it says."""

    key: str
    said: Reminder
    series: str = ""
    """What the reminder is about, over all its distances; empty where it takes no answer."""
    ends: datetime | None = None
    """When what it is about comes, if that is known to the instant."""


def due(seen: Situation) -> Iterator[Slot]:
    """Return every slot that is due, whether it was owed before or not."""
    for reminder in REMINDERS:
        yield from reminder.due(seen)
