"""Readings that follow each other and tell the same are one row; whatever ends it shows, an hour that nobody
looked included."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import column, insert, select, table

from storage.engine import Database
from storage.ledger import Ledger
from storage.readings.runs import UNBROKEN
from storage.records import Observation, SettingValue
from storage.schema.tables import observations
from tests.storage.states import TENANT

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
EVERY = timedelta(minutes=10)
IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT
FIRST = Observation(NOON, IN, False, "contoso.onmicrosoft.com", None, NOON - timedelta(days=9))


def keep(ledger: Ledger, *readings: Observation) -> None:
    for seen in readings:
        with ledger.recording(seen.at) as entry:
            entry.holding.observe(seen)


def runs(ledger: Ledger) -> list[Observation]:
    """Every run there is, the oldest first."""
    with ledger.reading() as reader:
        return reader.readings.newest_observations(1000)[::-1]


def later(seen: Observation, **span: float) -> Observation:
    return replace(seen, at=seen.at + timedelta(**span))


def test_what_is_read_again_and_again_is_one_row(ledger: Ledger) -> None:
    keep(ledger, *(later(FIRST, minutes=10 * number) for number in range(6)))
    (run,) = runs(ledger)
    assert run == replace(FIRST, at=NOON + 5 * EVERY, first_at=NOON, count=6)
    assert (run.since, run.at, run.count) == (NOON, NOON + 5 * EVERY, 6)


def test_a_reading_alone_is_what_was_read(ledger: Ledger) -> None:
    keep(ledger, FIRST)
    assert runs(ledger) == [FIRST]
    assert (FIRST.since, FIRST.count) == (NOON, 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"value": OUT},
        {"value": SettingValue.NOT_SET},
        {"value": None, "problem": "timed out"},
        {"smtp_auth_disabled": True},
        {"smtp_auth_disabled": None},
        {"organization": "another.onmicrosoft.com"},
        {"organization": None},
        {"changed_at": NOON},
        {"changed_at": None},
    ],
)
def test_whatever_differs_begins_a_row_and_so_does_its_end(ledger: Ledger, changed: dict[str, Any]) -> None:
    other = replace(later(FIRST, minutes=10), **changed)
    keep(ledger, FIRST, other, later(FIRST, minutes=20), later(FIRST, minutes=30))
    assert [(run.since, run.count) for run in runs(ledger)] == [
        (NOON, 1),
        (NOON + EVERY, 1),
        (NOON + 2 * EVERY, 2),
    ]


def test_failures_for_one_reason_are_one_row_and_another_reason_is_another(ledger: Ledger) -> None:
    failed = Observation(NOON, None, None, None, "timed out")
    keep(
        ledger, failed, later(failed, minutes=10), replace(later(failed, minutes=20), problem="access denied")
    )
    assert [(run.count, run.problem) for run in runs(ledger)] == [(2, "timed out"), (1, "access denied")]
    with ledger.reading() as reader:
        failures = reader.readings.failed_observations(4)
    assert sum(run.count for run in failures) == 3
    assert failures[-1].since == NOON


@pytest.mark.parametrize(("apart", "rows"), [(UNBROKEN, 1), (UNBROKEN + timedelta(microseconds=1), 2)])
def test_time_that_nobody_looked_at_for_longer_than_that_is_in_no_row(
    ledger: Ledger, apart: timedelta, rows: int
) -> None:
    keep(ledger, FIRST, replace(FIRST, at=NOON + apart))
    assert len(runs(ledger)) == rows


def test_who_looks_every_hour_keeps_a_row_for_two(database: Database) -> None:
    hourly = Ledger(database, TENANT, unbroken=timedelta(hours=2))
    keep(hourly, FIRST, later(FIRST, hours=2), later(FIRST, hours=4, seconds=1))
    assert [run.count for run in runs(hourly)] == [2, 1]


def test_the_hours_that_nobody_observed_are_told_by_the_rows(ledger: Ledger) -> None:
    """Read every ten minutes from noon to two, away until five, failing until six, read until seven: three
    and one."""
    failing = Observation(NOON, None, None, None, "timed out")
    minutes = [*range(0, 121, 10), *range(300, 421, 10)]
    keep(ledger, *(later(failing if 300 <= minute < 360 else FIRST, minutes=minute) for minute in minutes))
    read = [run for run in runs(ledger) if run.value is not None]
    assert [(run.since - NOON, run.at - NOON) for run in read] == [
        (timedelta(0), timedelta(hours=2)),
        (timedelta(hours=6), timedelta(hours=7)),
    ]
    unobserved = sum(((after.since - before.at) for before, after in pairwise(read)), timedelta(0))
    assert unobserved == timedelta(hours=4)


def test_every_day_has_a_row_of_its_own(ledger: Ledger) -> None:
    evening = replace(FIRST, at=datetime(2026, 11, 30, 23, 50, tzinfo=UTC))
    keep(ledger, evening, later(evening, minutes=9), later(evening, minutes=10), later(evening, minutes=20))
    assert [(run.since.day, run.at.day, run.count) for run in runs(ledger)] == [(30, 30, 2), (1, 1, 2)]


def test_a_clock_that_was_set_back_begins_a_row_and_the_next_goes_on_with_it(ledger: Ledger) -> None:
    keep(ledger, FIRST, later(FIRST, minutes=-5), later(FIRST, minutes=-4))
    assert [(run.since, run.at) for run in runs(ledger)] == [
        (NOON, NOON),
        (NOON - timedelta(minutes=5), NOON - timedelta(minutes=4)),
    ]


def test_a_run_goes_on_past_a_moment_as_its_first_reading_and_counts_for_nothing_before() -> None:
    run = replace(FIRST, at=NOON + EVERY, first_at=NOON, count=9)
    assert run.as_of(NOON + EVERY) is run
    assert run.as_of(NOON + EVERY / 2) == FIRST
    assert run.as_of(NOON) == FIRST
    assert run.as_of(NOON - timedelta(microseconds=1)) is None


def test_a_run_is_near_a_moment_that_lies_within_it() -> None:
    run, span = replace(FIRST, at=NOON + timedelta(hours=5), first_at=NOON), timedelta(hours=1)
    assert not run.is_within(span, NOON - span)
    assert run.is_within(span, NOON - EVERY)
    assert run.is_within(span, NOON + timedelta(hours=3))
    assert run.is_within(span, NOON + timedelta(hours=5) + EVERY)
    assert not run.is_within(span, NOON + timedelta(hours=5) + span)


def test_the_last_reading_of_a_value_before_a_moment_is_found_in_a_row_that_goes_on(ledger: Ledger) -> None:
    keep(ledger, FIRST, later(FIRST, minutes=10), replace(later(FIRST, minutes=15), value=OUT))
    with ledger.reading() as reader:
        assert reader.readings.last_seen_as(IN, NOON - EVERY) is None
        for before, at in ((NOON + EVERY, NOON + EVERY), (NOON + EVERY / 2, NOON)):
            seen = reader.readings.last_seen_as(IN, before)
            assert seen is not None
            assert seen.at == at


def test_another_tenant_s_readings_are_rows_of_its_own(ledger: Ledger, database: Database) -> None:
    other = Ledger(database, "another")
    for number in range(3):
        keep(ledger, later(FIRST, minutes=10 * number))
        keep(other, later(FIRST, minutes=10 * number))
    assert [run.count for run in runs(ledger)] == [run.count for run in runs(other)] == [3]


def test_a_row_of_the_version_before_is_one_reading_and_the_next_goes_on_with_it(
    ledger: Ledger, database: Database
) -> None:
    """An older replica beside this one keeps a row for each, without the columns it does not know."""
    theirs = table(
        "observations", *(column(name, observations.c[name].type) for name in ("tenant_id", "at", "value"))
    )
    with database.write() as connection:
        connection.execute(insert(theirs).values(tenant_id=TENANT, at=NOON, value=IN.value))
    bare = Observation(NOON, IN, None, None, None)
    assert runs(ledger) == [bare]
    keep(ledger, later(bare, minutes=10))
    assert runs(ledger) == [replace(bare, at=NOON + EVERY, first_at=NOON, count=2)]
    with database.read() as connection:
        assert connection.execute(select(theirs.c.at)).scalar() == NOON + EVERY, (
            "to whom `at` is still the newest reading"
        )
