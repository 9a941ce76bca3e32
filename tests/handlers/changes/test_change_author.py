"""Naming who changed the setting outside the bot: once found, once told; nobody found is unknown and not an
intruder."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from handlers.changes.change_author import Attribution
from handlers.ports import Author
from storage.records import SettingValue
from storage.schema.tables import observations
from tests.handlers.audit_log import AuditLog
from tests.handlers.driver import BOB, House
from tests.sentences import says

IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT


@pytest.fixture
def log() -> AuditLog:
    return AuditLog()


@pytest.fixture
def drifted(house: House) -> House:
    """A tenant that somebody opted in without the bot, a moment ago."""
    house.observe()
    house.tenant.value = IN
    house.clock.advance(minutes=11)
    house.observe()
    return house


def test_whoever_changed_it_is_named_once_the_log_tells(drifted: House, log: AuditLog) -> None:
    attribution = Attribution(drifted.context, log)
    log.rows = [Author("carol@contoso.com", drifted.clock() - timedelta(minutes=1), IN, own=False)]
    drifted.clock.advance(minutes=3)
    attribution.run()
    assert "carol@contoso.com" in drifted.newest().detail
    drifted.clock.advance(days=2)
    assert attribution.run() == 0
    assert drifted.newest().detail.count("carol@contoso.com") == 1
    assert log.searches == 1


def test_the_search_is_repeated_for_a_day_and_then_ends(drifted: House, log: AuditLog) -> None:
    attribution = Attribution(drifted.context, log)
    for _ in range(60):
        drifted.clock.advance(hours=1)
        due = attribution.is_due()
        assert due == bool(attribution.run())
    assert 5 <= log.searches <= 7
    detail = drifted.newest().detail
    assert detail.count(says("did_not_tell_within_a_day_so")) == 1
    drifted.deliver()
    assert drifted.board.cards[-1][1].request.detail == detail


def test_the_search_begins_where_the_earlier_value_was_read_last(house: House, log: AuditLog) -> None:
    house.observe()
    house.clock.advance(hours=20)
    house.observe()
    seen = house.clock()
    house.clock.advance(hours=1)
    house.tenant.value = IN
    house.observe()
    log.rows = [Author("alice@contoso.com", seen - timedelta(hours=1), IN, own=False)]
    house.clock.advance(minutes=3)
    Attribution(house.context, log).run()
    assert "alice@contoso.com" not in house.newest().detail


def test_a_log_that_may_not_be_read_names_nobody_and_is_asked_again(drifted: House, log: AuditLog) -> None:
    log.away = True
    attribution = Attribution(drifted.context, log)
    drifted.clock.advance(minutes=3)
    attribution.run()
    log.away = False
    log.rows = [Author("carol@contoso.com", drifted.clock() - timedelta(minutes=5), IN, own=False)]
    drifted.clock.advance(hours=1)
    attribution.run()
    assert "carol@contoso.com" in drifted.newest().detail


def test_another_value_is_nobodys_name(drifted: House, log: AuditLog) -> None:
    log.rows = [Author("legacytls", drifted.clock() - timedelta(minutes=1), OUT, own=False)]
    drifted.clock.advance(minutes=3)
    Attribution(drifted.context, log).run()
    assert says("audit_log") not in drifted.newest().detail


@pytest.mark.parametrize(
    ("own", "minutes", "named"),
    [(True, 1, False), (None, 1, False), (False, 1, True), (True, 40, True), (None, 40, True)],
)
def test_the_bot_s_own_write_is_known_by_its_app_and_its_time(
    house: House, log: AuditLog, own: bool | None, minutes: int, named: bool
) -> None:
    house.observe()
    request = house.ask()
    house.approve(BOB, request.id)
    house.run()
    sent = house.request(request.id).sent_at
    assert sent is not None
    for value in (OUT, IN):
        house.clock.advance(minutes=30 if value is OUT else 20)
        house.tenant.value = value
        house.observe(timedelta(0))
    log.rows = [Author("somebody@contoso.com", sent + timedelta(minutes=minutes), IN, own=own)]
    # as if the bot had been away: the earlier value was not read meanwhile
    with house.database.write() as connection:
        connection.execute(update(observations).values(at=sent - timedelta(hours=1), first_at=None))
    house.clock.advance(minutes=3)
    Attribution(house.context, log).run()
    assert ("somebody@contoso.com" in house.newest().detail) is named
    assert (says("who_else_uses_its_credential") in house.newest().detail) is (named and own is True)


def test_a_search_is_due_two_minutes_after_a_change_was_noticed(both: House) -> None:
    both.observe()
    both.tenant.value = IN
    both.clock.advance(minutes=11)
    both.observe()
    with both.ledger.reading() as reader:
        assert reader.attributable(both.clock.at) == []
        assert [change.id for change in reader.attributable(both.clock.at + timedelta(minutes=3))] == [
            both.newest().id
        ]


def test_a_clock_of_exchange_s_that_is_half_a_minute_ahead_hides_nobody(
    drifted: House, log: AuditLog
) -> None:
    attribution = Attribution(drifted.context, log)
    log.rows = [Author("carol@contoso.com", drifted.clock() + timedelta(seconds=30), IN, own=False)]
    drifted.clock.advance(minutes=3)
    attribution.run()
    assert "carol@contoso.com" in drifted.newest().detail
