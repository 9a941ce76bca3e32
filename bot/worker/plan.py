"""Put the jobs of all tenants into loops: what wakes each, its threads, and which end is awaited.

What a person waits for is woken by the commit that caused it; everything else is found by asking, once a
second and over all tenants at once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from bot.settings.model import Settings
from bot.worker.jobs import REMIND_EVERY, TenantJobs
from bot.worker.loops import Loop
from bot.worker.pruning import EVERY as PRUNED_EVERY
from bot.worker.rounds import PlainReadings, Rounds
from bot.worker.turns import Job
from handlers.delivery.deliver import PRIVATE, PUBLIC
from handlers.ports import Clock
from storage.engine import Database
from storage.jobs.leases import TenantDuty
from storage.jobs.pending import Pending
from storage.jobs.schedule import Schedule

APPLYING, DELIVERING, READING = 8, 4, 32
"""Threads for changes, for messages to one sort of reader, and for readings, at most: each waits for one
tenant at a time.

Thirty-two calls at once read a thousand tenants in 1.08 times the least possible, and more bring little."""


AT_A_LOOK = 8
"""Tenants that one look asks of where no question about all of them at once tells whose turn it is."""


def loops(
    settings: Settings,
    database: Database,
    tenants: Sequence[TenantJobs],
    clock: Clock,
    *,
    measured: Callable[[], int],
    several: PlainReadings | None = None,
    remind_every: timedelta = REMIND_EVERY,
) -> tuple[Loop, ...]:
    """Make every loop of one bot that has a job; ``measured`` refreshes the metrics.

    Of ``several`` tenants, whose readings are kept together, every loop is made, with all of its threads:
    tenants come and go.
    """
    plan = _Plan(database, tenants, clock, remind_every)
    every_loop = (
        *plan.woken_by_commits(Job("", measured)),
        *plan.timed_by_the_clock(),
        *plan.observing(settings.observe_every, several),
        *plan.optional(settings.probe_every or timedelta(days=1)),  # unset: no such job
    )
    if several is not None:
        return tuple(
            replace(loop, changing=True, threads=OF_SEVERAL.get(loop.name, loop.threads))
            for loop in every_loop
        )
    return tuple(loop for loop in every_loop if loop.jobs)


OF_SEVERAL = {
    "authors": 2,
    "evidence": 2,
    "reminders": 2,
    "leftovers": 2,
    "stream": 2,
    "private-1": 3,
    "private-2": 3,
}
"""Threads of loops that have others with several tenants: one that waits for Exchange holds up no other's."""


class InTurn:
    """Ask of some tenants at each look and of the others at the next; of few, ask of all each time."""

    def __init__(self, tenants: Iterable[str], first: Callable[[], Iterable[str]] = tuple) -> None:
        self._waiting = deque(tenants)
        self._first = first
        """Whose turn it is in any case."""

    def __call__(self) -> list[str]:
        """Return whose turn it is."""
        turn = [self._waiting[place] for place in range(min(AT_A_LOOK, len(self._waiting)))]
        self._waiting.rotate(-len(turn))
        return [*dict.fromkeys([*self._first(), *turn])]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The loops over these tenants."""

    database: Database
    tenants: Sequence[TenantJobs]
    clock: Clock
    remind_every: timedelta

    def woken_by_commits(self, measuring: Job) -> Iterator[Loop]:
        """Yield the loops whose work people wait for."""
        of, pending = self._of, Pending(self.database)
        to_all, to_one = partial(pending.messages, PUBLIC), partial(pending.messages, PRIVATE)
        kept = (*(job for one in self.tenants for job in one.kept), measuring)
        yield Loop("apply", of(lambda one: one.apply), pending.changes, threads=APPLYING)
        yield Loop("public", of(lambda one: one.public), to_all, threads=DELIVERING, last=True)
        yield Loop("private-1", of(lambda one: one.private), to_one, threads=DELIVERING, last=True)
        yield Loop("private-2", of(lambda one: one.private_newest), to_one, threads=DELIVERING, last=True)
        yield Loop("leftovers", of(lambda one: one.leftovers), pending.deliveries, threads=DELIVERING)
        # for each tenant, whatever its rows say: the end of a window is believed of no row alone
        yield Loop("keeper", kept, self._in_turn(lambda: ["", *pending.ending(self.clock())]), patient=False)

    def timed_by_the_clock(self) -> Iterator[Loop]:
        """Yield the loops that every tenant has and nobody waits for."""
        of, timed, pending = self._of, self._timed, Pending(self.database)
        remind = timed(TenantDuty.REMIND, self.remind_every, spread=True)
        prune = timed(TenantDuty.PRUNE, PRUNED_EVERY, spread=True)

        def authors() -> list[str]:
            return pending.authors(self.clock())

        yield Loop("reminders", of(lambda one: one.remind), remind, awaited=False)
        yield Loop("authors", of(lambda one: one.authors), authors, woken=False, awaited=False)
        yield Loop("pruning", of(lambda one: one.prune), prune, woken=False, awaited=False)

    def observing(self, every: timedelta, several: PlainReadings | None) -> Iterator[Loop]:
        """Yield the loop that reads; of several tenants, also the one that keeps what was read."""
        unexpected = Pending(self.database).unexpected
        reads = partial(Loop, "observer", threads=READING, awaited=False)
        if several is None:
            in_time = self._timed(TenantDuty.OBSERVE, every)
            yield reads(self._of(lambda one: one.observe), lambda: [*in_time(), *unexpected()])
            return
        tenants = [one.observing for one in self.tenants if one.observing is not None]
        rounds = Rounds(self.database, tenants, several, self.clock, every=every)
        yield reads(rounds.jobs(), unexpected, more=rounds.more)
        yield Loop("readings", (Job("", several.keep),), woken=False, last=True)

    def optional(self, probe_every: timedelta) -> Iterator[Loop]:
        """Yield the loops that rest on settings, and the daily evidence.

        Loops of their own: a receiver that is slow or away holds up nothing else, not even the end of the
        process.
        """
        of = self._of
        probing = [one for one in self.tenants if one.probe is not None]
        probes = self._timed(TenantDuty.PROBE, probe_every, probing)
        yield Loop("probes", of(lambda one: one.probe), probes, woken=False, awaited=False)
        in_turn = self._in_turn
        yield Loop("stream", of(lambda one: one.stream), in_turn(), threads=DELIVERING, awaited=False)
        yield Loop("evidence", of(lambda one: one.evidence), in_turn(), woken=False, awaited=False)
        yield Loop("stream-lag", of(lambda one: one.stream_lag), in_turn(), awaited=False)

    def _in_turn(self, first: Callable[[], Iterable[str]] = tuple) -> Callable[[], Iterable[str]] | None:
        """Ask of a part of many tenants at each look; ``None``: of all of them, since they are few."""
        if len(self.tenants) <= AT_A_LOOK:
            return None
        return InTurn([one.tenant_id for one in self.tenants], first)

    def _of(self, job: Callable[[TenantJobs], Job | None]) -> tuple[Job, ...]:
        return tuple(made for one in self.tenants if (made := job(one)) is not None)

    def _timed(
        self,
        duty: TenantDuty,
        every: timedelta,
        tenants: Iterable[TenantJobs] | None = None,
        *,
        spread: bool = False,
    ) -> Callable[[], list[str]]:
        ids = [one.tenant_id for one in (self.tenants if tenants is None else tenants)]
        schedule = Schedule(self.database, duty, ids, every=every, spread=spread)
        return lambda: schedule.due(self.clock())
