"""Take the regular readings of many tenants: claimed, and kept, many in one transaction.

A reading that shows what ought to be is only counted; whatever else is the case is handed to the tenant's own
job, which judges it as it would alone. Each call to Exchange is a job of its own, on a thread of the loop.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.worker.loops import Claim
from bot.worker.renewals import RENEWALS
from bot.worker.turns import Job
from handlers.changes.drift import Drift
from handlers.context.context import Context
from handlers.ports import Clock, Unavailable
from storage.engine import Database
from storage.jobs.leases import Lease, Leases, TenantDuty
from storage.jobs.plain_readings import Ordinary, PlainReading, keep_plain, never_read_among, ordinary_among
from storage.jobs.schedule import Schedule

AT_ONCE = 64
"""Claims taken in one transaction, and readings kept in one: twice as many as there are threads that read."""

GOOD_FOR = 5.0
"""Seconds for which a claim may wait for its turn: half of what it lasts."""

EACH = timedelta(seconds=1)
"""Between two looks when nobody else is to be read."""

PATIENCE = 30.0
"""Seconds that a reading may take, with all its tries."""


@dataclass(frozen=True, slots=True)
class Observing:
    """How one tenant is observed. ``alone`` claims, reads, judges and keeps for this tenant alone."""

    context: Context
    drift: Drift
    claim: Claim
    again_at: Callable[[], datetime]
    alone: Job

    @property
    def tenant_id(self) -> str:
        """Under which the record is kept."""
        return self.alone.tenant_id


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A tenant that is to be read, as it stands, and when that was found (monotonic clock)."""

    lease: Lease
    known: Ordinary | None
    """``None``: it was never read."""
    at: float


class PlainReadings:
    """The readings of this process that are still to be kept, whatever tenants come and go.

    ``holder`` names the process for the leases of its readings.
    """

    def __init__(self, database: Database, holder: str) -> None:
        self.holder = holder
        self._database = database
        self._leases = Leases(database, holder)
        self._taken: deque[PlainReading] = deque()

    def add(self, plain: PlainReading) -> None:
        """Have a reading kept within a second."""
        self._taken.append(plain)

    def keep(self) -> int:
        """Keep what was taken by now; never counts as work found. Raises ``Unreachable``.

        Where something happened to a tenant since, its claim is given back, and the tenant is read anew:
        nothing is judged here, so that nobody's trouble keeps the readings of others.
        """
        for _ in range(0, len(self._taken), AT_ONCE):
            some = [self._taken.popleft() for _ in range(min(AT_ONCE, len(self._taken)))]
            for left in keep_plain(self._database, some):
                self._leases.release(left.lease)
        return 0


class Rounds:
    """The readings of these tenants, ``every`` so often."""

    def __init__(
        self,
        database: Database,
        tenants: Sequence[Observing],
        plain: PlainReadings,
        clock: Clock,
        *,
        every: timedelta,
    ) -> None:
        self._database = database
        self._tenants = {one.tenant_id: one for one in tenants}
        self._plain = plain
        self._clock = clock
        self._leases = Leases(database, plain.holder)
        self._schedule = Schedule(database, TenantDuty.OBSERVE, list(self._tenants), every=every)
        self._asking = threading.Lock()
        self._asked_at = datetime.min.replace(tzinfo=UTC)
        self._claimed: dict[str, _Claimed] = {}
        self._handed: dict[str, float] = {}
        """Who waits for a thread, and since when: they are not handed out again."""
        self._is_more = False

    def jobs(self) -> tuple[Job, ...]:
        """Return the job of each tenant."""
        return tuple(Job(tenant_id, self._reader(one)) for tenant_id, one in self._tenants.items())

    def due(self) -> list[str]:
        """Return who is to be read, the longest overdue first, and claim who is ordinary or was never read.

        They are some at a time, so that none waits long under a claim; nobody while another thread asks.
        Raises ``Unreachable``.
        """
        if not self._asking.acquire(blocking=False):
            return []
        try:
            return self._found()
        finally:
            self._asking.release()

    def more(self) -> list[str]:
        """Do as ``due`` where the last answer was not all of them, else once a second.

        For whoever has nobody left to read: claims taken while others wait for a thread would only run out.
        """
        is_early = timedelta(0) <= self._clock() - self._asked_at < EACH
        return [] if is_early and not self._is_more else self.due()

    def _found(self) -> list[str]:
        now, self._asked_at = time.monotonic(), self._clock()
        self._handed = {one: at for one, at in self._handed.copy().items() if now - at < GOOD_FOR}
        found = self._schedule.due(self._asked_at)
        fresh = [one for one in found if one in self._tenants and one not in self._handed]
        some = fresh[:AT_ONCE]
        self._is_more = len(fresh) > len(some)
        known = ordinary_among(self._database, some, self._asked_at) if some else {}
        others = [one for one in some if one not in known]
        new = never_read_among(self._database, others) if others else []
        held = self._schedule.claim([*known, *new], self._plain.holder, self._clock())
        self._claimed |= {one: _Claimed(lease, known.get(one), now) for one, lease in held.items()}
        self._handed |= dict.fromkeys(some, now)
        return some

    def _reader(self, observing: Observing) -> Callable[[], int]:
        tenant_id = observing.tenant_id

        def read() -> int:
            self._handed.pop(tenant_id, None)
            claimed = self._claimed.pop(tenant_id, None)
            if claimed is None or not self._is_good(claimed):
                return observing.alone.do()
            self._read(observing, claimed)
            return 0

        return read

    def _is_good(self, claimed: _Claimed) -> bool:
        """Whether the claim holds for a reading that begins now: one that has waited long is renewed first.

        To give it up, and have the tenant read alone, would cost ten times as much just when too much waits.
        """
        return time.monotonic() - claimed.at <= GOOD_FOR or self._leases.renew(claimed.lease)

    def _read(self, observing: Observing, claimed: _Claimed) -> None:
        lease, known = claimed.lease, claimed.known
        with RENEWALS.held(self._leases, lease):
            try:
                reading = observing.context.setting.read(patience=PATIENCE)
            except Unavailable as unread:
                with observing.claim.held(lease, observing.again_at):
                    observing.drift.unreadable(unread)
                return
        if known is None:
            with observing.claim.held(lease, None):  # its claim has said when it is due again
                observing.drift.keep(reading, None)
            return
        unbroken = observing.context.ledger.unbroken
        plain = PlainReading(observing.tenant_id, lease, reading.observation, known, unbroken)
        if reading.value is known.baseline.value:
            self._plain.add(plain)
            return
        with observing.claim.held(lease, observing.again_at):
            observing.drift.keep(reading, known.baseline)
