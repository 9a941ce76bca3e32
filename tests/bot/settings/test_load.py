"""Settings are checked whole: every mistake in one message with what to do about it, and no value
repeated."""

import base64
import os
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings.load import WrongSettings, load
from bot.settings.milestones import load_calendar
from bot.settings.model import NAMES, CredentialKind, Settings
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
    assert (found.azure_authority_host, found.exchange_api_url, found.exchange_organization) == (
        None,
        None,
        None,
    )
    assert (found.mode, found.credential_kind, found.warnings) == ("socket", CredentialKind.SECRET, [])


def test_settings_cannot_be_changed_and_do_not_show_their_secrets(put: Put) -> None:
    put(DATABASE_URL="postgresql://bot:db-canary@db.example.com/legacytls")
    found = load()
    with pytest.raises(ValidationError):
        found.channel = "C1"  # type: ignore[misc]
    assert "canary" not in repr(found) + str(found)
    assert sorted(
        secret.get_secret_value() for secret in found.secrets() if "canary" in secret.get_secret_value()
    ) == [
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
        "\ufeffLEGACYTLS_CHANNEL=C0FILE\nLEGACYTLS_APPROVERS=U0DAVE\nSLACK_APP_TOKEN=xapp-file\n",
        encoding="utf-8",
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
    put(
        LEGACYTLS_OPERATORS=written,
        LEGACYTLS_TIMEZONE=written,
        LEGACYTLS_HEALTH_PORT=written,
        LEGACYTLS_CHANNEL=written,
    )
    assert refused() == [
        "LEGACYTLS_CHANNEL: is not set; write the id of the channel for change requests (C…)"
    ]


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
    assert {secret.get_secret_value() for secret in found.secrets()} >= {
        entry.strip() for entry in written.split(",")
    }
    assert all(entry.strip() not in repr(found) for entry in written.split(","))


def test_a_key_and_a_file_with_one_are_a_mistake(put: Put, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY.hex(), encoding="ascii")
    put(LEGACYTLS_RECORD_KEY=KEY.hex(), LEGACYTLS_RECORD_KEY_FILE=str(tmp_path / "key"))
    assert [line.split(":")[0] for line in refused()] == ["LEGACYTLS_RECORD_KEY"]


def test_no_key_is_an_empty_keyring_that_signs_nothing(put: Put) -> None:
    put()
    assert not load().keyring()


def test_every_mistake_in_the_operators_milestones_is_told_by_line_with_the_other_mistakes(
    put: Put, tmp_path: Path
) -> None:
    put(LEGACYTLS_MILESTONES="mine.yaml", LEGACYTLS_LOG_LEVEL="loud")
    wrong = OWN_DATES.replace("kind: removal", "kind: removed").replace("H\n", "sure\n")
    (tmp_path / "mine.yaml").write_text(wrong, encoding="utf-8")
    first, second, third = refused()
    assert first.startswith("LEGACYTLS_MILESTONES: line 6: kind: expected one of 'announcement', ")
    assert second == says("legacytls_milestones_line_17_confidence_expected_one")
    assert third.startswith("LEGACYTLS_LOG_LEVEL: ")


def test_the_operators_milestones_may_lead_to_packaged_ones_and_to_nothing_else(
    put: Put, tmp_path: Path
) -> None:
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


@pytest.mark.parametrize(
    ("mode", "missing"), [("http", "SLACK_SIGNING_SECRET"), ("socket", "SLACK_APP_TOKEN")]
)
def test_a_mode_asked_for_needs_its_own_secret(put: Put, mode: str, missing: str) -> None:
    put(
        SLACK_APP_TOKEN="xapp-1" if mode == "http" else None,
        SLACK_SIGNING_SECRET="s" if mode == "socket" else None,
    )
    assert [line.split(":")[0] for line in refused(mode=mode)] == [missing]


def test_without_an_approver_there_is_no_start(put: Put) -> None:
    put(LEGACYTLS_APPROVERS=None, LEGACYTLS_OPERATORS="U0ERIN")
    assert [line.split(":")[0] for line in refused()] == ["LEGACYTLS_APPROVERS"]


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
    (tmp_path / "authorities").mkdir()
    (tmp_path / ".env").write_text(
        f"CURL_CA_BUNDLE={tmp_path}/authorities\nHTTPS_PROXY=there\nno_proxy=there\nALL_PROXY=\n"
    )
    assert load().warnings == []
    assert (os.environ["CURL_CA_BUNDLE"], os.environ["no_proxy"]) == (f"{tmp_path}/authorities", "there")
    assert (os.environ["HTTPS_PROXY"], os.environ["https_proxy"]) == ("", "here")


def test_more_approvals_than_people_is_a_warning_because_opting_out_still_works(put: Put) -> None:
    put(LEGACYTLS_APPROVERS="U0ALICE,U0BOB", LEGACYTLS_APPROVALS_REQUIRED="3")
    assert len(load().warnings) == 1
    put(LEGACYTLS_APPROVERS="U0ALICE,S0ADMINS", LEGACYTLS_APPROVALS_REQUIRED="3")
    assert load().warnings == []


def test_the_example_file_names_every_setting(put: Put) -> None:

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
