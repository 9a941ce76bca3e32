"""``legacytls check`` on broken set-ups: each is named with its mend, costs exit code 1, and nothing is ever
written."""

import json
import os
import socket
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bot.cli import main
from bot.sandbox.slack import cast
from bot.sandbox.slack.faults import Fault
from storage.engine import Database
from storage.integrity.keyring import Keyring
from storage.record.key_adoption import adopt
from tests.bot.checks.conftest import Setup
from tests.bot.exchange.certificates import app as certificate
from tests.sentences import says

GROUP = "S0MAIL"


def test_a_right_setup_holds(setup: Setup) -> None:
    code, verdicts = setup.check()
    assert code == 0
    assert {verdict["outcome"] for name, verdict in verdicts.items() if name != "Set-TransportConfig"} == {
        "ok"
    }
    for name in (
        "Database",
        "Slack token",
        "Slack channel",
        "Enough approvers",
        "Entra token",
        "Get-TransportConfig",
    ):
        assert name in verdicts
    assert says("the_live_value_is_not_set_organisation") in verdicts["Get-TransportConfig"]["finding"]


def test_slack_is_asked_about_every_layout_and_what_it_would_refuse_is_named(setup: Setup) -> None:
    verdict = setup.check()[1]["Slack layouts"]
    assert verdict["outcome"] == "ok"
    wrong = ["[ERROR] too long [json-pointer:/view/blocks/7]"]
    setup.monkeypatch.setattr("bot.sandbox.slack.modals.view_problems", lambda view: wrong)
    refused = setup.failed()["Slack layouts"]
    assert "Home (full) (/view/blocks/7: too long)" in refused["finding"]
    assert refused["mend"].startswith("This is a defect of this version")


def test_where_slack_judges_no_layouts_that_is_a_warning(setup: Setup) -> None:
    setup.slack.faults.add(Fault("blocks.validate", "ratelimited", seconds=0.01))
    assert setup.check()[1]["Slack layouts"]["outcome"] == "ok"
    setup.slack.faults.add(Fault("blocks.validate", "server_error"))
    code, verdicts = setup.check()
    assert (code, verdicts["Slack layouts"]["outcome"]) == (0, "warning")


def test_the_verdicts_are_lines_for_people_with_the_mend_below(setup: Setup) -> None:
    assert main(["check"]) == 0
    lines = setup.capsys.readouterr().out.splitlines()
    assert says("ok_slack_channel_the_bot_is_a") in lines
    assert says("all_that_is_needed_holds") in lines
    setup.set(LEGACYTLS_CHANNEL="C0NOWHERE", EXCHANGE_ORGANIZATION="fabrikam.onmicrosoft.com")
    assert main(["check"]) == 1
    lines = setup.capsys.readouterr().out.splitlines()
    place = lines.index("  failed  Slack channel: Slack does not know the channel, or the bot cannot see it.")
    assert lines[place + 1] == says("mend_check_legacytls_channel_and_invite_the")
    assert [line for line in lines if line.startswith("Not yet: Slack channel, Get-TransportConfig. ")]


def test_people_are_named_beside_their_ids(setup: Setup) -> None:
    setup.set(LEGACYTLS_APPROVERS="U0BOB,U0CAROL,U0ERIN")
    assert main(["check"]) == 0
    lines = setup.capsys.readouterr().out.splitlines()
    assert [line for line in lines if says("approver_u0erin_erin") in line]
    enough = next(line for line in lines if "Enough approvers: " in line)
    assert enough.endswith(": U0BOB (@bob), U0CAROL (@carol)")


def test_nobody_is_called_as_only_slack_calls_people(setup: Setup) -> None:
    _silent_directory(setup)
    assert main(["check"]) == 1
    out = setup.capsys.readouterr().out
    assert "U0ALICE" in out
    assert "@U0" not in out


def test_where_slack_tells_no_name_the_id_stands_alone(setup: Setup) -> None:
    setup.set(LEGACYTLS_APPROVERS="U0BOB,U0NONE")
    assert main(["check"]) == 0
    assert " Approver U0NONE: " in setup.capsys.readouterr().out
    assert setup.check()[1]["Approver U0NONE"]["name"] == ""


TRIO = "U0ALICE,U0BOB,U0CAROL"

BROKEN_SETTINGS = [
    ("Slack token", {"SLACK_BOT_TOKEN": "xoxb-wrong"}, "refuses the bot's token", "SLACK_BOT_TOKEN"),
    ("Slack token", {"SLACK_API_URL": "http://127.0.0.1:9/api/"}, "could not be reached",
        "SLACK_API_URL, the network"),
    ("Slack connection", {"SLACK_APP_TOKEN": "xapp-wrong"}, "the app-level token",
        "SLACK_APP_TOKEN (xapp-…, with the scope"),
    ("Slack channel", {"LEGACYTLS_CHANNEL": "C0NOWHERE"}, "does not know the channel",
        "LEGACYTLS_CHANNEL and invite the bot"),
    ("Approver group S0NONE", {"LEGACYTLS_APPROVERS": "U0ALICE,U0BOB,S0NONE"},
        "does not know this user group", "S… ids"),
    ("Operator group S0NONE", {"LEGACYTLS_OPERATORS": "U0ALICE,S0NONE"}, "does not know this user group",
        "S… ids"),
    ("Operators", {"LEGACYTLS_OPERATORS": "U0ERIN"}, "nobody could ask", "LEGACYTLS_OPERATORS"),
    (
        "Enough approvers",
        {"LEGACYTLS_APPROVERS": "U0ALICE", "LEGACYTLS_OPERATORS": "U0ALICE"},
        "1 needed, at most 0 other than the requester can approve",
        "to LEGACYTLS_APPROVERS: nobody approves their own request",
    ),
    (
        "Enough approvers",
        {"LEGACYTLS_APPROVALS_REQUIRED": "3", "LEGACYTLS_APPROVERS": TRIO, "LEGACYTLS_OPERATORS": TRIO},
        "3 needed, at most 2 other than the requester can approve",
        "another approver to LEGACYTLS_APPROVERS, or lower LEGACYTLS_APPROVALS_REQUIRED",
    ),
    ("Enough approvers", {"LEGACYTLS_APPROVALS_REQUIRED": "4"}, "3 may approve, 4 needed",
        "LEGACYTLS_APPROVALS_REQUIRED"),
    ("Enough approvers", {"LEGACYTLS_APPROVERS": "U0ERIN,U0FRANK,U0NONE,U0LEGACY"}, "0 may approve",
        "LEGACYTLS_APPROVERS"),
    ("Entra token", {"AZURE_CLIENT_ID": "99999999-7777-8888-9999-aaaaaaaaaaaa"}, "not known in this tenant",
        "AZURE_CLIENT_ID"),
    ("Entra token", {"AZURE_TENANT_ID": "99999999-2222-3333-4444-555555555555"}, "not know this tenant",
        "AZURE_TENANT_ID"),
    ("Entra token", {"AZURE_AUTHORITY_HOST": "https://127.0.0.1:9"}, "could not be reached",
        "network, proxy and firewall"),
    pytest.param(
        "Get-TransportConfig",
        {"EXCHANGE_API_URL": "https://127.0.0.1:9"},
        "could not be reached",
        "network, proxy and firewall",
        marks=pytest.mark.long,  # a reading is given ten seconds
    ),
    ("Get-TransportConfig", {"EXCHANGE_ORGANIZATION": "fabrikam.onmicrosoft.com"}, "another tenant",
        "EXCHANGE_ORGANIZATION"),
    ("Database", {"DATABASE_URL": "sqlite:////no/such/folder/record.db"}, "file cannot be opened",
        "the folder has to exist"),
    ("Database", {"DATABASE_URL": "postgresql://bot:hush@127.0.0.1:9/x"}, "the server does not answer",
        "that the server runs"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings", "finding", "mend"), BROKEN_SETTINGS)
def test_a_wrong_setting_is_named_with_its_mend(
    name: str, settings: dict[str, str], finding: str, mend: str, setup: Setup
) -> None:
    setup.set(**settings)
    failed = setup.failed()
    assert list(failed) == [name]
    assert finding in failed[name]["finding"]
    assert mend in failed[name]["mend"]
    assert "hush" not in json.dumps(failed)


def _revoke(setup: Setup) -> None:
    setup.slack.fault("auth.test", "token_revoked", 9)


def _leave(setup: Setup) -> None:
    setup.slack.workspace.rearrange(cast.CHANGES, members={"U0ALICE"})


def _archive(setup: Setup) -> None:
    setup.slack.workspace.rearrange(cast.CHANGES, is_archived=True)


def _share(setup: Setup) -> None:
    setup.slack.workspace.rearrange(cast.CHANGES, is_ext_shared=True)


def _empty_group(setup: Setup) -> None:
    setup.slack.workspace.regroup(GROUP, [])


def _silent_directory(setup: Setup) -> None:
    setup.set(LEGACYTLS_APPROVERS="U0ALICE,U0BOB,U0CAROL", LEGACYTLS_OPERATORS="U0ALICE,U0BOB,U0CAROL")
    setup.slack.fault("users.info", "ratelimited")


def _no_role(setup: Setup) -> None:
    setup.grant(directory_roles=())


def _role_without_the_cmdlet(setup: Setup) -> None:
    setup.grant(withheld=frozenset({"Get-TransportConfig"}))


def _refused_token(setup: Setup) -> None:
    setup.microsoft.tenant.queue_fault("unauthorized", cmdlet="Get-TransportConfig", count=20)


def _role_in_words(setup: Setup) -> None:
    setup.microsoft.tenant.queue_fault("unauthorized_role", cmdlet="Get-TransportConfig", count=20)


def _unreadable_value(setup: Setup) -> None:
    setup.microsoft.tenant.queue_fault("missing_key", cmdlet="Get-TransportConfig", count=20)


def _wrong_secret(setup: Setup) -> None:
    setup.unset("AZURE_CLIENT_CERTIFICATE_PATH")
    setup.set(AZURE_CLIENT_SECRET="hush-hush")


def _expired_secret(setup: Setup) -> None:
    setup.unset("AZURE_CLIENT_CERTIFICATE_PATH")
    setup.set(AZURE_CLIENT_SECRET=setup.microsoft.client_secret.get_secret_value())
    setup.microsoft.tenant.queue_fault("entra_secret_expired", count=20)


def _conditional_access(setup: Setup) -> None:
    setup.microsoft.tenant.queue_fault("entra_blocked", count=20)


def _wrong_certificate(setup: Setup) -> None:
    _present(setup, certificate(300).pem())


def _present(setup: Setup, pem: bytes) -> None:
    (setup.folder / "other.pem").write_bytes(pem)
    setup.set(AZURE_CLIENT_CERTIFICATE_PATH=str(setup.folder / "other.pem"))


def _inspecting_proxy(setup: Setup) -> None:
    setup.unset("REQUESTS_CA_BUNDLE")


def _damaged_file(setup: Setup) -> None:
    (setup.folder / "record.db").write_bytes(b"no database" * 500)


def _newer_database(setup: Setup) -> None:
    connection = sqlite3.connect(setup.folder / "record.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


def _missing_guard(setup: Setup) -> None:
    connection = sqlite3.connect(setup.folder / "record.db")
    with connection:
        connection.execute("DROP TRIGGER decisions_no_update")
    connection.close()


BROKEN_SURROUNDINGS: list[tuple[Callable[[Setup], None], str, str, str]] = [
    (_revoke, "Slack token", "was revoked", "Reinstall the app"),
    (_leave, "Slack channel", "not a member", "/invite @legacytls"),
    (_archive, "Slack channel", "archived", "Unarchive it"),
    (_share, "Slack channel", "shared with another organisation", "only this organisation can see"),
    (_empty_group, "Approver group S0MAIL", "has no members", "Add people to it in Slack"),
    (_silent_directory, "Approver U0ALICE", "slow down", "Run the check again"),
    (_no_role, "Get-TransportConfig", "not allowed to run Get-TransportConfig", "into a role group"),
    (_role_without_the_cmdlet, "Get-TransportConfig", "not allowed to run", "it is the role that is missing"),
    (
        _refused_token,
        "Get-TransportConfig",
        "did not accept the app's token",
        "AZURE_TENANT_ID, EXCHANGE_CLOUD and",
    ),
    (
        _role_in_words,
        "Get-TransportConfig",
        "User is not allowed to call Get-TransportConfig",
        "it is the role that is missing",
    ),
    (_unreadable_value, "Get-TransportConfig", "AllowLegacyTLSClients", ""),
    (_wrong_secret, "Entra token", "client secret is wrong", "the secret's value (not its id)"),
    (_expired_secret, "Entra token", "client secret has expired", "Add a new client secret"),
    (
        _conditional_access,
        "Entra token",
        "Conditional Access policy blocks",
        "policy for workload identities",
    ),
    (_wrong_certificate, "Entra token", "does not know the certificate", "Upload the certificate"),
    (_inspecting_proxy, "Entra token", "could not be verified", "REQUESTS_CA_BUNDLE"),
    (_damaged_file, "Database", "is no database", "DATABASE_URL"),
    (_missing_guard, "Database guards", "decisions_no_update", "legacytls migrate"),
    (_newer_database, "Database schema", "newer version", "restore a backup"),
]


@pytest.mark.parametrize(("damage", "name", "finding", "mend"), BROKEN_SURROUNDINGS)
def test_broken_surroundings_are_named_with_their_mend(
    damage: Callable[[Setup], None], name: str, finding: str, mend: str, setup: Setup
) -> None:
    damage(setup)
    failed = setup.failed()
    assert list(failed) == [name]
    assert finding in failed[name]["finding"]
    assert mend in failed[name]["mend"]
    assert failed[name]["mend"] != ""
    assert "hush" not in json.dumps(failed)


@pytest.mark.parametrize(
    ("settings", "name", "finding"),
    [
        ({"LEGACYTLS_APPROVERS": "U0ALICE,U0BOB,U0ERIN"}, "Approver U0ERIN", "Guest accounts"),
        (
            {"LEGACYTLS_APPROVERS": "U0ALICE,U0BOB", "LEGACYTLS_OPERATORS": "U0ALICE,U0FRANK"},
            "Operator U0FRANK",
            "another one",
        ),
        (
            {"LEGACYTLS_APPROVERS": "U0ALICE", "LEGACYTLS_OPERATORS": "U0ALICE,U0BOB"},
            "Enough approvers",
            "requests by U0ALICE",
        ),
        ({"EXCHANGE_CLOUD": "gcc"}, "Cloud", "nobody can opt in"),
    ],
)
def test_what_works_but_should_be_known_is_a_warning(
    settings: dict[str, str], name: str, finding: str, setup: Setup
) -> None:
    setup.set(**settings)
    code, verdicts = setup.check()
    assert (code, verdicts[name]["outcome"]) == (0, "warning")
    assert finding in verdicts[name]["finding"]
    assert verdicts[name]["mend"] != ""


def test_smtp_auth_switched_off_is_a_warning(setup: Setup) -> None:
    setup.microsoft.tenant.smtp_auth_disabled = True
    try:
        code, verdicts = setup.check()
    finally:
        setup.microsoft.tenant.smtp_auth_disabled = False
    assert (code, verdicts["SMTP AUTH"]["outcome"]) == (0, "warning")


def test_one_fault_hides_none_of_the_others(setup: Setup) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    setup.set(DATABASE_URL=f"postgresql://bot:hush@127.0.0.1:{port}/x", SLACK_BOT_TOKEN="xoxb-wrong")
    _no_role(setup)
    assert list(setup.failed()) == ["Database", "Slack token", "Get-TransportConfig"]


def test_without_a_key_what_is_unprotected_is_a_warning(setup: Setup) -> None:
    setup.unset("LEGACYTLS_RECORD_KEY")
    code, verdicts = setup.check()
    assert (code, verdicts["Record key"]["outcome"]) == (0, "warning")
    assert says("have_the_bot_act_on_a_vote") in verdicts["Record key"]["finding"]
    assert "openssl rand -hex 32" in verdicts["Record key"]["mend"]


def test_a_record_of_another_key_fails_and_is_told_how_to_go_on(setup: Setup) -> None:
    database = Database(os.environ["DATABASE_URL"], keys=Keyring([b"o" * 32]))
    adopt(database, os.environ["AZURE_TENANT_ID"], datetime.now(UTC), seen_authenticated=False)
    database.close()
    failed = setup.failed()
    assert list(failed) == ["Record key"]
    assert says("legacytls_record_key_does_not_name") in failed["Record key"]["finding"]
    assert "--accept-restore" in failed["Record key"]["mend"]
    setup.set(LEGACYTLS_RECORD_KEY=f"{'ab' * 32},{(b'o' * 32).hex()}")
    code, verdicts = setup.check()
    assert (code, verdicts["Record key"]["outcome"]) == (0, "ok")


def test_a_folder_that_cannot_be_written_is_a_wrong_setting(setup: Setup) -> None:
    setup.set(LEGACYTLS_STATE_DIR="/dev/null")
    assert main(["check"]) == 2
    assert says("legacytls_state_dir_names_no_folder") in setup.capsys.readouterr().err
