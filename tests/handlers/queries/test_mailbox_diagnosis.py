"""Which lock keeps a mailbox's devices from sending: in order, each with what opens it, and nothing
guessed."""

import pytest

from handlers.ports import AcceptedDomains, MailboxLocks, Unavailable
from handlers.queries.mailbox_diagnosis import Concerns, Diagnosis, Lock, Locks, quoted
from handlers.slack.views import mailbox_diagnosis
from storage.records import SettingValue
from tests.handlers.audit_log import AuditLog
from tests.handlers.driver import House
from tests.handlers.fakes import UNREADABLE
from tests.handlers.filled_forms import HIGH
from tests.sentences import says

SCANNER = "scanner@contoso.com"


@pytest.fixture
def log() -> AuditLog:
    return AuditLog()


def _named(found: Diagnosis, beginning: str) -> Lock:
    return next(lock for lock in found.locks if lock.name.startswith(beginning))


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
    assert next(lock.open for lock in found.locks if lock.name.startswith("SMTP AUTH")) is is_open


def test_every_lock_is_there_in_the_order_it_is_met_and_old_tls_comes_last(
    house: House, log: AuditLog
) -> None:
    log.locks, log.domains = (
        MailboxLocks(False, True, False),
        AcceptedDomains(("contoso.com",), complete=True),
    )
    found = Locks(house.context, log).of(SCANNER)
    assert [(lock.name, lock.concerns) for lock in found.locks] == [
        (says("domain_of_the_address"), Concerns.EVERY),
        (says("smtp_auth_for_the_mailbox"), Concerns.EVERY),
        (says("pop3_for_the_mailbox"), Concerns.FETCHING),
        (says("imap4_for_the_mailbox"), Concerns.FETCHING),
        (says("sign_in_of_the_account"), Concerns.EVERY),
        (says("authentication_policy"), Concerns.EVERY),
        (says("security_defaults_conditional_access"), Concerns.EVERY),
        (says("basic_authentication"), Concerns.EVERY),
        ("AllowLegacyTLSClients", Concerns.OLD_TLS),
        (says("host_name_on_the_device"), Concerns.OLD_TLS),
    ]
    policy = _named(found, "Authentication policy").way
    assert says("set_authenticationpolicy_its_name_allowbasicauthsmtp") in policy
    assert says("get_user", scanner=SCANNER) in policy


@pytest.mark.parametrize("value", list(SettingValue))
def test_nobody_is_led_to_an_opt_in_by_a_mailbox_that_does_not_exist(
    house: House, log: AuditLog, value: SettingValue
) -> None:
    house.tenant.value, log.missing = value, True
    found = Locks(house.context, log).of(SCANNER)
    closed = found.first_closed(Concerns.EVERY)
    assert (found.exists, closed.name if closed else "", found.of(Concerns.OLD_TLS)) == (False, "Mailbox", ())
    assert "enable" not in mailbox_diagnosis.locks(found).text


def test_nor_by_a_domain_that_is_not_the_tenant_s(house: House, log: AuditLog) -> None:
    log.domains = AcceptedDomains(("fabrikam.com",), complete=True)
    found = Locks(house.context, log).of(SCANNER)
    closed = found.first_closed(Concerns.EVERY)
    assert (found.exists, closed.name if closed else "") == (False, says("domain_of_the_address"))
    assert "enable" not in mailbox_diagnosis.locks(found).text


def test_the_setting_is_a_lock_only_for_what_cannot_speak_tls_1_2(house: House, log: AuditLog) -> None:
    log.locks, log.domains = MailboxLocks(False, True, True), AcceptedDomains(("contoso.com",), complete=True)
    found = Locks(house.context, log).of(SCANNER)
    assert found.first_closed(Concerns.EVERY) is None
    headline = mailbox_diagnosis.locks(found).text.splitlines()[0]
    assert says("no_closed_lock_is_seen_for_a") in headline
    assert headline.index("TLS 1.2") < headline.index("AllowLegacyTLSClients")


@pytest.mark.parametrize(
    ("blocked", "is_open"),
    [(True, False), (False, True), (None, None), (Unavailable("The role lacks Get-User."), None)],
)
def test_a_blocked_sign_in_is_a_lock_and_an_unseen_one_is_not(
    house: House, log: AuditLog, blocked: bool | Unavailable | None, is_open: bool | None
) -> None:
    log.locks, log.blocked = MailboxLocks(False, True, True), blocked
    assert _named(Locks(house.context, log).of(SCANNER), "Sign-in").open is is_open


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
    assert (_named(found, "Domain").open, _named(found, "Domain").way) == (
        None,
        says("the_role_lacks_get_accepteddomain_add_it"),
    )
    assert _named(found, "SMTP AUTH").open is None
    assert found.of(Concerns.FETCHING) == ()


def test_a_setting_that_cannot_be_read_hides_no_other_lock(house: House, log: AuditLog) -> None:
    house.tenant.unreadable = UNREADABLE
    log.locks, log.domains = MailboxLocks(True, True, True), AcceptedDomains(("contoso.com",), complete=True)
    found = Locks(house.context, log).of(SCANNER)
    setting = _named(found, "AllowLegacyTLSClients")
    assert (setting.open, setting.way) == (None, says("exchange_could_not_be_reached_look_at_the_network"))
    assert says("the_first_closed_lock_is_smtp_auth") in mailbox_diagnosis.locks(found).text
    assert len(found.locks) == 10


@pytest.mark.parametrize("enabled", [True, False, None])
def test_fetching_has_locks_of_its_own_that_never_keep_from_sending(
    house: House, log: AuditLog, enabled: bool | None
) -> None:
    house.tenant.value = SettingValue.OPTED_IN
    log.locks = MailboxLocks(False, enabled, enabled)
    found = Locks(house.context, log).of(SCANNER)
    assert [lock.open for lock in found.of(Concerns.FETCHING)] == [enabled, enabled]
    text = mailbox_diagnosis.locks(found).text
    assert says("no_closed_lock_is_seen") in text
    assert (says("set_casmailbox_scanner_contoso_com_popenabled_true") in text) is (enabled is False)
    assert (says("set_casmailbox_scanner_contoso_com_imapenabled_true") in text) is (enabled is False)
    assert text.index(says("basic_authentication")) < text.index(says("pop3_for_the_mailbox"))


def test_where_there_are_no_legacy_hosts_no_host_name_helps(house: House, log: AuditLog) -> None:
    government = House(house.database, cloud=HIGH, at=house.clock.at)
    assert _named(Locks(government.context, log).of(SCANNER), says("host_name")).open is False


@pytest.mark.parametrize(
    ("address", "literal"), [("o'neil@contoso.com", "'o''neil@contoso.com'"), ("-x@a.de", "'-x@a.de'")]
)
def test_an_address_in_a_cmdlet_is_taken_literally(address: str, literal: str) -> None:
    assert quoted(address) == literal
