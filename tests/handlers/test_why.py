"""Which lock keeps a mailbox's devices from sending: in order, each with what opens it, and nothing guessed."""

import pytest

from handlers.ports import AcceptedDomains, MailboxLocks
from handlers.slack import replies
from handlers.why import Lock, Locks, quoted
from storage.records import SettingValue
from tests.handlers.audit_log import AuditLog
from tests.handlers.house import HIGH, House
from tests.handlers.neighbours import UNREADABLE

SCANNER = "scanner@contoso.com"


@pytest.fixture
def log() -> AuditLog:
    return AuditLog()


def _named(found: list[Lock], beginning: str) -> Lock:
    return next(lock for lock in found if lock.name.startswith(beginning))


@pytest.mark.parametrize(
    ("mailbox", "organisation", "is_open"),
    [(True, False, False), (False, True, True), (None, True, False), (None, False, True), (None, None, None)],
)
def test_the_mailbox_wins_over_the_organisation_and_inherits_where_it_says_nothing(
    house: House, log: AuditLog, mailbox: bool | None, organisation: bool | None, is_open: bool | None
) -> None:
    house.tenant.smtp_auth_disabled = organisation
    log.locks = MailboxLocks(mailbox, None, None)
    found = Locks(house.context, log).of("scanner@contoso.com")
    assert next(lock.open for lock in found if lock.name.startswith("SMTP AUTH")) is is_open


def test_locks_come_in_the_order_they_are_met_and_the_switch_is_the_first(house: House, log: AuditLog) -> None:
    found = Locks(house.context, log).of("scanner@contoso.com")
    assert [found[0].name, found[0].open] == ["AllowLegacyTLSClients", False]
    assert found[0].way == "`/legacytls enable`"
    assert next(lock for lock in found if lock.name.startswith("SMTP AUTH")).open is None


def test_every_lock_is_there_in_the_order_it_is_met(house: House, log: AuditLog) -> None:
    log.locks, log.domains = MailboxLocks(False, True, False), AcceptedDomains(("contoso.com",), complete=True)
    found = Locks(house.context, log).of(SCANNER)
    assert [lock.name for lock in found] == [
        "AllowLegacyTLSClients",
        "Host name on the device",
        "Domain of the address",
        "SMTP AUTH for the mailbox",
        "POP3 for the mailbox",
        "IMAP4 for the mailbox",
        "Authentication policy",
        "Security defaults, Conditional Access",
        "Basic authentication",
    ]
    assert [lock.fetching for lock in found].count(True) == 2
    policy = _named(found, "Authentication policy").way
    assert "Set-AuthenticationPolicy <its name> -AllowBasicAuthSmtp" in policy
    assert f"Get-User '{SCANNER}'" in policy


@pytest.mark.parametrize(
    ("names", "complete", "is_open"),
    [
        (("contoso.onmicrosoft.com", "contoso.com"), True, True),
        (("contoso.com",), False, True),
        (("fabrikam.com",), True, False),
        (("fabrikam.com",), False, None),
        (("com",), True, None),
        ((), True, False),
    ],
)
def test_a_domain_is_foreign_only_when_all_are_known(
    house: House, log: AuditLog, names: tuple[str, ...], *, complete: bool, is_open: bool | None
) -> None:
    log.domains = AcceptedDomains(names, complete)
    assert _named(Locks(house.context, log).of("Scanner@Contoso.com"), "Domain").open is is_open


def test_what_the_role_does_not_show_is_unseen_and_not_closed(house: House, log: AuditLog) -> None:
    found = Locks(house.context, log).of(SCANNER)
    assert (_named(found, "Domain").open, _named(found, "Domain").way) == (None, "The role lacks Get-AcceptedDomain. Add it.")
    assert _named(found, "SMTP AUTH").open is None
    assert not [lock for lock in found if lock.fetching]


def test_a_setting_that_cannot_be_read_hides_no_other_lock(house: House, log: AuditLog) -> None:
    house.tenant.unreadable = UNREADABLE
    log.locks, log.domains = MailboxLocks(True, True, True), AcceptedDomains(("contoso.com",), complete=True)
    found = Locks(house.context, log).of(SCANNER)
    assert (found[0].name, found[0].open) == ("AllowLegacyTLSClients", None)
    assert found[0].way == "Exchange could not be reached. Look at the network."
    assert "the first closed lock is *SMTP AUTH for the mailbox*" in replies.locks(SCANNER, found).text
    assert len(found) == 9


@pytest.mark.parametrize("enabled", [True, False, None])
def test_fetching_has_locks_of_its_own_that_never_keep_from_sending(house: House, log: AuditLog, enabled: bool | None) -> None:
    house.tenant.value = SettingValue.OPTED_IN
    log.locks = MailboxLocks(False, enabled, enabled)
    found = Locks(house.context, log).of(SCANNER)
    assert [lock.open for lock in found if lock.fetching] == [enabled, enabled]
    text = replies.locks(SCANNER, found).text
    assert "no closed lock is seen" in text
    assert ("`Set-CASMailbox 'scanner@contoso.com' -PopEnabled $true`" in text) is (enabled is False)
    assert ("`Set-CASMailbox 'scanner@contoso.com' -ImapEnabled $true`" in text) is (enabled is False)
    assert text.index("Basic authentication") < text.index("POP3 for the mailbox")


def test_where_there_are_no_legacy_hosts_no_host_name_helps(house: House, log: AuditLog) -> None:
    government = House(house.database, cloud=HIGH, at=house.clock.at)
    assert _named(Locks(government.context, log).of(SCANNER), "Host name").open is False


@pytest.mark.parametrize(("address", "literal"), [("o'neil@contoso.com", "'o''neil@contoso.com'"), ("-x@a.de", "'-x@a.de'")])
def test_an_address_in_a_cmdlet_is_taken_literally(address: str, literal: str) -> None:
    assert quoted(address) == literal
