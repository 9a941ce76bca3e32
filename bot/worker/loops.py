"""Ask what is due over all tenants, and do it under leases on a few threads, until stopped.

It is level-triggered: the ledger and the table of jobs tell what is due, and no timer or queue in memory
holds truth. So a restart, a second replica or a lost wake-up changes nothing; being woken after a commit only
makes it look sooner.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.worker.renewals import RENEWALS
from bot.worker.turns import Job, Turns
from handlers.context.rate_limits import RESTS, Pacing
from storage.engine import Unreachable
from storage.errors import Stuck
from storage.jobs.leases import JobOutcome, Lease, Leases, TenantDuty

log = structlog.get_logger(__name__)

TICK = 1.0
"""Seconds between two looks when nobody wakes the worker."""

SHORTLY = 0.05
"""The same at the end, while another thread of the loop still tells."""

BRIEFLY = 2.0
"""Seconds for which a loop that nobody has to wait for is waited for: most likely it has nothing to do."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Do jobs of many tenants on at most ``threads`` threads, never two of one job at once.

    A job that finds work and can do none of it raises ``storage.errors.Stuck``. Then, and when it
    fails, it alone rests.

    ``due`` returns the ids of the tenants for whom something may be due, more often than not nobody;
    ``None``: anybody, at any time. A ``woken`` loop looks at a tenant's jobs at once when something was
    committed for it.

    ``patient`` loops wait for Exchange or Slack, for minutes if need be: their silence is no sign of death.
    Nobody waits for what a loop does that is not ``awaited`` when the process is to stop: it changes nothing
    and is done again by the next start. ``last`` loops tell people what came of it: they go on until every
    other has ended and nothing more is to be told.
    """

    name: str
    jobs: tuple[Job, ...]
    due: Callable[[], Iterable[str]] | None = None
    threads: int = 1
    woken: bool = True
    patient: bool = True
    awaited: bool = True
    last: bool = False
    more: Callable[[], Iterable[str]] | None = None
    """Asked as well, but only while fewer jobs wait than there are threads: for what is prepared together,
    and must not wait long after that."""
    changing: bool = False
    """Whether its jobs come and go while it runs: then it has all of its threads, however few jobs there
    are."""


class Worker:
    """Runs loops on threads whose number does not grow with the tenants.

    ``monotonic`` measures how long a job rests.
    """

    def __init__(self, loops: tuple[Loop, ...], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._paces: dict[Hashable, Pacing] = {}
        self._troubles: dict[Hashable, Exception] = {}
        self._stopping = threading.Event()
        self._others_ended = threading.Event()
        self._cut_short = False
        self._turns = {loop.name: Turns(loop.jobs) for loop in loops}
        self._beats = {loop.name: time.monotonic() for loop in loops if not loop.patient}
        self._loops = {loop.name: loop for loop in loops}
        self._threads = [(thread, loop) for loop in loops for thread in self._threads_of(loop)]

    def _threads_of(self, loop: Loop) -> Iterator[threading.Thread]:
        """No more than there are jobs: a bot for one tenant has one thread a loop."""
        for number in range(loop.threads if loop.changing else min(loop.threads, len(loop.jobs))):
            name = loop.name if number == 0 else f"{loop.name}+{number}"
            yield threading.Thread(target=self._run, args=(loop.name,), name=name, daemon=True)

    def start(self) -> None:
        """Begin looking."""
        for thread, _ in self._threads:
            thread.start()

    def replace(self, loops: tuple[Loop, ...]) -> None:
        """Replace the loops by these of the same names, whose jobs have come or gone."""
        for loop in loops:
            self._turns[loop.name].replace(loop.jobs)
        self._loops = {loop.name: loop for loop in loops}
        known = {job for loop in loops for job in loop.jobs} | {loop.name for loop in loops}
        self._paces = {what: pace for what, pace in list(self._paces.items()) if what in known}
        self._troubles = {what: trouble for what, trouble in list(self._troubles.items()) if what in known}
        self._stir()

    def wake(self, tenant_id: str) -> None:
        """Something was committed for this tenant: look at its jobs now."""
        for loop in list(self._loops.values()):
            if loop.woken:
                self._turns[loop.name].of(tenant_id)

    def stop(self, *, within: float) -> bool:
        """Finish what is in hand and stop; tells whether every loop ended ``within`` seconds."""
        began = time.monotonic()
        self._stopping.set()
        self._stir()
        self._join([pair for pair in self._threads if not pair[1].last], began, within)
        self._others_ended.set()
        self._stir()
        self._join([pair for pair in self._threads if pair[1].last], began, within)
        self._cut_short = True
        return not self.left()

    def _stir(self) -> None:
        for turns in self._turns.values():
            turns.stir()

    @staticmethod
    def _join(pairs: list[tuple[threading.Thread, Loop]], began: float, within: float) -> None:
        for thread, loop in sorted(pairs, key=lambda pair: not pair[1].awaited):
            limit = within if loop.awaited else min(within, BRIEFLY)
            if thread.is_alive():
                thread.join(timeout=max(0.0, began + limit - time.monotonic()))

    def left(self) -> list[str]:
        """Return the threads that have not ended."""
        return [thread.name for thread, _ in self._threads if thread.is_alive()]

    def slowest_beat(self) -> float:
        """Return seconds since the loop that is longest silent last looked."""
        return max((time.monotonic() - beat for beat in self._beats.values()), default=0.0)

    def _run(self, name: str) -> None:
        turns, has_asked_last = self._turns[name], False
        while (loop := self._loops[name]).last or not self._stopping.is_set():
            is_last_look = self._others_ended.is_set()
            if loop.name in self._beats:
                self._beats[loop.name] = time.monotonic()
            if turns.is_time(TICK) or is_last_look > has_asked_last:
                # after the others have ended it is asked once more what they left behind
                has_asked_last = is_last_look
                turns.append(self.due(loop, loop.due))
            if loop.more is not None and turns.are_few(loop.threads):
                turns.append(self.due(loop, loop.more))
            job = turns.next(SHORTLY if is_last_look else TICK)
            if job is not None:
                turns.done(job, again=self.do(loop, job) > 0)
            elif is_last_look and turns.is_empty():
                return

    def due(self, loop: Loop, question: Callable[[], Iterable[str]] | None) -> list[Job]:
        """Return the jobs of a loop for which something may be due, as the question tells.

        None while the question itself rests, because it failed.
        """
        if question is None:
            return list(loop.jobs)
        found: list[str] = []

        def ask() -> int:
            found.extend(question())
            return 0

        self._guarded(loop, loop.name, ask)
        return self._turns[loop.name].belonging(found)

    def do(self, loop: Loop, job: Job) -> int:
        """Do what a job finds, unless it rests; returns how much was done."""
        if self._cut_short or (self._stopping.is_set() and not loop.last):
            return 0
        return self._guarded(loop, job, job.do)

    def _guarded(self, loop: Loop, what: Hashable, act: Callable[[], int]) -> int:
        pace = self._paces.get(what)
        if pace is not None and not (pace.may_look(self._monotonic()) or self._stopping.is_set()):
            return 0
        try:
            did = act()
        except (Unreachable, Stuck) as trouble:
            self._troubled(loop, what, trouble)
        except Exception as error:
            log.error("worker.failed", lane=loop.name, error=type(error).__name__, exc_info=error)
        else:
            self._well(loop, what)
            self._paces.pop(what, None)
            return did
        self._paces.setdefault(what, Pacing()).stuck(self._monotonic())
        return 0

    def _troubled(self, loop: Loop, what: Hashable, trouble: Exception) -> None:
        """Say once for each job what is wrong: no stack of calls mends it, and it may last for hours."""
        before = self._troubles.get(what)
        if (type(before), str(before)) != (type(trouble), str(trouble)):
            self._troubles[what] = trouble
            event = "worker.stuck" if isinstance(trouble, Stuck) else "worker.database_unreachable"
            log.warning(event, lane=loop.name, problem=str(trouble))

    def _well(self, loop: Loop, what: Hashable) -> None:
        before = self._troubles.pop(what, None)
        if isinstance(before, Unreachable):
            log.info("worker.database_back", lane=loop.name)


def always() -> bool:
    """For a job of which no question tells whether it is due."""
    return True


@dataclass(frozen=True, slots=True)
class Claim:
    """How a job is claimed that only one worker does at a time, over all replicas.

    ``every``: how often it is due by the table of jobs (``jobs.schedule``); ``None``: the ledger tells.
    """

    leases: Leases
    tenant_id: str
    duty: TenantDuty
    clock: Callable[[], datetime]
    every: timedelta | None = None

    def over(
        self,
        do: Callable[[], int],
        *,
        due: Callable[[], bool] = always,
        again_at: Callable[[], datetime] | None = None,
    ) -> Job:
        """Make a job that is done under this claim and needs nothing of it; see ``holding``."""
        return Job(self.tenant_id, _UnderClaim(self, do, due, again_at))

    def holding(
        self,
        do: Callable[[Lease], int],
        *,
        due: Callable[[], bool] = always,
        again_at: Callable[[], datetime] | None = None,
    ) -> Job:
        """Make a job that is handed its lease; where another worker holds it, there is nothing to do.

        ``due`` only reads, and spares the two transactions of a lease where there is nothing to do; the job
        asks again under it. ``again_at`` tells, once it is done, when it is due again, if that is before
        ``every`` has passed.
        """
        return Job(self.tenant_id, _UnderClaim(self, do, due, again_at, is_handed_it=True))

    @contextmanager
    def held(self, lease: Lease, again_at: Callable[[], datetime] | None) -> Iterator[None]:
        """Renew a lease while the job runs; a process that is stopped stops renewing, and so loses it."""
        outcome, due_at = JobOutcome.FAILED, None
        try:
            with RENEWALS.held(self.leases, lease):
                yield
            outcome, due_at = JobOutcome.DONE, again_at() if again_at is not None else None
        except Stuck:
            outcome = JobOutcome.STUCK
            raise
        except Unreachable:
            outcome = JobOutcome.UNREACHABLE
            raise
        finally:
            if outcome is not JobOutcome.DONE and self.every is not None:
                due_at = self.clock() + timedelta(seconds=RESTS[min(lease.attempts, len(RESTS) - 1)])
            with suppress(Unreachable):  # it runs out by itself
                self.leases.release(lease, outcome, due_at=due_at)


@dataclass(frozen=True, slots=True)
class _UnderClaim:
    """What a claimed job does: an object, since a function with its cells takes three times the memory."""

    claim: Claim
    do: Callable[..., int]
    due: Callable[[], bool]
    again_at: Callable[[], datetime] | None
    is_handed_it: bool = False

    def __call__(self) -> int:
        """Do it if it is due and nobody else has it in hand."""
        if not self.due():
            return 0
        claim = self.claim
        again = claim.clock() + claim.every if claim.every is not None else None
        lease = claim.leases.claim(claim.tenant_id, claim.duty, again_at=again)
        if lease is None:
            return 0
        with claim.held(lease, self.again_at):
            return self.do(lease) if self.is_handed_it else self.do()
