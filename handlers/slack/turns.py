"""Order waiting jobs by people's turns, and share the room for them.

The many jobs of one person hold up nobody's first.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

Job = Callable[[], None]

KEPT_FREE = 6
"""One thread of so many is kept free for what is urgent."""


@dataclass(eq=False, slots=True)
class Waiting:
    """One job that waits: from when on (monotonic clock), in which turn, and whose."""

    begins: float
    number: int
    job: Job
    too_late: float
    drop: Job | None
    person: str
    urgent: bool
    counts: bool
    """Whether it takes one of the places, which what follows from a job does not."""
    tenant: str = ""
    turn: int = 0


class Turns:
    """Order one class of jobs by turns: every person's first, then every person's second.

    Fair queueing by start times: a job's turn is one behind the person's last, and never before the turn that
    is being served.
    """

    def __init__(self) -> None:
        self.ready: list[tuple[int, int, Waiting]] = []
        self.taken = 0
        """Places that are taken."""
        self._serving = 0
        self._last: dict[str, int] = {}
        self._held: Counter[str] = Counter()
        self._places: Counter[str] = Counter()

    def has_room(self, person: str, capacity: int) -> bool:
        """Tell whether one more fits: nobody may fill more room than is left free (dynamic threshold)."""
        free = capacity - self.taken
        return free > 0 and (not person or self._places[person] < max(1, free))

    def enlist(self, waiting: Waiting) -> None:
        """Give a job its turn, and its place if it takes one.

        Without a person it belongs to the turn that is being served.
        """
        if waiting.counts:
            self.taken += 1
            self._places[waiting.person] += 1
        waiting.turn = self._serving
        if waiting.person:
            waiting.turn = max(self._serving, self._last.get(waiting.person, 0)) + 1
            self._last[waiting.person] = waiting.turn
            self._held[waiting.person] += 1

    def line_up(self, waiting: Waiting) -> None:
        """A job may begin."""
        heapq.heappush(self.ready, (waiting.turn, waiting.number, waiting))

    def next(self, may: Callable[[Waiting], bool] = lambda waiting: True) -> Waiting | None:
        """Take the job whose turn it is, of those that ``may`` begin; ``None`` when there is none."""
        passed = []
        while self.ready and not may(self.ready[0][2]):
            passed.append(heapq.heappop(self.ready))
        found = heapq.heappop(self.ready) if self.ready else None
        for each in passed:
            heapq.heappush(self.ready, each)
        if found is None:
            return None
        turn, _, waiting = found
        self._serving = max(self._serving, turn)
        if waiting.counts:
            self.taken -= 1
            self._places[waiting.person] -= 1
        self._held[waiting.person] -= 1
        if self._held[waiting.person] <= 0:
            for kept in (self._held, self._places, self._last):
                kept.pop(waiting.person, None)
        return waiting
