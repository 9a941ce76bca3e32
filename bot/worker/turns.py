"""Order the jobs of a loop for its threads: first come, first served; who has more goes behind.

Only hints are kept here: what is forgotten is found again by asking what is due.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Do one duty for one tenant; ``do`` returns how much, and is called again until it returns 0."""

    tenant_id: str
    do: Callable[[], int]


class Turns:
    """The jobs of one loop that are to be looked at.

    Thread-safe; no two threads are handed the same job at a time.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._by_tenant = _by_tenant(jobs)
        self._changed = threading.Condition()
        self._waiting: dict[Job, None] = {}
        self._in_hand: set[Job] = set()
        self._asked_at = float("-inf")

    def replace(self, jobs: Iterable[Job]) -> None:
        """Look at these jobs from now on, and no more at those that are not among them."""
        found = _by_tenant(jobs)
        kept = {job for its in found.values() for job in its}
        with self._changed:
            self._by_tenant = found
            self._waiting = {job: None for job in self._waiting if job in kept}

    def belonging(self, tenants: Iterable[str]) -> list[Job]:
        """Return the jobs of these tenants; an id that is none of ours has none."""
        return [job for tenant_id in tenants for job in self._by_tenant.get(tenant_id, ())]

    def append(self, jobs: Iterable[Job]) -> None:
        """Let these jobs be looked at, each once, behind those that wait already."""
        with self._changed:
            before = len(self._waiting)
            self._waiting |= dict.fromkeys(jobs)  # who waits already keeps the place
            self._changed.notify(len(self._waiting) - before)

    def of(self, tenant_id: str) -> None:
        """Let the jobs of a tenant be looked at."""
        self.append(self._by_tenant.get(tenant_id, ()))

    def stir(self) -> None:
        """Wake everybody who waits."""
        with self._changed:
            self._changed.notify_all()

    def is_time(self, seconds: float) -> bool:
        """Tell one thread each ``seconds`` that it is time to ask what is due."""
        now = time.monotonic()
        with self._changed:
            if now - self._asked_at < seconds:
                return False
            self._asked_at = now
            return True

    def are_few(self, number: int) -> bool:
        """Tell whether fewer jobs than this wait."""
        return len(self._waiting) < number

    def next(self, every: float) -> Job | None:
        """Take the next job; ``None`` where none came within ``every`` seconds, when it is time to ask."""
        with self._changed:
            job = self._free()
            if job is None:
                self._changed.wait(min(every, max(0.0, self._asked_at + every - time.monotonic())))
                job = self._free()
            if job is not None:
                del self._waiting[job]
                self._in_hand.add(job)
            return job

    def done(self, job: Job, *, again: bool) -> None:
        """Put a job out of hand; ``again``: behind all that wait."""
        with self._changed:
            self._in_hand.discard(job)
            if again and job in self._by_tenant.get(job.tenant_id, ()):  # else its tenant has gone meanwhile
                self._waiting.setdefault(job)
            if self._waiting:  # it may be the one that waited for this to be done
                self._changed.notify()

    def is_empty(self) -> bool:
        """Tell whether no job waits and none is in hand."""
        with self._changed:
            return not self._waiting and not self._in_hand

    def _free(self) -> Job | None:
        return next((job for job in self._waiting if job not in self._in_hand), None)


def _by_tenant(jobs: Iterable[Job]) -> dict[str, tuple[Job, ...]]:
    found: dict[str, tuple[Job, ...]] = {}
    for job in jobs:
        found[job.tenant_id] = (*found.get(job.tenant_id, ()), job)
    return found
