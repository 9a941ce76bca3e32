"""A tenant that answers slowly has a share of the executor, and no more."""

import threading

from handlers.slack.executor import Executor
from tests.patience import patience

WAIT = patience(10.0)


def test_a_tenant_whose_jobs_hang_leaves_the_others_their_threads() -> None:
    executor = Executor(lambda job: job(), threads=4, of_one_tenant=2)
    released, begun, done = threading.Event(), threading.Semaphore(0), threading.Event()

    def hang() -> None:
        begun.release()
        released.wait(WAIT)

    for number in range(6):
        assert executor.submit(hang, delay=0, person=f"U{number}", tenant="slow", urgent=number % 2 == 0)
    assert begun.acquire(timeout=WAIT)
    assert begun.acquire(timeout=WAIT)
    assert executor.submit(done.set, delay=0, person="U9", tenant="well")
    assert done.wait(WAIT)
    assert not begun.acquire(timeout=0.05)
    released.set()
    assert executor.stop(within=WAIT)
    assert all(begun.acquire(blocking=False) for _ in range(4))


def _filled(executor: Executor, *tenants: str) -> None:
    """Have these tenants' people, each with one job, ask for all the room there is."""
    for number in range(100):
        for tenant in tenants:
            executor.submit(nothing, delay=60, person=f"{tenant} {number}", tenant=tenant)


def nothing() -> None:
    """What these jobs do."""


def test_a_tenant_whose_people_fill_the_room_leaves_the_others_theirs() -> None:
    executor = Executor(lambda job: job(), threads=2, capacity=20, of_one_tenant=1)
    _filled(executor, "flooding")
    assert not executor.submit(nothing, person="U1", tenant="flooding")
    assert executor.waiting == 10
    assert executor.submit(nothing, delay=60, person="U1", tenant="well")
    assert executor.submit(nothing, delay=60, person="U2")  # of no tenant
    _filled(executor, "well", "")
    assert executor.waiting < 20
    assert executor.submit(nothing, delay=60, person="U3", tenant="another")
    assert executor.stop(within=WAIT)


def test_a_bot_of_one_tenant_gives_its_people_all_the_room() -> None:
    executor = Executor(lambda job: job(), threads=2, capacity=20)
    _filled(executor, "")
    assert executor.waiting == 20
    assert executor.stop(within=WAIT)


def test_a_tenant_that_asks_once_goes_before_all_that_others_ask_for() -> None:
    executor = Executor(lambda job: job(), threads=1, of_one_tenant=1)
    released, begun, done = threading.Event(), threading.Event(), list[str]()
    executor.submit(lambda: (begun.set(), released.wait(WAIT)), delay=0, tenant="zero")
    assert begun.wait(WAIT)
    for number in range(20):
        for tenant in ("one", "other"):
            executor.submit(
                lambda tenant=tenant: done.append(tenant), delay=0, person=f"U{number}", tenant=tenant
            )
    executor.submit(lambda: done.append("last"), delay=0, person="U9", tenant="last")
    released.set()
    assert executor.stop(within=WAIT)
    assert done[:5] == ["one", "other", "last", "one", "other"]
    assert len(done) == 41
