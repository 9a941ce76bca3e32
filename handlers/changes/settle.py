"""Read the live value for a change: before it is sent, to judge it by; afterwards, to know what happened.

Without a first reading the change waits. After a write, a match settles as *applied*; an unknown outcome is
shown as *uncertain* at once and read again until it matches or fifteen minutes have passed. Nothing is ever
written here.
"""

from collections.abc import Callable
from datetime import timedelta

from handlers.changes.conflicts import Look
from handlers.changes.record_disagreements import set_aside
from handlers.changes.replication_lag import lags, may_be_on
from handlers.changes.transitions import note_answer, opt_out_again, overtaken
from handlers.context.context import Context
from handlers.outgoing.notices import (
    enqueue_card,
    enqueue_change,
    enqueue_ended,
    enqueue_new_end,
    enqueue_overtaken,
    enqueue_reworded,
)
from handlers.policy.days import spelled_instant
from handlers.ports import Reading, Unavailable, WriteAnswer
from handlers.register.request_sync import activate
from storage.integrity.row_comparison import Difference
from storage.ledger import BOT, Entry
from storage.ledger_reader import Reader
from storage.lifecycle import Kind, State
from storage.records import Baseline, ChangeRequest, WriteOutcome

READ_PATIENCE = 20.0
"""Seconds a read before the write may take; it is tried again until the approval expires."""

BACKOFF = (5, 10, 20, 40, 60)
"""Seconds between tries while Exchange cannot be read."""

UNNAMED = (
    "Its answer did not say which tenant it is for. If this lasts, Exchange has changed its interface: "
    "please report it."
)

BEHIND = "One of its domain controllers does not know of the newest change yet."

PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 6.0)
"""Seconds before each read-back of an accepted write: two reads may meet two domain controllers, and one may
lag."""

READ_BACK = 5.0
"""Seconds one reading may take here: the next one comes soon."""

SHOWN_WITHIN = timedelta(seconds=27)
"""From the sending on; what is not read back by then is shown as uncertain, within thirty seconds with its
posting."""

GIVE_UP = timedelta(minutes=15)
"""A write that has not shown up by then did not happen; a later match is announced as a correction."""

CLIENTS_LATE = "Clients may take a while to notice: Microsoft publishes no figure for how long."

SETTLE_EVERY = (5, 10, 20, 30, 60)
"""Seconds between the readings that settle an uncertain change."""


class FirstReading:
    """Reads what a change is judged by."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, request: ChangeRequest) -> Reading | None:
        """Return the reading to judge by; without one, or with one that names no tenant, the request waits.

        So it does with one that lags behind, except for an opt-out: that is sent, which is right whatever the
        value is.
        """
        wait: float | None = None
        try:
            reading = self._context.setting.read(patience=READ_PATIENCE)
        except Unavailable as unread:
            why, wait = f"{unread.sentence} {unread.mend}", unread.retry_after
        else:
            if reading.organization and (request.kind is Kind.OPT_OUT or not self.in_doubt(request, reading)):
                return reading
            why = BEHIND if reading.organization else UNNAMED
        self.postpone(request, f"Waiting for Exchange, nothing has been sent: {why}".strip(), wait)
        return None

    def in_doubt(self, request: ChangeRequest, reading: Reading) -> bool:
        """Tell whether what was read may be what was so before, or will not be so for long."""
        now = self._context.now()
        with self._context.ledger.reading() as reader:
            return lags(reader, reading, now) or (request.kind is Kind.OPT_OUT and may_be_on(reader, now))

    def postpone(self, request: ChangeRequest, detail: str, retry_after: float | None) -> None:
        """Have a change wait, told on its message: the longer the older it is, at least ``retry_after`` s."""
        now = self._context.now()
        # asked for in the future: the clock was set back since
        waited = abs((now - request.created_at).total_seconds())
        wait = max(retry_after or 0, next((step for step in BACKOFF if step > waited / 4), BACKOFF[-1]))
        with self._context.ledger.recording(now) as entry:
            waiting = entry.postpone(request, until=now + timedelta(seconds=wait), detail=detail)
            enqueue_reworded(entry, request, waiting)


class Settling:
    """Reads until it is known what a write did."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read_back(
        self, request: ChangeRequest, answer: WriteAnswer, *, sleep: Callable[[float], None]
    ) -> None:
        """Read until the written value shows after a write; the request ends *applied* or *uncertain*.

        An unknown answer is read once, then shown as uncertain.
        """
        with self._context.ledger.recording(self._context.now()) as entry:
            note_answer(entry, request, answer)
        pauses = PAUSES if answer.outcome is WriteOutcome.ACCEPTED else PAUSES[:1]
        shown_by = (request.sent_at or self._context.now()) + SHOWN_WITHIN
        for pause in pauses:
            sleep(pause)
            left = (shown_by - self._context.now()).total_seconds()
            if left <= 0:
                break
            reading = self._try_reading(min(READ_BACK, left))
            if reading is not None and reading.value is request.to_value:
                self._settle(request, reading)
                return
        why = (
            answer.sentence
            if answer.outcome is WriteOutcome.UNKNOWN
            else "Exchange accepted it, but the new value does not show yet."
        )
        self._uncertain(request, why)

    def is_due(self) -> bool:
        """Tell whether anything is to be settled or read again; only reads."""
        return bool(self._due())

    def run(self) -> int:
        """Settle what a killed process left as *applying*, and reread what is *uncertain*; returns how many.

        Raises ``Stuck``.
        """
        look = Look()
        for request in self._due():
            with look.at(request):
                self._look(request)
        return look.moved()

    def _due(self) -> list[ChangeRequest]:
        with self._context.ledger.reading() as reader:
            unsettled = reader.in_states({State.APPLYING, State.UNCERTAIN})
        now = self._context.now()
        return [request for request in unsettled if not request.has_to_wait(now)]

    def applied(self, entry: Entry, request: ChangeRequest, reading: Reading, *, wrote: bool = True) -> None:
        """Record what was read back, move to *applied* and set what the live value ought to be from now on.

        A request of which the record does not say that it was sent is none, whatever its row says.
        """
        now = self._context.now()
        if wrote and request.kind is not Kind.OPT_OUT and not entry.reader.holding.was_sent(request):
            set_aside(entry, request.id, [Difference("change_requests", str(request.id), "state")])
            return
        entry.holding.observe(reading.observation)
        seen = f"read back at {reading.read_at.isoformat()} from {reading.server or 'an unnamed server'}"
        entry.attempt(
            request,
            "read_back",
            client_request_id=reading.client_request_id,
            value=reading.value,
            detail=seen,
        )
        newer = entry.reader.baseline()
        late = newer if newer is not None and overtaken(entry.reader, request, newer) else None
        done = entry.move(
            request,
            State.APPLIED,
            actor=BOT,
            detail=_applied_detail(entry.reader, request, reading, wrote, late),
        )
        again = opt_out_again(self._context, entry, done, late) if late is not None else None
        if late is None:
            end = entry.reader.holding.approved_end(request) if request.kind is not Kind.OPT_OUT else None
            enqueue_overtaken(entry, done)
            ought = Baseline(value=reading.value, since=now, request_id=done.id, window_end=end)
            entry.holding.set_baseline(ought, why="applied")
            activate(entry, done)
            if done.kind is Kind.OPT_OUT and newer is not None:
                enqueue_ended(entry, done, newer)
        enqueue_change(entry, done)
        if again is not None:
            enqueue_card(entry, again)
        if done.kind is Kind.EXTENSION:
            enqueue_new_end(entry, done)

    def _look(self, request: ChangeRequest) -> None:
        reading = self._try_reading(READ_BACK)
        if reading is not None and reading.value is request.to_value:
            self._settle(request, reading)
        elif request.state is State.APPLYING:
            self._uncertain(request, "The bot was interrupted while it was sending.")
        elif reading is not None and self._context.now() >= (request.sent_at or request.created_at) + GIVE_UP:
            self._give_up(request, reading)
        else:
            self._wait(request)

    def _settle(self, request: ChangeRequest, reading: Reading) -> None:
        with self._context.ledger.recording(self._context.now()) as entry:
            self.applied(entry, request, reading)
        self._context.wake_worker()

    def _uncertain(self, request: ChangeRequest, why: str) -> None:
        now = self._context.now()
        by = spelled_instant(max((request.sent_at or now) + GIVE_UP, now))
        detail = (
            f"{why} The change is not sent a second time; the live value is read until it shows what "
            f"happened. The outcome is announced about 15 minutes after the sending at the latest, {by}, or "
            "as soon as Exchange can be read again."
        )
        with self._context.ledger.recording(now) as entry:
            retry_at = now + timedelta(seconds=SETTLE_EVERY[0])
            enqueue_change(
                entry, entry.move(request, State.UNCERTAIN, actor=BOT, detail=detail, retry_at=retry_at)
            )
        self._context.wake_worker()

    def _give_up(self, request: ChangeRequest, reading: Reading) -> None:
        still = "still " if request.from_value in (None, reading.value) else ""
        detail = (
            f"Fifteen minutes after it was sent, the live value is {still}*{reading.value.value}*. "
            "Should the change show up later, it will be announced as a correction."
        )
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.holding.observe(reading.observation)
            enqueue_change(entry, entry.move(request, State.FAILED, actor=BOT, detail=detail))
        self._context.wake_worker()

    def _wait(self, request: ChangeRequest) -> None:
        now = self._context.now()
        # sent in the future: the clock was set back since
        waited = abs((now - (request.sent_at or now)).total_seconds())
        wait = next((step for step in SETTLE_EVERY if step > waited / 2), SETTLE_EVERY[-1])
        with self._context.ledger.recording(now) as entry:
            entry.postpone(request, until=now + timedelta(seconds=wait), detail=request.detail)

    def _try_reading(self, patience: float) -> Reading | None:
        """Return the newest reading that names its tenant; any other proves nothing of what was written."""
        try:
            reading = self._context.setting.read(patience=patience)
        except Unavailable:
            return None
        with self._context.ledger.reading() as reader:
            lagging = lags(reader, reading, self._context.now())
        return reading if reading.organization and not lagging else None


def _applied_detail(
    reader: Reader, request: ChangeRequest, reading: Reading, wrote: bool, overtaken_by: Baseline | None
) -> str:
    """Say what is known: who wrote it only where Exchange said so and no other write came later."""
    value = f"*{reading.value.value}*"
    if request.kind is Kind.EXTENSION:
        return f"The live value is {value}, as read back; it ends as approved."
    if not wrote:
        return f"The live value was {value} already, so nothing had to be written."
    if reader.last_outcome(request.id) is WriteOutcome.ACCEPTED:
        return f"Written, and read back as {value}. {CLIENTS_LATE}"
    if overtaken_by is not None and overtaken_by.value is reading.value:
        return (
            f"Read back as {value}. #{overtaken_by.request_id} came later, so which of the two writes did "
            "it is not known."
        )
    return f"Sent, and read back as {value}; its answer was lost. {CLIENTS_LATE}"
