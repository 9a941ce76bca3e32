"""Make an approved change: read, judge again, record, write once, read back, record the result.

The order is the promise: nothing is sent that was not committed as *sending* before, nothing is announced
that was not read back, and nothing is sent again unless Exchange provably did not process it.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from handlers.changes.conflicts import Look
from handlers.changes.record_disagreements import may_be_made
from handlers.changes.replication_lag import is_no_news
from handlers.changes.settle import FirstReading, Settling
from handlers.changes.transitions import (
    as_far_as_sent,
    expire,
    expire_if_due,
    is_outdated,
    note_answer,
    refused,
    send_again_later,
    supersede_overtaken,
    what_is_needed,
    why_void,
)
from handlers.context.context import UNKEPT, Context
from handlers.outgoing.notices import enqueue_card, enqueue_change
from handlers.policy.new_requests import still_fits
from handlers.policy.votes import standing_approvals, tally
from handlers.ports import Reading, Unavailable, WriteAnswer
from storage.errors import Conflict
from storage.jobs.leases import Lease, still_held
from storage.ledger import BOT, Entry
from storage.ledger_reader import Reader
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest, Decision, SettingValue, WriteOutcome

log = structlog.get_logger(__name__)

BEGIN_WITHIN = 10.0
"""Seconds after the right to send was last asked for in which sending may begin. A process that was frozen
longer finds that others have taken over, have read, and may have said how it ended."""

ENDED_FIRST = (
    "The window ended before this extension was made, so nothing is extended; a new opt-in has to be asked "
    "for."
)


class _Outrun(Conflict):
    """What a change was judged by is no news any more."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a change was judged by before the transaction that makes it: both have to hold there still."""

    reading: Reading
    votes: Sequence[Decision]
    """Every vote on a request, as its approvers were looked up for; none for an opt-out."""


class Apply:
    """Applies what is approved, one change of the tenant at a time, under the lease the worker holds.

    What was sent and is not settled yet comes first: only a reading tells how it ended.
    """

    _outrun: frozenset[int] = frozenset()
    """Requests whose last try was outrun."""

    def __init__(
        self, context: Context, settling: Settling, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._context = context
        self._settling = settling
        self._first = FirstReading(context)
        self._sleep = sleep

    def is_due(self) -> bool:
        """Tell whether anything is to be settled or ready; only reads."""
        return self._settling.is_due() or bool(self._ready())

    def run(self, lease: Lease) -> int:
        """Settle what is due, then apply all that is ready; returns how many requests were moved on.

        Raises ``Stuck`` when none was.
        """
        settled, look = self._settling.run(), Look(self._overtaken)
        for request in self._ready():
            with look.at(request):
                self._apply(request, lease)
        return settled + look.moved()

    def _ready(self) -> list[ChangeRequest]:
        with self._context.ledger.reading() as reader:
            ready = reader.ready(self._context.now())
            if ready and self._requests_wait(reader):
                ready = [request for request in ready if request.kind is Kind.OPT_OUT]
        return ready

    def _requests_wait(self, reader: Reader) -> bool:
        """Leave it to who runs by the present rule, or until a person accepts this database."""
        return is_outdated(reader, self._context.rule) or self._context.untrusted(reader) is not None

    def _overtaken(self, request: ChangeRequest, faster: Conflict) -> None:
        """What is outrun twice in a row waits, and says so, instead of being tried without a pause."""
        if isinstance(faster, _Outrun) and request.id in self._outrun:
            with suppress(Conflict):
                self._first.postpone(request, f"Waiting, nothing has been sent: {faster}.", None)
            return
        self._outrun = frozenset([request.id] if isinstance(faster, _Outrun) else [])

    def _apply(self, request: ChangeRequest, lease: Lease) -> None:
        """Raises ``Conflict`` when the request moved meanwhile: it is looked at again on the next tick."""
        if self._expired(request):
            return
        reading = self._first.read(request)
        if reading is None:
            return
        votes = self._still_approved(request) if request.kind is not Kind.OPT_OUT else []
        if votes is None:
            return
        judged = _Judged(reading, votes)
        if request.kind is not Kind.OPT_OUT and not still_fits(request, reading.value):
            self._stale(request, reading)
        elif self._needs_no_write(request, reading):
            self._confirm(request, lease, judged)
        else:
            self._send(request, lease, judged)

    def _expired(self, request: ChangeRequest) -> bool:
        """Skip look-ups for what has expired; the exact instant is judged when *sending* is recorded."""
        now = self._context.now()
        if not request.has_expired(now):
            return False
        with self._context.ledger.recording(now) as entry:
            expire(entry, request)
        return True

    def _still_approved(self, request: ChangeRequest) -> list[Decision] | None:
        """Judge every vote again and return them; an ineligible one sends the request back to pending.

        After the reading, which may take long: nothing but recording and sending comes behind it.
        """
        with self._context.ledger.reading() as reader:
            votes = reader.decisions([request.id])
        standing = standing_approvals(votes)
        try:
            asked = self._context.people.requester(request.requester_id, request.requester_enterprise_id)
            eligible = self._context.people.eligible(standing, asked=asked)
        except Unavailable as unknown:
            self._first.postpone(
                request,
                f"Waiting: the approvers could not be checked. {unknown.sentence}",
                unknown.retry_after,
            )
            return None
        counted = tally(request, votes, rule=self._context.rule, eligible=eligible)
        if counted.complete and not counted.void:
            return votes
        detail = why_void(counted.void, eligible)
        now = self._context.now()
        with self._context.ledger.recording(now) as entry:
            if expire_if_due(entry, request, now) is request:
                left = entry.void(request, (standing[person] for person in counted.void))
                if counted.complete:
                    enqueue_card(entry, left)  # one too many: on the next look the others carry it
                else:
                    enqueue_change(entry, entry.move(left, State.PENDING, actor=BOT, detail=detail))
        return None

    def _needs_no_write(self, request: ChangeRequest, reading: Reading) -> bool:
        """Tell whether a write is needed: never for an extension, for an opt-out unless surely off."""
        if request.kind is Kind.OPT_OUT:
            return request.to_value is reading.value and not self._first.in_doubt(request, reading)
        return request.to_value is reading.value

    def _stale(self, request: ChangeRequest, reading: Reading) -> None:
        was = request.from_value.value if request.from_value else "unknown"
        with self._context.ledger.recording(self._context.now()) as entry:
            self._must_be_news(entry, request, reading)
            entry.holding.observe(reading.observation)
            detail = (
                f"The live value is *{reading.value.value}* now, but the approval was for a change from "
                f"*{was}*. {as_far_as_sent(entry, request)} {what_is_needed(reading.value)}"
            )
            enqueue_change(entry, entry.move(request, State.STALE, actor=BOT, detail=detail))

    def _confirm(self, request: ChangeRequest, lease: Lease, judged: _Judged) -> None:
        with self._context.ledger.recording(self._context.now()) as entry:
            baseline, now = entry.reader.baseline(), self._context.now()
            if self._may_still_be_made(entry, request, lease, judged):
                if request.kind is Kind.EXTENSION and baseline is not None and baseline.is_over(now):
                    enqueue_change(entry, entry.move(request, State.STALE, actor=BOT, detail=ENDED_FIRST))
                else:
                    self._settling.applied(entry, request, judged.reading, wrote=False)
        self._context.keeps_head()
        self._context.wake_worker()

    def _send(self, request: ChangeRequest, lease: Lease, judged: _Judged) -> None:
        sending_id = str(uuid.uuid4())
        with self._context.ledger.recording(self._context.now()) as entry:
            begin_by = self._last_moment(entry, request, lease, judged)
            if begin_by is None:
                return
            entry.holding.observe(judged.reading.observation)
            sent_before = entry.reader.times_sent(request.id)
            sent_at = self._context.now()
            request = entry.move(
                request,
                State.APPLYING,
                actor=BOT,
                detail="Sent to Exchange; being read back.",
                sent_at=sent_at,
            )
            entry.attempt(request, "sending", client_request_id=sending_id, value=request.to_value, detail="")
            enqueue_card(entry, request)
        self._context.wake_worker()
        kept = request.kind is Kind.OPT_OUT or self._context.keeps_head()
        log.info("apply.sending", request=request.id, client_request_id=sending_id)
        opting_in, answer = (
            request.to_value is SettingValue.OPTED_IN,
            WriteAnswer(WriteOutcome.NOT_PROCESSED, UNKEPT, sending_id),
        )
        if kept:
            answer = self._context.setting.write(opting_in, client_request_id=sending_id, begin_by=begin_by)
        log.info(
            "apply.answered", request=request.id, client_request_id=sending_id, outcome=answer.outcome.value
        )
        self._answered(request, answer, sends=sent_before + 1)

    def _last_moment(
        self, entry: Entry, request: ChangeRequest, lease: Lease, judged: _Judged
    ) -> float | None:
        """Until when (monotonic clock) sending may begin; ``None`` when it may not any more.

        Raises ``Conflict``.
        """
        asked = time.monotonic()
        if not self._may_still_be_made(entry, request, lease, judged):
            return None
        left = (
            (request.expires_at - self._context.now()).total_seconds() if request.expires_at else BEGIN_WITHIN
        )
        return asked + min(BEGIN_WITHIN, left)

    def _may_still_be_made(self, entry: Entry, request: ChangeRequest, lease: Lease, judged: _Judged) -> bool:
        """Judge once more in the sending transaction, which may have waited for its lock.

        Whoever was frozen holds the lease no more, and what it read before proves nothing: it raises
        ``Conflict``.
        """
        if not still_held(entry.connection, lease):
            raise Conflict("the right to make changes was lost meanwhile")
        if request.kind is not Kind.OPT_OUT and self._requests_wait(entry.reader):
            raise Conflict("another rule holds by now, or the database is another one")
        self._must_be_news(entry, request, judged.reading)
        if supersede_overtaken(entry, request):
            return False
        if request.has_expired(self._context.now()):
            expire(entry, request)
            return False
        if request.kind is Kind.OPT_OUT:
            return True
        if entry.reader.decisions([request.id]) != judged.votes:
            raise Conflict("its votes changed while they were judged")
        return may_be_made(self._context, entry, request)

    def _must_be_news(self, entry: Entry, request: ChangeRequest, reading: Reading) -> None:
        """An opt-out is right whatever the value is; for a request it raises ``Conflict``."""
        if request.kind is not Kind.OPT_OUT and is_no_news(entry.reader, reading, self._context.now()):
            raise _Outrun(
                "another value was read meanwhile, or checking the approvers took longer than a minute"
            )

    def _answered(self, request: ChangeRequest, answer: WriteAnswer, *, sends: int) -> None:
        if answer.outcome in (WriteOutcome.ACCEPTED, WriteOutcome.UNKNOWN):
            self._settling.read_back(request, answer, sleep=self._sleep)
            return
        now = self._context.now()
        with self._context.ledger.recording(now) as entry:
            note_answer(entry, request, answer)
            if answer.outcome is WriteOutcome.NOT_PROCESSED:
                send_again_later(entry, request, answer, sends)
            else:
                detail = refused(entry.reader, request, answer)
                enqueue_change(entry, entry.move(request, State.FAILED, actor=BOT, detail=detail))
        self._context.wake_worker()
