"""Jobs that are done every so often are found over all tenants by the table of jobs, and none is lost with
whoever had it."""

from datetime import timedelta

import pytest
from sqlalchemy import column, insert, select, table, text

from storage.engine import Database
from storage.jobs.leases import JobOutcome, Lease, Leases, TenantDuty
from storage.jobs.schedule import ENROLLED_EVERY, Schedule
from storage.schema.tables import leases
from tests.storage.states import NOW, TENANT

EVERY = timedelta(minutes=10)
SECOND = timedelta(seconds=1)
OBSERVE = TenantDuty.OBSERVE


@pytest.fixture
def alice(database: Database) -> Leases:
    return Leases(database, "alice")


@pytest.fixture
def bob(database: Database) -> Leases:
    return Leases(database, "bob")


@pytest.fixture
def schedule(database: Database) -> Schedule:
    return Schedule(database, OBSERVE, ["a", "b"], every=EVERY)


def claimed(who: Leases, tenant_id: str = "a") -> Lease:
    lease = who.claim(tenant_id, OBSERVE, again_at=NOW + EVERY)
    assert lease is not None
    return lease


def dies(database: Database) -> None:
    """Whoever holds anything is gone for longer than a lease lasts."""
    with database.write() as connection:
        connection.execute(text("UPDATE leases SET until = 1"))


def test_who_was_never_served_is_due(schedule: Schedule) -> None:
    assert schedule.due(NOW) == ["a", "b"]


def test_what_nobody_waits_for_comes_by_and_by_of_many_new_tenants(database: Database) -> None:
    new = [f"t{number}" for number in range(4)]
    schedule = Schedule(database, TenantDuty.PRUNE, new, every=EVERY, spread=True)
    assert schedule.due(NOW) == ["t0"]
    assert schedule.due(NOW + EVERY / 4) == ["t0", "t1"]
    assert schedule.due(NOW + EVERY) == new
    more = Schedule(database, TenantDuty.PRUNE, [*new, "t4"], every=EVERY, spread=True)
    assert more.due(NOW) == ["t0", "t4"], "those that are known keep their time"


def test_what_is_in_hand_is_due_for_nobody_and_what_is_done_after_the_interval(
    schedule: Schedule, alice: Leases
) -> None:
    schedule.due(NOW)
    lease = claimed(alice)
    assert schedule.due(NOW) == ["b"]
    alice.release(lease, JobOutcome.DONE)
    assert schedule.due(NOW + EVERY - SECOND) == ["b"]
    assert schedule.due(NOW + EVERY) == ["b", "a"], "the longest overdue first"


def test_what_a_killed_process_had_in_hand_is_due_at_once(
    schedule: Schedule, alice: Leases, database: Database
) -> None:
    schedule.due(NOW)
    claimed(alice)
    dies(database)
    assert "a" in schedule.due(NOW)


def test_a_job_that_failed_is_due_when_that_was_said_and_its_failures_are_counted(
    schedule: Schedule, alice: Leases
) -> None:
    schedule.due(NOW)
    for failures in range(3):
        lease = claimed(alice)
        assert lease.attempts == failures
        alice.release(lease, JobOutcome.STUCK, due_at=NOW + SECOND)
        assert "a" not in schedule.due(NOW)
        assert "a" in schedule.due(NOW + SECOND)
    alice.release(claimed(alice), JobOutcome.DONE)
    assert claimed(alice).attempts == 0


def test_what_was_said_sooner_while_it_ran_is_kept(
    schedule: Schedule, alice: Leases, database: Database
) -> None:
    schedule.due(NOW)
    lease = claimed(alice)
    with database.write() as connection:
        connection.execute(leases.update().where(leases.c.name == lease.name).values(due_at=NOW))
    alice.release(lease, JobOutcome.DONE, due_at=NOW + EVERY)
    assert "a" in schedule.due(NOW)


def test_whoever_has_lost_a_job_says_nothing_about_it_any_more(
    schedule: Schedule, alice: Leases, bob: Leases, database: Database
) -> None:
    schedule.due(NOW)
    old = claimed(alice)
    dies(database)
    bob.release(claimed(bob), JobOutcome.DONE)
    alice.release(old, JobOutcome.FAILED, due_at=NOW)
    assert "a" not in schedule.due(NOW)


def test_a_due_time_farther_ahead_than_can_be_is_none(schedule: Schedule, alice: Leases) -> None:
    """The clock was set back since, or is another replica's."""
    schedule.due(NOW)
    alice.release(claimed(alice), JobOutcome.DONE)
    assert "a" not in schedule.due(NOW - EVERY)
    assert "a" in schedule.due(NOW - EVERY - SECOND)


def test_who_is_put_off_is_due_then_and_who_is_held_is_not_touched(
    schedule: Schedule, alice: Leases, bob: Leases
) -> None:
    schedule.due(NOW)
    alice.put_off("a", OBSERVE, now=NOW, until=NOW + SECOND)
    alice.release(claimed(alice), JobOutcome.DONE)
    later = NOW + EVERY
    bob.put_off("a", OBSERVE, now=later, until=later + SECOND)
    assert schedule.due(later) == ["b"]
    assert schedule.due(later + SECOND) == ["b", "a"]
    bob.put_off("a", OBSERVE, now=NOW, until=NOW + timedelta(days=1))
    assert schedule.due(later + SECOND) == ["b", "a"], "it did not look due then"
    claimed(alice)
    bob.put_off("a", OBSERVE, now=NOW + EVERY, until=NOW + timedelta(days=1))
    alice.release(claimed(alice), JobOutcome.DONE)
    assert "a" in schedule.due(NOW + EVERY)


def test_a_shorter_interval_holds_from_the_next_start_on(
    schedule: Schedule, alice: Leases, database: Database
) -> None:
    schedule.due(NOW)
    alice.release(claimed(alice), JobOutcome.DONE)
    quicker = Schedule(database, OBSERVE, ["a", "b"], every=timedelta(minutes=6))
    assert "a" not in quicker.due(NOW)
    assert "a" in quicker.due(NOW + timedelta(minutes=6))


def test_a_second_start_and_a_second_replica_find_the_rows_that_are_there(
    schedule: Schedule, alice: Leases, database: Database
) -> None:
    schedule.due(NOW)
    alice.release(claimed(alice), JobOutcome.DONE)
    again = Schedule(database, OBSERVE, ["a", "b", "c"], every=EVERY)
    assert again.due(NOW) == ["b", "c"]
    assert schedule.due(NOW) == ["b", "c"], "who it is not wired for is left out by the worker"


def test_each_duty_has_its_own_turn(schedule: Schedule, alice: Leases, database: Database) -> None:
    reminding = Schedule(database, TenantDuty.REMIND, ["a"], every=EVERY)
    schedule.due(NOW)
    alice.release(claimed(alice), JobOutcome.DONE)
    assert reminding.due(NOW) == ["a"]
    assert "a" not in schedule.due(NOW)


def test_a_lease_of_the_version_before_is_taken_over_with_its_epoch(
    database: Database, alice: Leases
) -> None:
    """An older replica knows the name alone, and takes the same row as we do."""
    theirs = table("leases", *(column(name) for name in ("name", "holder", "epoch", "until")))
    with database.write() as connection:
        connection.execute(
            insert(theirs).values(name=OBSERVE.lease(TENANT), holder="an older replica", epoch=7, until=1)
        )
    assert Schedule(database, OBSERVE, [TENANT], every=EVERY).due(NOW) == [TENANT]
    lease = alice.claim(TENANT, OBSERVE, again_at=NOW + EVERY)
    assert lease is not None
    assert lease.epoch == 8
    with database.read() as connection:
        row = connection.execute(select(leases).where(leases.c.name == lease.name)).one()
    assert (row.tenant_id, row.duty, row.holder, row.due_at) == (TENANT, "observe", "alice", NOW + EVERY)


def test_who_was_only_entered_was_never_on_duty(schedule: Schedule, alice: Leases) -> None:
    schedule.due(NOW)
    assert alice.holders("a") == {}
    claimed(alice)
    assert alice.holders("a") == {"observe": True}


def test_a_row_that_another_transaction_has_locked_is_not_waited_for(migrated_postgres_url: str) -> None:
    database = Database(migrated_postgres_url)
    alice, bob = Leases(database, "alice"), Leases(database, "bob")
    alice.release(claimed(alice), JobOutcome.DONE)
    try:
        with database.write() as connection:
            connection.execute(select(leases).with_for_update())
            assert bob.claim("a", OBSERVE) is None
        assert bob.claim("a", OBSERVE) is not None
    finally:
        database.close()


def test_a_row_that_was_altered_keeps_nobody_from_a_turn_for_long(
    schedule: Schedule, alice: Leases, database: Database
) -> None:
    schedule.due(NOW)
    for tenant_id in ("a", "b"):
        alice.release(claimed(alice, tenant_id), JobOutcome.DONE)
    with database.write() as connection:
        connection.execute(text("UPDATE leases SET tenant_id = 'somebody else' WHERE name = 'observe:a'"))
        connection.execute(
            text("UPDATE leases SET attempts = -7, due_at = '2027-01-01' WHERE name = 'observe:b'")
        )
    assert schedule.due(NOW) == ["b"], "so far ahead is none"
    for _ in range(ENROLLED_EVERY):
        schedule.due(NOW)
    assert schedule.due(NOW + EVERY) == ["a", "b"]
    assert claimed(alice, "b").attempts == 0


def test_a_row_that_cannot_be_read_stops_no_other(migrated_sqlite_url: str) -> None:
    database = Database(migrated_sqlite_url)
    schedule = Schedule(database, OBSERVE, ["a", "b"], every=EVERY)
    schedule.due(NOW)
    with database.write() as connection:
        connection.execute(
            text(
                "UPDATE leases SET tenant_id = CAST(x'ff00' AS TEXT), due_at = 'never' WHERE name = "
                "'observe:a'"
            )
        )
    assert "b" in schedule.due(NOW)
    with database.write() as connection:
        connection.execute(text("UPDATE leases SET attempts = 'x', epoch = 3 WHERE name = 'observe:b'"))
    assert claimed(Leases(database, "alice"), "b").attempts == 0
    database.close()


def test_of_thousands_the_longest_overdue_come_first_a_part_at_a_look(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.jobs.schedule.AT_A_LOOK", 2)
    schedule = Schedule(database, OBSERVE, ["a", "b", "c"], every=EVERY)
    assert schedule.due(NOW) == ["a", "b"]
    served = Schedule(database, OBSERVE, ["c"], every=EVERY)
    assert "c" in served.due(NOW)  # the others are not served here, and would stay due before it for ever


def test_those_who_are_claimed_together_are_due_again_later(schedule: Schedule, alice: Leases) -> None:
    schedule.due(NOW)
    lease = claimed(alice)
    assert list(schedule.claim(["a", "b"], "bob", NOW)) == ["b"]
    assert schedule.claim(["a", "b"], "carol", NOW) == {}
    alice.release(lease, JobOutcome.DONE)
    assert schedule.claim(["a"], "carol", NOW + SECOND) == {}
    assert list(schedule.claim(["a"], "carol", NOW + EVERY)) == ["a"]
