"""Answer what is due to be told now, and whether what is owed still holds."""

from datetime import datetime

from handlers.context.context import Context
from handlers.outgoing.announcement import AboutWindow
from handlers.outgoing.announcement_view import (
    AnnouncementView,
    Offer,
    Overtaken,
    announcement_of,
    offer_of,
    tells_of,
)
from handlers.outgoing.device_news import DeviceDue, DeviceYours, how_it_stands
from handlers.outgoing.notices import newest
from handlers.outgoing.reminder_situation import Shortage, Situation
from handlers.outgoing.reminders import ApprovalReminder, Approvers, Certificate, Head, Reminder, due
from handlers.policy.decided_by import why_so
from handlers.policy.rule import how_it_stands as how_request_stands
from handlers.policy.votes import rejecter, standing_approvals
from handlers.ports import Unavailable
from handlers.reminders.snooze import is_silenced
from storage.errors import NoSuchDevice
from storage.ledger_reader import Reader
from storage.lifecycle import WISHES, State
from storage.messages.records import Notice
from storage.record.evidence_queries import STATEMENTS, noteworthy
from storage.records import Baseline, ChangeRequest, MailProtocol, SettingValue


def situation(
    context: Context, reader: Reader, expires: datetime | None, shortage: Shortage | None = None
) -> Situation:
    """Read what reminders are judged by; ``expires`` is the bot's certificate, as ``expiry`` says."""
    baseline, seen, told = (
        reader.baseline(),
        reader.readings.newest_observation(readable=True),
        newest(reader, Head),
    )
    owed, tenant = told.sequence if told is not None else 0, context.ledger.tenant_id
    return Situation(
        now=context.now(),
        zone=context.zone,
        hours=context.hours,
        calendar=context.calendar,
        cloud=context.cloud.name,
        baseline=baseline,
        protocols=_protocols(reader, baseline),
        signs_in=seen is not None and seen.smtp_auth_disabled is False and baseline is not None,
        pending=[
            (request, _waiting_for(context, reader, request))
            for request in reader.in_states({State.PENDING}, kinds=WISHES)
        ],
        escalate_to=context.escalate_to,
        certificate_expires=expires,
        secret_expires=context.secret_expires,
        head=reader.head()
        if reader.page(limit=1) and noteworthy(reader.connection, tenant, STATEMENTS) > owed
        else None,
        head_owed=owed,
        shortage=shortage,
    )


def expiry(context: Context) -> datetime | None:
    """Return when the bot's certificate expires; asked before the database, as it may take time."""
    try:
        return context.certificate_expires()
    except Unavailable:
        return None  # what cannot be read fails the next sign-in, and is told there


def renewed(context: Context, notice: Notice, said: Reminder) -> tuple[Reminder, Offer] | None:
    """Return what a scheduled notice says by now; ``None`` when overtaken, past or needless."""
    offer = offer_of(notice.facts)
    if isinstance(said, Approvers):
        return (said, offer) if notice.key == Approvers.key(context.today()) else None
    expires = expiry(context) if isinstance(said, Certificate) else None
    with context.ledger.reading() as reader:
        if isinstance(said, Head):
            latest = newest(reader, Head) or said
            return (said, offer) if latest.sequence <= said.sequence else None
        key = offer.slot or notice.key
        slot = next((slot for slot in due(situation(context, reader, expires)) if slot.key == key), None)
        answers = reader.messages.reminder_answers(slot.series) if slot is not None and slot.series else ()
    return (slot.said, offer) if slot is not None and not is_silenced(answers, context.now()) else None


def shown_now(reader: Reader, notice: Notice) -> AnnouncementView:
    """Return an announcement as it is shown now, with what came after it.

    Raises ``ValueError`` for what cannot be read.
    """
    said = announcement_of(notice.facts)
    if said is None:
        raise ValueError("the facts of the notice are no announcement")
    offer = offer_of(notice.facts)
    if isinstance(said, ApprovalReminder):
        return AnnouncementView(said=said, offer=offer, stands=_stands(reader, said.request))
    if isinstance(said, DeviceDue | DeviceYours):
        return AnnouncementView(said=said, offer=offer, stands=_device_stands(reader, said, notice))
    baseline, overtaken = reader.baseline(), None
    if isinstance(said, AboutWindow) and baseline is not None and not tells_of(said, baseline):
        overtaken = _overtaken(reader, baseline)
    return AnnouncementView(said=said, offer=offer, overtaken=overtaken)


def _overtaken(reader: Reader, baseline: Baseline) -> Overtaken | None:
    change = reader.find(baseline.request_id) if baseline.request_id is not None else None
    return Overtaken(by=change.id, kind=change.kind, at=baseline.since) if change is not None else None


def _stands(reader: Reader, number: int) -> str:
    """How the request that a reminder is about stands, once it no longer waits."""
    request = reader.request(number)
    if request.state is State.PENDING:
        return ""
    return how_request_stands(request) + why_so(request, rejecter(reader.decisions([number])))


def _device_stands(reader: Reader, said: DeviceDue | DeviceYours, notice: Notice) -> str:
    """Say how an entry stands after an answer or somebody else's act; empty before."""
    try:
        device = reader.devices.device(said.device)
    except NoSuchDevice:
        return ""
    theirs = device.is_standing and device.owner_id == notice.recipient
    waits = theirs if isinstance(said, DeviceYours) else theirs and device.changed_at <= notice.created_at
    return "" if waits else how_it_stands(device)


def _waiting_for(context: Context, reader: Reader, request: ChangeRequest) -> list[str]:
    """The listed approvers who could decide and have not; who is in a user group is Slack's to know."""
    approved = standing_approvals(reader.decisions([request.id]))
    return [
        entry for entry in context.rule.approvers if entry not in approved and entry != request.requester_id
    ]


def _protocols(reader: Reader, baseline: Baseline | None) -> tuple[MailProtocol, ...]:
    """What the tenant opted in for; everything where nobody said, nothing while it is not opted in."""
    if baseline is None or baseline.value is not SettingValue.OPTED_IN:
        return ()
    request = reader.find(baseline.request_id) if baseline.request_id else None
    return (request.protocols if request else ()) or tuple(MailProtocol)
