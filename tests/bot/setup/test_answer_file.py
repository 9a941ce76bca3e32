"""A file of answers is read in either form, and every mistake in it is told with its line."""

import io
import sys
from pathlib import Path

import pytest

from bot.settings.load import WrongSettings
from bot.setup import answer_file
from tests.sentences import says

YAML = """# who decides
LEGACYTLS_APPROVERS: [U0ALICE, U0BOB]
LEGACYTLS_RECORD_KEY: 0123
AZURE_CLIENT_SECRET_EXPIRES: 2027-03-31
AZURE_MANAGED_IDENTITY: true
LEGACYTLS_CHANNEL: ""
"""
ENV = """# who decides

export LEGACYTLS_APPROVERS=U0ALICE,U0BOB
LEGACYTLS_RECORD_KEY=0123
AZURE_CLIENT_SECRET_EXPIRES="2027-03-31"
AZURE_MANAGED_IDENTITY='true'
LEGACYTLS_CHANNEL=
"""
FOUND = {
    "LEGACYTLS_APPROVERS": "U0ALICE,U0BOB",
    "LEGACYTLS_RECORD_KEY": "0123",
    "AZURE_CLIENT_SECRET_EXPIRES": "2027-03-31",
    "AZURE_MANAGED_IDENTITY": "true",
}


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "answers"
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content", [YAML, ENV, f"\ufeff{ENV}", ENV.encode("utf-16"), YAML.replace("\n", "\r\n")]
)
def test_both_forms_say_the_same_in_whatever_coding(content: str | bytes, tmp_path: Path) -> None:
    assert answer_file.read(written(tmp_path, content)) == (FOUND, [])


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ENV.encode("utf-8"))))
    assert answer_file.read(answer_file.STANDARD_INPUT) == (FOUND, [])


MISTAKES = [
    ("SLACK_BOT_TOKN: a\nLEGACYTLS_CHANNEL: C1\n", [says("line_is_no_setting", line=1)]),
    ("# x\n\nSLACK_BOT_TOKN=a\n", [says("line_is_no_setting", line=3)]),
    ("LEGACYTLS_CHANNEL: C1\nLEGACYTLS_CHANNEL: C2\n", [says("channel_is_given_twice")]),
    ("LEGACYTLS_CHANNEL=C1\nLEGACYTLS_CHANNEL=C2\n", [says("channel_is_given_twice")]),
    ("LEGACYTLS_CHANNEL=C1\nwhatever\nfoo bar\n", [says("is_no_name_value", line=line) for line in (2, 3)]),
    ("LEGACYTLS_CHANNEL: null\n", [says("channel_must_not_be_null")]),
    ("LEGACYTLS_CHANNEL: {a: b}\n", [says("channel_expected_a_text")]),
    ("- a\n", [says("expected_fields_with_values")]),
    ("a: [\n", [says("not_readable_as_yaml")]),
    ("", [says("line_1_the_file_is_empty")]),
]


@pytest.mark.parametrize(("content", "told"), MISTAKES)
def test_every_mistake_is_told_with_its_line(content: str, told: list[str], tmp_path: Path) -> None:
    path = written(tmp_path, content)
    assert answer_file.read(path)[1] == [f"{path}: {one}" for one in told]


@pytest.mark.parametrize("content", [b"A=\xff", None])
def test_what_cannot_be_read_is_said(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "none" if content is None else written(tmp_path, content)
    with pytest.raises(WrongSettings) as wrong:
        answer_file.read(path)
    assert wrong.value.lines == [says("answers_cannot_be_read", file=path)]
