"""One mailbox's locks: what an operator asks, and how each lock opens before their eyes."""

import re

import pytest

from tests.journeys.stage import ALICE, DAVE, ERIN, Stage

SCANNER, BOBS = "scanner@contoso.com", "bob@contoso.com"


def test_the_first_closed_lock_is_named_and_the_cmdlet_that_opens_it(stage: Stage) -> None:
    said = stage.command(ALICE, f"why {SCANNER}")
    assert "for one that cannot, *AllowLegacyTLSClients* is closed" in said
    assert "`/legacytls enable`" in said
    stage.tenant.value = True
    said = stage.command(ALICE, f"why {SCANNER}")
    assert "no closed lock is seen" in said
    for told in ("smtp-legacy.office365.com", "-AllowBasicAuthSmtp", "*POP3 for the mailbox*", "*IMAP4 for the mailbox*"):
        assert told in said


def test_a_mailbox_that_forbids_smtp_auth_is_told_apart(stage: Stage) -> None:
    stage.tenant.value = True
    said = stage.command(ALICE, f"why {BOBS}")
    assert "the first closed lock is *SMTP AUTH for the mailbox*" in said
    assert "`Set-CASMailbox 'bob@contoso.com' -SmtpClientAuthenticationDisabled $false`" in said
    assert "`Set-CASMailbox 'bob@contoso.com' -ImapEnabled $true`" in said
    assert "-PopEnabled" not in said


def test_an_address_of_another_domain_is_the_lock(stage: Stage) -> None:
    stage.tenant.value = True
    said = stage.command(ALICE, "why scanner@contso.com")
    assert "the first closed lock is *Mailbox*" in said
    assert "contso.com is not among the tenant's domains" in said


def test_a_mailbox_that_does_not_exist_is_the_lock_and_no_server_is_named(stage: Stage) -> None:
    stage.tenant.value = False
    said = stage.command(ALICE, "why scaner@contoso.com")
    assert "enable" not in said
    assert "the first closed lock is *Mailbox*" in said
    assert ":x: *Mailbox*: there is none with this address: check the spelling" in said
    assert "couldn't be found" not in said


def test_the_address_that_the_help_gives_as_an_example_can_be_asked_for(stage: Stage) -> None:
    (example,) = set(re.findall(r"why (\S+@contoso\.com)", stage.command(ALICE, "help")))
    stage.tenant.value = True
    assert "no closed lock is seen" in stage.command(ALICE, f"why {example}")


def test_a_shared_mailbox_whose_sign_in_is_blocked_is_told_apart(stage: Stage) -> None:
    stage.tenant.value = True
    assert "the first closed lock is *Sign-in of the account*" in stage.command(ALICE, "why scanner.warehouse@contoso.com")


@pytest.mark.parametrize("cmdlet", ["Get-CASMailbox", "Get-AcceptedDomain", "Get-User"])
def test_a_role_without_the_cmdlet_still_answers_the_rest(stage: Stage, cmdlet: str) -> None:
    stage.tenant.value = True
    stage.tenant.queue_fault("role_missing", cmdlet=cmdlet)
    said = stage.command(ALICE, f"why {SCANNER}")
    assert "no closed lock is seen" in said
    assert f"not allowed to run {cmdlet}" in said


@pytest.mark.parametrize("person", [DAVE, ERIN])
def test_whoever_may_not_change_anything_asks_in_vain(stage: Stage, person: str) -> None:
    assert "lock" not in stage.command(person, f"why {SCANNER}")
