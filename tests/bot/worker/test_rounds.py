"""Readings of many tenants are claimed and kept together: each tenant's record is what it would be alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, text, update

from bot.worker.loops import Claim
from bot.worker.rounds import GOOD_FOR, Observing, PlainReadings, Rounds
from bot.worker.turns import Job
from handlers.ports import Unavailable
from storage.database.clock import database_clock
from storage.engine import Database
from storage.jobs.leases import TenantDuty
from storage.records import Observation, SettingValue
from storage.schema.tables import baselines, leases
from tests.handlers.driver import House
from tests.handlers.fakes import UNREADABLE

EVERY = timedelta(minutes=10)
A, B, C = (f"{letter * 8}-2222-3333-4444-555555555555" for letter in "abc")


@pytest.fixture
def database(migrated_database_url: str) -> Iterator[Database]:
    opened = Database(migrated_database_url)
    yield opened
    opened.close()


class Process:
    """One process that serves some tenants, all read once already and due again."""

    def __init__(self, database: Database, *tenants: str) -> None:
        self.houses = {one: House(database, tenant_id=one) for one in tenants}
        self.alone: list[str] = []
        self.plain = PlainReadings(database, "us")
        self.database = database
        self.rounds = self._rounds()
        for one in self.rounds.due():
            self._job(one).do()
        self.pass_(EVERY)
        self.alone.clear()

    def begin(self, tenant: str) -> None:
        """Serve another one as well, who was never read."""
        at = next(iter(self.houses.values())).clock.at
        self.houses[tenant] = House(self.database, tenant_id=tenant, at=at)
        self.rounds = self._rounds()

    def _rounds(self) -> Rounds:
        observing = [self._observing(house) for house in self.houses.values()]
        clock = next(iter(self.houses.values())).clock
        return Rounds(self.database, observing, self.plain, clock, every=EVERY)

    def _observing(self, house: House) -> Observing:
        context, drift = house.context, house.dispatch.drift
        claim = Claim(context.leases, house.tenant_id, TenantDuty.OBSERVE, house.clock, EVERY)
        again_at = partial(drift.next_at, EVERY)
        due = partial(drift.is_due, EVERY)
        alone = claim.over(lambda: drift.observe(EVERY), due=due, again_at=again_at)

        def noted() -> int:
            self.alone.append(house.tenant_id)
            return alone.do()

        return Observing(context, drift, claim, again_at, Job(house.tenant_id, noted))

    def _job(self, tenant_id: str) -> Job:
        return next(job for job in self.rounds.jobs() if job.tenant_id == tenant_id)

    def pass_(self, span: timedelta) -> None:
        """Let time pass for everybody."""
        for house in self.houses.values():
            house.clock.at += span

    def read(self) -> list[str]:
        """One round: everybody who is due is read, and what was read is kept."""
        due = self.rounds.due()
        for one in due:
            self._job(one).do()
        self.plain.keep()
        return due

    def runs(self, tenant_id: str) -> list[Observation]:
        """The tenant's readings, newest first."""
        with self.houses[tenant_id].ledger.reading() as reader:
            return reader.readings.newest_observations(10)


def held(database: Database) -> list[str]:
    """Whose readings are under way, as the table says."""
    with database.read() as connection:
        query = select(leases.c.tenant_id).where(leases.c.until > 0, leases.c.duty == "observe")
        return list(connection.execute(query).scalars())


def test_what_ought_to_be_is_counted_and_the_lease_given_back(database: Database) -> None:
    process = Process(database, A, B)
    assert sorted(process.read()) == [A, B]
    assert process.alone == []
    for one in (A, B):
        (run,) = process.runs(one)
        assert (run.count, run.at) == (2, process.houses[one].clock.at)
        assert process.houses[one].tenant.reads == 2
    assert held(database) == []
    assert process.read() == []
    process.pass_(EVERY)
    assert sorted(process.read()) == [A, B]


def test_the_record_is_what_each_tenant_would_have_alone(database: Database) -> None:
    process, alone = Process(database, A), House(database, tenant_id=B)
    alone.observe(EVERY)
    for span in (EVERY, EVERY, timedelta(hours=3), timedelta(hours=14), EVERY):
        process.pass_(span)
        process.read()
    alone.clock.at += EVERY
    for span in (EVERY, EVERY, timedelta(hours=3), timedelta(hours=14), EVERY):
        alone.clock.at += span
        alone.observe(EVERY)
    with alone.ledger.reading() as reader:
        expected = reader.readings.newest_observations(10)
    assert [(run.since, run.at, run.count) for run in process.runs(A)] == [
        (run.since, run.at, run.count) for run in expected
    ]


def test_a_value_that_ought_not_to_be_is_judged_as_alone(database: Database) -> None:
    process = Process(database, A, B)
    process.houses[A].tenant.value = SettingValue.OPTED_IN
    process.read()
    process.pass_(timedelta(seconds=3))
    assert process.read() == [A]  # it asks for a second reading
    assert process.alone == [A]
    assert [one.to_value for one in process.houses[A].requests()] == [SettingValue.OPTED_IN]
    assert process.houses[B].requests() == []


def test_what_cannot_be_read_is_recorded_as_alone_and_holds_up_nobody(database: Database) -> None:
    process = Process(database, A, B)
    process.houses[A].tenant.unreadable = UNREADABLE
    for _ in range(3):
        process.read()
        process.pass_(EVERY)
    assert sum(run.count for run in process.runs(A) if run.value is None) == 3
    process.houses[A].deliver()
    assert [facts["what"] for facts in process.houses[A].board.announced] == ["unreadable"]
    assert [run.count for run in process.runs(B)] == [4]


def test_who_was_never_read_is_claimed_with_the_others_and_recorded_as_alone(database: Database) -> None:
    process = Process(database, A)
    process.begin(C)
    alone = House(database, tenant_id=B, at=process.houses[C].clock.at)
    assert sorted(process.read()) == [A, C]
    assert (process.alone, held(database)) == ([], [])
    alone.observe(EVERY)
    house = process.houses[C]
    assert house.baseline() == alone.baseline()
    assert [(event.kind, event.payload) for event in house.events("baseline")] == [
        (event.kind, event.payload) for event in alone.events("baseline")
    ]
    assert [run.count for run in process.runs(C)] == [1]
    process.pass_(EVERY)
    assert sorted(process.read()) == [A, C]
    assert (process.alone, [run.count for run in process.runs(C)]) == ([], [2])


def test_who_could_not_be_read_at_first_is_read_alone_from_then_on(database: Database) -> None:
    process = Process(database, A)
    process.begin(C)
    process.houses[C].tenant.unreadable = UNREADABLE
    process.read()
    assert (process.alone, [run.value for run in process.runs(C)]) == ([], [None])
    process.houses[C].tenant.unreadable = None
    process.pass_(EVERY)
    process.read()
    assert (process.alone, held(database)) == ([C], [])
    assert process.houses[C].baseline() is not None


def test_whoever_has_a_request_open_is_read_alone(database: Database) -> None:
    process = Process(database, A, B)
    process.houses[A].ask()
    process.read()
    assert process.alone == [A]


def test_an_altered_row_makes_nothing_ordinary(database: Database) -> None:
    process = Process(database, A, B)
    opted_in = update(baselines).where(baselines.c.tenant_id == A).values(value="opted_in")
    with database.write() as connection:
        connection.execute(opted_in)
    process.houses[A].tenant.value = SettingValue.OPTED_IN
    process.read()
    assert process.runs(A)[0].value is SettingValue.OPTED_IN
    process.pass_(timedelta(seconds=3))
    process.read()
    assert len(process.houses[A].requests()) == 1  # told as a change made outside, whatever the row says


def test_who_changes_before_the_reading_is_kept_is_read_anew_and_alone(database: Database) -> None:
    process = Process(database, A, B)
    for one in process.rounds.due():
        process._job(one).do()
    process.houses[A].opt_out()
    process.plain.keep()
    assert [process.runs(one)[0].count for one in (A, B)] == [1, 2]
    assert held(database) == []
    assert process.read() == [A]
    assert (process.alone, process.runs(A)[0].count) == ([A], 2)


def test_whoever_was_read_in_the_future_is_read_alone(database: Database) -> None:
    process = Process(database, A)
    process.pass_(-3 * EVERY)
    process.read()
    assert process.alone == [A]


def test_a_lease_that_was_lost_keeps_nothing(database: Database) -> None:
    process = Process(database, A)
    for one in process.rounds.due():
        process._job(one).do()
    with database.write() as connection:
        connection.execute(text("UPDATE leases SET until = 1"))
    process.plain.keep()
    assert process.runs(A)[0].count == 1


def test_a_claim_that_waited_too_long_is_renewed_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(database, A)
    (due,) = process.rounds.due()
    monkeypatch.setattr("bot.worker.rounds.GOOD_FOR", -GOOD_FOR)
    with database.write() as connection:
        connection.execute(update(leases).values(until=leases.c.until - 5000))
    process._job(due).do()
    with database.read() as connection:
        left = connection.execute(select(leases.c.until - database_clock())).scalar_one()
    assert left > 8000
    process.plain.keep()
    assert (process.alone, process.runs(A)[0].count, held(database)) == ([], 2, [])


def test_who_waited_until_the_claim_was_over_is_read_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(database, A)
    (due,) = process.rounds.due()
    monkeypatch.setattr("bot.worker.rounds.GOOD_FOR", -GOOD_FOR)
    with database.write() as connection:
        connection.execute(text("UPDATE leases SET until = 1"))
    process._job(due).do()
    assert (process.alone, process.runs(A)[0].count, held(database)) == ([A], 2, [])


def test_one_thread_asks_at_a_time_and_once_a_second_where_nobody_else_is_due(database: Database) -> None:
    process = Process(database, A, B)
    ask, others = process.rounds._schedule.due, list[list[str]]()

    def asked(now: datetime) -> list[str]:
        others.extend([process.rounds.due(), process.rounds.more()])
        return ask(now)

    process.rounds._schedule.due = asked  # type: ignore[method-assign]
    assert sorted(process.rounds.more()) == [A, B]
    assert others == [[], []]
    assert process.rounds.more() == []
    assert len(others) == 2
    process.pass_(timedelta(seconds=1))
    process.rounds.more()
    assert len(others) == 4


def test_two_processes_share_the_round_and_read_nobody_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Process(database, A, B, C)
    monkeypatch.setattr("bot.worker.rounds.AT_ONCE", 2)
    other = Process.__new__(Process)
    other.__dict__ |= one.__dict__ | {"plain": PlainReadings(database, "them"), "alone": []}
    other.rounds = other._rounds()
    mine, theirs = one.rounds.due(), other.rounds.due()
    assert len(mine) == 2
    assert sorted([*mine, *theirs]) == [A, B, C]
    assert one.rounds.more() == []  # the last one is theirs
    for process, due in ((one, mine), (other, theirs)):
        for tenant_id in due:
            process._job(tenant_id).do()
        process.plain.keep()
    assert [house.tenant.reads for house in one.houses.values()] == [2, 2, 2]


def test_broken_tenants_that_wait_for_a_thread_hide_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(database, A, B)
    monkeypatch.setattr("bot.worker.rounds.AT_ONCE", 1)
    process.houses[A].ask()  # so that it is not claimed in advance
    assert [*process.rounds.due(), *process.rounds.more(), *process.rounds.more()] == [A, B]


def test_a_tenant_that_is_not_served_here_is_not_claimed(database: Database) -> None:
    process = Process(database, A, B)
    del process.houses[B]
    process.rounds = process._rounds()
    assert process.read() == [A]
    assert held(database) == []


def test_nobody_is_read_again_while_a_reading_hangs(database: Database) -> None:
    process = Process(database, A)
    seen: list[list[str]] = []
    process.houses[A].tenant.meanwhile = lambda: seen.append(process.rounds.due())
    process.read()
    assert seen == [[]]


def test_what_exchange_refuses_is_no_defect(database: Database) -> None:
    process = Process(database, A)
    process.houses[A].tenant.readings.append(Unavailable("No."))
    process.read()
    assert process.runs(A)[0].value is None
    assert held(database) == []
