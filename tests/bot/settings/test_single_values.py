"""Single values of settings: what is malformed is one line about its own name, what is well written is
understood."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from bot.settings.load import load
from bot.settings.model import NAMES
from tests.bot.settings.test_load import COMPLETE, Put, refused
from tests.sentences import says


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Put:
    """Sets the complete environment, changed as asked, in an empty working directory; ``None`` leaves a name
    out."""
    monkeypatch.chdir(tmp_path)

    def set_all(**changed: str | None) -> None:
        for name, value in {**COMPLETE, **changed}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return set_all


WRONG = [
    ("SLACK_BOT_TOKEN", "xapp-1"),
    ("SLACK_BOT_TOKEN", "xoxb-"),
    ("SLACK_BOT_TOKEN", "xoxb-a b"),
    ("SLACK_BOT_TOKEN", 'xoxb-a"'),
    ("SLACK_APP_TOKEN", "xoxb-1"),
    ("SLACK_APP_TOKEN", "xapp-1\u00a02"),
    ("SLACK_APP_TOKEN", "xapp-1'b"),
    ("SLACK_SIGNING_SECRET", "two words"),
    ("SLACK_SIGNING_SECRET", 'a"b'),
    ("SLACK_SIGNING_SECRET", "abc\u200b"),
    ("SLACK_SIGNING_SECRET", "xoxb-1"),
    ("SLACK_SIGNING_SECRET", "xapp-1"),
    ("AZURE_CLIENT_SECRET", "two words"),
    ("AZURE_CLIENT_SECRET", "abc'"),
    ("SLACK_API_URL", "http://slack.com/api/"),
    ("SLACK_API_URL", "slack.com"),
    ("SLACK_API_URL", "https://me:pw@slack.com/api/"),
    ("SLACK_API_URL", "http://127.0.0.1.example.com/"),
    ("EXCHANGE_API_URL", "http://outlook.office365.com"),
    ("EXCHANGE_API_URL", "https://outlook.office365.com/adminapi"),
    ("EXCHANGE_API_URL", "https://[::1"),
    ("EXCHANGE_API_URL", "https://"),
    ("EXCHANGE_API_URL", "https://host?x=1"),
    ("EXCHANGE_API_URL", "https://user@host"),
    ("EXCHANGE_API_URL", "https://host:port"),
    ("EXCHANGE_API_URL", "outlook.office365.com"),
    ("EXCHANGE_API_URL", "ftp://127.0.0.1"),
    ("EXCHANGE_API_URL", "https://host:99999"),
    ("AZURE_AUTHORITY_HOST", "http://127.0.0.1:8080"),
    ("AZURE_TENANT_ID", "a/b"),
    *[
        ("AZURE_TENANT_ID", bad)
        for bad in (
            *(
                "common",
                "organizations",
                "contoso",
                "11111111-2222-3333-4444",
                "11111111-2222-3333-4444-55555555555g",
            ),
            *(
                "{11111111-2222-3333-4444-555555555555}",
                "11111111222233334444555555555555",
                "contoso.",
                ".com",
                "a..com",
            ),
            *(
                "-a.com",
                "a-.com",
                "10.0.0.1",
                "user@contoso.com",
                "https://contoso.com",
                "contoso.com/x",
                "cöntoso.com",
            ),
        )
    ],
    ("AZURE_MANAGED_IDENTITY", "maybe"),
    ("EXCHANGE_CLOUD", "germany"),
    ("EXCHANGE_ORGANIZATION", "contoso"),
    ("EXCHANGE_ORGANIZATION", "-.-"),
    ("DATABASE_URL", "mysql://localhost/x"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "postgresql+asyncpg://localhost/x"),
    ("DATABASE_URL", "postgresql://u:p@host:port/x"),
    ("LEGACYTLS_CHANNEL", "#legacy-tls"),
    ("LEGACYTLS_APPROVERS", ","),
    ("LEGACYTLS_APPROVERS", "alice"),
    ("LEGACYTLS_APPROVERS", "<@U0ALICE>"),
    ("LEGACYTLS_APPROVERS", "B0BOT"),
    ("LEGACYTLS_OPERATORS", "u0alice"),
    ("LEGACYTLS_ESCALATE_TO", "the boss"),
    ("LEGACYTLS_APPROVALS_REQUIRED", "0"),
    ("LEGACYTLS_APPROVALS_REQUIRED", "-1"),
    ("LEGACYTLS_APPROVALS_REQUIRED", "two"),
    ("LEGACYTLS_APPROVALS_REQUIRED", "²"),
    ("LEGACYTLS_REQUEST_TTL", "24"),
    ("LEGACYTLS_REQUEST_TTL", "0h"),
    ("LEGACYTLS_REQUEST_TTL", "1.5h"),
    ("LEGACYTLS_REQUEST_TTL", "1w"),
    ("LEGACYTLS_REQUEST_TTL", "workdays"),
    ("LEGACYTLS_REQUEST_TTL", "none"),
    ("LEGACYTLS_MAX_WINDOW", "999999999d"),
    ("LEGACYTLS_RETENTION", "29d"),
    ("LEGACYTLS_RETENTION", "for ever"),
    ("LEGACYTLS_DEFAULT_WINDOW", "91d"),
    ("LEGACYTLS_APPROVE_EMOJI", ":white_check_mark:"),
    ("LEGACYTLS_APPROVE_EMOJI", "✅"),
    ("LEGACYTLS_APPROVE_EMOJI", "white_check_mrak"),
    ("LEGACYTLS_APPROVE_EMOJI", "our_own_tick"),
    ("LEGACYTLS_REJECT_EMOJI", "cross_mark_button"),
    ("LEGACYTLS_REJECT_EMOJI", "white_check_mark"),
    ("LEGACYTLS_TIMEZONE", "Mars/Olympus"),
    ("LEGACYTLS_TIMEZONE", "Europe"),
    ("LEGACYTLS_TIMEZONE", "../../etc/passwd"),
    ("LEGACYTLS_WORKING_HOURS", "nine to five"),
    ("LEGACYTLS_WORKING_HOURS", "17:00-09:00"),
    ("LEGACYTLS_WORKING_HOURS", "09:00-24:00"),
    ("LEGACYTLS_WORKING_HOURS", "9-17"),
    ("LEGACYTLS_MILESTONES", "/nowhere/milestones.yaml"),
    ("LEGACYTLS_MILESTONES", "."),
    ("AZURE_CLIENT_SECRET_EXPIRES", "31.3.2027"),
    ("AZURE_CLIENT_SECRET_EXPIRES", "2027-02-30"),
    ("AZURE_CLIENT_SECRET_EXPIRES", "20270331"),
    *[
        ("LEGACYTLS_HEALTH_HOST", bad)
        for bad in ("http://x", "127.0.0.1:8643", "[::1]", "a b", "a..b", "x" * 64, "bücher.example")
    ],
    ("LEGACYTLS_HEALTH_PORT", "70000"),
    ("LEGACYTLS_HEALTH_PORT", "tcp://10.0.0.1:80"),
    *[
        ("LEGACYTLS_CALENDAR_TOKEN", bad)
        for bad in ("canary", "x" * 15, "x" * 201, "canary/canary/canary", "canary canary canary")
    ],
    ("LEGACYTLS_LOG_LEVEL", "loud"),
    ("LEGACYTLS_STATE_DIR", "/dev/null"),
    ("LEGACYTLS_STATE_DIR", "/dev/null/below"),
    ("LEGACYTLS_RECORD_KEY_FILE", "/nowhere/key"),
    ("LEGACYTLS_RECORD_KEY_FILE", "/dev"),
    *[
        ("LEGACYTLS_RECORD_KEY", bad)
        for bad in (
            "canary",
            ",",
            "ab" * 31,
            "ab" * 32 + "c",
            "QUJD" * 10,
            f"{'ab' * 32},canary",
            f"canary,{'ab' * 32}",
            "ab" * 32 + " " + "cd" * 32,
            "%" * 64,
        )
    ],
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_malformed_value_is_one_line_about_its_own_name(put: Put, name: str, value: str) -> None:
    put(**{name: value})
    lines = refused()
    assert [line.split(":")[0] for line in lines] == [name]


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        (
            "AZURE_TENANT_ID",
            "AbCdEf00-2222-3333-4444-55555555FFFF",
            "azure_tenant_id",
            "abcdef00-2222-3333-4444-55555555ffff",
        ),
        ("AZURE_TENANT_ID", "Contoso.onmicrosoft.com", "azure_tenant_id", "contoso.onmicrosoft.com"),
        ("LEGACYTLS_WORKING_HOURS", "06:30 - 14:45", "working_hours", (time(6, 30), time(14, 45))),
        ("SLACK_API_URL", "http://127.0.0.1:8643/api", "slack_api_url", "http://127.0.0.1:8643/api/"),
        ("SLACK_API_URL", "http://[::1]:1/api/", "slack_api_url", "http://[::1]:1/api/"),
        ("EXCHANGE_API_URL", "http://localhost:9/", "exchange_api_url", "http://localhost:9"),
        ("EXCHANGE_API_URL", "http://[::1]:8080", "exchange_api_url", "http://[::1]:8080"),
        ("EXCHANGE_API_URL", "http://127.9.9.9", "exchange_api_url", "http://127.9.9.9"),
        (
            "AZURE_AUTHORITY_HOST",
            "https://login.microsoftonline.us/",
            "azure_authority_host",
            "https://login.microsoftonline.us",
        ),
        ("AZURE_AUTHORITY_HOST", "https://127.0.0.1:8443", "azure_authority_host", "https://127.0.0.1:8443"),
        (
            "AZURE_AUTHORITY_HOST",
            "login.microsoftonline.us",
            "azure_authority_host",
            "https://login.microsoftonline.us",
        ),
        (
            "AZURE_AUTHORITY_HOST",
            "Login.MicrosoftOnline.us",
            "azure_authority_host",
            "https://login.microsoftonline.us",
        ),
        ("EXCHANGE_CLOUD", "GCC-High", "exchange_cloud", "gcc-high"),
        (
            "EXCHANGE_ORGANIZATION",
            "Contoso.onmicrosoft.com",
            "exchange_organization",
            "contoso.onmicrosoft.com",
        ),
        ("LEGACYTLS_OPERATORS", "U0CAROL,U0CAROL,", "operators", ("U0CAROL",)),
        ("LEGACYTLS_OBSERVE_EVERY", "90s", "observe_every", timedelta(seconds=90)),
        ("LEGACYTLS_REQUEST_TTL", "15m", "request_ttl", timedelta(minutes=15)),
        ("LEGACYTLS_REQUEST_TTL", "24h", "request_ttl", timedelta(hours=24)),
        ("LEGACYTLS_REQUEST_TTL", "Workday", "request_ttl", None),
        ("LEGACYTLS_RETENTION", "30d", "retention", timedelta(days=30)),
        ("LEGACYTLS_MAX_WINDOW", "7d", "default_window", timedelta(days=7)),
        ("LEGACYTLS_APPROVE_EMOJI", "+1::skin-tone-4", "approve_emoji", "+1"),
        ("LEGACYTLS_APPROVE_EMOJI", "facepunch", "approve_emoji", "facepunch"),
        ("LEGACYTLS_REJECT_EMOJI", "raised_hand", "reject_emoji", "raised_hand"),
        *[
            ("LEGACYTLS_HEALTH_HOST", host, "health_host", host)
            for host in ("0.0.0.0", "::", "fe80::1%eth0", "legacy_tls", "a.b-c.de")
        ],
        ("LEGACYTLS_HEALTH_PORT", "8643", "health_port", 8643),
        ("LEGACYTLS_LOG_LEVEL", "DEBUG", "log_level", "debug"),
        ("LEGACYTLS_STATE_DIR", "state", "state_dir", Path("state")),
    ],
)
def test_a_well_written_value_is_understood(
    put: Put, name: str, value: str, attribute: str, expected: object
) -> None:
    put(**{name: value})
    assert getattr(load(), attribute) == expected


@pytest.mark.parametrize("name", [name for name in NAMES if name != "AZURE_CLIENT_CERTIFICATE_PASSWORD"])
@pytest.mark.parametrize("marks", ['""', "''", "``", "\u201c\u201d", '"'])
def test_a_value_in_quotation_marks_is_one_line_about_its_own_name_whatever_the_setting(
    put: Put, name: str, marks: str
) -> None:
    put(**{name: f"{marks[0]}{COMPLETE.get(name, 'canary')}{marks[1:]}"})
    lines = refused()
    assert [line.split(":")[0] for line in lines] == [name]
    assert says("is_written_in_quotation_marks") in lines[0]
    assert "canary" not in lines[0]
