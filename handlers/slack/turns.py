"""Order waiting jobs by tenants' and people's turns, and share the room for them.

The many jobs of one person hold up nobody's first, and those of one tenant no other tenant's.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
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
    """Order the jobs of one tenant by turns: every person's first, then every person's second.

    Fair queueing by start times: a job's turn is one behind the person's last, and never before the turn that
    is being served.
    """

    def __init__(self) -> None:
        self.ready: list[tuple[int, int, Waiting]] = []
        self.held = 0
        """Jobs that wait, whether they may begin or not."""
        self.taken = 0
        """Places that are taken."""
        self._serving = 0
        self._last: dict[str, int] = {}
        self._held: Counter[str] = Counter()

    def enlist(self, waiting: Waiting) -> None:
        """Give a job its turn; without a person it belongs to the turn that is being served."""
        self.held += 1
        self.taken += waiting.counts
        waiting.turn = self._serving
        if waiting.person:
            waiting.turn = max(self._serving, self._last.get(waiting.person, 0)) + 1
            self._last[waiting.person] = waiting.turn
            self._held[waiting.person] += 1

    def line_up(self, waiting: Waiting) -> None:
        """Let a job begin."""
        heapq.heappush(self.ready, (waiting.turn, waiting.number, waiting))

    def next(self) -> Waiting:
        """Take the job whose turn it is. Raises ``IndexError`` where none is ready."""
        turn, _, waiting = heapq.heappop(self.ready)
        self._serving = max(self._serving, turn)
        self.held -= 1
        self.taken -= waiting.counts
        self._held[waiting.person] -= 1
        if self._held[waiting.person] <= 0:
            for kept in (self._held, self._last):
                kept.pop(waiting.person, None)
        return waiting


class SharedTurns:
    """Order one class of jobs: the tenant that has the fewest threads first, then the one served longest ago.

    ``most`` is how many threads one tenant may have; ``None``: there is one tenant, and all are its own.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._of: dict[str, Turns] = {}
        """Of each tenant that has something waiting, the one served longest ago first."""
        self._places: Counter[str] = Counter()
        self.taken = 0
        """Places that are taken."""

    def has_room(self, person: str, tenant: str, capacity: int) -> bool:
        """Tell whether one more fits: nobody may fill more room than is left free (dynamic threshold).

        Of several tenants none may either, and what is of no tenant counts as one.
        """
        free = capacity - self.taken
        held = [self._places[person]] if person else []
        if self._most is not None and tenant in self._of:
            held.append(self._of[tenant].taken)
        return free > 0 and max(held, default=0) < max(1, free)

    def enlist(self, waiting: Waiting) -> None:
        """Give a job its turn, and its place if it takes one."""
        if waiting.counts:
            self.taken += 1
            self._places[waiting.person] += 1
        self._of.setdefault(waiting.tenant, Turns()).enlist(waiting)

    def line_up(self, waiting: Waiting) -> None:
        """Let a job begin."""
        self._of[waiting.tenant].line_up(waiting)

    @property
    def has_ready(self) -> bool:
        """Whether a job may begin as far as time goes."""
        return any(turns.ready for turns in self._of.values())

    def next(self, busy: Mapping[str, int]) -> Waiting | None:
        """Take the job whose turn it is, by the threads that are ``busy`` for each tenant; ``None``: none."""
        able = [tenant for tenant, turns in self._of.items() if turns.ready and self._may_begin(tenant, busy)]
        if not able:
            return None
        tenant = min(able, key=lambda one: busy.get(one, 0))
        turns = self._of.pop(tenant)
        found = turns.next()
        if turns.held:
            self._of[tenant] = turns  # behind the others
        if found.counts:
            self.taken -= 1
            self._places[found.person] -= 1
            if not self._places[found.person]:
                del self._places[found.person]
        return found

    def _may_begin(self, tenant: str, busy: Mapping[str, int]) -> bool:
        """Whether the tenant has a thread left: one that answers slowly must not keep all of them."""
        return self._most is None or not tenant or busy.get(tenant, 0) < self._most
