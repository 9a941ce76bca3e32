"""Help and status: what every full member may see, and what nobody else does."""

import pytest

from bot.sandbox.microsoft.tenant_objects import ORGANIZATION
from storage.records import SettingValue
from tests.journeys.sent import Sent
from tests.journeys.stage import ALICE, BOB, CAROL, DAVE, ERIN, FRANK, Stage
from tests.journeys.words import words
from tests.sentences import says

WORDS = [value.value for value in SettingValue]


def test_help_shows_every_subcommand_with_an_example(stage: Stage) -> None:
    said = stage.command(DAVE, "help")
    for subcommand in ("status", "enable", "disable", "history", "help"):
        assert f"`/legacytls {subcommand}`" in said
    assert says("set_transportconfig_allowlegacytlsclients_false") in said


def test_what_is_sent_is_compared_with_what_slack_is_asked_about(stage: Stage, sent: Sent) -> None:
    stage.command(DAVE, "help")
    assert {surface for surface, _ in sent.shapes} == {"message"}


def test_the_bare_command_is_help(stage: Stage) -> None:
    assert stage.command(DAVE, "") == stage.command(DAVE, "help")


@pytest.mark.parametrize(("value", "word"), [(None, "not set"), (True, "opted in"), (False, "opted out")])
def test_status_says_the_live_value_and_no_other(stage: Stage, value: bool | None, word: str) -> None:
    stage.tenant.value = value
    said = stage.status(CAROL)
    assert [found for found in WORDS if found in said] == [word]


def test_status_is_read_now_for_everybody_who_asks(stage: Stage) -> None:
    before = len(stage.tenant.calls)
    stage.status(ALICE)
    stage.tenant.value = True
    assert "*opted in*" in stage.status(BOB)
    assert len(stage.tenant.calls) == before + 2


def test_status_says_what_it_means_per_protocol_and_to_which_host_devices_still_go(stage: Stage) -> None:
    said = stage.status(DAVE)
    for told in ("SMTP AUTH", "POP3", "IMAP4", "smtp-legacy.office365.com", ORGANIZATION):
        assert told in said
    assert "pop-legacy.office365.com" not in said  # old TLS is being removed there


def test_status_warns_when_smtp_auth_is_switched_off_for_the_organisation(stage: Stage) -> None:
    assert says("smtp_auth_is_switched_off_for_the_organisation") not in stage.status(DAVE)
    stage.tenant.smtp_auth_disabled = True
    assert says("smtp_auth_is_switched_off_for_the_organisation") in stage.status(DAVE)


@pytest.mark.parametrize(
    "fault", ["missing_key", "wrong_type", "empty_value", "two_rows", "role_missing", "other_tenant"]
)
def test_a_failed_reading_says_so_and_shows_no_value(stage: Stage, fault: str) -> None:
    stage.tenant.value = True
    stage.tenant.queue_fault(fault, cmdlet="Get-TransportConfig")
    said = stage.status(DAVE)
    assert says("could_not_be_read") in said
    assert [found for found in WORDS if found in said] == []


def test_a_passing_trouble_is_read_through(stage: Stage) -> None:
    stage.tenant.queue_fault("unavailable", cmdlet="Get-TransportConfig")
    assert "*not set*" in stage.status(DAVE)


def test_a_misspelt_subcommand_is_answered_with_the_nearest(stage: Stage) -> None:
    said = stage.command(DAVE, "statsu")
    assert said == says("there_is_no_statsu_did_you_mean")
    assert says("did_you_mean_legacytls_disable") in stage.command(DAVE, says("disabel_now"))


@pytest.mark.parametrize("subcommand", ["help", "status", "enable", "disable", "history"])
def test_a_guest_is_refused_everything(stage: Stage, subcommand: str) -> None:
    assert says("guest_accounts_cannot_use_this") in stage.command(ERIN, subcommand)


@pytest.mark.parametrize("subcommand", ["help", "status", "enable", "disable", "history"])
def test_a_member_of_another_workspace_is_refused_everything(stage: Stage, subcommand: str) -> None:
    assert says("only_members_of_this_workspace") in stage.command(FRANK, subcommand)


def test_a_deactivated_member_is_refused(fresh_stage) -> None:
    stage = fresh_stage()
    stage.slack.workspace.alter(DAVE, deleted=True)
    assert "deactivated" in stage.command(DAVE, "status")


def test_looking_changes_nothing_and_posts_nothing(stage: Stage) -> None:
    before = stage.record(lambda reader: reader.head())
    stage.status(DAVE)
    stage.command(DAVE, "history")
    stage.command(DAVE, "help")
    assert stage.record(lambda reader: reader.head()) == before
    assert stage.public() == []


def test_a_mention_is_answered_privately_with_what_to_type_instead(stage: Stage) -> None:
    seen = len(stage.public())
    said = words(stage.answer(DAVE, lambda: stage.slack.say(DAVE, "@legacytls swordfish, please")))
    for command in ("`/legacytls status`", "`/legacytls help`"):
        assert command in said
    stage.slack.say(DAVE, "@legacytls and now?")
    stage.wait_until_acknowledged()
    stage.command(DAVE, "help")
    assert [text for text in stage.ephemeral(DAVE) if "mention" in text] == [said]
    assert [message["user"] for message in stage.public()[seen:]] == [DAVE, DAVE]
    assert "swordfish" not in f"{stage.logged('info')} {stage.logged('warning')} {stage.logged('error')}"
