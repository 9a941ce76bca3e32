"""The executor holds back while deliveries come, refuses what it cannot hold, and finishes what it took
on."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from handlers.slack.executor import HEAD_START, LONGEST_HOLD, Executor
from handlers.slack.turns import Job
from tests.sentences import says


def run(job: Job) -> None:
    job()


@pytest.fixture
def executor() -> Iterator[Executor]:
    made = Executor(run, threads=3, capacity=20)
    yield made
    assert made.stop(within=20)


def until(predicate: Callable[[], object], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not predicate():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def nothing() -> None:
    """What most of these jobs do."""


def test_a_job_is_done_once_and_after_its_head_start(executor: Executor) -> None:
    done: list[float] = []
    began = time.monotonic()
    assert executor.submit(lambda: done.append(time.monotonic()))
    until(lambda: done)
    assert done[0] - began >= HEAD_START
    assert len(done) == 1


def test_work_waits_while_deliveries_keep_coming_but_not_for_ever() -> None:
    executor = Executor(run, threads=3, capacity=5000)
    done: list[float] = []
    began = newest = before = time.monotonic()
    paused = began + LONGEST_HOLD
    while newest - began < LONGEST_HOLD + 0.3:
        earlier, before = before, time.monotonic()
        executor.submit(lambda: done.append(time.monotonic()))
        newest = time.monotonic()
        paused = min(paused, earlier + HEAD_START) if newest - earlier > HEAD_START / 2 else paused
        time.sleep(HEAD_START / 5)
    assert executor.stop(within=20)
    assert done[0] >= paused  # a busy machine may let nothing come for longer than a head start
    assert sum(at - began < LONGEST_HOLD + 0.3 for at in done) > 1


def test_a_full_crew_says_so_and_still_does_what_belongs_to_a_job(executor: Executor) -> None:
    free = threading.Event()
    for _ in range(3):
        executor.submit(free.wait, delay=0)
    until(lambda: not executor.waiting)
    assert [executor.submit(nothing) for _ in range(21)] == [True] * 20 + [False]
    done: list[str] = []
    executor.follow(lambda: done.append("followed"))
    free.set()
    until(lambda: done)


def test_a_job_that_waited_too_long_is_dropped_with_a_word(executor: Executor) -> None:
    free, said = threading.Event(), list[str]()
    for _ in range(3):
        executor.submit(free.wait, delay=0)
    executor.submit(lambda: said.append("done"), within=0.01, drop=lambda: said.append("too late"))
    time.sleep(HEAD_START + 0.05)
    free.set()
    until(lambda: said)
    assert said == [says("too_late")]


def test_an_early_job_does_not_wait_behind_a_late_one(executor: Executor) -> None:
    done: list[str] = []
    executor.follow(lambda: done.append("late"), delay=30)
    executor.submit(lambda: done.append("early"))
    until(lambda: done)
    assert done == ["early"]


@pytest.mark.parametrize("times", range(20))
def test_stopping_finishes_what_is_in_hand_and_what_follows_from_it(times: int) -> None:
    executor = Executor(run, threads=12)
    done: list[str] = []
    executor.follow(lambda: done.append("progress"), delay=2)
    for _ in range(5):
        executor.submit(lambda: executor.follow(lambda: done.append("answer")))
    time.sleep(times * HEAD_START / 10)  # at every moment of the jobs' waiting
    assert executor.stop(within=20)
    assert done == ["answer"] * 5
    assert not executor.submit(nothing)
    executor.follow(lambda: done.append("afterwards"))
    assert done[-1] == "afterwards"


def test_stopping_while_jobs_wait_for_their_head_start_ends_every_thread() -> None:
    executor = Executor(run, threads=12)
    done: list[int] = []
    for number in range(5):
        executor.submit(lambda number=number: done.append(number))
    assert executor.stop(within=20)
    assert sorted(done) == list(range(5))


def test_one_person_s_flood_holds_nobody_else_up() -> None:
    executor = Executor(run, threads=1, capacity=5000)
    free, done = threading.Event(), list[str]()
    executor.submit(free.wait, delay=0)
    until(lambda: not executor.waiting)
    for _ in range(1000):
        assert executor.submit(lambda: done.append("flood"), delay=0, person="U0FLOOD")
    for person in ("U0ALICE", "U0BOB"):
        assert executor.submit(lambda person=person: done.append(person), delay=0, person=person)
    free.set()
    assert executor.stop(within=20)
    assert {"U0ALICE", "U0BOB"} <= set(done[:4])
    assert len(done) == 1002


def test_one_person_fills_half_of_the_room_at_most_and_never_that_of_what_is_urgent() -> None:
    executor = Executor(run, threads=12, capacity=100)
    free = threading.Event()
    for _ in range(12):
        executor.submit(free.wait, delay=0)
    taken = [executor.submit(nothing, person="U0FLOOD") for _ in range(3000)]
    assert sum(taken) <= 50
    assert executor.submit(nothing, person="U0ALICE")
    assert executor.submit(nothing, person="U0FLOOD", urgent=True), (
        "whoever floods one may still do the other"
    )
    free.set()
    assert executor.stop(within=20)


def test_what_is_urgent_goes_first_and_finds_a_thread() -> None:
    executor = Executor(run, threads=12)
    free, done = threading.Event(), threading.Event()
    for _ in range(100):
        executor.submit(free.wait, delay=0, person="U0FLOOD")
    assert executor.submit(done.set, person="U0ALICE", urgent=True)
    assert done.wait(timeout=20), "while everything else waits for Slack, say"
    free.set()
    assert executor.stop(within=20)


def test_what_follows_from_a_flood_comes_in_its_person_s_turn() -> None:
    executor = Executor(run, threads=1)
    free, done = threading.Event(), list[str]()
    executor.submit(free.wait, delay=0)
    until(lambda: not executor.waiting)
    for _ in range(100):
        executor.follow(lambda: done.append("flood"), person="U0FLOOD")
    executor.follow(lambda: done.append("U0ALICE"), person="U0ALICE")
    free.set()
    assert executor.stop(within=20)
    assert "U0ALICE" in done[:2]
