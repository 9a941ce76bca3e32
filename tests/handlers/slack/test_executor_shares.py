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
