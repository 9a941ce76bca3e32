"""Move a change request, or judge whether it may move, in the ways that several use cases share.

Each runs in the caller's transaction. Must never look at people or at Exchange.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from handlers.changes.replication_lag import LOOK_BACK
from handlers.context.context import Context
from handlers.outgoing.notices import enqueue_card, enqueue_change, enqueue_outcome
from handlers.policy.days import spelled_instant
from handlers.policy.decided_by import NOBODY, DecidedBy
from handlers.policy.rule import Rule
from handlers.policy.votes import approvers, rejecter
from handlers.ports import WriteAnswer
from storage.errors import AlreadyOpen
from storage.ledger import BOT, Entry
from storage.ledger_reader import Reader
from storage.lifecycle import UNSENT, WISHES, Kind, State
from storage.messages.records import NoticeKind
from storage.records import Baseline, ChangeRequest, Door, SettingValue


def supersede_unsent(entry: Entry, by: ChangeRequest) -> None:
    """Supersede, by an opt-out, every opt-in and extension that was not sent; their requesters hear."""
    for request in entry.reader.in_states(UNSENT, kinds=WISHES):
        _supersede(entry, request, by)


def supersede_extensions(entry: Entry, by: ChangeRequest) -> None:
    """Supersede an extension not made yet where its window is given an earlier end."""
    for request in entry.reader.in_states(UNSENT, kinds=(Kind.EXTENSION,)):
        _supersede(entry, request, by)


def supersede_overtaken(entry: Entry, request: ChangeRequest) -> bool:
    """Supersede before sending again: an opt-out may have come while Exchange did not process it."""
    later = entry.reader.opt_out_after(request.id) if request.kind is not Kind.OPT_OUT else None
    if later is not None:
        _supersede(entry, request, later)
    return later is not None


def _supersede(entry: Entry, request: ChangeRequest, by: ChangeRequest) -> None:
    detail = f"Opt-out #{by.id} came later and wins."
    if by.kind is Kind.SHORTENING:
        detail = f"#{by.id} came later and wins: the opt-in ends earlier."
    enqueue_change(entry, entry.move(request, State.SUPERSEDED, actor=by.requester_id or BOT, detail=detail))


OUTDATED = (
    "The bot's settings were changed, and this copy of it still runs with the old ones, so nothing was done. "
    "Look at the message again and try once more; should it stay like this, have the old copy restarted."
)

SHOWN_ANOTHER = (
    "The rule was changed, and the message did not show it yet when you decided, so your vote is not "
    "counted. Look at the message again, then decide."
)

VOIDED = "The rule was changed, so earlier votes no longer count: approve again."


def expire_if_due(entry: Entry, request: ChangeRequest, now: datetime) -> ChangeRequest:
    """Return the request as it stands at ``now``, moved to *expired* first where its time has run out."""
    return expire(entry, request) if request.state in UNSENT and request.has_expired(now) else request


def expire(entry: Entry, request: ChangeRequest) -> ChangeRequest:
    """Move one request to *expired* and tell people. Raises ``Conflict``."""
    detail = (
        f"It was approved, but its time ran out first. {as_far_as_sent(entry, request)}"
        if request.state is State.APPROVED
        else "Nobody decided in time."
    )
    expired = entry.move(request, State.EXPIRED, actor=BOT, detail=detail)
    enqueue_change(entry, expired)
    return expired


def as_far_as_sent(entry: Entry, request: ChangeRequest) -> str:
    """Return what an approved request that ends unmade may say of Exchange: no more than is on record."""
    if entry.reader.times_sent(request.id):
        return "It had been sent, and Exchange answered that it was not processed; it is not sent again."
    return "Nothing was sent."


def what_is_needed(value: SettingValue) -> str:
    """Say how to go on after *stale* because the live value is the target: it cannot be opted in again."""
    return (
        "An extension can be asked for, to give it an end."
        if value is SettingValue.OPTED_IN
        else "A new request is needed."
    )


def is_outdated(reader: Reader, rule: Rule) -> bool:
    """Tell whether another rule than ours was recorded last; asked inside the acting transaction."""
    newest = reader.holding.rule()
    return newest is not None and newest.digest != rule.digest


def was_shown_another(reader: Reader, request: ChangeRequest, at: datetime, now: datetime) -> bool:
    """Tell whether somebody who acted ``at`` (Slack's time) saw the message as it was under an earlier rule.

    A request that was open when the rule changed shows the new one only once its message has been drawn
    again. A change recorded in the future was stamped by a clock that is ahead, or has been set back since:
    only that it was drawn tells anything then.
    """
    newest = reader.holding.rule()
    if newest is None or newest.is_first:
        return False
    if newest.since > now:
        return reader.messages.first_sent(request.id, NoticeKind.CARD, newest.since) is None
    if at < newest.since:
        return True
    if request.rule_digest == newest.digest and request.created_at >= newest.since:
        return False
    drawn = reader.messages.first_sent(request.id, NoticeKind.CARD, newest.since)
    return drawn is None or (isinstance(drawn, datetime) and at < drawn)


def why_void(people: Iterable[str], eligible: Collection[str]) -> str:
    """Say why these people's votes count no more: who may not approve now, or that the rule changed."""
    gone = " and ".join(f"@{person}" for person in people if person not in eligible)
    return f"{gone} may no longer approve this, so it needs another approval." if gone else VOIDED


def note_answer(entry: Entry, request: ChangeRequest, answer: WriteAnswer) -> None:
    """Put on record what Exchange answered, and what that proves: ``reading.given_up`` goes by it."""
    detail = f"{answer.outcome}: {answer.sentence}"
    entry.attempt(
        request, "answered", client_request_id=answer.client_request_id, detail=detail, outcome=answer.outcome
    )


def overtaken(reader: Reader, request: ChangeRequest, baseline: Baseline) -> bool:
    """Tell whether what ought to be was set by a later change after ``request`` was sent.

    A later opt-out always has overtaken it, whatever the clocks say: what had not been sent by then is
    superseded. A change made outside may have been recorded between asking and sending, so there the time
    tells. Another end of the window writes nothing: it overtakes no opt-out that is on its way.
    """
    if baseline.request_id is None or request.sent_at is None or baseline.request_id <= request.id:
        return False
    newer = reader.find(baseline.request_id)
    kind = newer.kind if newer is not None else None
    if kind in (Kind.EXTENSION, Kind.SHORTENING) and request.kind is Kind.OPT_OUT:
        return False
    return kind is Kind.OPT_OUT or baseline.since >= request.sent_at


def refused(reader: Reader, request: ChangeRequest, answer: WriteAnswer) -> str:
    """Say that Exchange provably did not take a change: why, that nothing changed, and what stands."""
    seen = (
        one
        for one in reader.readings.newest_observations(LOOK_BACK)
        if request.sent_at is not None and one.since <= request.sent_at
    )
    before = next((one.value for one in seen if one.value is not None), None)
    stands = (
        f": the live value was read as *{before.value}* just before and, as far as is known, still is"
        if before
        else ""
    )
    return f"{answer.sentence} {answer.mend}".strip() + f" Nothing was changed{stands}."


def opt_out_again(
    context: Context, entry: Entry, late: ChangeRequest, newer: Baseline
) -> ChangeRequest | None:
    """Opt out again where an opt-in reached Exchange after a later opt-out.

    The caller owes its message, after the word on ``late``.
    """
    if late.to_value is newer.value or newer.value is SettingValue.OPTED_IN:
        return None
    try:
        request = entry.open(
            Kind.OPT_OUT,
            requester_id=None,
            door=Door.BOT,
            to_value=SettingValue.OPTED_OUT,
            from_value=None,
            rule_digest=context.rule.digest,
            reason=f"The value of #{late.id} shows after opt-out #{newer.request_id}, which came later and "
            "holds.",
            detail="Opened by the bot itself; opting out needs no second person.",
        )
    except AlreadyOpen:
        return None
    supersede_unsent(entry, request)
    return request


def decided_by(reader: Reader, request: ChangeRequest) -> DecidedBy:
    """Return whose votes decided ``request``, to be named to whoever comes after the decision."""
    if request.state is State.PENDING:
        return NOBODY
    decisions = reader.decisions([request.id])
    return DecidedBy(approvers(decisions), rejecter(decisions))


FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Seconds before a change that provably was not processed is sent again: at first, and at most; each pause is
twice the last."""


def send_again_later(entry: Entry, request: ChangeRequest, answer: WriteAnswer, sends: int) -> None:
    """Move a request that Exchange did not process back to *approved*, to be judged again after a pause.

    It never costs an approval. The requester is told the first time; from then on the card shows it.
    """
    wait = max(answer.retry_after or 0, _pause(sends))
    why = f"{answer.sentence} {answer.mend}".strip()
    detail = f"Waiting for Exchange, nothing was changed: {why} {_goes_on(request)}"
    retry_at = entry.now + timedelta(seconds=wait)
    again = entry.move(request, State.APPROVED, actor=BOT, detail=detail, retry_at=retry_at, sent_at=None)
    if supersede_overtaken(entry, again):
        return
    enqueue_card(entry, again)
    if sends == 1:
        enqueue_outcome(entry, again)


def _pause(sends: int) -> float:
    """Seconds before the next sending, after so many."""
    return min(FIRST_PAUSE * 2.0 ** min(sends - 1, 10), LONGEST_PAUSE)


def _goes_on(request: ChangeRequest) -> str:
    """For how long a change is sent again, for people."""
    until = (
        f"until the approval expires, {spelled_instant(request.expires_at)}"
        if request.expires_at
        else "until it is done"
    )
    return f"It is sent again {until}, with pauses that grow to {LONGEST_PAUSE // 60:.0f} minutes."


OUTDATED_COPY = (
    "this copy of the bot runs with an earlier rule, so it leaves the change to a copy that runs with the "
    "present one"
)


def held_up(reader: Reader, rule: Rule) -> str | None:
    """Return which changes wait and for what, a sentence each; ``None`` while nothing waits.

    Shows nothing that people typed.
    """
    outdated = is_outdated(reader, rule)
    told = []
    for request in reader.in_states({State.APPROVED, State.UNCERTAIN}):
        if request.state is State.UNCERTAIN or request.retry_at is not None:
            told.append(f"#{request.id}: {request.detail}")
        elif outdated:
            told.append(f"#{request.id}: {OUTDATED_COPY}.")
    return " ".join(told) or None
