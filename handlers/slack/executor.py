"""Run work in a bounded executor: once the acknowledgement has left, and never on Bolt's threads.

While deliveries keep coming, work holds back for a moment, because answering competes with acknowledging for
one processor. When too much waits, ``submit`` says so instead of queueing for ever; a job that waited too
long is dropped with a word.
"""

import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable

import structlog

from handlers.ports import Unavailable
from handlers.slack.turns import KEPT_FREE, Job, SharedTurns, Waiting
from storage.engine import Unreachable

log = structlog.get_logger(__name__)

HEAD_START = 0.025
"""Seconds acknowledgements get before work competes with them, counted from the newest delivery: nobody
notices so little."""

LONGEST_HOLD = 1.0
"""Seconds after which all that waits begins, whatever else comes: a form has to be open within Slack's
three."""


class Executor:
    """Take ``threads``, room of ``capacity`` jobs for each class, and ``run``, which must not raise.

    People take turns: one's thousandth job waits behind the first of everybody else, and the more is waiting,
    the less of the room one person may fill; so do tenants, where there are several. What is ``urgent``
    (asking for a change, opting out, and votes) has places of its own, goes first, and finds a thread free
    whatever the others do.
    """

    def __init__(
        self,
        run: Callable[[Job], None],
        *,
        threads: int = 8,
        capacity: int = 2048,
        of_one_tenant: int | None = None,
    ) -> None:
        """``of_one_tenant``: threads that one of several tenants may have; ``None``: there is one."""
        self._capacity = capacity
        self._run = run
        lock = threading.RLock()
        self._idle = threading.Condition(lock)
        """Those with nothing to do, while one at most watches the clock: a delivery need not wake anybody."""
        self._clock = threading.Condition(lock)
        self._watched_until: float | None = None
        self._queue: list[tuple[float, int, Waiting]] = []
        """What is to begin later, the earliest first."""
        self._busy: Counter[str] = Counter()
        """Threads that each tenant's jobs have."""
        self._turns = {True: SharedTurns(of_one_tenant), False: SharedTurns(of_one_tenant)}
        """What may begin now, by whether it is urgent."""
        self._count = 0
        self._newest = 0.0
        self._released = 0.0
        """What was to begin before this moment holds back no more."""
        self._stopping = False
        self._working = threads
        self._ordinary_left = threads - threads // KEPT_FREE
        """How many more threads may do what is not urgent."""
        self._threads = [
            threading.Thread(target=self._work, name=f"executor-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """How many jobs wait that take a place."""
        with self._idle:
            return sum(turns.taken for turns in self._turns.values())

    def submit(
        self,
        job: Job,
        *,
        delay: float = HEAD_START,
        within: float = 30.0,
        drop: Job | None = None,
        person: str = "",
        urgent: bool = False,
        tenant: str = "",
    ) -> bool:
        """Do ``job`` after ``delay`` seconds; ``False``: no room for the ``person`` or ``tenant``.

        A job that could not begin ``within`` seconds of that is not run: ``drop`` is called instead.
        """
        with self._idle:
            if self._stopping or not self._turns[urgent].has_room(person, tenant, self._capacity):
                return False
            self._newest = time.monotonic()
            begins = self._newest + delay
            self._put(job, begins, within, drop, person=person, urgent=urgent, counts=True, tenant=tenant)
        return True

    def follow(self, job: Job, *, delay: float = 0.0, person: str = "") -> None:
        """Do part of a job taken on already: there is always room; ``person``: in their turn.

        While stopping it is done too, unless it was to wait; once no thread is left, by the caller.
        """
        with self._idle:
            if not self._stopping:
                self._put(job, time.monotonic() + delay, float("inf"), None, person=person)
                return
            if delay:
                return
            if self._working:
                self._put(job, 0.0, float("inf"), None, person=person)
                return
        self._run(job)

    def stop(self, *, within: float) -> bool:
        """Take no more work and finish; returns whether all was done ``within`` seconds."""
        deadline = time.monotonic() + within
        with self._idle:
            self._stopping = True
            self._queue = [entry for entry in self._queue if entry[0] <= time.monotonic() + HEAD_START]
            heapq.heapify(self._queue)
            self._idle.notify_all()
            self._clock.notify_all()
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        return not self.left()

    def left(self) -> list[str]:
        """Return the threads that have not ended."""
        return [thread.name for thread in self._threads if thread.is_alive()]

    def _put(
        self,
        job: Job,
        begins: float,
        within: float,
        drop: Job | None,
        *,
        person: str,
        urgent: bool = False,
        counts: bool = False,
        tenant: str = "",
    ) -> None:
        self._count += 1
        waiting = Waiting(begins, self._count, job, begins + within, drop, person, urgent, counts, tenant)
        self._turns[urgent].enlist(waiting)
        heapq.heappush(self._queue, (begins, self._count, waiting))
        if self._watched_until is None:
            self._idle.notify()
        elif begins < self._watched_until:
            self._clock.notify()

    def _work(self) -> None:
        while (waiting := self._next()) is not None:
            late = time.monotonic() > waiting.too_late
            job = waiting.drop if late else waiting.job
            if job is not None:
                self._run(job)
            with self._idle:
                self._ordinary_left += not waiting.urgent
                self._busy[waiting.tenant] -= 1
                if self._busy[waiting.tenant] <= 0:
                    del self._busy[waiting.tenant]

    def _next(self) -> Waiting | None:
        with self._idle:
            while True:
                due = self._promote()
                waiting = self._take()
                if waiting is not None:
                    if self._has_ready() or (self._queue and self._watched_until is None):
                        self._idle.notify()
                    return waiting
                if due is None and self._stopping and not self._has_ready():
                    self._working -= 1
                    self._idle.notify_all()  # those who let another watch the clock for the last job
                    return None
                if due is None or self._watched_until is not None:
                    self._idle.wait()
                else:
                    self._watch(due, due - time.monotonic())

    def _promote(self) -> float | None:
        """Line up what may begin by now; returns when the next one may, ``None`` when there is none."""
        while (due := self._due()) is not None and due <= time.monotonic():
            waiting = heapq.heappop(self._queue)[2]
            self._turns[waiting.urgent].line_up(waiting)
        return due

    def _take(self) -> Waiting | None:
        found = self._turns[True].next(self._busy)
        if found is None and (self._ordinary_left > 0 or self._stopping):
            found = self._turns[False].next(self._busy)
            self._ordinary_left -= found is not None
        if found is not None:
            self._busy[found.tenant] += 1
        return found

    def _has_ready(self) -> bool:
        return any(turns.has_ready for turns in self._turns.values())

    def _watch(self, due: float, pause: float) -> None:
        self._watched_until = due
        try:
            self._clock.wait(timeout=max(0.0, pause))
        finally:
            self._watched_until = None

    def _due(self) -> float | None:
        """When the next job may begin; ``None`` when there is none."""
        if not self._queue:
            return None
        begins, now = self._queue[0][0], time.monotonic()
        if begins + LONGEST_HOLD <= now:
            self._released = now
        if self._stopping or begins <= self._released:
            return begins
        return max(begins, min(self._newest + HEAD_START, begins + LONGEST_HOLD))


def guarded(job: Job) -> None:
    """Run one job of the executor: what it lets through is logged and must not end its thread."""
    try:
        job()
    except Unreachable as away:
        log.warning("slack.job_postponed", problem=str(away))  # what was kept is taken up by the worker
    except Unavailable as away:
        log.warning("slack.not_answered", problem=away.sentence)
    except Exception as error:
        log.error("slack.job_failed", error=type(error).__name__, exc_info=error)
