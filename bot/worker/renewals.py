"""Renews every lease that is held in this process on one thread, however many jobs run.

A process that is stopped stops renewing, and so loses what it holds: another takes it over.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from storage.engine import Unreachable
from storage.jobs.leases import LEASE_MS, Lease, Leases

EVERY = LEASE_MS / 3000
"""Seconds between two renewals of one lease: two may fail before it is lost."""


class Renewals:
    """The leases that are held; its thread lives while there are any."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[Lease, tuple[Leases, float]] = {}
        """Where each lease is renewed, and when next by the monotonic clock."""
        self._runs = False

    @contextmanager
    def held(self, leases: Leases, lease: Lease) -> Iterator[None]:
        """Renew a lease until the block ends."""
        with self._changed:
            self._due[lease] = leases, time.monotonic() + EVERY
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="renewals", daemon=True).start()
        try:
            yield
        finally:
            with self._changed:
                self._due.pop(lease, None)
                if not self._due:  # else its thread looks by itself when the next one is due
                    self._changed.notify()

    def _run(self) -> None:
        while (found := self._next()) is not None:
            lease, leases = found
            is_ours = True
            # tried again; too late, and the lease is lost, which the job finds out by itself
            with suppress(Unreachable):
                is_ours = leases.renew(lease)
            with self._changed:
                if lease in self._due and is_ours:
                    self._due[lease] = leases, time.monotonic() + EVERY
                else:
                    self._due.pop(lease, None)

    def _next(self) -> tuple[Lease, Leases] | None:
        """Wait for the lease that is to be renewed next; ``None`` once none is held any more."""
        with self._changed:
            while self._due:
                lease, (leases, due) = min(self._due.items(), key=lambda held: held[1][1])
                left = due - time.monotonic()
                if left <= 0:
                    return lease, leases
                self._changed.wait(left)
            self._runs = False
            return None


RENEWALS = Renewals()
"""Those of this process."""
