"""A worker that is told to stop: what is in hand is finished first, and what came of it is told last."""

import threading
from collections.abc import Callable
from typing import Any

from bot.worker.loops import Loop, Worker
from bot.worker.turns import Job


def loop(name: str, duty: Callable[[], int], **how: Any) -> Loop:
    return Loop(name, (Job("tenant", duty),), **how)


class Teller:
    """Tells whatever is owed, one at a time."""

    def __init__(self) -> None:
        self.owed: list[str] = []
        self.told: list[str] = []

    def __call__(self) -> int:
        if not self.owed:
            return 0
        self.told.append(self.owed.pop(0))
        return 1


def test_what_the_others_leave_behind_is_told_until_nothing_more_is_owed() -> None:
    teller, begun, go_on = Teller(), threading.Event(), threading.Event()

    def make() -> int:
        if begun.is_set():
            return 0
        begun.set()
        go_on.wait(timeout=10)
        teller.owed += ["applied", "to whoever asked"]
        return 1

    worker = Worker((loop("apply", make), loop("public", teller, last=True)))
    worker.start()
    assert begun.wait(timeout=10)
    threading.Timer(0.2, go_on.set).start()
    assert worker.stop(within=10)
    assert teller.told == ["applied", "to whoever asked"]


def test_whoever_tells_without_end_is_cut_short() -> None:
    calls = threading.Semaphore(0)

    def endless() -> int:
        calls.release()
        return 1

    worker = Worker((loop("public", endless, last=True),))
    worker.start()
    assert calls.acquire(timeout=10)
    assert not worker.stop(within=0.1)
    worker._threads[0][0].join(timeout=10)
    assert worker.left() == []


def test_a_worker_that_was_never_started_stops_at_once() -> None:
    assert Worker((loop("apply", lambda: 0), loop("public", lambda: 0, last=True))).stop(within=10)
