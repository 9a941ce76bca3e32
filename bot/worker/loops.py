"""The worker: asks the ledger what is due and does it, under leases, until it is stopped.

It is level-triggered: no timer and no queue in memory holds truth, so a restart or a second replica changes nothing. A nudge
after a commit only makes it look sooner.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog

from handlers.context.pacing import Pacing
from storage.database.errors import Stuck
from storage.engine import Unreachable
from storage.leases import LEASE_MS, Lease, Leases

log = structlog.get_logger(__name__)

TICK = 1.0
"""Seconds between two looks when nobody nudges."""

BRIEFLY = 2.0
"""Seconds for which a lane that nobody has to wait for is waited for all the same: it has most likely nothing to do."""


Duty = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Lane:
    """Duties done one after the other on one thread; each returns how much it did.

    A duty that finds work and can do none of it raises ``errors.Stuck``. Then, and when it fails, it alone rests.

    ``patient`` lanes wait for Exchange or Slack, for minutes if need be: their silence is no sign of death. Nobody waits for what
    a lane does that is not ``awaited`` when the process is to stop: it changes nothing and is done again by the next start.
    ``last`` lanes tell people what came of it: they go on until every other has ended and nothing more is to be told.
    """

    name: str
    duties: tuple[Duty, ...]
    patient: bool = True
    awaited: bool = True
    last: bool = False


class Worker:
    """Runs every lane on a thread of its own. ``monotonic`` measures how long a duty rests that is stuck."""

    def __init__(self, lanes: tuple[Lane, ...], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._paces = {duty: Pacing() for lane in lanes for duty in lane.duties}
        self._stopping = threading.Event()
        self._others_ended = threading.Event()
        self._cut_short = False
        self._nudges = [threading.Event() for _ in lanes]
        self._troubles: dict[Duty, Exception] = {}
        self._beats = {lane.name: time.monotonic() for lane in lanes if not lane.patient}
        self._lanes = lanes
        self._threads = [
            threading.Thread(target=self._run, args=(lane, nudge), name=lane.name, daemon=True)
            for lane, nudge in zip(lanes, self._nudges, strict=True)
        ]

    def start(self) -> None:
        """Begin looking."""
        for thread in self._threads:
            thread.start()

    def nudge(self) -> None:
        """Something was committed: look now."""
        for nudge in self._nudges:
            nudge.set()

    def stop(self, *, within: float) -> bool:
        """Finish what is in hand and stop; tells whether every lane ended ``within`` seconds."""
        began = time.monotonic()
        self._stopping.set()
        self.nudge()
        pairs = list(zip(self._threads, self._lanes, strict=True))
        self._join([pair for pair in pairs if not pair[1].last], began, within)
        self._others_ended.set()
        self.nudge()
        self._join([pair for pair in pairs if pair[1].last], began, within)
        self._cut_short = True
        return not self.left()

    @staticmethod
    def _join(pairs: list[tuple[threading.Thread, Lane]], began: float, within: float) -> None:
        for thread, lane in sorted(pairs, key=lambda pair: not pair[1].awaited):
            limit = within if lane.awaited else min(within, BRIEFLY)
            if thread.is_alive():
                thread.join(timeout=max(0.0, began + limit - time.monotonic()))

    def left(self) -> list[str]:
        """The lanes that have not ended."""
        return [thread.name for thread in self._threads if thread.is_alive()]

    def slowest_beat(self) -> float:
        """Seconds since the lane that is longest silent last looked."""
        return max((time.monotonic() - beat for beat in self._beats.values()), default=0.0)

    def _run(self, lane: Lane, nudge: threading.Event) -> None:
        while lane.last or not self._stopping.is_set():
            last_look = self._others_ended.is_set()
            nudge.clear()
            if lane.name in self._beats:
                self._beats[lane.name] = time.monotonic()
            did = self.look(lane)
            if not did and last_look:
                return
            if not did:
                nudge.wait(timeout=TICK)

    def look(self, lane: Lane) -> int:
        """Do once what each duty of a lane finds, except those that rest; returns how much was done."""
        return sum(self._do(lane, duty) for duty in lane.duties)

    def _do(self, lane: Lane, duty: Duty) -> int:
        if self._cut_short or (self._stopping.is_set() and not lane.last):
            return 0
        pace = self._paces[duty]
        if not (pace.may_look(self._monotonic()) or self._stopping.is_set()):
            return 0
        try:
            did = duty()
        except (Unreachable, Stuck) as trouble:
            self._troubled(lane, duty, trouble)
        except Exception as error:
            log.error("worker.failed", lane=lane.name, error=type(error).__name__, exc_info=error)
        else:
            self._well(lane, duty)
            pace.got_on()
            return did
        pace.stuck(self._monotonic())
        return 0

    def _troubled(self, lane: Lane, duty: Duty, trouble: Exception) -> None:
        """Say once for each duty what is wrong: no stack of calls mends it, and it may last for hours."""
        before = self._troubles.get(duty)
        if (type(before), str(before)) != (type(trouble), str(trouble)):
            self._troubles[duty] = trouble
            event = "worker.stuck" if isinstance(trouble, Stuck) else "worker.database_unreachable"
            log.warning(event, lane=lane.name, problem=str(trouble))

    def _well(self, lane: Lane, duty: Duty) -> None:
        before = self._troubles.pop(duty, None)
        if isinstance(before, Unreachable):
            log.info("worker.database_back", lane=lane.name)


def always() -> bool:
    """For a duty of which no question tells whether it is due."""
    return True


def under_lease(leases: Leases, name: str, duty: Callable[[Lease], int], *, due: Callable[[], bool] = always) -> Duty:
    """A duty that only one worker does at a time, over all replicas; whoever does not hold the lease finds nothing to do.

    ``due`` only reads, and spares the two transactions of a lease where there is nothing to do; the duty asks again under it.
    """

    def run() -> int:
        if not due():
            return 0
        lease = leases.take(name)
        if lease is None:
            return 0
        with _renewed(leases, lease):
            return duty(lease)

    return run


@contextmanager
def _renewed(leases: Leases, lease: Lease) -> Iterator[None]:
    """Renew a lease while a call runs; a process that is stopped stops renewing, and so loses it."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(timeout=LEASE_MS / 3000):
            with suppress(Unreachable):  # tried again; too late, and the lease is lost, which the duty finds out by itself
                if not leases.renew(lease):
                    return

    thread = threading.Thread(target=renew, name=f"renew-{lease.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        with suppress(Unreachable):  # it runs out by itself
            leases.release(lease)
