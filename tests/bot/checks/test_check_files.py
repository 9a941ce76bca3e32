"""`check` warns of a private key, and of a file of settings, that other accounts of the machine may read."""

import os
from pathlib import Path

import pytest

from bot.checks import secret_files
from bot.checks.secret_files import file_verdicts
from bot.checks.verdict import Outcome
from bot.settings.model import Settings

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files have no such rights there")


def outcome(key: Path) -> tuple[Outcome, str]:
    [verdict] = file_verdicts(Settings(AZURE_CLIENT_CERTIFICATE_PATH=key))  # type: ignore[call-arg]
    assert (verdict.check, str(key) in verdict.finding) == ("Private key", True)
    return verdict.outcome, verdict.mend


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "app.pem"
    path.write_text("-----BEGIN PRIVATE KEY-----\ncanary", encoding="ascii")
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_key_for_the_owner_alone_passes(mode: int, key: Path) -> None:
    key.chmod(mode)
    assert outcome(key) == (Outcome.PASSED, "")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o777, 0o444])
def test_a_key_that_others_have_rights_on_is_a_warning_with_what_to_do(mode: int, key: Path) -> None:
    key.chmod(mode)
    found, mend = outcome(key)
    assert found is Outcome.WARNED
    assert f"chmod 600 {key}" in mend


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o440, Outcome.PASSED), (0o640, Outcome.PASSED), (0o444, Outcome.WARNED)]
)
def test_a_mounted_key_of_another_owner_may_reach_the_bot_by_its_group(
    mode: int, expected: Outcome, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key.chmod(mode)
    monkeypatch.setattr("os.geteuid", lambda: 65532)
    assert outcome(key)[0] is expected


def test_a_link_is_judged_by_what_it_leads_to(key: Path, tmp_path: Path) -> None:
    key.chmod(0o644)
    link = tmp_path / "link.pem"
    link.symlink_to(key)
    assert outcome(link)[0] is Outcome.WARNED


def test_the_file_of_settings_is_looked_at_where_there_is_one(key: Path) -> None:
    assert list(file_verdicts(Settings())) == []  # type: ignore[call-arg]
    secret_files.SETTINGS_FILE.write_text("SLACK_BOT_TOKEN=xoxb-canary", encoding="ascii")
    secret_files.SETTINGS_FILE.chmod(0o644)
    [verdict] = file_verdicts(Settings())  # type: ignore[call-arg]
    assert (verdict.check, verdict.outcome) == ("Settings file", Outcome.WARNED)


def test_a_key_that_is_not_there_is_somebody_else_s_finding(tmp_path: Path) -> None:
    assert list(file_verdicts(Settings(AZURE_CLIENT_CERTIFICATE_PATH=tmp_path / "none.pem"))) == []  # type: ignore[call-arg]
