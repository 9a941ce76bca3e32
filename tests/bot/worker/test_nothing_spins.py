"""Whatever lasts, no job of the worker calls anything more than ten times a minute, and what keeps a change
waiting is said.

Every job of the real loops is looked at for minutes of played time, in a house where everything is to be done
at once.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from handlers.changes.transitions import held_up
from handlers.outgoing.notices import enqueue_word
from handlers.ports import Unavailable
from storage.engine import Database, Unreachable
from storage.errors import Conflict
from storage.jobs.leases import Leases
from storage.ledger import Entry
from storage.lifecycle import Kind, State
from storage.records import Baseline, Observation, SettingValue, WriteOutcome
from tests.bot.worker.counted_calls import MANY, MOST, STEP, Night, staffed
from tests.handlers.conftest import without_syncing
from tests.handlers.driver import ALICE, BOB, RULE, House
from tests.handlers.fakes import Answering
from tests.sentences import says


@pytest.fixture
def night(database: Database) -> Night:
    """An approved opt-in, a change from outside without an author, many answers owed, and an act that a
    process died over."""
    house = House(database)
    house.observe()
    house.clock.advance(minutes=11)
    with house.ledger.recording(house.clock()) as entry:
        for number in range(MANY):
            enqueue_word(entry, f"word:{number}", f"U0OTHER{number}", "Something came of it.")
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    looks: Counter[str] = Counter()
    return Night([staffed(house, looks)], Counter(), looks)


@pytest.fixture
def database(migrated_sqlite_url: str) -> Iterator[Database]:
    opened = Database(migrated_sqlite_url)
    for engine in (opened.engine, opened._quick):
        event.listen(engine, "connect", without_syncing)
    yield opened
    opened.close()


def seen(house: House, value: SettingValue, at: timedelta) -> None:
    """Somebody has read another value, by a clock that is so far ahead."""
    with house.ledger.recording(house.clock()) as entry:
        entry.holding.observe(
            Observation(house.clock() + at, value, smtp_auth_disabled=None, organization=None, problem=None)
        )


@contextmanager
def nothing(night: Night) -> Iterator[None]:
    yield


def exchange(error: Unavailable) -> Callable[[Night], Any]:
    @contextmanager
    def trouble(night: Night) -> Iterator[None]:
        for house in night.houses:
            house.tenant.unreadable = error
        yield

    return trouble


def answering(outcome: WriteOutcome) -> Callable[[Night], Any]:
    @contextmanager
    def trouble(night: Night) -> Iterator[None]:
        for house in night.houses:
            house.tenant.outcomes.extend([Answering(outcome, lands="never")] * 100)
        yield

    return trouble


@contextmanager
def unnamed(night: Night) -> Iterator[None]:
    for house in night.houses:
        house.tenant.organization = None
    yield


def slack(error: Unavailable) -> Callable[[Night], Any]:
    """Slack takes nothing, and knows nobody."""

    @contextmanager
    def trouble(night: Night) -> Iterator[None]:
        for house in night.houses:
            _refuse_posts(house, error)
            house.workspace.down = True
        yield

    return trouble


def _refuse_posts(house: Any, error: Unavailable) -> None:
    def refuse(method: str) -> None:
        house.failed_posts["posts"] += 1
        raise error

    house.board._meet_trouble = refuse


@contextmanager
def nobody_known(night: Night) -> Iterator[None]:
    for house in night.houses:
        house.workspace.down = True
    yield


def set_back(span: timedelta) -> Callable[[Night], Any]:
    """The clock goes back after another value was read."""

    @contextmanager
    def trouble(night: Night) -> Iterator[None]:
        for house in night.houses:
            seen(house, SettingValue.OPTED_IN, timedelta(0))
            seen(house, SettingValue.NOT_SET, timedelta(0))
            house.clock.advance(seconds=-span.total_seconds())
        yield

    return trouble


@contextmanager
def replica_ahead(night: Night) -> Iterator[None]:
    """Two copies whose clocks are five minutes apart; the one that is ahead has read another value."""
    first = night.houses[0]
    other: Any = House(first.database, at=first.clock() + timedelta(minutes=5))
    other.tenant.value = first.tenant.value
    other.context = replace(other.context, leases=Leases(first.database, "the other process"))
    seen(other, SettingValue.OPTED_IN, timedelta(0))
    night.houses.append(staffed(other, night.looks))
    yield


@contextmanager
def slow_slack(night: Night) -> Iterator[None]:
    """Whoever is looked up takes longer than a reading is good for."""
    for house in night.houses:
        ask = house.workspace._ask

        def slowly(who: str, house: House = house, ask: Callable[[str], None] = ask) -> None:
            house.clock.advance(seconds=61)
            ask(who)

        house.workspace._ask = slowly  # type: ignore[method-assign]
    yield


@contextmanager
def lease_lost(night: Night) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("handlers.changes.apply.still_held", lambda connection, lease: False)
        yield


@contextmanager
def conflict(night: Night) -> Iterator[None]:
    def faster(*args: Any, **changes: Any) -> None:
        raise Conflict("somebody was faster")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Entry, "revise", faster)
        yield


def database_trouble(error: Exception, *ways: str) -> Callable[[Night], Any]:
    @contextmanager
    def trouble(night: Night) -> Iterator[None]:
        @contextmanager
        def broken(*args: Any, **how: Any) -> Iterator[None]:
            raise error
            yield

        with pytest.MonkeyPatch.context() as patch:
            for way in ways:
                patch.setattr(Database, way, broken)
            yield

    return trouble


TROUBLES: dict[str, Callable[[Night], Any]] = {
    "none": nothing,
    "Exchange does not answer": exchange(Unavailable("Exchange could not be reached.")),
    "Exchange throttles": exchange(Unavailable("Exchange is busy.", retry_after=1)),
    "Exchange forbids": exchange(Unavailable("The role lacks it.", mend="Add it.", retryable=False)),
    "Exchange names no tenant": unnamed,
    "writes are not processed": answering(WriteOutcome.NOT_PROCESSED),
    "writes get lost": answering(WriteOutcome.UNKNOWN),
    "writes are refused": answering(WriteOutcome.REFUSED),
    "Slack does not answer": slack(Unavailable("Slack could not be reached.")),
    "Slack throttles": slack(Unavailable("Slack asks the bot to slow down.", retry_after=1)),
    "Slack has revoked the token": slack(
        Unavailable("The token was revoked.", mend="Set a new one.", retryable=False)
    ),
    "nobody can be looked up": nobody_known,
    "looking people up takes too long": slow_slack,
    "the clock was set back by five minutes": set_back(timedelta(minutes=5)),
    "the clock was set back by a day": set_back(timedelta(days=1)),
    "the clock was set back by a second": set_back(timedelta(seconds=1)),
    "two replicas are five minutes apart": replica_ahead,
    "the lease is lost each time": lease_lost,
    "somebody is always faster": conflict,
    "the database is gone": database_trouble(Unreachable("gone"), "read", "write"),
    "the database only reads": database_trouble(Unreachable("it only reads"), "write"),
    "a defect": database_trouble(ValueError("a defect"), "read", "write"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_no_job_calls_anything_more_than_ten_times_a_minute(name: str, night: Night) -> None:
    """Nor does a clock keep an approved change from being made, and whatever else does is said: all of it in
    the same minute."""
    with TROUBLES[name](night):
        night.minute()
        assert_calm(name, night)
        if name in CLOCKS:
            assert night.houses[0].newest().state is State.APPLIED
            assert sum(len(house.tenant.writes) for house in night.houses) == 1
        if name in SAID:
            assert_said(night.houses[0])
        if name in ONCE_MORE:
            night.minute()
            assert_calm(name, night)


def assert_calm(name: str, night: Night) -> None:
    """Nothing was called too often; where there is nothing to call, it is the looks that count."""
    assert {call: count for call, count in night.calls.items() if count > MOST} == {}
    if name in {"the database is gone", "a defect"}:
        assert {
            job: count for job, count in night.looks.items() if count > MOST and job not in NO_DATABASE
        } == {}


def assert_said(house: House) -> None:
    """What keeps the change waiting stands on its message, and is told to who runs the bot."""
    number = house.newest().id
    with house.ledger.reading() as reader:
        told = held_up(reader, RULE)
    shown = next(view.request for _, view in reversed(house.board.cards) if view.request.id == number)
    assert shown.state in (State.APPROVED, State.UNCERTAIN)
    assert shown.detail
    assert shown.detail != says("approved_by_u0bob")
    assert told == f"#{number}: {shown.detail}"


CLOCKS = {"the clock was set back by five minutes", "two replicas are five minutes apart"}
SAID = {
    "Exchange does not answer",
    "Exchange forbids",
    "Exchange names no tenant",
    "nobody can be looked up",
    "looking people up takes too long",
    "writes get lost",
}
ONCE_MORE = {"writes get lost"}
"""Where what comes after the first minute differs."""

NO_DATABASE = {"keeper-2", "keeper-3", "keeper-5"}
"""The jobs that ask no database here: opting out when no device is left, which the settings ask for;
standing; the metrics."""


def test_a_copy_with_an_earlier_rule_says_why_it_leaves_a_change_alone(night: Night) -> None:
    house = night.houses[0]
    with house.ledger.reading() as reader:
        told = held_up(reader, replace(RULE, approvals_required=2))
        assert held_up(reader, RULE) is None
    assert told is not None
    assert told.startswith(f"#{house.newest().id}: ")


def test_an_opt_out_is_made_at_once_while_an_opt_in_is_stuck(night: Night) -> None:
    house = night.houses[0]
    house.tenant.value = SettingValue.OPTED_IN
    with house.ledger.recording(house.clock()) as entry:
        entry.holding.set_baseline(
            Baseline(SettingValue.OPTED_IN, house.clock(), None, None), why="first reading"
        )
    with TROUBLES["nobody can be looked up"](night):
        night.minute()
        opt_out = house.opt_out(BOB)
        assert opt_out.kind is Kind.OPT_OUT
        for _ in range(12 // STEP):
            night.step()
    assert house.request(opt_out.id).state is State.APPLIED


def test_the_value_is_read_at_the_start_then_in_time_and_again_in_seconds_where_it_ought_not_to_be(
    database: Database,
) -> None:
    """By the table of jobs, over played time: not a reading more."""
    looks: Counter[str] = Counter()
    house: Any = House(database)
    night = Night([staffed(house, looks)], Counter(), looks)
    night.step()
    assert house.tenant.reads == 1
    for _ in range(20 * 60 // STEP):
        night.step()
    assert house.tenant.reads == 3
    house.tenant.value = SettingValue.OPTED_IN
    for _ in range(10 * 60 // STEP + 2):
        night.step()
    assert house.tenant.reads == 5
    assert [change.to_value for change in house.requests(Kind.OUTSIDE)] == [SettingValue.OPTED_IN]
    assert looks["observer-0"] < 20, "it is looked at when it is due, and not each second"
