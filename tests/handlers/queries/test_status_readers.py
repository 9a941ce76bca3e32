"""Threads that tenants share for reading: a slow one keeps one of them, and is read once for all who wait."""

import threading

from handlers.queries.status_readers import StatusReaders
from tests.patience import patience

WAIT = patience(10.0)


def test_a_slow_tenant_keeps_one_thread_however_many_ask() -> None:
    readers = StatusReaders(2)
    readers.start()
    released, slow_begun, well_done, reads = threading.Event(), threading.Event(), threading.Event(), []

    def slow() -> None:
        reads.append("slow")
        slow_begun.set()
        released.wait(WAIT)

    readers.want(slow)
    assert slow_begun.wait(WAIT)
    for _ in range(5):
        readers.want(slow)
    readers.want(well_done.set)
    assert well_done.wait(WAIT)
    assert reads == ["slow"]
    released.set()
    readers.stop(within=WAIT)
    assert readers.left() == []
    assert reads == ["slow", "slow"]
