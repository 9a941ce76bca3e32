"""One worker does one duty at a time; whoever was stopped for too long finds its right gone."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from freezegun import freeze_time
from sqlalchemy import select, text

from storage.database.clock import database_clock
from storage.engine import Database
from storage.jobs.leases import LEASE_MS, Lease, Leases, TenantDuty, still_held

DUTY = "apply:1"
OVER = -1
"""A lease of this many milliseconds is over when it is taken: nobody has to wait for the time to pass."""


BRIEF = 300


def passes(database: Database, milliseconds: int) -> None:
    """So much time passes by the database's clock."""
    with database.read() as connection:
        began = connection.execute(select(database_clock())).scalar_one()
        while connection.execute(select(database_clock())).scalar_one() <= began + milliseconds:
            time.sleep(milliseconds / 10_000)


@pytest.fixture
def alice(database: Database) -> Leases:
    return Leases(database, "alice")


@pytest.fixture
def bob(database: Database) -> Leases:
    return Leases(database, "bob")


def holds(database: Database, lease: Lease | None) -> bool:
    assert lease
    with database.write() as connection:
        return still_held(connection, lease)


def set_back(database: Database, **span: float) -> None:
    """As if the database's own clock had been set back since the lease was taken."""
    ahead = int(timedelta(**span).total_seconds() * 1000)
    with database.write() as connection:
        connection.execute(text(f"UPDATE leases SET until = until + {ahead}"))


def test_a_free_duty_is_taken_and_kept_from_others(database: Database, alice: Leases, bob: Leases) -> None:
    lease = alice.take(DUTY)
    assert lease == Lease(DUTY, "alice", 1)
    assert holds(database, lease)
    assert bob.take(DUTY) is None
    assert bob.take("another") == Lease("another", "bob", 1)


def test_a_duty_whose_time_is_over_passes_on_under_the_next_epoch(
    database: Database, alice: Leases, bob: Leases
) -> None:
    old = alice.take(DUTY, milliseconds=OVER)
    assert old
    assert not holds(database, old)
    assert bob.take(DUTY) == Lease(DUTY, "bob", 2)
    assert alice.take(DUTY) is None


def test_a_holder_stopped_beyond_its_time_is_fenced(database: Database, alice: Leases, bob: Leases) -> None:
    old = alice.take(DUTY, milliseconds=OVER)
    assert old
    new = bob.take(DUTY)
    assert not alice.renew(old)
    alice.release(old)
    assert holds(database, new)
    assert not holds(database, old)


def test_the_same_holder_under_an_old_epoch_is_fenced_too(database: Database, alice: Leases) -> None:
    first, second = alice.take(DUTY), alice.take(DUTY)
    assert first
    assert second == Lease(DUTY, "alice", 2)
    assert not alice.renew(first)
    assert not holds(database, first)
    assert holds(database, second)


def test_a_duty_given_back_is_free_at_once_and_its_epoch_goes_on(
    database: Database, alice: Leases, bob: Leases
) -> None:
    lease = alice.take(DUTY)
    assert lease
    alice.release(lease)
    assert not holds(database, lease)
    assert bob.take(DUTY) == Lease(DUTY, "bob", 2)


def test_a_late_renewal_does_not_bring_back_what_was_given_back(
    database: Database, alice: Leases, bob: Leases
) -> None:
    """The renewing runs beside the work: its last round may come after the release."""
    lease = alice.take(DUTY)
    assert lease
    alice.release(lease)
    assert not alice.renew(lease)
    assert bob.take(DUTY) is not None


def test_renewing_keeps_a_duty_beyond_its_first_time(database: Database, alice: Leases, bob: Leases) -> None:
    lease = alice.take(DUTY, milliseconds=BRIEF)
    assert lease
    assert alice.renew(lease)
    passes(database, BRIEF)
    assert holds(database, lease)
    assert bob.take(DUTY) is None


def test_what_has_run_out_is_not_renewed_although_nobody_else_has_taken_it(
    database: Database, alice: Leases
) -> None:
    """Whoever was frozen for so long has missed what happened meanwhile."""
    lease = alice.take(DUTY, milliseconds=OVER)
    assert lease
    assert not alice.renew(lease)
    assert not holds(database, lease)
    again = alice.take(DUTY)
    assert again
    assert again.epoch == lease.epoch + 1


def test_only_the_databases_clock_ends_a_lease(database: Database, alice: Leases, bob: Leases) -> None:
    lease = alice.take(DUTY)
    with freeze_time("2036-01-01"):
        assert bob.take(DUTY) is None
        assert holds(database, lease)
    with database.write() as connection:
        connection.execute(text(f"UPDATE leases SET until = until - {LEASE_MS + 1}"))
    with freeze_time("2016-01-01"):
        assert not holds(database, lease)
        assert bob.take(DUTY) is not None


def test_a_dead_holders_lease_from_before_the_clock_was_set_back_passes_on(
    database: Database, alice: Leases, bob: Leases
) -> None:
    old = alice.take(DUTY)
    set_back(database, hours=1)
    assert bob.take(DUTY) == Lease(DUTY, "bob", 2)
    assert not holds(database, old)


def test_a_clock_that_was_set_back_a_little_takes_a_duty_from_nobody(
    database: Database, alice: Leases, bob: Leases
) -> None:
    alice.take(DUTY)
    set_back(database, seconds=9)
    assert bob.take(DUTY) is None


def test_the_databases_clock_counts_milliseconds_and_goes_on_within_a_transaction(database: Database) -> None:
    with database.write() as connection:
        first = connection.execute(select(database_clock())).scalar_one()
        assert abs(first / 1000 - time.time()) < 5
        until = time.monotonic() + 10
        while connection.execute(select(database_clock())).scalar_one() <= first:
            assert time.monotonic() < until


def test_of_eight_that_reach_for_a_free_duty_one_gets_it(database: Database) -> None:
    barrier = threading.Barrier(8)

    def reach(number: int) -> Lease | None:
        barrier.wait(timeout=30)
        return Leases(database, f"worker-{number}").take(DUTY)

    with ThreadPoolExecutor(8) as pool:
        taken = [lease for lease in pool.map(reach, range(8)) if lease]
    assert [lease.epoch for lease in taken] == [1]


def test_of_eight_that_reach_for_an_abandoned_duty_one_gets_it(database: Database, alice: Leases) -> None:
    alice.take(DUTY, milliseconds=OVER)
    barrier = threading.Barrier(8)

    def reach(number: int) -> Lease | None:
        barrier.wait(timeout=30)
        return Leases(database, f"worker-{number}").take(DUTY)

    with ThreadPoolExecutor(8) as pool:
        taken = [lease for lease in pool.map(reach, range(8)) if lease]
    assert [lease.epoch for lease in taken] == [2]


def test_a_tenant_s_duties_are_found_by_their_names_and_nothing_that_ends_alike(
    alice: Leases, bob: Leases
) -> None:
    alice.take(TenantDuty.APPLY.lease("t_1"))
    bob.take(TenantDuty.PUBLIC.lease("t_1"))
    for other in ("export:U0BOB:t_1", "apply:tx1", "apply:another:t_1", "apply"):
        alice.take(other)
    assert alice.holders("t_1") == {"apply": True, "public": False}
    assert bob.holders("t_1") == {"apply": False, "public": True}
    assert alice.holders("_1") == {}
