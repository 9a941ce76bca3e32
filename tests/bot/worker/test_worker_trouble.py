"""The database goes away under the worker: said once for each duty, tried again, and no lane or lease thread
dies of it."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from bot.worker import loops, renewals
from bot.worker.loops import Claim, Loop, Worker
from bot.worker.turns import Job
from handlers.context import rate_limits
from storage.engine import Busy, Database, Unreachable
from storage.jobs.leases import JobOutcome, Lease, Leases, TenantDuty

NOW = datetime(2026, 11, 30, tzinfo=UTC)


class Flaky:
    """A duty that fails as ordered, then finds nothing to do; ``calls`` counts."""

    def __init__(self, *troubles: Exception) -> None:
        self._troubles = list(troubles)
        self.calls = 0
        self.done = threading.Event()

    def __call__(self) -> int:
        self.calls += 1
        if self._troubles:
            raise self._troubles.pop(0)
        self.done.set()
        return 0


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "RESTS", (0.01,))
    monkeypatch.setattr(loops, "TICK", 0.01)


def said(*duties: Flaky) -> list[tuple[str, str]]:
    """What a worker with these duties in one lane logs until all of them are well."""
    running = Worker((Loop("lane", tuple(Job("tenant", duty) for duty in duties)),))
    with capture_logs() as logs:
        running.start()
        assert all(duty.done.wait(timeout=10) for duty in duties)
        assert running.stop(within=10)
    return [(entry["log_level"], entry["event"]) for entry in logs]


GONE = ("warning", "worker.database_unreachable")
BACK = ("info", "worker.database_back")


def test_a_database_that_stays_away_is_told_once_and_its_return_once() -> None:
    assert said(Flaky(*[Unreachable("gone")] * 5)) == [GONE, BACK]


def test_another_trouble_of_the_database_is_told_again() -> None:
    assert said(Flaky(Busy("locked"), Unreachable("full"), Unreachable("full"))) == [GONE, GONE, BACK]


def test_a_duty_that_is_well_does_not_hide_or_repeat_the_trouble_of_its_neighbour() -> None:
    assert said(Flaky(*[Unreachable("gone")] * 3), Flaky()) == [GONE, BACK]


def test_a_defect_is_told_each_time_and_ends_nothing() -> None:
    assert said(Flaky(ValueError("a defect"), ValueError("a defect"))) == [("error", "worker.failed")] * 2


class Untold(Leases):
    """Leases whose database goes away while the duty runs."""

    gone = threading.Event()

    def renew(self, lease: Lease) -> bool:
        self.gone.set()
        raise Unreachable("gone")

    def release(
        self, lease: Lease, outcome: JobOutcome | None = None, *, due_at: datetime | None = None
    ) -> None:
        raise Unreachable("gone")


@pytest.fixture
def database(migrated_sqlite_url: str) -> Iterator[Database]:
    opened = Database(migrated_sqlite_url)
    yield opened
    opened.close()


def test_a_lease_that_cannot_be_renewed_or_given_back_does_not_spoil_what_was_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewals, "EVERY", 0.01)
    leases = Untold(database, "A")
    died: list[object] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    claim = Claim(leases, "tenant", TenantDuty.APPLY, lambda: NOW)
    assert claim.over(lambda: int(leases.gone.wait(timeout=10))).do() == 1
    assert not died
