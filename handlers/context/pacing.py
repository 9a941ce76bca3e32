"""How often something may be tried: at once while it gets on, ever more rarely while it is stuck.

Holds numbers only: no thread, no timer, no clock of its own.
"""

from typing import Final

RESTS: Final = (1.0, 2.0, 4.0, 8.0, 10.0)
"""Seconds of rest after something failed, or found work and could do none of it, once, twice, ...: nine tries
in the first minute, six in each later one. The longest is short enough for an opt-out that is asked for
meanwhile."""


class Pacing:
    """The right to try one thing again.

    Times are seconds of one clock, the caller's, which may be set back.
    """

    def __init__(self) -> None:
        self._stuck = 0
        self._rests_until = 0.0

    def may_look(self, now: float) -> bool:
        """Tell whether it rests no more; being woken shortens no rest."""
        return not now < self._rests_until <= now + RESTS[-1]

    def got_on(self) -> None:
        """It did what there was, or there was nothing."""
        self._stuck, self._rests_until = 0, 0.0

    def stuck(self, now: float, *, free: int = 0) -> None:
        """Note a failure, or work of which none could be done; the first ``free`` in a row cost no rest."""
        self._stuck += 1
        if self._stuck > free:
            self._rests_until = now + RESTS[min(self._stuck - free, len(RESTS)) - 1]
