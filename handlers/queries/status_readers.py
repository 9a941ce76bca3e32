"""Read the live value for people who wait for it, in as many threads as there are, whatever the tenants.

Two of them never read for one tenant at a time, so a tenant that answers slowly holds up one of them at most.
"""

import threading
from collections.abc import Callable

Serve = Callable[[], None]
"""Reads for all who wait for one tenant by now; must not raise."""


class StatusReaders:
    """Serves those who are wanted, first come, first served."""

    def __init__(self, threads: int = 1) -> None:
        self._changed = threading.Condition()
        self._wanted: dict[Serve, None] = {}
        self._in_hand: set[Serve] = set()
        self._stopped = False
        self._names = ["status-reader", *(f"status-reader+{number}" for number in range(1, threads))]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin serving."""
        self._threads = [threading.Thread(target=self._run, name=name, daemon=True) for name in self._names]
        for thread in self._threads:
            thread.start()

    def want(self, serve: Serve) -> None:
        """Have ``serve`` called, once for all who want it until then."""
        with self._changed:
            self._wanted[serve] = None
            self._changed.notify()

    def stop(self, *, within: float) -> None:
        """Serve those who wait, then nobody any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=within)

    def left(self) -> list[str]:
        """Return the threads that have not ended, by their names."""
        return [thread.name for thread in self._threads if thread.is_alive()]

    def _run(self) -> None:
        while (serve := self._next()) is not None:
            try:
                serve()
            finally:
                with self._changed:
                    self._in_hand.discard(serve)
                    self._changed.notify_all()

    def _next(self) -> Serve | None:
        with self._changed:
            while True:
                free = next((one for one in self._wanted if one not in self._in_hand), None)
                if free is not None:
                    del self._wanted[free]
                    self._in_hand.add(free)
                    return free
                if self._stopped and not self._wanted:
                    return None
                self._changed.wait()
