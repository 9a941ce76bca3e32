"""Which reminders are due, purely: each has a slot, keyed by what it is about and by date, so that it is owed once for ever.

Only the newest slot of each kind counts: whoever was away for a month gets one reminder and not four.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handlers.calendar.milestone import Milestone, Precision
from handlers.calendar.milestones import Calendar
from handlers.policy.days import last_day, local_day
from handlers.policy.working_hours import NINE_TO_FIVE, Hours, last_opening, next_opening
from storage.records import Baseline, ChangeRequest, MailProtocol, SettingValue

BEFORE_END = (timedelta(days=7), timedelta(days=1))
BEFORE_MILESTONE = (30, 14, 7, 1)
BASIC = "smtp-auth-basic"
"""Basic authentication over SMTP AUTH, as the milestones name it: it works without legacy TLS, and goes its own way."""
EARLY_NUDGES, LAST_NUDGE = (1 / 12, 1 / 4), 3 / 4
"""The shares of a request's time after which it is recalled: of a day after two, six and eighteen hours."""
LAST_HOUR = timedelta(hours=1)
"""How long before the last working hours end that a request has, the last recall comes at the latest."""
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Slot:
    """One reminder that is due: its key for ever, what it is about, and the facts its words need."""

    key: str
    what: str
    facts: dict[str, str] = field(default_factory=dict)
    series: str = ""
    """What the reminder is about, over all its distances; empty where it can neither be put off nor called done."""
    ends: datetime | None = None
    """When what it is about comes, if that is known to the instant."""


def window_ending(baseline: Baseline, now: datetime, zone: ZoneInfo, hours: Hours = NINE_TO_FIVE) -> Slot | None:
    """Seven days and one day before the end of the window, or on the last working day before it; the nearer one wins.

    Without the last working day, a window that ends with a weekend would end without a last word. ``days`` is what is left, begun
    days counted, whenever the reminder is posted.
    """
    end = baseline.window_end
    if baseline.value is not SettingValue.OPTED_IN or end is None or now >= end:
        return None
    last_chance = last_opening(end, zone, hours)
    due = [before for before in BEFORE_END if now >= min(end - before, last_chance)]
    if not due or end - baseline.since <= due[-1]:
        return None
    facts = {"end": end.isoformat(), "days": str(-((now - end) // DAY)), "request": str(baseline.request_id or "")}
    facts["tonight"] = "yes" if local_day(now, zone) == last_day(end, zone) else ""
    return Slot(f"ending:{end.isoformat()}:{due[-1].days}", "ending", facts)


def weekly(baseline: Baseline, now: datetime) -> Slot | None:
    """Every week while opted in, the first after seven days."""
    if baseline.value is not SettingValue.OPTED_IN or (baseline.window_end is not None and now >= baseline.window_end):
        return None
    weeks = (now - baseline.since) // WEEK
    if weeks < 1:
        return None
    end = baseline.window_end.isoformat() if baseline.window_end else ""
    facts = {"since": baseline.since.isoformat(), "end": end, "request": str(baseline.request_id or "")}
    series = f"weekly:{baseline.since.isoformat()}"
    may_wait = series if end else ""  # what has no end has no other guard
    return Slot(f"{series}:{weeks}", "weekly", facts, series=may_wait, ends=baseline.window_end)


def milestones(calendar: Calendar, cloud: str, today: date, protocols: Iterable[MailProtocol]) -> list[Slot]:
    """Thirty, fourteen, seven and one day before a change that concerns what an opted-in tenant opted in for."""
    used = {protocol.value for protocol in protocols}
    used |= {BASIC} if MailProtocol.SMTP_AUTH in used else set()
    coming = calendar.upcoming(cloud, today)
    return _before([milestone for milestone in coming if any(milestone.concerns(protocol) for protocol in used)], today)


def basic_milestones(calendar: Calendar, cloud: str, today: date) -> list[Slot]:
    """The same for a tenant that is not opted in but lets devices sign in: what names Basic authentication, and nothing else."""
    return _before([milestone for milestone in calendar.upcoming(cloud, today) if BASIC in milestone.protocols], today)


def _before(coming: Iterable[Milestone], today: date) -> list[Slot]:
    slots = []
    for milestone in coming:
        due = [distance for distance in BEFORE_MILESTONE if milestone.first and _is_near(milestone.first, distance, today)]
        if due:
            facts = {"display": milestone.display, "effect": milestone.effect, "notice": milestone.message_center_id or ""}
            facts["near"] = _how_near(milestone, due[-1], today)
            series = f"milestone:{milestone.id}:{milestone.stated}"
            slots.append(Slot(f"{series}:{due[-1]}", "milestone", facts, series=series, ends=_begins(milestone)))
    return slots


def _how_near(milestone: Milestone, distance: int, today: date) -> str:
    """How close it is; counted in days only where Microsoft gave a day."""
    if milestone.first is not None and milestone.precision is Precision.DAY:
        days = (milestone.first - today).days
        return "in 1 day" if days == 1 else f"in {days} days"
    return {30: "perhaps within a month", 14: "perhaps within two weeks", 7: "perhaps within a week"}.get(distance, "any day now")


def _is_near(first: date, distance: int, today: date) -> bool:
    """Whether it is so many days before ``first``, or the last working day before it: after a weekend it would be too late."""
    return first - distance * DAY <= today < first or (today < first and today >= _last_working_day(first))


def _last_working_day(before: date) -> date:
    """The last day from Monday to Friday before a day."""
    return before - (max(1, before.weekday() - 4) if before.weekday() else 3) * DAY


def _begins(milestone: Milestone) -> datetime | None:
    """The earliest instant at which a change may begin, anywhere: for telling whether a reminder can still wait."""
    return datetime.combine(milestone.first, time(), tzinfo=UTC) if milestone.first else None


def certificate(
    expires: datetime | None, now: datetime, zone: ZoneInfo, hours: Hours = NINE_TO_FIVE, *, what: str = "certificate"
) -> Slot | None:
    """Thirty, fourteen, seven and one day before the bot's own certificate, or secret, expires; the nearest distance wins.

    At the latest on the last working day before it.
    """
    if expires is None or now >= expires:
        return None
    last_chance = last_opening(expires, zone, hours)
    due = [days for days in BEFORE_MILESTONE if now >= min(expires - days * DAY, last_chance)]
    if not due:
        return None
    series = f"{what}:{expires.isoformat()}"
    return Slot(f"{series}:{due[-1]}", what, {"expires": expires.isoformat()}, series=series, ends=expires)


def freshness(calendar: Calendar, today: date) -> Slot | None:
    """Once, when the dates in the file have not been checked for sixty days."""
    warning = calendar.freshness(today)
    series = f"freshness:{calendar.verified_on}"
    return Slot(series, "freshness", {"warning": warning}, series=series) if warning else None


def nudge(
    request: ChangeRequest,
    now: datetime,
    zone: ZoneInfo,
    hours: Hours = NINE_TO_FIVE,
    *,
    waiting_for: Iterable[str] = (),
    escalate_to: Iterable[str] = (),
) -> Slot | None:
    """Recall a pending request with growing gaps, each step once; the last step calls others too.

    The last step comes before the working hours end in which it can still be decided: on Friday for what expires on Sunday.
    """
    if request.expires_at is None or not request.created_at <= now < request.expires_at:
        return None
    life = request.expires_at - request.created_at
    last_word = min(request.created_at + life * LAST_NUDGE, _last_open_moment(request.expires_at, zone, hours) - LAST_HOUR)
    steps = sum(now >= request.created_at + life * share for share in EARLY_NUDGES)
    step = len(EARLY_NUDGES) + 1 if now >= last_word else steps
    if not step:
        return None
    facts = {"request": str(request.id), "requester": request.requester_id or "", "lapses": request.expires_at.isoformat()}
    facts |= {"waiting_for": ",".join(waiting_for), "others": ",".join(escalate_to) if now >= last_word else ""}
    facts["away"] = "yes" if next_opening(now, zone, hours) >= request.expires_at and not _same_day(now, request, zone) else ""
    return Slot(f"nudge:{request.id}:{step}", "nudge", facts)


def _same_day(now: datetime, request: ChangeRequest, zone: ZoneInfo) -> bool:
    return request.expires_at is not None and local_day(now, zone) == local_day(request.expires_at, zone)


def _last_open_moment(before: datetime, zone: ZoneInfo, hours: Hours) -> datetime:
    """The last moment of working hours before an instant, or the instant itself when it lies within them."""
    closing = datetime.combine(local_day(last_opening(before, zone, hours), zone), hours.closes, tzinfo=zone)
    return min(closing.astimezone(UTC), before)


def head(sequence: int, digest: str, last_owed: int, now: datetime, zone: ZoneInfo) -> Slot | None:
    """Once a day, when the record moved since its head was last owed to the channel."""
    if sequence <= last_owed:
        return None
    return Slot(f"head:{local_day(now, zone)}", "head", {"sequence": str(sequence), "head": digest})
