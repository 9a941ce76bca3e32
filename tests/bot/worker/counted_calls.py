"""A night of the worker in which every call of every job is counted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from structlog.testing import capture_logs

from bot.worker.jobs import jobs_of
from bot.worker.loops import Loop, Worker
from bot.worker.plan import loops
from bot.worker.turns import Job
from handlers.changes.change_author import Attribution
from tests.handlers.audit_log import AuditLog
from tests.handlers.driver import House

MOST = 10
"""Calls a minute."""

STEP = 3
"""Seconds between two looks: who does something at each is seen twenty times a minute, for a third of the
cost."""

MANY = 20
"""Answers owed to as many people."""


@dataclass
class Night:
    """One or more copies of the bot over one database, looked at every few seconds."""

    houses: list[Any]
    calls: Counter[tuple[str, str]]
    """By the name of the loop and what was called, within the present minute."""
    looks: Counter[str]

    def minute(self) -> None:
        """Let one minute pass; every job looks whenever its worker would let it."""
        self.calls.clear()
        self.looks.clear()
        with capture_logs():
            for _ in range(60 // STEP):
                self.step()

    def step(self) -> None:
        """Let a few seconds pass."""
        for _ in range(200):
            if not self._look():
                break
        else:
            raise AssertionError(f"it spins: {self.calls}, {self.looks}")
        for house in self.houses:
            house.clock.advance(seconds=STEP)
            house.second += STEP

    def _look(self) -> int:
        did = 0
        for house in self.houses:
            for loop in house.loops:
                before = touched(house)
                did += sum(house.worker.do(loop, job) for job in house.worker.due(loop, loop.due))
                self.calls.update(
                    {(loop.name, what): count for what, count in (touched(house) - before).items()}
                )
        return did


class Counted:
    """Counts how often something is called."""

    def __init__(self, act: Callable[[], Any], looks: Counter[str], name: str) -> None:
        self._act, self._looks, self._name = act, looks, name

    def __call__(self) -> Any:
        self._looks[self._name] += 1
        return self._act()


def counted(loop: Loop, looks: Counter[str]) -> Loop:
    """A loop that counts its looks, and how often it asks what is due."""
    jobs = tuple(
        Job(job.tenant_id, Counted(job.do, looks, f"{loop.name}-{number}"))
        for number, job in enumerate(loop.jobs)
    )
    return replace(loop, jobs=jobs, due=Counted(loop.due, looks, f"{loop.name}-due") if loop.due else None)


def touched(house: Any) -> Counter[str]:
    """How often each neighbour was called so far."""
    board = house.board
    told = len(board.cards) + len(board.said) + len(board.outcomes) + len(board.announced) + len(board.told)
    return Counter(
        {
            "reads": house.tenant.reads,
            "writes": len(house.tenant.writes),
            "failed posts": house.failed_posts["posts"],
        }
        | {f"look-ups of {who}": count for who, count in Counter(house.workspace.asked).items()}
        | {"audit searches": house.audit.searches}
        | ({"posts": told} if house.counts_posts else {})
    )


def staffed(house: Any, looks: Counter[str]) -> House:
    """The house with its worker, whose duties only look when they are let."""
    settings: Any = SimpleNamespace(
        retention=timedelta(days=90), observe_every=timedelta(minutes=10), probe_every=None
    )
    house.audit, house.second, house.failed_posts, house.counts_posts = AuditLog(), 0.0, Counter(), False
    attribution = Attribution(house.context, house.audit)
    jobs = jobs_of(settings, house.dispatch, house.delivery, attribution, noted=lambda said: None)
    made = loops(settings, house.database, [jobs], house.clock, measured=lambda: 0)
    house.loops = tuple(counted(loop, looks) for loop in made)
    house.worker = Worker(house.loops, monotonic=lambda: house.second)
    kept: House = house
    return kept
