"""Every lease that is held is renewed, on one thread; one that cannot be renewed keeps no other from it."""

import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest

from bot.worker import renewals
from bot.worker.renewals import Renewals
from storage.engine import Unreachable
from storage.jobs.leases import Lease
from tests.patience import patience


class _Leases:
    """Counts renewals; the lease called ``lost`` is somebody else's by now, and ``away`` meets a database
    that is not there."""

    def __init__(self) -> None:
        self.renewed: list[str] = []

    def renew(self, lease: Lease) -> bool:
        self.renewed.append(lease.name)
        if lease.name == "away":
            raise Unreachable("away")
        return lease.name != "lost"


def test_leases_are_renewed_on_one_thread_until_their_jobs_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewals, "EVERY", 0.01)
    leases: Any = _Leases()
    held, before = Renewals(), threading.active_count()
    with ExitStack() as jobs:
        for name in ("away", "lost", *(f"kept-{number}" for number in range(20))):
            jobs.enter_context(held.held(leases, Lease(name, "us", 1)))
        assert threading.active_count() == before + 1
        deadline = time.monotonic() + patience(10)
        while min(map(leases.renewed.count, ("away", "kept-0", "kept-19"))) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    assert leases.renewed.count("lost") == 1
    while threading.active_count() > before:
        assert time.monotonic() < deadline
        time.sleep(0.005)
