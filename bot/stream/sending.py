"""Send the record on in its order, each event until it is taken, and only what is on record.

What is sent and not yet kept as taken is sent again after a crash, under the same id: at least once, never
out of order. Nothing else waits for it.
"""

import hashlib
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from handlers.outgoing.news import StreamGone
from handlers.outgoing.notices import enqueue_announcement
from handlers.ports import Clock
from storage.jobs.leases import Lease, still_held
from storage.ledger import Ledger
from storage.record.export import Event
from storage.streams import LONGEST_WAIT, Backlog, Position, Streams

if TYPE_CHECKING:
    from bot.stream.event_receiver import Answer, Receiver

log = structlog.get_logger(__name__)

BATCH: Final = 100
"""Events that are read together, and kept as taken together."""

BRIEFLY: Final = 1.0
"""Seconds after which what was taken is kept, so that little is sent twice after a crash and the worker can
be told to stop."""

LONGEST_PAUSE: Final = timedelta(minutes=10)
GONE_PAUSE: Final = timedelta(hours=1)
"""How often a receiver that answers 410 is asked again (Standard Webhooks: it wants nothing any more)."""

TOLD_AFTER: Final = timedelta(minutes=5)
"""Events that wait for longer are trouble worth a word, even where nothing has failed."""


def receiver_name(url: str) -> str:
    """The name under which a receiver's position is kept: another address begins with the first event."""
    return hashlib.sha256(url.encode()).hexdigest()


def pause_after(tries: int, answer: "Answer") -> timedelta:
    """Return the pause after ``tries`` failures: 1 s doubling to 10 min, and at least what was asked."""
    pause = GONE_PAUSE if answer.gone else min(LONGEST_PAUSE, timedelta(seconds=2 ** min(tries - 1, 16)))
    return min(LONGEST_WAIT, max(pause, timedelta(seconds=answer.retry_after or 0.0)))


def lags(backlog: Backlog, now: datetime) -> bool:
    """Tell whether events wait that should have been taken: one was refused, or the oldest waits for long."""
    late = backlog.since is not None and now - backlog.since > TOLD_AFTER
    return bool(backlog.events and (backlog.position.problem or late))


def lag_of(url: str | None, ledger: Ledger, clock: Clock) -> Callable[[], Backlog | None]:
    """Return what tells how far the receiver at ``url`` is behind; it tells ``None`` where it does not lag.

    It raises ``Unreachable``.
    """
    if url is None:
        return lambda: None
    streams = Streams(ledger.database, ledger.tenant_id, receiver_name(url))

    def lag() -> Backlog | None:
        backlog = streams.backlog()
        return backlog if lags(backlog, clock()) else None

    return lag


class Stream:
    """Sends one tenant's record to one receiver.

    ``operators`` are who hears when it wants nothing any more.
    """

    def __init__(
        self,
        ledger: Ledger,
        streams: Streams,
        receiver: "Receiver",
        *,
        clock: Clock,
        operators: Collection[str],
    ) -> None:
        self._ledger = ledger
        self._streams = streams
        self._receiver = receiver
        self._clock = clock
        self._operators = operators

    def is_due(self) -> bool:
        """Tell whether there is an event to send now; only reads. Raises ``Unreachable``."""
        backlog = self._streams.backlog()
        return backlog.events > 0 and not backlog.position.rests(self._clock())

    def trouble(self, backlog: Backlog) -> str | None:
        """Return what keeps events waiting, in a sentence; ``None`` while they are taken."""
        if not lags(backlog, self._clock()):
            return None
        count = "1 event waits" if backlog.events == 1 else f"{backlog.events} events wait"
        why = f": {backlog.position.problem}" if backlog.position.problem else ""
        return f"{count} for the receiver {self._receiver.origin}{why}."

    def send(self, lease: Lease) -> int:
        """Send what there is, a batch at most; returns how many events were taken. Raises ``Unreachable``."""
        position = self._streams.position()
        if position.rests(self._clock()):
            return 0
        taken, refused = self._post(self._streams.behind(position, BATCH), lease)
        moved = self._streams.taken(position, taken[-1], self._clock()) if taken else position
        if refused is not None and moved is not None:
            self._refused(moved, refused)
        return len(taken) if moved is not None else 0

    def _post(self, events: Collection[Event], lease: Lease) -> tuple[list[Event], "Answer | None"]:
        """The events that were taken, and the answer to the first that was not."""
        until, taken = time.monotonic() + BRIEFLY, list[Event]()
        for event in events:
            if time.monotonic() > until or not self._holds(lease):
                break
            answer = self._receiver.post(event, self._clock())
            if not answer.taken:
                return taken, answer
            taken.append(event)
        return taken, None

    def _holds(self, lease: Lease) -> bool:
        """Tell before every post whether the lease holds: a stopped process must not send later."""
        with self._ledger.database.read() as connection:
            return still_held(connection, lease)

    def _refused(self, position: Position, answer: "Answer") -> None:
        now = self._clock()
        self._streams.refused(position, answer.problem, now + pause_after(position.tries + 1, answer))
        if not position.tries or answer.not_public:
            log.warning(
                "stream.refused", receiver=self._receiver.origin, seq=position.seq + 1, problem=answer.problem
            )
        if answer.gone:
            self._tell(position, now)

    def _tell(self, position: Position, now: datetime) -> None:
        """Once for each event at which it stops."""
        told = StreamGone(receiver=self._receiver.origin, operators=tuple(self._operators))
        with self._ledger.recording(now) as entry:
            enqueue_announcement(
                entry, f"stream_gone:{position.seq + 1}:{receiver_name(self._receiver.origin)}", told
            )
