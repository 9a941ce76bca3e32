"""Asks which reminders of one kind are due in a situation that is given by what they need of it. For tests
only."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from handlers.calendar.calendar import Calendar, load_packaged
from handlers.outgoing import reminders
from handlers.outgoing.reminder_situation import Situation
from handlers.outgoing.reminders import Scheduled, Slot
from storage.records import Baseline, ChangeRequest, MailProtocol

CALENDAR = load_packaged()
UTC_ZONE = ZoneInfo("UTC")


def _first(kind: type[Scheduled], seen: Situation) -> Slot | None:
    return next(kind.due(seen), None)


def _seen(now: datetime, zone: ZoneInfo = UTC_ZONE, **known: object) -> Situation:
    return replace(Situation(now=now, zone=zone, calendar=CALENDAR), **known)


def _on(today: date, calendar: Calendar, **known: object) -> Situation:
    return _seen(datetime.combine(today, time(12), tzinfo=UTC), calendar=calendar, **known)


def window(of: Baseline, now: datetime, zone: ZoneInfo = UTC_ZONE) -> Slot | None:
    """The end of the window, or else the week."""
    seen = _seen(now, zone, baseline=of)
    return _first(reminders.Ending, seen) or _first(reminders.Weekly, seen)


def window_ending(of: Baseline, now: datetime, zone: ZoneInfo) -> Slot | None:
    return _first(reminders.Ending, _seen(now, zone, baseline=of))


def weekly(of: Baseline, now: datetime) -> Slot | None:
    return _first(reminders.Weekly, _seen(now, baseline=of))


def milestones(
    calendar: Calendar, cloud: str, today: date, protocols: tuple[MailProtocol, ...]
) -> list[Slot]:
    return list(reminders.MilestoneAhead.due(_on(today, calendar, cloud=cloud, protocols=protocols)))


def basic_milestones(calendar: Calendar, cloud: str, today: date) -> list[Slot]:
    return list(reminders.MilestoneAhead.due(_on(today, calendar, cloud=cloud, signs_in=True)))


def freshness(calendar: Calendar, today: date) -> Slot | None:
    return _first(reminders.Freshness, _on(today, calendar))


def certificate(expires: datetime | None, now: datetime, zone: ZoneInfo) -> Slot | None:
    return _first(reminders.Certificate, _seen(now, zone, certificate_expires=expires))


def secret(expires: datetime | None, now: datetime, zone: ZoneInfo) -> Slot | None:
    return _first(reminders.Secret, _seen(now, zone, secret_expires=expires))


def approval_reminder(
    request: ChangeRequest,
    now: datetime,
    zone: ZoneInfo,
    *,
    waiting_for: Iterable[str] = (),
    escalate_to: Iterable[str] = (),
) -> Slot | None:
    seen = _seen(now, zone, pending=[(request, tuple(waiting_for))], escalate_to=tuple(escalate_to))
    return _first(reminders.ApprovalReminder, seen)


def head(sequence: int, digest: str, last_owed: int, now: datetime, zone: ZoneInfo) -> Slot | None:
    return _first(reminders.Head, _seen(now, zone, head=(sequence, digest), head_owed=last_owed))
