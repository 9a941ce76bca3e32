"""Write the messages a change owes in its own transaction: card, answer, direct message."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from handlers.interaction import Interaction
from handlers.outgoing.announcement import AboutWindow, Announcement
from handlers.outgoing.announcement_view import (
    NO_OFFER,
    AnyAnnouncement,
    Offer,
    announcement_of,
    facts_of,
    tells_of,
)
from handlers.outgoing.news import Ended, Extended, Readable, Shortened, Unreadable
from handlers.outgoing.reminders import ApprovalReminder
from handlers.policy.forms import LABELS
from handlers.policy.votes import approvers
from storage.ledger import Entry
from storage.ledger_reader import Reader
from storage.lifecycle import SETTLED, WISHES, Kind, State
from storage.messages.records import Notice, NoticeKind
from storage.records import Baseline, ChangeRequest, SettingValue

Said = TypeVar("Said", bound=Announcement)

_TYPED = "typed:"
NOTHING_TYPED: Mapping[str, str] = {}


def as_typed(fields: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed into a failed form, by label, so that nothing has to be typed again."""
    return {LABELS[field]: fields[field] for field in LABELS if fields.get(field, "").strip()}


def typed_back(facts: Mapping[str, str]) -> dict[str, str]:
    """Return what an answer gives back of it, by label, in the form's order: the database keeps none."""
    return {label: facts[f"{_TYPED}{label}"] for label in LABELS.values() if f"{_TYPED}{label}" in facts}


def enqueue_card(entry: Entry, request: ChangeRequest) -> None:
    """Enqueue a drawing of the request's message in the channel: of this version, or a later one."""
    entry.outbox.owe(NoticeKind.CARD, f"card:{request.id}:{request.version}", request_id=request.id)
    if request.state in SETTLED and request.kind in WISHES:
        _owe_deciders(entry, request)

    if request.state is not State.PENDING and request.kind in WISHES:
        _owe_reminders(entry, request)


def enqueue_reworded(entry: Entry, before: ChangeRequest, now: ChangeRequest) -> None:
    """Redraw the message where the sentence on it is another one; which, is nobody's business here."""
    if now.detail != before.detail:
        enqueue_card(entry, now)


def _owe_reminders(entry: Entry, request: ChangeRequest) -> None:
    """Redraw the reminders of a request that no longer waits, without buttons and with its state."""
    for notice in entry.reader.messages.told_after(request.id, (NoticeKind.CHANNEL,)):
        said = announcement_of(notice.facts)
        if isinstance(said, ApprovalReminder) and said.request == request.id:
            channel, ts = entry.reader.messages.posted_at(notice.id) or ("", "")
            facts = {"number": str(notice.id), "channel": channel, "ts": ts}
            entry.outbox.owe(NoticeKind.REMINDER, f"reminder:{notice.id}:{request.state.value}", facts=facts)


def _owe_deciders(entry: Entry, request: ChangeRequest) -> None:
    """Whoever approved hears once what came of it; whoever rejected was told by the answer to that."""
    for person in approvers(entry.reader.decisions([request.id])):
        if person != request.requester_id:
            facts = {"state": request.state.value}
            entry.outbox.owe(
                NoticeKind.OUTCOME,
                f"outcome:{request.id}:decided:{person}",
                request_id=request.id,
                recipient=person,
                facts=facts,
            )


def enqueue_thread(entry: Entry, request: ChangeRequest, *, channel: str, ts: str) -> None:
    """Enqueue the reply in the thread of a posted copy: everything that was typed, and the risks."""
    if request.kind in WISHES:
        entry.outbox.owe(
            NoticeKind.THREAD,
            f"thread:{request.id}:{channel}:{ts}",
            request_id=request.id,
            facts={"channel": channel, "ts": ts},
        )


def enqueue_redraw(entry: Entry, request: ChangeRequest, *, channel: str, ts: str, key: str) -> None:
    """Draw a touched copy of the message, or a reminder, again: once for all who touch it now."""
    reminder = entry.reader.messages.announcement_at(channel, ts) if channel and ts else None
    if reminder is not None:
        enqueue_reminder(entry, reminder, channel=channel, ts=ts, key=key)
    elif channel and ts:
        facts = {"channel": channel, "ts": ts}
        if not entry.outbox.awaits(NoticeKind.CARD, request.id, facts):
            entry.outbox.owe(
                NoticeKind.CARD, f"card:{request.id}:touched:{key}", request_id=request.id, facts=facts
            )


def enqueue_lost_copy(entry: Entry, request: ChangeRequest, *, channel: str, ts: str) -> None:
    """Draw a touched copy that is not on record, though it is not answered: at most once a minute.

    Drawn, its place is known, and from then on it shows what the others show.
    """
    if entry.reader.messages.card_at(channel, ts) is None:
        enqueue_redraw(entry, request, channel=channel, ts=ts, key=f"{channel}:{ts}:{entry.now:%Y%m%d%H%M}")


def enqueue_overtaken(entry: Entry, by: ChangeRequest, *, revived: ChangeRequest | None = None) -> None:
    """Redraw what tells of the state before ``by`` changed what ought to be, or offers a way back.

    ``revived`` is an earlier request whose window holds again.
    """
    before = entry.reader.baseline()
    number = before.request_id or 0 if before else 0
    failed = entry.reader.in_states({State.FAILED}, kinds=(Kind.OPT_OUT,), above=number)
    earlier = [entry.reader.find(number)] if number else []
    told = [one for one in (*earlier, revived) if one is not None]
    for request in told + failed:
        for copy in entry.reader.messages.cards(request.id):
            enqueue_redraw(
                entry, request, channel=copy.channel, ts=copy.ts, key=f"overtaken:{by.id}:{copy.ts}"
            )
    if before is not None:
        _owe_since_then(entry, by, before)


def _owe_since_then(entry: Entry, by: ChangeRequest, before: Baseline) -> None:
    """Redraw what was said of the window so far; what is being posted has its place by then."""
    for notice in entry.reader.messages.told_after(
        before.request_id, (NoticeKind.CHANNEL, NoticeKind.PERSONAL)
    ):
        said = announcement_of(notice.facts)
        if isinstance(said, AboutWindow) and tells_of(said, before):
            channel, ts = entry.reader.messages.posted_at(notice.id) or ("", "")
            facts = {"number": str(notice.id), "channel": channel, "ts": ts}
            entry.outbox.owe(NoticeKind.REMINDER, f"reminder:{notice.id}:overtaken:{by.id}", facts=facts)


def enqueue_reminder(entry: Entry, number: int, *, channel: str, ts: str, key: str) -> None:
    """Enqueue a drawing of a reminder's copy, after it was answered or one of its buttons was pressed."""
    if channel and ts:
        entry.outbox.owe(
            NoticeKind.REMINDER,
            f"reminder:{number}:{key}",
            facts={"number": str(number), "channel": channel, "ts": ts},
        )


def enqueue_outcome(entry: Entry, request: ChangeRequest) -> None:
    """Tell the requester privately how the request stands now; the bot itself needs no telling."""
    if request.requester_id:
        key = f"outcome:{request.id}:{request.version}"
        facts = {"state": request.state.value}
        entry.outbox.owe(
            NoticeKind.OUTCOME, key, request_id=request.id, recipient=request.requester_id, facts=facts
        )


def enqueue_answer(
    entry: Entry,
    interaction: Interaction,
    text: str,
    *,
    request_id: int | None = None,
    ask_reason: bool = False,
    typed: Mapping[str, str] = NOTHING_TYPED,
    key: str | None = None,
) -> None:
    """Answer who acted, where they acted or else directly; ``typed`` is given back to them.

    ``key`` is the act's own unless one answer serves several acts.
    """
    facts = {"text": text} | {f"{_TYPED}{label}": given for label, given in typed.items()}
    entry.outbox.owe(
        NoticeKind.ASK_REASON if ask_reason else NoticeKind.ANSWER,
        answer_key(key or interaction.key),
        request_id=request_id,
        recipient=interaction.person,
        channel=interaction.answers_in or None,
        facts=facts,
    )


def enqueue_word(entry: Entry, key: str, person: str, text: str, request_id: int | None = None) -> None:
    """Tell somebody by direct message, once for each ``key``."""
    facts = {"text": text}
    entry.outbox.owe(NoticeKind.ANSWER, answer_key(key), request_id=request_id, recipient=person, facts=facts)


def enqueue_unposted(entry: Entry, request: ChangeRequest, text: str) -> None:
    """Tell the requester once that the request's message could not be posted; never the bot."""
    if request.requester_id is not None:
        enqueue_word(entry, _unposted_key(request.id), request.requester_id, text, request.id)


def is_unposted(notice: Notice) -> bool:
    """Tell whether a notice is the one that ``enqueue_unposted`` owes for its request."""
    return notice.request_id is not None and notice.key == answer_key(_unposted_key(notice.request_id))


def answer_key(key: str) -> str:
    """Return the key of the notice that answers the act with this key."""
    return f"answer:{key}"


def _unposted_key(request_id: int) -> str:
    return f"unposted:{request_id}"


def enqueue_announcement(entry: Entry, key: str, said: AnyAnnouncement, offer: Offer = NO_OFFER) -> bool:
    """Tell the channel; the same key once for ever. Returns whether it is new."""
    return entry.outbox.owe(NoticeKind.CHANNEL, key, facts=facts_of(said, offer))


def enqueue_personal(
    entry: Entry, key: str, said: AnyAnnouncement, offer: Offer = NO_OFFER, *, person: str
) -> None:
    """Tell one person by direct message what the channel is told; it takes no answers there."""
    entry.outbox.owe(NoticeKind.PERSONAL, f"personal:{key}", recipient=person, facts=facts_of(said, offer))


def newest(reader: Reader, kind: type[Said]) -> Said | None:
    """Return what the channel was last told of this kind; ``None`` where never, or unreadable."""
    said = announcement_of(reader.messages.newest_announcement(kind.kind) or {})
    return said if isinstance(said, kind) else None


def enqueue_outage(entry: Entry, since: datetime, problem: str) -> None:
    """Tell the channel, once, that the live value cannot be read since this instant."""
    enqueue_announcement(entry, outage_key(since), Unreadable(problem=problem, since=since))


def enqueue_recovery(entry: Entry, since: datetime) -> None:
    """Tell the channel, once, that the outage that began at this instant is over."""
    enqueue_announcement(entry, f"readable:{since.isoformat()}", Readable(since=since))


def outage_key(since: datetime | None) -> str:
    """Return the key of the message about the outage that began at this instant."""
    return f"unreadable:{since.isoformat() if since else ''}"


def enqueue_new_end(entry: Entry, change: ChangeRequest) -> None:
    """Tell all who asked for the opt-in or an extension that somebody else moved its end."""
    kind = Shortened if change.kind is Kind.SHORTENING else Extended
    said = kind(request=change.id, requester=change.requester_id, end=change.window_end)
    for person in asked_by(entry.reader.windows.requests_behind(change.id)):
        if person != change.requester_id:
            enqueue_personal(entry, f"{said.kind}:{change.id}:{person}", said, person=person)


def enqueue_ended(entry: Entry, opt_out: ChangeRequest, baseline: Baseline) -> None:
    """Tell all who asked for the opt-in or an extension that it was taken back or has ended."""
    if baseline.value is not SettingValue.OPTED_IN or baseline.request_id is None:
        return
    requests_ = entry.reader.windows.requests_behind(baseline.request_id)
    for person in asked_by(requests_):
        if person != opt_out.requester_id:
            own = next(
                request.id
                for request in requests_
                if request.requester_id == person and request.kind in WISHES
            )
            said = Ended(request=opt_out.id, asked_as=own, requester=opt_out.requester_id)
            enqueue_personal(entry, f"ended:{opt_out.id}:{person}", said, person=person)


def asked_by(requests_: Iterable[ChangeRequest]) -> list[str]:
    """Return who asked for an opt-in or an extension among these, each person once."""
    return list(
        dict.fromkeys(
            request.requester_id for request in requests_ if request.requester_id and request.kind in WISHES
        )
    )


def enqueue_change(entry: Entry, request: ChangeRequest) -> None:
    """Enqueue what almost every move owes: the card redrawn and the requester told."""
    enqueue_card(entry, request)
    enqueue_outcome(entry, request)
