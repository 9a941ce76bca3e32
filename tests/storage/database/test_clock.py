"""Every instant goes in aware and comes out as the same moment in UTC, to the microsecond."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import StatementError

from storage.engine import Database
from storage.inbox import Inbox
from storage.ledger import Entry, Ledger
from storage.lifecycle import State
from storage.messages.outbox import Outbox
from storage.record.verify import verify
from storage.records import Baseline, Observation, SettingValue
from tests.storage.states import BOB, NOW, TENANT, approve, asked, brought_to, everything, opened

LORD_HOWE = timezone(timedelta(hours=10, minutes=30))
AWKWARD = [
    datetime(2026, 11, 23, 12, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 11, 23, 12, 0, 0, 999_999, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, fold=1, tzinfo=UTC),
    datetime(2028, 2, 29, 23, 59, 59, tzinfo=LORD_HOWE),
    datetime(2026, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-12))),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(9000, 1, 1, tzinfo=UTC),
]


@pytest.mark.parametrize("moment", AWKWARD, ids=str)
def test_an_instant_comes_back_as_the_same_moment_in_utc(moment: datetime, ledger: Ledger) -> None:
    with ledger.recording(moment) as entry:
        born = asked(entry, window_end=moment, expires_at=moment)
        approve(entry, born, voted_at=moment)
        entry.holding.observe(Observation(moment, SettingValue.OPTED_IN, None, None, None))
        entry.holding.set_baseline(Baseline(SettingValue.OPTED_IN, moment, None, moment), why="first reading")
    with ledger.reading() as reader:
        request, (vote,) = reader.request(born.id), reader.decisions([born.id])
        seen, baseline, event = reader.readings.newest_observation(), reader.baseline(), reader.events()[0]
    assert seen
    assert baseline
    found = [request.created_at, request.expires_at, request.window_end, vote.voted_at, vote.recorded_at]
    found += [seen.at, baseline.since, baseline.window_end, event.at]
    assert found == [moment] * 9
    assert {instant.tzinfo for instant in found if instant} == {UTC}
    assert verify(ledger.database, TENANT).ok


NAIVE = datetime(2026, 11, 23, 12, 0)  # noqa: DTZ001 - that is the point
WAYS_IN: dict[str, Callable[[Entry], object]] = {
    "end of the window": lambda entry: asked(entry, window_end=NAIVE),
    "expiry": lambda entry: asked(entry, expires_at=NAIVE),
    "time of a vote": lambda entry: approve(entry, asked(entry), voted_at=NAIVE),
    "time of the next try": lambda entry: entry.postpone(asked(entry), until=NAIVE, detail=""),
    "time of a reading": lambda entry: entry.holding.observe(
        Observation(NAIVE, None, None, None, "timed out")
    ),
    "time of a message": lambda entry: entry.outbox.owe("card", "k", due_at=NAIVE),
    "baseline": lambda entry: entry.holding.set_baseline(
        Baseline(SettingValue.OPTED_IN, NAIVE, None, None), why=""
    ),
    "time of sending": lambda entry: entry.move(
        asked(entry), State.APPROVED, actor=BOB, detail="", sent_at=NAIVE
    ),
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_a_time_without_a_zone_is_refused_and_leaves_nothing(way: str, ledger: Ledger) -> None:
    stood = everything(ledger.database)
    with pytest.raises(StatementError, match="must be aware"), ledger.recording(NOW) as entry:
        WAYS_IN[way](entry)
    assert everything(ledger.database) == stood


def test_a_clock_without_a_zone_is_refused_everywhere(ledger: Ledger) -> None:
    database = ledger.database
    inbox, outbox = Inbox(database, TENANT), Outbox(database, TENANT)
    with pytest.raises(StatementError, match="must be aware"), ledger.recording(NAIVE) as entry:
        asked(entry, window_end=None, expires_at=None)
    with pytest.raises(StatementError, match="must be aware"):
        inbox.put("key", "click", {}, now=NAIVE, patience=1)
    with pytest.raises(StatementError, match="must be aware"):
        outbox.claim(NAIVE, kinds=["card"])
    with pytest.raises(StatementError, match="must be aware"), ledger.reading() as reader:
        reader.expired(NAIVE)


def test_what_lapses_lapses_exactly_at_its_time(ledger: Ledger) -> None:
    request = brought_to(ledger, State.APPROVED)
    assert request.expires_at
    with ledger.reading() as reader:
        assert reader.expired(request.expires_at - timedelta(microseconds=1)) == []
        assert reader.expired(request.expires_at) == [request]
        assert reader.expired(request.expires_at.astimezone(LORD_HOWE)) == [request]


def test_a_server_in_another_zone_changes_nothing(migrated_postgres_url: str) -> None:
    elsewhere = make_url(migrated_postgres_url).update_query_dict(
        {"options": "-c timezone=Australia/Lord_Howe"}
    )
    database = Database(elsewhere)
    try:
        ledger = Ledger(database, TENANT)
        born = opened(ledger)
        with database.read() as connection:
            assert connection.execute(text("SHOW timezone")).scalar() == "Australia/Lord_Howe"
        with ledger.reading() as reader:
            assert reader.request(born.id).created_at == NOW
        assert verify(database, TENANT).ok
    finally:
        database.close()
