"""Our own bounded executor: work begins only once the acknowledgement has left, and never on Bolt's threads.

While deliveries keep coming, work holds back for a moment, because answering competes with acknowledging for one processor. When
too much waits, ``submit`` says so instead of queueing for ever; a job that waited too long is dropped with a word.
"""

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

HEAD_START = 0.025
"""Seconds acknowledgements get before work competes with them, counted from the newest delivery: nobody notices so little."""

LONGEST_HOLD = 1.0
"""Seconds after which all that waits begins, whatever else comes: a form has to be open within Slack's three."""

Job = Callable[[], None]


@dataclass(order=True, slots=True)
class _Waiting:
    begins: float
    number: int
    job: Job = field(compare=False)
    too_late: float = field(compare=False)
    drop: Job | None = field(compare=False)


class Crew:
    """``threads`` workers and room for ``capacity`` waiting jobs; ``run`` runs one job and must not raise."""

    def __init__(self, run: Callable[[Job], None], *, threads: int = 8, capacity: int = 2048) -> None:
        self._capacity = capacity
        self._run = run
        lock = threading.RLock()
        self._idle = threading.Condition(lock)
        """Those with nothing to do, while one at most watches the clock: a delivery need not wake anybody."""
        self._clock = threading.Condition(lock)
        self._watched_until: float | None = None
        self._queue: list[_Waiting] = []
        self._count = 0
        self._newest = 0.0
        self._released = 0.0
        """What was to begin before this moment holds back no more."""
        self._stopping = False
        self._working = threads
        self._threads = [threading.Thread(target=self._work, name=f"crew-{number}", daemon=True) for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job, *, delay: float = HEAD_START, within: float = 30.0, drop: Job | None = None) -> bool:
        """Have ``job`` done after ``delay`` seconds; ``False`` when there is no room.

        A job that could not begin ``within`` seconds of that is not run: ``drop`` is called instead.
        """
        with self._idle:
            if self._stopping or len(self._queue) >= self._capacity:
                return False
            self._newest = time.monotonic()
            self._put(job, self._newest + delay, within, drop)
        return True

    def follow(self, job: Job, *, delay: float = 0.0) -> None:
        """Have something done that belongs to a job already taken on: there is always room for it.

        While stopping it is done too, unless it was to wait; once no thread is left, by the caller.
        """
        with self._idle:
            if not self._stopping:
                self._put(job, time.monotonic() + delay, float("inf"), None)
                return
            if delay:
                return
            if self._working:
                self._put(job, 0.0, float("inf"), None)
                return
        self._run(job)

    def stop(self, *, within: float) -> bool:
        """Take no more work, finish what is in hand; tells whether all of it was finished ``within`` seconds."""
        deadline = time.monotonic() + within
        with self._idle:
            self._stopping = True
            self._queue = [waiting for waiting in self._queue if waiting.begins <= time.monotonic() + HEAD_START]
            heapq.heapify(self._queue)
            self._idle.notify_all()
            self._clock.notify_all()
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        return not self.left()

    def left(self) -> list[str]:
        """The threads that have not ended."""
        return [thread.name for thread in self._threads if thread.is_alive()]

    def _put(self, job: Job, begins: float, within: float, drop: Job | None) -> None:
        self._count += 1
        heapq.heappush(self._queue, _Waiting(begins, self._count, job, begins + within, drop))
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

    def _next(self) -> _Waiting | None:
        with self._idle:
            while True:
                now = time.monotonic()
                due = self._due()
                if due is not None and due <= now:
                    waiting = heapq.heappop(self._queue)
                    if self._queue and self._watched_until is None:
                        self._idle.notify()
                    return waiting
                if due is None and self._stopping:
                    self._working -= 1
                    self._idle.notify_all()  # those who let another watch the clock for the last job
                    return None
                if due is None or self._watched_until is not None:
                    self._idle.wait()
                else:
                    self._watch(due, due - now)

    def _watch(self, due: float, pause: float) -> None:
        self._watched_until = due
        try:
            self._clock.wait(timeout=pause)
        finally:
            self._watched_until = None

    def _due(self) -> float | None:
        """When the next job may begin; ``None`` when there is none."""
        if not self._queue:
            return None
        begins, now = self._queue[0].begins, time.monotonic()
        if begins + LONGEST_HOLD <= now:
            self._released = now
        if self._stopping or begins <= self._released:
            return begins
        return max(begins, min(self._newest + HEAD_START, begins + LONGEST_HOLD))
