"""One mailbox's locks: what an operator asks, and how each lock opens before their eyes."""

import re

import pytest

from tests.journeys.stage import ALICE, DAVE, ERIN, Stage
from tests.sampling import drawn
from tests.sentences import says

SCANNER, BOBS = "scanner@contoso.com", "bob@contoso.com"


def test_the_first_closed_lock_is_named_and_the_cmdlet_that_opens_it(stage: Stage) -> None:
    said = stage.command(ALICE, f"why {SCANNER}")
    assert says("for_one_that_cannot_allowlegacytlsclients_is_closed") in said
    assert "`/legacytls enable`" in said
    stage.tenant.value = True
    said = stage.command(ALICE, f"why {SCANNER}")
    assert says("no_closed_lock_is_seen") in said
    for told in (
        "smtp-legacy.office365.com",
        "-AllowBasicAuthSmtp",
        "*POP3 for the mailbox*",
        "*IMAP4 for the mailbox*",
    ):
        assert told in said


def test_a_mailbox_that_forbids_smtp_auth_is_told_apart(stage: Stage) -> None:
    stage.tenant.value = True
    said = stage.command(ALICE, f"why {BOBS}")
    assert says("the_first_closed_lock_is_smtp_auth") in said
    assert says("set_casmailbox_bob_contoso_com_smtpclientauthenticationdisabled_false") in said
    assert says("set_casmailbox_bob_contoso_com_imapenabled_true") in said
    assert "-PopEnabled" not in said


def test_an_address_of_another_domain_is_the_lock(stage: Stage) -> None:
    stage.tenant.value = True
    said = stage.command(ALICE, "why scanner@contso.com")
    assert says("the_first_closed_lock_is_mailbox") in said
    assert says("contso_com_is_not_among_the_tenants") in said


def test_a_mailbox_that_does_not_exist_is_the_lock_and_no_server_is_named(stage: Stage) -> None:
    stage.tenant.value = False
    said = stage.command(ALICE, "why scaner@contoso.com")
    assert "enable" not in said
    assert says("the_first_closed_lock_is_mailbox") in said
    assert says("x_mailbox_there_is_none_with_this") in said
    assert says("couldnt_be_found") not in said


def test_the_address_that_the_help_gives_as_an_example_can_be_asked_for(stage: Stage) -> None:
    (example,) = set(re.findall(r"why (\S+@contoso\.com)", stage.command(ALICE, "help")))
    stage.tenant.value = True
    assert says("no_closed_lock_is_seen") in stage.command(ALICE, f"why {example}")


def test_a_shared_mailbox_whose_sign_in_is_blocked_is_told_apart(stage: Stage) -> None:
    stage.tenant.value = True
    assert says("the_first_closed_lock_is_sign_in") in stage.command(
        ALICE, says("why_scanner_warehouse_contoso_com")
    )


@pytest.mark.parametrize("cmdlet", drawn("no role", ["Get-CASMailbox", "Get-AcceptedDomain", "Get-User"]))
def test_a_role_without_the_cmdlet_still_answers_the_rest(stage: Stage, cmdlet: str) -> None:
    stage.tenant.value = True
    stage.tenant.queue_fault("role_missing", cmdlet=cmdlet)
    said = stage.command(ALICE, f"why {SCANNER}")
    assert says("no_closed_lock_is_seen") in said
    assert says("not_allowed_to_run", cmdlet=cmdlet) in said


@pytest.mark.parametrize("person", [DAVE, ERIN])
def test_whoever_may_not_change_anything_asks_in_vain(stage: Stage, person: str) -> None:
    assert "lock" not in stage.command(person, f"why {SCANNER}")
