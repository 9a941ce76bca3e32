"""legacytls check on what the bot may do: scopes, permission and role, certificate and secret, audit log."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.cli import main
from handlers.slack.scopes import BOT_SCOPES
from tests.bot.checks.conftest import Setup
from tests.bot.checks.test_check import _present
from tests.bot.exchange.certificates import app as certificate
from tests.sentences import says


def _no_permission(setup: Setup) -> None:
    setup.grant(app_roles=("Mail.Read",))


@pytest.mark.parametrize(
    "setup", [tuple(scope for scope in BOT_SCOPES if scope != "usergroups:read")], indirect=True
)
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
def test_a_scope_that_nothing_needs_here_is_missed_with_a_warning(
    setup: Setup, missed: str, settings: dict[str, str]
) -> None:
    setup.set(**settings)
    code, verdicts = setup.check()
    assert (code, verdicts["Slack scopes"]["outcome"]) == (0, "warning")
    assert missed in verdicts["Slack scopes"]["finding"]
    assert verdicts["Slack channel"]["outcome"] == "ok"


@pytest.mark.parametrize("setup", [_without("channels:read", "groups:read")], indirect=True)
def test_a_channel_that_cannot_be_looked_at_is_a_warning(setup: Setup) -> None:
    code, verdicts = setup.check()
    assert (code, verdicts["Slack scopes"]["outcome"], verdicts["Slack channel"]["outcome"]) == (
        0,
        "warning",
        "warning",
    )


@pytest.mark.parametrize(
    "setup", [_without("chat:write"), _without("users:read", "files:write")], indirect=True
)
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
    ("days", "outcome", "finding"),
    [(-2, "warning", "expired on"), (10, "warning", "in 9 days"), (40, "ok", "valid until")],
)
def test_a_secret_is_as_good_as_the_day_that_was_set(
    setup: Setup, days: int, outcome: str, finding: str
) -> None:
    _present_secret(setup, days=days)
    code, verdicts = setup.check()
    assert (code, verdicts["Client secret"]["outcome"]) == (0, outcome)
    assert finding in verdicts["Client secret"]["finding"]


def test_a_secret_without_a_day_is_not_called_good(setup: Setup) -> None:
    _present_secret(setup)
    code, verdicts = setup.check()
    assert (code, verdicts["Client secret"]["outcome"]) == (0, "optional")
    assert "AZURE_CLIENT_SECRET_EXPIRES" in verdicts["Client secret"]["mend"]


@pytest.mark.parametrize(
    "pem", [b"no certificate", certificate(30).pem(b"a password")], ids=["junk", "locked"]
)
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
    (search,) = (
        call for call in setup.microsoft.tenant.calls[calls:] if call.cmdlet == "Search-UnifiedAuditLog"
    )
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
    assert (
        "Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true"
        in verdicts["Audit ingestion"]["mend"]
    )


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
