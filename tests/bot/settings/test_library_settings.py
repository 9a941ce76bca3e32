"""Settings that libraries read by themselves: proxies, authorities, and what Bolt would look for."""

import os
from pathlib import Path

import pytest

from bot.settings.load import load, withhold_from_bolt
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


@pytest.mark.parametrize(
    "name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy", "NO_PROXY"]
)
def test_what_libraries_read_in_quotation_marks_is_told_by_name(
    put: Put, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, '"canary"')
    (line,) = refused({"database"})
    assert line.startswith(f"{name}: {says('is_written_in_quotation_marks')}")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "names no file; name a PEM file"),
        (b"", "cannot be used"),
        (b"no certificate", "cannot be used"),
    ],
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


def test_what_bolt_would_read_by_itself_is_taken_out_of_the_environment(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(SLACK_SIGNING_SECRET="canary")
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_VERIFICATION_TOKEN"):
        monkeypatch.setenv(name, "canary")
    withhold_from_bolt()
    assert [name for name in os.environ if name.startswith("SLACK_")] == ["SLACK_APP_TOKEN"]
