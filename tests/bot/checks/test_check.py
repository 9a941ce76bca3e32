"""``legacytls check`` on broken set-ups: each is named with its mend, costs exit code 1, and nothing is ever written."""

import json
import logging
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from sqlalchemy import create_engine, inspect, make_url, text

from bot.cli import main
from bot.sandbox.microsoft.simulation import Microsoft
from bot.sandbox.slack import cast
from bot.sandbox.slack.faults import Fault
from bot.sandbox.slack.simulation import Slack
from handlers.slack.scopes import BOT_SCOPES
from storage.engine import Database
from storage.integrity.keyring import Keyring
from storage.migrate import upgrade
from storage.record.adoption import adopt
from tests.bot.drawing import drawn_once
from tests.bot.exchange.certificates import app as certificate
from tests.postgres import Server, standby
from tests.sentences import says

__all__ = ["drawn_once"]

pytestmark = pytest.mark.usefixtures("drawn_once")

GROUP = "S0MAIL"


@pytest.fixture(scope="module")
def microsoft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Microsoft]:
    found = Microsoft(tmp_path_factory.mktemp("microsoft"), clock=lambda: datetime.now(UTC))
    found.start()
    yield found
    found.stop()


@dataclass
class Setup:
    """Everything right; a test breaks one thing and runs the check in this process."""

    folder: Path
    microsoft: Microsoft
    slack: Slack
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.monkeypatch.setenv(name, value)

    def unset(self, *names: str) -> None:
        for name in names:
            self.monkeypatch.delenv(name)

    def grant(self, **grants: object) -> None:
        for name, value in grants.items():
            self.monkeypatch.setattr(self.microsoft.tenant.grants, name, value)

    def check(self) -> tuple[int, dict[str, dict[str, str]]]:
        """Exit code and verdicts by name."""
        code = main(["check", "--json"])
        out, err = self.capsys.readouterr()
        assert err == ""
        answer = json.loads(out)
        assert answer["ok"] is (code == 0)
        assert len({verdict["check"] for verdict in answer["checks"]}) == len(answer["checks"]), "each check is told once"
        return code, {verdict["check"]: verdict for verdict in answer["checks"]}

    def failed(self) -> dict[str, dict[str, str]]:
        """What does not hold; there must be something, told by the exit code too."""
        code, verdicts = self.check()
        found = {name: verdict for name, verdict in verdicts.items() if verdict["outcome"] == "failed"}
        assert code == 1, verdicts
        return found


def _serve(scopes: tuple[str, ...]) -> Slack:
    slack = Slack(clock=lambda: datetime.now(UTC), scopes=scopes)
    slack.start()
    return slack


@pytest.fixture
def setup(
    tmp_path: Path,
    _migrated_sqlite: Path,
    microsoft: Microsoft,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: Any,
) -> Iterator[Setup]:
    """``@pytest.mark.parametrize("setup", [scopes], indirect=True)`` gives the token other scopes."""
    slack = _serve(getattr(request, "param", tuple(BOT_SCOPES)))
    monkeypatch.chdir(tmp_path)
    found = Setup(tmp_path, microsoft, slack, monkeypatch, capsys)
    found.set(**slack.environment, **microsoft.environment, DATABASE_URL=f"sqlite:///{tmp_path}/record.db")
    found.set(LEGACYTLS_RECORD_KEY="ab" * 32)
    shutil.copy(_migrated_sqlite, tmp_path / "record.db")
    calls = len(microsoft.tenant.calls)
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    yield found
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    slack.stop()
    microsoft.tenant.clear_faults()
    assert [call.cmdlet for call in microsoft.tenant.calls[calls:] if call.cmdlet.startswith("Set-")] == []
    assert slack.messages(cast.CHANGES) == []


def test_a_right_setup_holds(setup: Setup) -> None:
    code, verdicts = setup.check()
    assert code == 0
    assert {verdict["outcome"] for name, verdict in verdicts.items() if name != "Set-TransportConfig"} == {"ok"}
    for name in ("Database", "Slack token", "Slack channel", "Enough approvers", "Entra token", "Get-TransportConfig"):
        assert name in verdicts
    assert says("the_live_value_is_not_set_organisation") in verdicts["Get-TransportConfig"]["finding"]


def test_slack_is_asked_about_every_layout_and_what_it_would_refuse_is_named(setup: Setup) -> None:
    verdict = setup.check()[1]["Slack layouts"]
    assert verdict["outcome"] == "ok"
    wrong = ["[ERROR] too long [json-pointer:/view/blocks/7]"]
    setup.monkeypatch.setattr("bot.sandbox.slack.views.view_problems", lambda view: wrong)
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
    ("Slack token", {"SLACK_API_URL": "http://127.0.0.1:9/api/"}, "could not be reached", "SLACK_API_URL, the network"),
    ("Slack connection", {"SLACK_APP_TOKEN": "xapp-wrong"}, "the app-level token", "SLACK_APP_TOKEN (xapp-…, with the scope"),
    ("Slack channel", {"LEGACYTLS_CHANNEL": "C0NOWHERE"}, "does not know the channel", "LEGACYTLS_CHANNEL and invite the bot"),
    ("Approver group S0NONE", {"LEGACYTLS_APPROVERS": "U0ALICE,U0BOB,S0NONE"}, "does not know this user group", "S… ids"),
    ("Operator group S0NONE", {"LEGACYTLS_OPERATORS": "U0ALICE,S0NONE"}, "does not know this user group", "S… ids"),
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
    ("Enough approvers", {"LEGACYTLS_APPROVALS_REQUIRED": "4"}, "3 may approve, 4 needed", "LEGACYTLS_APPROVALS_REQUIRED"),
    ("Enough approvers", {"LEGACYTLS_APPROVERS": "U0ERIN,U0FRANK,U0NONE,U0LEGACY"}, "0 may approve", "LEGACYTLS_APPROVERS"),
    ("Entra token", {"AZURE_CLIENT_ID": "99999999-7777-8888-9999-aaaaaaaaaaaa"}, "not known in this tenant", "AZURE_CLIENT_ID"),
    ("Entra token", {"AZURE_TENANT_ID": "99999999-2222-3333-4444-555555555555"}, "not know this tenant", "AZURE_TENANT_ID"),
    ("Entra token", {"AZURE_AUTHORITY_HOST": "https://127.0.0.1:9"}, "could not be reached", "network, proxy and firewall"),
    pytest.param(
        "Get-TransportConfig",
        {"EXCHANGE_API_URL": "https://127.0.0.1:9"},
        "could not be reached",
        "network, proxy and firewall",
        marks=pytest.mark.long,  # a reading is given ten seconds
    ),
    ("Get-TransportConfig", {"EXCHANGE_ORGANIZATION": "fabrikam.onmicrosoft.com"}, "another tenant", "EXCHANGE_ORGANIZATION"),
    ("Database", {"DATABASE_URL": "sqlite:////no/such/folder/record.db"}, "file cannot be opened", "the folder has to exist"),
    ("Database", {"DATABASE_URL": "postgresql://bot:hush@127.0.0.1:9/x"}, "the server does not answer", "that the server runs"),
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


def _no_permission(setup: Setup) -> None:
    setup.grant(app_roles=("Mail.Read",))


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
    (_refused_token, "Get-TransportConfig", "did not accept the app's token", "AZURE_TENANT_ID, EXCHANGE_CLOUD and"),
    (_role_in_words, "Get-TransportConfig", "User is not allowed to call Get-TransportConfig", "it is the role that is missing"),
    (_unreadable_value, "Get-TransportConfig", "AllowLegacyTLSClients", ""),
    (_wrong_secret, "Entra token", "client secret is wrong", "the secret's value (not its id)"),
    (_expired_secret, "Entra token", "client secret has expired", "Add a new client secret"),
    (_conditional_access, "Entra token", "Conditional Access policy blocks", "policy for workload identities"),
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


@pytest.mark.parametrize("setup", [tuple(scope for scope in BOT_SCOPES if scope != "usergroups:read")], indirect=True)
def test_a_missing_scope_is_named_where_it_is_missing_and_where_it_hurts(setup: Setup) -> None:
    failed = setup.failed()
    assert failed["Slack scopes"]["finding"] == says("missing_usergroups_read")
    assert "manifest.yml" in failed["Slack scopes"]["mend"]
    assert says("lacks_a_scope") in failed["Approver group S0MAIL"]["finding"]


NO_GROUPS = {"LEGACYTLS_APPROVERS": "U0ALICE,U0BOB", "LEGACYTLS_OPERATORS": "U0ALICE,U0BOB"}


def _without(*scopes: str) -> tuple[str, ...]:
    return tuple(scope for scope in BOT_SCOPES if scope not in scopes)


@pytest.mark.parametrize(
    ("setup", "missed", "settings"),
    [
        (_without("files:write"), "files:write (uploads the record, or the evidence", {}),
        (_without("groups:read"), "groups:read (sees", {}),
        (_without("app_mentions:read"), "app_mentions:read (tells", {}),
        (_without("usergroups:read"), "usergroups:read (expands", NO_GROUPS),
    ],
    indirect=["setup"],
)
def test_a_scope_that_nothing_needs_here_is_missed_with_a_warning(setup: Setup, missed: str, settings: dict[str, str]) -> None:
    setup.set(**settings)
    code, verdicts = setup.check()
    assert (code, verdicts["Slack scopes"]["outcome"]) == (0, "warning")
    assert missed in verdicts["Slack scopes"]["finding"]
    assert verdicts["Slack channel"]["outcome"] == "ok"


@pytest.mark.parametrize("setup", [_without("channels:read", "groups:read")], indirect=True)
def test_a_channel_that_cannot_be_looked_at_is_a_warning(setup: Setup) -> None:
    code, verdicts = setup.check()
    assert (code, verdicts["Slack scopes"]["outcome"], verdicts["Slack channel"]["outcome"]) == (0, "warning", "warning")


@pytest.mark.parametrize("setup", [_without("chat:write"), _without("users:read", "files:write")], indirect=True)
def test_a_scope_that_everything_needs_fails(setup: Setup) -> None:
    _, verdicts = setup.check()
    assert verdicts["Slack scopes"]["outcome"] == "failed"
    assert "files:write" not in verdicts["Slack scopes"]["finding"]


@pytest.mark.parametrize("setup", [(*BOT_SCOPES, "admin")], indirect=True)
def test_a_scope_too_many_is_a_warning(setup: Setup) -> None:
    code, verdicts = setup.check()
    assert (code, verdicts["Slack scopes"]["outcome"]) == (0, "warning")
    assert verdicts["Slack scopes"]["finding"] == says("more_than_needed_admin")


def test_a_missing_permission_is_told_apart_from_a_missing_role(setup: Setup) -> None:
    _no_permission(setup)
    failed = setup.failed()
    assert list(failed) == ["Entra app role", "Get-TransportConfig"]
    assert says("grant_the_application_permission_exchange_manageasapp") in failed["Entra app role"]["mend"]
    assert failed["Get-TransportConfig"]["mend"] == says("grant_exchange_manageasapp_first_as_said_above")


def test_an_expired_certificate_is_dated(setup: Setup) -> None:
    _present(setup, certificate(-1).pem())
    failed = setup.failed()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert failed["Certificate"]["finding"] == says("expired_on_2", yesterday=yesterday)
    assert says("upload_it_to_the_app_registration") in failed["Certificate"]["mend"]
    assert says("the_certificate_expired_on") in failed["Entra token"]["finding"]


def test_a_certificate_about_to_expire_is_a_warning(setup: Setup) -> None:
    _present(setup, certificate(10).pem())
    _, verdicts = setup.check()
    assert verdicts["Certificate"]["outcome"] == "warning"
    assert "in 9 days" in verdicts["Certificate"]["finding"]


def _present_secret(setup: Setup, **ahead: int) -> None:
    setup.unset("AZURE_CLIENT_CERTIFICATE_PATH")
    setup.set(AZURE_CLIENT_SECRET=setup.microsoft.client_secret.get_secret_value())
    if ahead:
        setup.set(AZURE_CLIENT_SECRET_EXPIRES=(datetime.now(UTC) + timedelta(**ahead)).date().isoformat())


@pytest.mark.parametrize(
    ("days", "outcome", "finding"), [(-2, "warning", "expired on"), (10, "warning", "in 9 days"), (40, "ok", "valid until")]
)
def test_a_secret_is_as_good_as_the_day_that_was_set(setup: Setup, days: int, outcome: str, finding: str) -> None:
    _present_secret(setup, days=days)
    code, verdicts = setup.check()
    assert (code, verdicts["Client secret"]["outcome"]) == (0, outcome)
    assert finding in verdicts["Client secret"]["finding"]


def test_a_secret_without_a_day_is_not_called_good(setup: Setup) -> None:
    _present_secret(setup)
    code, verdicts = setup.check()
    assert (code, verdicts["Client secret"]["outcome"]) == (0, "optional")
    assert "AZURE_CLIENT_SECRET_EXPIRES" in verdicts["Client secret"]["mend"]


@pytest.mark.parametrize("pem", [b"no certificate", certificate(30).pem(b"a password")], ids=["junk", "locked"])
def test_a_certificate_that_cannot_be_read_is_a_wrong_setting(pem: bytes, setup: Setup) -> None:
    _present(setup, pem)
    assert main(["check"]) == 2
    out, err = setup.capsys.readouterr()
    assert out == ""
    assert says("azure_client_certificate_path_the_file_needs") in err
    assert "AZURE_CLIENT_CERTIFICATE_PASSWORD" in err


def test_optional_cmdlets_never_fail_the_check(setup: Setup) -> None:
    cmdlets = {"Get-CASMailbox", "Get-AcceptedDomain", "Search-UnifiedAuditLog", "Get-AdminAuditLogConfig"}
    setup.grant(withheld=frozenset(cmdlets))
    code, verdicts = setup.check()
    assert code == 0
    for name in (cmdlets - {"Get-AdminAuditLogConfig"}) | {"Audit ingestion"}:
        assert verdicts[name]["outcome"] == "optional"
        assert says("it_would_tell") in verdicts[name]["finding"]
        assert says("the_optional_role_for_this_cmdlet") in verdicts[name]["mend"]


def test_the_audit_log_is_really_searched_as_drift_searches_it(setup: Setup) -> None:
    calls = len(setup.microsoft.tenant.calls)
    _, verdicts = setup.check()
    (search,) = (call for call in setup.microsoft.tenant.calls[calls:] if call.cmdlet == "Search-UnifiedAuditLog")
    assert search.parameters["Operations"] == ["Set-TransportConfig"]
    assert says("recorded_in_the_last_7_days") in verdicts["Search-UnifiedAuditLog"]["finding"]
    setup.microsoft.tenant.queue_fault("server_error", cmdlet="Search-UnifiedAuditLog")
    code, verdicts = setup.check()
    assert (code, verdicts["Search-UnifiedAuditLog"]["outcome"]) == (0, "optional")
    assert says("it_would_tell_who_changed_the_setting") in verdicts["Search-UnifiedAuditLog"]["finding"]


def test_an_audit_log_that_is_switched_off_is_a_warning_with_its_cmdlet(setup: Setup) -> None:
    setup.monkeypatch.setattr(setup.microsoft.tenant, "audit_ingestion", False)
    code, verdicts = setup.check()
    assert (code, verdicts["Audit ingestion"]["outcome"]) == (0, "warning")
    assert "Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true" in verdicts["Audit ingestion"]["mend"]


@pytest.mark.parametrize("fault", ["empty_value", "null_value", "html_200", "throttle_bare"])
def test_an_ingestion_that_is_not_told_is_unknown(fault: str, setup: Setup) -> None:
    setup.microsoft.tenant.queue_fault(fault, cmdlet="Get-AdminAuditLogConfig")
    code, verdicts = setup.check()
    assert (code, verdicts["Audit ingestion"]["outcome"]) == (0, "optional")
    assert verdicts["Audit ingestion"]["mend"] != ""


def test_a_role_that_only_reads_is_not_found_out_because_nothing_is_written(setup: Setup) -> None:
    setup.grant(withheld=frozenset({"Set-TransportConfig"}))
    code, verdicts = setup.check()
    assert (code, verdicts["Set-TransportConfig"]["outcome"]) == (0, "optional")
    assert says("cannot_be_proven_without_writing") in verdicts["Set-TransportConfig"]["finding"]


@pytest.mark.parametrize(
    ("settings", "name", "finding"),
    [
        ({"LEGACYTLS_APPROVERS": "U0ALICE,U0BOB,U0ERIN"}, "Approver U0ERIN", "Guest accounts"),
        ({"LEGACYTLS_APPROVERS": "U0ALICE,U0BOB", "LEGACYTLS_OPERATORS": "U0ALICE,U0FRANK"}, "Operator U0FRANK", "another one"),
        ({"LEGACYTLS_APPROVERS": "U0ALICE", "LEGACYTLS_OPERATORS": "U0ALICE,U0BOB"}, "Enough approvers", "requests by U0ALICE"),
        ({"EXCHANGE_CLOUD": "gcc"}, "Cloud", "nobody can opt in"),
    ],
)
def test_what_works_but_should_be_known_is_a_warning(settings: dict[str, str], name: str, finding: str, setup: Setup) -> None:
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


def test_a_new_database_is_a_warning_because_the_start_migrates_it(setup: Setup) -> None:
    setup.set(DATABASE_URL=f"sqlite:///{setup.folder}/new.db")
    code, verdicts = setup.check()
    assert (code, verdicts["Database schema"]["outcome"]) == (0, "warning")
    assert "legacytls migrate" in verdicts["Database schema"]["mend"]


def test_a_postgresql_that_may_lose_a_commit_fails(setup: Setup, migrated_postgres_url: str) -> None:
    address = migrated_postgres_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
    setup.set(DATABASE_URL=migrated_postgres_url)
    failed = setup.failed()
    assert "synchronous_commit off" in failed["Database durability"]["finding"]
    assert says("survive_a_power_cut") in failed["Database durability"]["mend"]
    _, verdicts = setup.check()
    assert verdicts["Database role"]["outcome"] == "warning"


def test_a_postgresql_role_that_was_not_granted_everything_fails_by_name(setup: Setup, migrated_postgres_url: str) -> None:
    url = make_url(migrated_postgres_url)
    role = f"ungranted_{url.database}"
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
        owner.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}".encode())
        owner.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}".encode())
        setup.set(DATABASE_URL=url.set(username=role, password="x").render_as_string(hide_password=False))
        found = setup.failed()["Database role"]
        owner.execute(f"DROP OWNED BY {role}".encode())
        owner.execute(f"DROP ROLE {role}".encode())
    assert found["finding"] == says("lacks_delete_on_cards_inbox_notices_observations")
    assert "GRANT lines" in found["mend"]


def test_a_database_that_only_reads_fails_and_all_else_is_told(setup: Setup, migrated_postgres_url: str) -> None:
    url = make_url(migrated_postgres_url)
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True) as owner:
        owner.execute(f'ALTER DATABASE "{url.database}" SET default_transaction_read_only = on'.encode())
    setup.set(DATABASE_URL=migrated_postgres_url)
    code, verdicts = setup.check()
    found = verdicts["Database writes"]
    assert (code, found["outcome"]) == (1, "failed")
    assert found["finding"] == says("the_database_only_reads_as_a_standby")
    assert "default_transaction_read_only" in found["mend"]
    assert verdicts["Get-TransportConfig"]["outcome"] == "ok"


def test_a_hot_standby_fails_by_name(setup: Setup, postgres_server: Server) -> None:
    with postgres_server.database() as url:
        upgrade(url)
        with standby(postgres_server) as copy:
            setup.set(DATABASE_URL=copy.set(database=url.database).render_as_string(hide_password=False))
            found = setup.failed()
    assert list(found) == ["Database writes"]
    assert found["Database writes"]["finding"] == says("the_database_only_reads_as_a_standby")


@pytest.mark.parametrize("migrated", [True, False])
def test_that_it_can_write_is_proven_and_nothing_is_left_of_the_proof(migrated: bool, setup: Setup, database_url: str) -> None:
    if migrated:
        upgrade(database_url)
    setup.set(DATABASE_URL=database_url)
    _, verdicts = setup.check()
    assert verdicts["Database writes"]["outcome"] == "ok"
    engine = create_engine(database_url)
    try:
        tables = inspect(engine).get_table_names()
        assert [name for name in tables if name.startswith("check_")] == []
        with engine.connect() as connection:
            assert not migrated or connection.execute(text("SELECT count(*) FROM leases")).scalar() == 0
    finally:
        engine.dispose()


def test_a_file_that_only_reads_fails_by_name(setup: Setup) -> None:
    setup.set(DATABASE_URL=f"sqlite:///file:{setup.folder}/record.db?mode=ro&uri=true")
    assert setup.failed()["Database writes"]["finding"] == says("the_database_s_file_or_folder_can")


def test_a_database_of_somebody_elses_fails_and_all_else_is_told(setup: Setup) -> None:
    with closing(sqlite3.connect(setup.folder / "record.db")) as connection:
        connection.execute("ALTER TABLE alembic_version RENAME COLUMN version_num TO other")
    code, verdicts = setup.check()
    assert (code, verdicts["Database schema"]["outcome"]) == (1, "failed")
    assert verdicts["Get-TransportConfig"]["outcome"] == "ok"


@pytest.mark.parametrize("option", ["schema=x", "sslmode=paranoid", "connection_limit=4"])
def test_an_address_that_cannot_be_used_is_named_and_all_else_is_told(option: str, setup: Setup) -> None:
    setup.set(DATABASE_URL=f"postgresql://bot:hush@127.0.0.1/x?{option}")
    assert main(["check", "--json"]) == 2
    answer = json.loads(setup.capsys.readouterr().out)
    verdicts = {verdict["check"]: verdict for verdict in answer["checks"]}
    assert answer["ok"] is False
    assert option.split("=", maxsplit=1)[0] in verdicts["Database"]["finding"]
    assert verdicts["Get-TransportConfig"]["outcome"] == verdicts["Slack token"]["outcome"] == "ok"


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
