"""Answer ``/legacytls probe``: which TLS versions endpoints take, probed once for all who wait.

Which endpoints that are the operator's settings say, never who asks: nobody scans the network through the
bot. A probe is made at most once a minute, whoever asks.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handlers.context.rate_limits import MINUTE, Monotonic
from handlers.probe_ports import Probe, ProbeRow


@dataclass(frozen=True, slots=True)
class Probed:
    """One answer to ``probe``; without rows where it met a defect."""

    rows: tuple[ProbeRow, ...]
    age: float | None = None
    """Seconds since it was probed, where it is shown again; ``None``: probed just now."""


class Probing:
    """Answers ``probe``: one at a time, shared by all who ask meanwhile, and shown again for a minute."""

    def __init__(
        self,
        probe: Probe,
        after: Callable[[Sequence[ProbeRow]], None] = lambda rows: None,
        *,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """``after`` is handed what was found once those who waited for it are answered."""
        self._probe = probe
        self._after = after
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._waiting: list[Callable[[Probed], None]] = []
        self._newest: tuple[ProbeRow, ...] | None = None
        self._at = 0.0

    def ask(self, answer: Callable[[Probed], None]) -> None:
        """Call ``answer`` with what the endpoints do: at once where known, else by whoever probes.

        Whoever asks first probes, for up to half a minute; all others return at once.
        """
        with self._lock:
            known, age = self._newest, self._monotonic() - self._at
            if known is None or age >= MINUTE:
                self._waiting.append(answer)
                if len(self._waiting) > 1:
                    return  # somebody is at it
                known = None
        if known is not None:
            answer(Probed(known, age))
        else:
            self._run()

    def _run(self) -> None:
        rows: tuple[ProbeRow, ...] = ()
        try:
            rows = tuple(self._probe())
        finally:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                if rows:
                    self._newest, self._at = rows, self._monotonic()
            for answer in waiting:
                answer(Probed(rows))
        self._after(rows)
