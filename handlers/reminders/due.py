"""What is due now, asked of the ledger: the one answer to what has to be told, and to whether what is owed still holds."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from handlers.context.context import Context
from handlers.outgoing.notices import ABOUT_THE_WINDOW, is_about
from handlers.policy.days import local_day
from handlers.policy.decided import why_so
from handlers.policy.rule import how_it_stands
from handlers.policy.votes import rejecter, standing_approvals
from handlers.ports import Unavailable
from handlers.reminders import schedule
from handlers.reminders.schedule import Slot
from handlers.reminders.snooze import is_silenced
from storage.lifecycle import State
from storage.reading import WISHES, Reader
from storage.records import Baseline, ChangeRequest, MailProtocol, Notice, SettingValue

SCHEDULED = frozenset({"ending", "weekly", "milestone", "certificate", "secret", "freshness", "nudge", "approvers", "head"})
"""The kinds of message that keep to working hours, and that nobody wants any more once a newer one or none at all is due."""


def due_slots(context: Context, reader: Reader, expires: datetime | None) -> Iterator[Slot]:
    """Every slot that is due now, whether it was owed before or not; ``expires`` is the bot's certificate, as ``expiry`` says."""
    now, baseline = context.now(), reader.baseline()
    if baseline is not None:
        ending = schedule.window_ending(baseline, now, context.zone, context.hours)
        yield from filter(None, (ending or schedule.weekly(baseline, now),))
        yield from _milestones(context, reader, baseline)
    for request in reader.in_states({State.PENDING}, kinds=WISHES):
        asked = _waiting_for(context, reader, request)
        recalled = schedule.nudge(request, now, context.zone, context.hours, waiting_for=asked, escalate_to=context.escalate_to)
        yield from filter(None, (recalled,))
    yield from filter(None, (schedule.freshness(context.calendar, context.today()), *_credentials(context, expires)))


def _credentials(context: Context, expires: datetime | None) -> tuple[Slot | None, ...]:
    now, zone, hours = context.now(), context.zone, context.hours
    secret = schedule.certificate(context.secret_expires, now, zone, hours, what="secret")
    return schedule.certificate(expires, now, zone, hours), secret


def expiry(context: Context) -> datetime | None:
    """When the bot's own certificate expires; asked before a database is, because the answer may take its time."""
    try:
        return context.certificate_expires()
    except Unavailable:
        return None  # what cannot be read fails the next sign-in, and is told there


def renewed(context: Context, notice: Notice) -> dict[str, str] | None:
    """What a scheduled notice has to say by now; ``None`` when it is overtaken, has passed or concerns nobody any more."""
    what = notice.facts["what"]
    if what == "approvers":
        return dict(notice.facts) if notice.key == f"approvers:{local_day(context.now(), context.zone)}" else None
    expires = expiry(context) if what == "certificate" else None
    with context.ledger.reading() as reader:
        if what == "head":
            newest = reader.newest_announcement("head") or notice.facts
            return dict(notice.facts) if int(newest["sequence"]) <= int(notice.facts["sequence"]) else None
        key = notice.facts.get("slot", notice.key)
        slot = next((slot for slot in due_slots(context, reader, expires) if slot.key == key), None)
        answers = reader.reminder_answers(slot.series) if slot is not None and slot.series else ()
    return {**notice.facts, **slot.facts} if slot is not None and not is_silenced(answers, context.now()) else None


def since_then(reader: Reader, facts: Mapping[str, str]) -> dict[str, str]:
    """What came after the window that an announcement tells of, for its words; empty while that window is the present one."""
    if facts.get("what") == "nudge":
        return _stands(reader, int(facts["request"]))
    baseline = reader.baseline()
    if facts.get("what") not in ABOUT_THE_WINDOW or baseline is None or baseline.request_id is None or is_about(facts, baseline):
        return {}
    change = reader.find(baseline.request_id)
    if change is None:
        return {}
    return {"over": str(change.id), "over_by": change.kind.value, "over_at": baseline.since.isoformat()}


def _stands(reader: Reader, number: int) -> dict[str, str]:
    """How the request that a reminder is about stands, once it no longer waits."""
    request = reader.request(number)
    if request.state is State.PENDING:
        return {}
    return {"stands": how_it_stands(request) + why_so(request, rejecter(reader.decisions([number])))}


def _waiting_for(context: Context, reader: Reader, request: ChangeRequest) -> list[str]:
    """The listed approvers who could decide and have not; who is in a user group is Slack's to know."""
    approved = standing_approvals(reader.decisions([request.id]))
    return [entry for entry in context.rule.approvers if entry not in approved and entry != request.requester_id]


def _milestones(context: Context, reader: Reader, baseline: Baseline) -> list[Slot]:
    """What concerns this tenant: what it opted in for; else, while SMTP AUTH is on, Basic authentication alone."""
    calendar, cloud, today = context.calendar, context.cloud.name, context.today()
    if baseline.value is SettingValue.OPTED_IN:
        return schedule.milestones(calendar, cloud, today, _protocols(reader, baseline))
    seen = reader.newest_observation(readable=True)
    if seen is not None and seen.smtp_auth_disabled is False:
        return schedule.basic_milestones(calendar, cloud, today)
    return []  # turned off, or not known


def _protocols(reader: Reader, baseline: Baseline) -> tuple[MailProtocol, ...]:
    """What the tenant opted in for; everything where nobody said."""
    request = reader.find(baseline.request_id) if baseline.request_id else None
    return (request.protocols if request else ()) or tuple(MailProtocol)
