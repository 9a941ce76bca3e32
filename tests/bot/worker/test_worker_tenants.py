"""One set of loops for all tenants: threads do not grow with them, each gets its turn, and one that hangs
delays nobody else."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.worker import loops as worker
from bot.worker.jobs import TenantJobs
from bot.worker.loops import Claim, Loop, Worker
from bot.worker.plan import loops
from bot.worker.turns import Job, Turns
from handlers.context import rate_limits
from storage.engine import Database, Unreachable
from storage.errors import Stuck
from storage.jobs.leases import Lease, Leases, TenantDuty
from storage.jobs.schedule import Schedule
from tests.patience import patience

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def nothing() -> int:
    return 0


@contextmanager
def running(*made: Loop) -> Iterator[Worker]:
    begun = Worker(made)
    begun.start()
    try:
        yield begun
    finally:
        assert begun.stop(within=10), begun.left()


def tenants(number: int) -> list[TenantJobs]:
    """Tenants of which nobody ever has anything to do."""

    def of(tenant_id: str) -> TenantJobs:
        job = Job(tenant_id, nothing)
        return TenantJobs(tenant_id, job, job, job, job, job, (job, job), job, job, job, job)

    return [of(f"tenant-{one}") for one in range(number)]


def threads_for(database: Database, number: int) -> int:
    settings: Any = SimpleNamespace(observe_every=HOUR, probe_every=None)
    made = loops(settings, database, tenants(number), lambda: NOW, measured=nothing)
    before = threading.active_count()
    with running(*made) as begun:
        assert len(begun.left()) == threading.active_count() - before
        return len(begun.left())


@pytest.fixture
def database(migrated_sqlite_url: str) -> Iterator[Database]:
    opened = Database(migrated_sqlite_url)
    yield opened
    opened.close()


def test_threads_do_not_grow_with_the_tenants(database: Database) -> None:
    assert threads_for(database, 1) == 10, "a bot for one tenant has one thread a loop"
    assert threads_for(database, 100) == threads_for(database, 1000) < 100


def test_a_tenant_that_hangs_delays_nobody_else() -> None:
    hung, go_on, served = threading.Event(), threading.Event(), threading.Semaphore(0)

    def hang() -> int:
        hung.set()
        go_on.wait(timeout=30)
        return 0

    def serve() -> int:
        served.release()
        return 0

    jobs = (Job("hanging", hang), Job("well", serve))
    try:
        with running(Loop("apply", jobs, threads=2)) as begun:
            assert hung.wait(timeout=10)
            for _ in range(3):
                begun.wake("well")
                assert served.acquire(timeout=10)
            go_on.set()
    finally:
        go_on.set()


def test_whoever_always_has_more_to_do_lets_the_others_go_first() -> None:
    order: list[str] = []

    def busy() -> int:
        order.append("busy")
        return int(len(order) < 50)

    jobs = [
        Job("busy", busy),
        *(Job(f"t{number}", lambda number=number: order.append(f"t{number}") or 0) for number in range(3)),
    ]  # type: ignore[misc, func-returns-value]
    turns = Turns(jobs)
    turns.append(jobs)
    while (job := turns.next(0)) is not None:
        turns.done(job, again=job.do() > 0)
    assert order[:5] == ["busy", "t0", "t1", "t2", "busy"]


def test_one_job_is_never_in_two_hands_and_is_looked_at_again_when_it_was_woken_meanwhile() -> None:
    job = Job("tenant", nothing)
    turns = Turns([job])
    turns.of("tenant")
    assert turns.next(0) is job
    turns.of("tenant")
    assert turns.next(0) is None
    turns.done(job, again=False)
    assert turns.next(0) is job
    turns.done(job, again=False)
    assert turns.is_empty()


def test_many_threads_do_each_job_once_at_a_time() -> None:
    at_once: Counter[str] = Counter()
    most: Counter[str] = Counter()
    done = threading.Semaphore(0)

    def of(tenant_id: str) -> Job:
        def act() -> int:
            at_once[tenant_id] += 1
            most[tenant_id] = max(most[tenant_id], at_once[tenant_id])
            time.sleep(0.002)
            at_once[tenant_id] -= 1
            done.release()
            return 0

        return Job(tenant_id, act)

    ids = [f"t{number}" for number in range(5)]
    with running(Loop("observer", tuple(map(of, ids)), due=list, threads=8)) as begun:
        for _ in range(20):
            for tenant_id in ids:
                begun.wake(tenant_id)
        for _ in ids:
            assert done.acquire(timeout=10)
    assert dict(most) == dict.fromkeys(ids, 1)


def test_more_is_asked_for_only_while_fewer_wait_than_there_are_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "TICK", 0.0)  # it is always time to ask
    order: list[str] = []
    enough = threading.Event()

    def act() -> int:
        order.append("job")
        if len(order) > 12:
            enough.set()
        return 0

    def more() -> list[str]:
        order.append("more")
        return ["a", "b", "c"]

    with running(Loop("observer", tuple(Job(one, act) for one in "abc"), due=list, more=more)):
        assert enough.wait(timeout=10)
    assert order[:12] == 3 * ["more", "job", "job", "job"]


def test_being_woken_looks_at_that_tenant_at_once_and_at_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "TICK", 60.0)
    seen: list[tuple[str, str]] = []
    looked = threading.Event()

    def look(loop: str, tenant_id: str) -> Callable[[], int]:
        def act() -> int:
            seen.append((loop, tenant_id))
            looked.set()
            return 0

        return act

    def loop(name: str, **how: Any) -> Loop:
        return Loop(name, tuple(Job(one, look(name, one)) for one in ("a", "b")), due=list, **how)

    with running(loop("apply"), loop("pruning", woken=False)) as begun:
        began = time.monotonic()
        begun.wake("b")
        assert looked.wait(timeout=10)
        assert time.monotonic() - began < patience(0.5)
    assert seen == [("apply", "b")]


def test_what_nobody_was_woken_for_is_found_by_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wake-up that was lost, or another replica's commit."""
    monkeypatch.setattr(worker, "TICK", 0.01)
    owed, done = ["b", "an unknown tenant"], threading.Event()

    def act() -> int:
        owed.clear()
        done.set()
        return 0

    def fail() -> int:
        raise AssertionError("nothing was due for this tenant")

    with (
        running(Loop("apply", (Job("a", fail), Job("b", act)), due=lambda: list(owed))),
        capture_logs() as logs,
    ):
        assert done.wait(timeout=10)
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


def test_a_question_that_fails_is_told_once_rests_and_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "TICK", 0.01)
    monkeypatch.setattr(rate_limits, "RESTS", (0.01,))
    troubles, done = [Unreachable("gone")] * 3, threading.Event()

    def due() -> list[str]:
        if troubles:
            raise troubles.pop()
        return ["a"]

    def act() -> int:
        done.set()
        return 0

    with capture_logs() as logs, running(Loop("apply", (Job("a", act),), due=due)):
        assert done.wait(timeout=10)
    assert [entry["event"] for entry in logs] == ["worker.database_unreachable", "worker.database_back"]


def test_one_tenant_that_is_stuck_rests_alone() -> None:
    """At most ten tries a minute, while its neighbour in the same loop is looked at every time."""
    looks: Counter[str] = Counter()
    passed = [0.0]

    def stuck() -> int:
        looks["stuck"] += 1
        raise Stuck("it gets nowhere")

    def well() -> int:
        looks["well"] += 1
        return 0

    loop = Loop("apply", (Job("stuck", stuck), Job("well", well)))
    looking = Worker((loop,), monotonic=lambda: passed[0])
    with capture_logs() as logs:
        for second in range(60):
            passed[0] = second
            for job in looking.due(loop, loop.due):
                looking.do(loop, job)
    assert looks["stuck"] <= 10
    assert looks["well"] == 60
    assert [entry["problem"] for entry in logs] == ["it gets nowhere"]


def test_a_timed_job_that_fails_rests_on_every_replica_and_its_rests_grow(database: Database) -> None:
    passed = [NOW]
    leases = Leases(database, "A")
    schedule = Schedule(database, TenantDuty.REMIND, ["tenant"], every=HOUR)
    claim = Claim(leases, "tenant", TenantDuty.REMIND, lambda: passed[0], HOUR)
    runs: list[datetime] = []

    def fail(lease: Lease) -> int:
        runs.append(passed[0])
        raise ValueError("a defect")

    job = claim.holding(fail)
    while passed[0] < NOW + timedelta(minutes=1):
        if schedule.due(passed[0]):
            with pytest.raises(ValueError, match="a defect"):
                job.do()
        passed[0] += timedelta(seconds=1)
    assert [int((at - NOW).total_seconds()) for at in runs] == [0, 1, 3, 7, 15, 25, 35, 45, 55]


def test_a_timed_job_that_was_done_is_due_when_it_says_so(database: Database) -> None:
    leases = Leases(database, "A")
    schedule = Schedule(database, TenantDuty.OBSERVE, ["tenant"], every=HOUR)
    claim = Claim(leases, "tenant", TenantDuty.OBSERVE, lambda: NOW, HOUR)
    assert schedule.due(NOW) == ["tenant"]
    assert claim.over(lambda: 1).do() == 1
    assert schedule.due(NOW + HOUR - timedelta(seconds=1)) == []
    assert claim.over(lambda: 1, again_at=lambda: NOW + timedelta(seconds=3)).do() == 1
    assert schedule.due(NOW + timedelta(seconds=2)) == []
    assert schedule.due(NOW + timedelta(seconds=3)) == ["tenant"]


def test_a_loop_of_many_threads_ends_as_one_and_tells_all_that_is_owed() -> None:
    owed = {f"t{number}": 3 for number in range(6)}
    told: Counter[str] = Counter()

    def of(tenant_id: str) -> Job:
        def tell() -> int:
            if not owed[tenant_id]:
                return 0
            owed[tenant_id] -= 1
            told[tenant_id] += 1
            return 1

        return Job(tenant_id, tell)

    begun = Worker(
        (
            Loop(
                "public",
                tuple(map(of, owed)),
                due=lambda: [one for one in owed if owed[one]],
                threads=4,
                last=True,
            ),
        )
    )
    begun.start()
    assert begun.stop(within=10)
    assert dict(told) == dict.fromkeys(owed, 3)


def test_tenants_come_and_go_while_the_loops_run() -> None:
    """What a tenant that has gone still has in hand ends, and is not begun again; a new one has its turns."""
    done: Counter[str] = Counter()
    begun_old, go_on = threading.Event(), threading.Event()

    def old() -> int:
        done["old"] += 1
        begun_old.set()
        go_on.wait(patience(10))
        return 1  # there would be more

    def new() -> int:
        done["new"] += 1
        return 0

    def loop(*jobs: Job) -> Loop:
        return Loop("apply", jobs, due=lambda: ["gone", "came"], threads=2, changing=True)

    begun = Worker((loop(Job("gone", old)),))
    begun.start()
    assert begun_old.wait(patience(10))
    begun.replace((loop(Job("came", new)),))
    begun.wake("came")
    deadline = time.monotonic() + patience(10)
    while not done["new"]:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    go_on.set()
    begun.wake("gone")
    assert begun.stop(within=patience(10))
    assert done["old"] == 1
