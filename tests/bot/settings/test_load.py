"""Settings are checked whole: every mistake in one message with what to do about it, and no value repeated."""

import base64
import codecs
import os
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr, ValidationError

from bot.exchange.auth import keys
from bot.exchange.auth.credentials import Certificate, ClientSecret, FederatedToken, ManagedIdentity
from bot.settings.load import WrongSettings, credential_now, load, withhold_from_bolt
from bot.settings.milestones import load_calendar
from bot.settings.model import NAMES, CredentialKind, Settings
from tests.bot.exchange import certificates
from tests.sentences import says

COMPLETE = {
    "SLACK_BOT_TOKEN": "xoxb-1-canary",
    "SLACK_APP_TOKEN": "xapp-1-canary",
    "AZURE_TENANT_ID": "11111111-2222-3333-4444-555555555555",
    "AZURE_CLIENT_ID": "66666666-7777-8888-9999-000000000000",
    "AZURE_CLIENT_SECRET": "client-canary",
    "LEGACYTLS_CHANNEL": "C0LEGACY",
    "LEGACYTLS_APPROVERS": "U0ALICE, W0BOB,S0ADMINS",
}
OWN_DATES = """schema: 1
verified_on: "2026-12-01"
newest_source: "2026-11"
milestones:
  - id: own-removal
    kind: removal
    date: "2027-03"
    precision: month
    display: "March 2027"
    protocols: [smtp-auth]
    clouds: [all]
    effect: "Something of our own ends."
    message_center_id: null
    sources:
      - {title: "A page", url: null}
    superseded_by: null
    confidence: H
"""
"""An operator's own file of milestones, without a mistake."""
Put = Callable[..., None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Put:
    """Sets the complete environment, changed as asked, in an empty working directory; ``None`` leaves a name out."""
    monkeypatch.chdir(tmp_path)

    def set_all(**changed: str | None) -> None:
        for name, value in {**COMPLETE, **changed}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return set_all


def refused(need: set[str] | None = None, mode: str | None = None) -> list[str]:
    with pytest.raises(WrongSettings) as wrong:
        load(need, mode=mode) if need is not None else load(mode=mode)
    return wrong.value.lines


def test_a_complete_environment_has_the_promised_defaults(put: Put) -> None:
    put()
    found = load()
    assert found.slack_api_url == "https://slack.com/api/"
    assert found.exchange_cloud == "worldwide"
    assert found.database_url.get_secret_value() == "sqlite:///legacytls.db"
    assert found.approvers == found.operators == ("U0ALICE", "W0BOB", "S0ADMINS")
    assert (found.approvals_required, found.request_ttl) == (1, None)
    assert (found.default_window, found.max_window) == (timedelta(days=30), timedelta(days=90))
    assert (found.approve_emoji, found.reject_emoji) == ("white_check_mark", "x")
    assert (found.observe_every, found.timezone.key) == (timedelta(minutes=10), "UTC")
    assert found.escalate_to == ()
    assert found.working_hours == (time(9), time(17))
    assert (found.health_host, found.health_port, found.log_level) == ("127.0.0.1", None, "info")
    assert (found.azure_authority_host, found.exchange_api_url, found.exchange_organization) == (None, None, None)
    assert (found.mode, found.credential_kind, found.warnings) == ("socket", CredentialKind.SECRET, [])


def test_settings_cannot_be_changed_and_do_not_show_their_secrets(put: Put) -> None:
    put(DATABASE_URL="postgresql://bot:db-canary@db.example.com/legacytls")
    found = load()
    with pytest.raises(ValidationError):
        found.channel = "C1"  # type: ignore[misc]
    assert "canary" not in repr(found) + str(found)
    assert sorted(secret.get_secret_value() for secret in found.secrets() if "canary" in secret.get_secret_value()) == [
        "client-canary",
        "postgresql+psycopg://bot:db-canary@db.example.com/legacytls",
        "xapp-1-canary",
        "xoxb-1-canary",
    ]


def test_settings_read_nothing_by_themselves(put: Put) -> None:
    put()
    assert Settings().slack_bot_token is None


def test_the_env_file_is_read_and_the_environment_wins(put: Put, tmp_path: Path) -> None:
    put(LEGACYTLS_CHANNEL=None, SLACK_APP_TOKEN="")
    (tmp_path / ".env").write_text(
        "\ufeffLEGACYTLS_CHANNEL=C0FILE\nLEGACYTLS_APPROVERS=U0DAVE\nSLACK_APP_TOKEN=xapp-file\n", encoding="utf-8"
    )
    found = load()
    assert (found.channel, found.approvers) == ("C0FILE", ("U0ALICE", "W0BOB", "S0ADMINS"))
    assert found.slack_app_token is not None


@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_the_env_file_is_taken_to_the_letter(put: Put, tmp_path: Path, quote: str) -> None:
    put(AZURE_CLIENT_SECRET=None, HOME="/root")
    (tmp_path / ".env").write_text(f"AZURE_CLIENT_SECRET={quote}pa${{HOME}}ss${{x:-y}}${quote}\n")
    secret = load().azure_client_secret
    assert secret is not None
    assert secret.get_secret_value() == "pa${HOME}ss${x:-y}$"


@pytest.mark.parametrize("written", ["", "   "])
def test_an_empty_setting_counts_as_unset(put: Put, written: str) -> None:
    put(LEGACYTLS_OPERATORS=written, LEGACYTLS_TIMEZONE=written, LEGACYTLS_HEALTH_PORT=written, LEGACYTLS_CHANNEL=written)
    assert refused() == ["LEGACYTLS_CHANNEL: is not set; write the id of the channel for change requests (C…)"]


def test_an_unreadable_env_file_is_one_sentence(put: Put, tmp_path: Path) -> None:
    put()
    (tmp_path / ".env").write_bytes(b"LEGACYTLS_CHANNEL=\xff\xfe")
    assert refused() == [".env: cannot be read; make it a text file in UTF-8 that this account may read"]


def test_every_mistake_is_told_at_once_in_the_order_of_the_table_and_repeats_no_value(put: Put) -> None:
    put(
        SLACK_BOT_TOKEN="canary-1",
        SLACK_APP_TOKEN=None,
        AZURE_TENANT_ID=None,
        AZURE_CLIENT_CERTIFICATE_PATH="canary-2.pem",
        AZURE_AUTHORITY_HOST="https://me:canary-3@login.example.com",
        LEGACYTLS_APPROVERS="U0ALICE,canary-4",
        LEGACYTLS_TIMEZONE="canary-5",
        LEGACYTLS_DEFAULT_WINDOW="91d",
        DATABASE_URL="mysql://u:canary-6@h/d",
    )
    lines = refused()
    assert [line.split(":")[0] for line in lines] == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_CLIENT_SECRET",
        "AZURE_AUTHORITY_HOST",
        "DATABASE_URL",
        "LEGACYTLS_APPROVERS",
        "LEGACYTLS_DEFAULT_WINDOW",
        "LEGACYTLS_TIMEZONE",
    ]
    assert "canary" not in str(WrongSettings(lines))
    assert all("\n" not in line and len(line) < 200 for line in lines)


def test_the_error_carries_no_cause_that_would_print_values(put: Put) -> None:
    put(SLACK_BOT_TOKEN="canary")
    with pytest.raises(WrongSettings) as wrong:
        load()
    assert wrong.value.__cause__ is None
    assert wrong.value.__context__ is None


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
            *("common", "organizations", "contoso", "11111111-2222-3333-4444", "11111111-2222-3333-4444-55555555555g"),
            *("{11111111-2222-3333-4444-555555555555}", "11111111222233334444555555555555", "contoso.", ".com", "a..com"),
            *("-a.com", "a-.com", "10.0.0.1", "user@contoso.com", "https://contoso.com", "contoso.com/x", "cöntoso.com"),
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
        ("AZURE_TENANT_ID", "AbCdEf00-2222-3333-4444-55555555FFFF", "azure_tenant_id", "abcdef00-2222-3333-4444-55555555ffff"),
        ("AZURE_TENANT_ID", "Contoso.onmicrosoft.com", "azure_tenant_id", "contoso.onmicrosoft.com"),
        ("LEGACYTLS_WORKING_HOURS", "06:30 - 14:45", "working_hours", (time(6, 30), time(14, 45))),
        ("SLACK_API_URL", "http://127.0.0.1:8643/api", "slack_api_url", "http://127.0.0.1:8643/api/"),
        ("SLACK_API_URL", "http://[::1]:1/api/", "slack_api_url", "http://[::1]:1/api/"),
        ("EXCHANGE_API_URL", "http://localhost:9/", "exchange_api_url", "http://localhost:9"),
        ("EXCHANGE_API_URL", "http://[::1]:8080", "exchange_api_url", "http://[::1]:8080"),
        ("EXCHANGE_API_URL", "http://127.9.9.9", "exchange_api_url", "http://127.9.9.9"),
        ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/", "azure_authority_host", "https://login.microsoftonline.us"),
        ("AZURE_AUTHORITY_HOST", "https://127.0.0.1:8443", "azure_authority_host", "https://127.0.0.1:8443"),
        ("AZURE_AUTHORITY_HOST", "login.microsoftonline.us", "azure_authority_host", "https://login.microsoftonline.us"),
        ("AZURE_AUTHORITY_HOST", "Login.MicrosoftOnline.us", "azure_authority_host", "https://login.microsoftonline.us"),
        ("EXCHANGE_CLOUD", "GCC-High", "exchange_cloud", "gcc-high"),
        ("EXCHANGE_ORGANIZATION", "Contoso.onmicrosoft.com", "exchange_organization", "contoso.onmicrosoft.com"),
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
def test_a_well_written_value_is_understood(put: Put, name: str, value: str, attribute: str, expected: object) -> None:
    put(**{name: value})
    assert getattr(load(), attribute) == expected


@pytest.mark.parametrize("name", [name for name in NAMES if name != "AZURE_CLIENT_CERTIFICATE_PASSWORD"])
@pytest.mark.parametrize("marks", ['""', "''", "``", "\u201c\u201d", '"'])
def test_a_value_in_quotation_marks_is_one_line_about_its_own_name_whatever_the_setting(put: Put, name: str, marks: str) -> None:
    put(**{name: f"{marks[0]}{COMPLETE.get(name, 'canary')}{marks[1:]}"})
    lines = refused()
    assert [line.split(":")[0] for line in lines] == [name]
    assert "quotation marks" in lines[0]
    assert "canary" not in lines[0]


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy", "NO_PROXY"])
def test_what_libraries_read_in_quotation_marks_is_told_by_name(put: Put, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, '"canary"')
    (line,) = refused({"database"})
    assert line.startswith(f"{name}: is written in quotation marks")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "names no file; name a PEM file"), (b"", "cannot be used"), (b"no certificate", "cannot be used")],
)
def test_authorities_that_do_not_serve_are_named_by_every_verb(
    put: Put, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None, said: str
) -> None:
    put()
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    file = Path("canary.pem")
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(name, str(file))
    for need in ({"database"}, {"exchange", "database"}, {"slack"}, set[str]()):
        (line,) = refused(need)
        assert line.startswith(f"{name}: {said}")
        assert "canary" not in line


def test_authorities_in_a_folder_or_named_by_blanks_are_no_mistake(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    load()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "  ")
    load()
    assert "REQUESTS_CA_BUNDLE" not in os.environ


def test_blanks_in_the_environment_leave_a_setting_to_the_file(put: Put, tmp_path: Path) -> None:
    put(LEGACYTLS_CHANNEL="  ")
    (tmp_path / ".env").write_text("LEGACYTLS_CHANNEL=C0FILE\n")
    assert load().channel == "C0FILE"


def test_what_bolt_would_read_by_itself_is_taken_out_of_the_environment(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put(SLACK_SIGNING_SECRET="canary")
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_VERIFICATION_TOKEN"):
        monkeypatch.setenv(name, "canary")
    withhold_from_bolt()
    assert [name for name in os.environ if name.startswith("SLACK_")] == ["SLACK_APP_TOKEN"]


KEY, OTHER = bytes(range(200, 232)), bytes(range(40))
"""Two keys; the first one has a ``-`` or a ``_`` in base64's alphabet for URLs."""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (KEY.hex(), [KEY]),
        (KEY.hex().upper(), [KEY]),
        (base64.b64encode(KEY).decode(), [KEY]),
        (base64.urlsafe_b64encode(KEY).decode().rstrip("="), [KEY]),
        (f"{OTHER.hex()}, {base64.b64encode(KEY).decode()},{OTHER.hex()}", [OTHER, KEY]),
    ],
)
def test_a_key_may_be_hex_or_base64_and_several_are_kept_newest_first(
    put: Put, tmp_path: Path, written: str, expected: list[bytes]
) -> None:
    put(LEGACYTLS_RECORD_KEY=written)
    assert list(load().keyring().by_id.values()) == expected
    (tmp_path / "key").write_text(written.replace(",", "\n") + "\n", encoding="ascii")
    put(LEGACYTLS_RECORD_KEY=None, LEGACYTLS_RECORD_KEY_FILE=str(tmp_path / "key"))
    found = load()
    assert list(found.keyring().by_id.values()) == expected
    assert {secret.get_secret_value() for secret in found.secrets()} >= {entry.strip() for entry in written.split(",")}
    assert all(entry.strip() not in repr(found) for entry in written.split(","))


def test_a_key_and_a_file_with_one_are_a_mistake(put: Put, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY.hex(), encoding="ascii")
    put(LEGACYTLS_RECORD_KEY=KEY.hex(), LEGACYTLS_RECORD_KEY_FILE=str(tmp_path / "key"))
    assert [line.split(":")[0] for line in refused()] == ["LEGACYTLS_RECORD_KEY"]


def test_no_key_is_an_empty_keyring_that_signs_nothing(put: Put) -> None:
    put()
    assert not load().keyring()


def test_every_mistake_in_the_operators_milestones_is_told_by_line_with_the_other_mistakes(put: Put, tmp_path: Path) -> None:
    put(LEGACYTLS_MILESTONES="mine.yaml", LEGACYTLS_LOG_LEVEL="loud")
    wrong = OWN_DATES.replace("kind: removal", "kind: removed").replace("H\n", "sure\n")
    (tmp_path / "mine.yaml").write_text(wrong, encoding="utf-8")
    first, second, third = refused()
    assert first.startswith("LEGACYTLS_MILESTONES: line 6: kind: expected one of 'announcement', ")
    assert second == says("legacytls_milestones_line_17_confidence_expected_one")
    assert third.startswith("LEGACYTLS_LOG_LEVEL: ")


def test_the_operators_milestones_may_lead_to_packaged_ones_and_to_nothing_else(put: Put, tmp_path: Path) -> None:
    put(LEGACYTLS_MILESTONES="mine.yaml")
    lost = OWN_DATES.replace("superseded_by: null", "superseded_by: nothing")
    (tmp_path / "mine.yaml").write_text(lost, encoding="utf-8")
    assert refused() == ["LEGACYTLS_MILESTONES: line 5: superseded_by names nothing, which does not exist"]
    known = OWN_DATES.replace("superseded_by: null", "superseded_by: popimap-removal-end")
    (tmp_path / "mine.yaml").write_text(known, encoding="utf-8-sig")
    entry = load_calendar(load().milestones).current("own-removal")
    assert entry is not None
    assert entry.id == "popimap-removal-end"


def test_a_milestones_file_that_is_no_text_is_one_line(put: Put, tmp_path: Path) -> None:
    put(LEGACYTLS_MILESTONES="mine.yaml")
    (tmp_path / "mine.yaml").write_bytes(b"schema: \xff\xfe")
    (line,) = refused()
    assert line.startswith("LEGACYTLS_MILESTONES: cannot be read; ")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_always_means_psycopg(put: Put, scheme: str) -> None:
    put(DATABASE_URL=f"{scheme}://bot:p%40ss@db.example.com:5432/legacytls?sslmode=require")
    expected = "postgresql+psycopg://bot:p%40ss@db.example.com:5432/legacytls?sslmode=require"
    assert load().database_url.get_secret_value() == expected


def test_a_zone_written_almost_right_is_answered_with_the_right_one(put: Put) -> None:
    put(LEGACYTLS_TIMEZONE="Europe/Berlim")
    assert refused()[0].endswith("the nearest is Europe/Berlin")


@pytest.mark.parametrize(
    ("approve", "reject"), [("+1", "thumbsup::skin-tone-2"), ("hand", "raised_hand"), ("punch", "facepunch")]
)
def test_one_emoji_under_two_names_cannot_approve_and_reject(put: Put, approve: str, reject: str) -> None:
    put(LEGACYTLS_APPROVE_EMOJI=approve, LEGACYTLS_REJECT_EMOJI=reject)
    assert [line.split(":")[0] for line in refused()] == ["LEGACYTLS_REJECT_EMOJI"]


def test_one_of_app_token_and_signing_secret_is_enough_and_neither_is_not(put: Put) -> None:
    put(SLACK_APP_TOKEN=None)
    assert "SLACK_SIGNING_SECRET" in refused()[0]
    put(SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="s3cret")
    assert load().mode == "http"


@pytest.mark.parametrize(("mode", "missing"), [("http", "SLACK_SIGNING_SECRET"), ("socket", "SLACK_APP_TOKEN")])
def test_a_mode_asked_for_needs_its_own_secret(put: Put, mode: str, missing: str) -> None:
    put(SLACK_APP_TOKEN="xapp-1" if mode == "http" else None, SLACK_SIGNING_SECRET="s" if mode == "socket" else None)
    assert [line.split(":")[0] for line in refused(mode=mode)] == [missing]


def test_without_an_approver_there_is_no_start(put: Put) -> None:
    put(LEGACYTLS_APPROVERS=None, LEGACYTLS_OPERATORS="U0ERIN")
    assert [line.split(":")[0] for line in refused()] == ["LEGACYTLS_APPROVERS"]


@pytest.fixture(scope="module")
def pair() -> certificates.Pair:
    return certificates.app()


@pytest.fixture
def certificate(tmp_path: Path, pair: certificates.Pair) -> str:
    path = tmp_path / "certificate.pem"
    path.write_bytes(pair.pem())
    return str(path)


def _key(pair: certificates.Pair, form: PrivateFormat, encoding: Encoding = Encoding.PEM) -> bytes:
    return pair.key.private_bytes(encoding, form, NoEncryption())


@pytest.mark.parametrize(
    ("content", "password", "said"),
    [
        (lambda _: b"made up", None, "the file needs a password or is damaged. Check AZURE_CLIENT_CERTIFICATE_PASSWORD"),
        (lambda pair: pair.pem(b"right"), None, "the file needs a password or is damaged"),
        (lambda pair: pair.pem(b"right"), "canary", "the file cannot be opened with the password that is configured"),
        (lambda pair: pair.pfx(b"right"), "canary", "the file cannot be opened with the password that is configured"),
        (lambda pair: pair.pfx(b"right"), None, "the file needs a password or is damaged"),
        (lambda pair: pair.pem(b"right"), '"right"', "the file cannot be opened with the password that is configured"),
        (lambda pair: pair.certificate_pem(), None, "the file holds no RSA private key. The file has to hold"),
        (lambda pair: base64.b64encode(pair.pfx(b"right")), "right", "the file is a PFX file in base64. Decode it first"),
        (lambda pair: base64.encodebytes(pair.pfx()), None, "the file is a PFX file in base64"),
        (lambda pair: codecs.BOM_UTF8 + base64.encodebytes(pair.pfx()), None, "the file is a PFX file in base64"),
        (lambda pair: base64.b64encode(pair.pem()), None, "the file is PEM in base64"),
        (lambda pair: pair.pem().decode().encode("utf-16"), None, "the file is text in UTF-16, not in ASCII. Save it"),
        (lambda pair: pair.pem().decode().encode("utf-16-be"), None, "the file is text in UTF-16"),
        (lambda pair: pair.pem().decode().encode("utf-16-le"), None, "the file is text in UTF-16"),
        (lambda pair: pair.pem().decode().encode("utf-32"), None, "the file is text in UTF-32"),
        (lambda pair: base64.b64encode(pair.pfx()).decode().encode("utf-16"), None, "the file is text in UTF-16"),
        (lambda pair: pair.certificate.public_bytes(Encoding.DER), None, "the file is a certificate alone, in DER"),
        (lambda pair: _key(pair, PrivateFormat.PKCS8, Encoding.DER), None, "the file is a private key alone, in DER"),
        (lambda pair: _key(pair, PrivateFormat.OpenSSH) + pair.certificate_pem(), None, "the file is a key for SSH"),
        (lambda _: b"\xfe\xed\xfe\xed\0\0", None, "the file is a Java key store"),
        (lambda pair: pair.key_pem(), None, "the file holds no certificate for its private key"),
    ],
)
def test_a_certificate_that_does_not_open_is_one_mistake_among_the_others(
    put: Put, pair: certificates.Pair, content: Callable[[certificates.Pair], bytes], password: str | None, said: str
) -> None:
    put()
    Path("app").write_bytes(content(pair))
    put(AZURE_CLIENT_SECRET=None, AZURE_CLIENT_CERTIFICATE_PATH="app", AZURE_CLIENT_CERTIFICATE_PASSWORD=password)
    (line,) = refused()
    assert line.startswith(f"AZURE_CLIENT_CERTIFICATE_PATH: {said}")
    assert "canary" not in line
    put(AZURE_CLIENT_SECRET=None, LEGACYTLS_CHANNEL=None)
    assert [line.split(":")[0] for line in refused()] == ["AZURE_CLIENT_CERTIFICATE_PATH", "LEGACYTLS_CHANNEL"]
    assert load({"database"}).azure_client_certificate_path == Path("app")


def test_whether_a_keys_numbers_go_together_is_left_to_the_sign_in(put: Put, pair: certificates.Pair) -> None:
    put(AZURE_CLIENT_SECRET=None, AZURE_CLIENT_CERTIFICATE_PATH="app")
    Path("app").write_bytes(certificates.miscalculated(pair).pem())
    credential = load().credential()
    assert isinstance(credential, Certificate)
    with pytest.raises(keys.Unusable, match="is damaged"):
        keys.load(credential)


def test_the_day_of_a_secret_begins_in_the_configured_zone(put: Put) -> None:
    put(AZURE_CLIENT_SECRET_EXPIRES="2027-03-31", LEGACYTLS_TIMEZONE="Europe/Berlin")
    assert load().secret_expires() == datetime(2027, 3, 30, 22, tzinfo=UTC)


def test_a_calendar_token_is_a_secret_and_needs_the_health_port(put: Put) -> None:
    put(LEGACYTLS_CALENDAR_TOKEN="canary-of-the-calendar")
    assert [line.split(":")[0] for line in refused()] == ["LEGACYTLS_CALENDAR_TOKEN"]
    put(LEGACYTLS_HEALTH_PORT="8643")
    found = load()
    assert "canary-of-the-calendar" in {secret.get_secret_value() for secret in found.secrets()}
    assert "canary-of-the-calendar" not in f"{found!r} {found.on_record()}"


def test_the_day_of_a_secret_without_a_secret_is_a_mistake(put: Put, certificate: str) -> None:
    put(AZURE_CLIENT_SECRET=None, AZURE_FEDERATED_TOKEN_FILE=certificate, AZURE_CLIENT_SECRET_EXPIRES="2027-03-31")
    assert refused() == ["AZURE_CLIENT_SECRET_EXPIRES: is set without AZURE_CLIENT_SECRET; set that, or remove the day"]


def test_each_credential_alone_is_accepted(put: Put, certificate: str) -> None:
    for kind, value, credential in (
        (CredentialKind.CERTIFICATE, certificate, Certificate(Path(certificate))),
        (CredentialKind.SECRET, "s", ClientSecret(SecretStr("s"))),
        (CredentialKind.FEDERATED, certificate, FederatedToken(Path(certificate))),
        (CredentialKind.MANAGED, "true", ManagedIdentity(COMPLETE["AZURE_CLIENT_ID"])),
    ):
        put(**dict.fromkeys(CredentialKind) | {kind: value})
        assert (load().credential_kind, load().credential()) == (kind, credential)


def test_two_credentials_are_a_mistake_and_so_is_none(put: Put, certificate: str) -> None:
    put(AZURE_CLIENT_CERTIFICATE_PATH=certificate)
    assert refused() == [
        "AZURE_CLIENT_SECRET: only one credential may be set; keep one of AZURE_CLIENT_CERTIFICATE_PATH, AZURE_CLIENT_SECRET"
    ]
    put(AZURE_CLIENT_CERTIFICATE_PATH=None, AZURE_CLIENT_SECRET=None, AZURE_MANAGED_IDENTITY="false")
    assert len(refused()) == 1
    assert says("exactly_one_of") in refused()[0]


def test_a_password_without_a_certificate_is_a_mistake_and_keeps_its_spaces(put: Put, certificate: str) -> None:
    put(AZURE_CLIENT_CERTIFICATE_PASSWORD=" p ")
    assert [line.split(":")[0] for line in refused()] == ["AZURE_CLIENT_CERTIFICATE_PASSWORD"]
    put(AZURE_CLIENT_CERTIFICATE_PASSWORD=" p ", AZURE_CLIENT_SECRET=None, AZURE_CLIENT_CERTIFICATE_PATH=certificate)
    password = load().azure_client_certificate_password
    assert password is not None
    assert password.get_secret_value() == " p "


def test_a_managed_identity_may_go_without_an_id(put: Put) -> None:
    put(AZURE_CLIENT_SECRET=None, AZURE_CLIENT_ID=None, AZURE_MANAGED_IDENTITY="true")
    assert load().credential_kind is CredentialKind.MANAGED


def test_a_secret_that_the_file_names_anew_is_the_credential_from_then_on(put: Put, tmp_path: Path) -> None:
    put(AZURE_CLIENT_SECRET=None)
    for secret in ("first", "second"):
        (tmp_path / ".env").write_text(f"AZURE_CLIENT_SECRET={secret}\n")
        assert credential_now() == ClientSecret(SecretStr(secret))
    (tmp_path / ".env").write_text("AZURE_CLIENT_SECRET=not one\n")
    assert credential_now() is None


def test_a_verb_asks_only_for_the_part_it_needs(put: Put) -> None:
    put(**dict.fromkeys(COMPLETE))
    assert load({"database"}).database_url.get_secret_value() == "sqlite:///legacytls.db"
    assert {line.split(":")[0] for line in refused({"exchange", "database"})} == {
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_CERTIFICATE_PATH",
    }
    assert not any(line.startswith("AZURE") for line in refused({"slack"}))


def test_what_is_malformed_stops_every_verb(put: Put) -> None:
    put(LEGACYTLS_MAX_WINDOW="soon")
    assert [line.split(":")[0] for line in refused({"database"})] == ["LEGACYTLS_MAX_WINDOW"]


def test_a_malformed_setting_is_not_called_missing_or_in_conflict_as_well(put: Put) -> None:
    put(
        AZURE_CLIENT_SECRET=None,
        AZURE_MANAGED_IDENTITY="maybe",
        LEGACYTLS_MAX_WINDOW="soon",
        LEGACYTLS_DEFAULT_WINDOW="91d",
        LEGACYTLS_APPROVE_EMOJI="✅",
        LEGACYTLS_REJECT_EMOJI="white_check_mark",
    )
    assert [line.split(":")[0] for line in refused()] == [
        "AZURE_MANAGED_IDENTITY",
        "LEGACYTLS_MAX_WINDOW",
        "LEGACYTLS_APPROVE_EMOJI",
    ]


def test_a_missing_setting_that_seems_misspelt_says_so(put: Put) -> None:
    put(LEGACYTLS_APPROVERS=None, LEGACYTLS_APROVERS="U0ALICE")
    assert refused()[0].endswith("(LEGACYTLS_APROVERS is set: a misspelling?)")


def test_an_unknown_name_is_a_warning_that_names_the_nearest(put: Put, tmp_path: Path) -> None:
    put(LEGACYTLS_APROVERS="U0MALLORY")
    (tmp_path / ".env").write_text("LEGACYTLS_TIME_ZONE=UTC\nOTHER_NAME=1\n")
    assert load().warnings == [
        "LEGACYTLS_APROVERS is not a setting and is ignored; the nearest is LEGACYTLS_APPROVERS",
        "LEGACYTLS_TIME_ZONE is not a setting and is ignored; the nearest is LEGACYTLS_TIMEZONE",
    ]


def test_a_proxy_or_an_authority_in_the_env_file_is_handed_on_to_whoever_looks_in_the_environment(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    names = ["CURL_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"]
    for name in (*names, *(name.lower() for name in names)):
        monkeypatch.setenv(name, "")  # so that it is put back
    monkeypatch.setenv("https_proxy", "here")
    (tmp_path / "ca.pem").touch()
    (tmp_path / ".env").write_text(f"CURL_CA_BUNDLE={tmp_path}/ca.pem\nHTTPS_PROXY=there\nno_proxy=there\nALL_PROXY=\n")
    assert load().warnings == []
    assert (os.environ["CURL_CA_BUNDLE"], os.environ["no_proxy"]) == (f"{tmp_path}/ca.pem", "there")
    assert (os.environ["HTTPS_PROXY"], os.environ["https_proxy"]) == ("", "here")


def test_more_approvals_than_people_is_a_warning_because_opting_out_still_works(put: Put) -> None:
    put(LEGACYTLS_APPROVERS="U0ALICE,U0BOB", LEGACYTLS_APPROVALS_REQUIRED="3")
    assert len(load().warnings) == 1
    put(LEGACYTLS_APPROVERS="U0ALICE,S0ADMINS", LEGACYTLS_APPROVALS_REQUIRED="3")
    assert load().warnings == []


def test_the_example_file_names_every_setting(put: Put) -> None:
    from bot.settings.model import NAMES

    example = (Path(__file__).parents[3] / ".env.example").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"{name}=" not in example] == []


def test_probing_by_itself_is_off_and_at_most_once_a_day(put: Put) -> None:
    put()
    assert load().probe_every is None
    put(LEGACYTLS_PROBE_EVERY="1d")
    assert load().probe_every == timedelta(days=1)
    put(LEGACYTLS_PROBE_EVERY="23h")
    with pytest.raises(WrongSettings, match="LEGACYTLS_PROBE_EVERY: at least 1d"):
        load()


def test_what_is_probed_is_the_clouds_own_unless_it_is_named(put: Put) -> None:
    put()
    assert load().probed()[0].host == "smtp-legacy.office365.com"
    put(LEGACYTLS_PROBE_ENDPOINTS="relay.example:25, 10.0.0.7:465")
    assert [str(one) for one in load().probed()] == ["relay.example:25", "10.0.0.7:465"]
    put(LEGACYTLS_PROBE_ENDPOINTS=",".join(f"relay.example:{port}" for port in range(1, 22)))
    with pytest.raises(WrongSettings, match="at most 20"):
        load()
