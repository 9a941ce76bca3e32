"""Naming who changed the setting outside the bot: once found, once told; nobody found is unknown and not an intruder."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from handlers.attribution import Attribution
from handlers.ports import AcceptedDomains, Author, MailboxLocks, Unavailable
from storage.records import SettingValue
from tests.handlers.house import House

IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT


@dataclass
class AuditLog:
    """Implements ``Lookups``: rows that arrive when a test says so."""

    rows: list[Author] = field(default_factory=list)
    locks: MailboxLocks | None = None
    domains: AcceptedDomains | None = None
    searches: int = 0
    away: bool = False

    def who_changed(self, since: datetime, until: datetime) -> list[Author]:
        self.searches += 1
        if self.away:
            raise Unavailable("The role lacks Search-UnifiedAuditLog.", retryable=False)
        return [row for row in self.rows if since <= row.at <= until]

    def accepted_domains(self) -> AcceptedDomains:
        if self.domains is None:
            raise Unavailable("The role lacks Get-AcceptedDomain.", mend="Add it.", retryable=False)
        return self.domains

    def mailbox_locks(self, address: str) -> MailboxLocks:
        if self.locks is None:
            raise Unavailable("Exchange Online does not know the mailbox.", retryable=False)
        return self.locks


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
        attribution.run()
    assert 5 <= log.searches <= 7
    assert "audit log" not in drifted.newest().detail


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


@pytest.mark.parametrize(("own", "value"), [(True, IN), (False, OUT)])
def test_our_own_writes_and_other_values_are_nobodys_name(drifted: House, log: AuditLog, own: bool, value: SettingValue) -> None:
    log.rows = [Author("legacytls", drifted.clock() - timedelta(minutes=1), value, own=own)]
    drifted.clock.advance(minutes=3)
    Attribution(drifted.context, log).run()
    assert "audit log" not in drifted.newest().detail
