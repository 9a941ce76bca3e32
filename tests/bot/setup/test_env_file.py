"""``.env`` reads back to the letter, keeps what nobody changed, and is there whole or not at all."""

import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.load import WrongSettings
from bot.setup import env_file
from tests.sentences import says

AWKWARD = [
    "", "a b", " a ", "#a", "a #b", "'", '"', "\\", "\\n", "it's \"so\"", "a\nb", "a\r\nb", "a\tb", "${HOME}",
    "$(id)", "`id`",
    "=", "a=b", "ä€🖨", "\u2028", "\x85", "\ufeff", "\\'", "\\\"\n", "\x7f", "\x1b[2J",
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def back(text: str) -> dict[str, str | None]:
    """What the file says once it is written and read as the settings are read."""
    env_file.write(text)
    return dotenv_values(".env", encoding="utf-8-sig", interpolate=False)


@pytest.mark.parametrize("value", AWKWARD)
def test_what_is_written_reads_back_to_the_letter(value: str) -> None:
    assert back(f"{env_file.spelled('A', value)}\nB=x\n") == {"A": value, "B": "x"}


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_so_does_whatever_people_write(value: str) -> None:
    assert env_file.read(env_file.merged("", {"A": value, "B": "x"})) == {"A": value, "B": "x"}


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_what_no_file_can_keep_is_refused_by_name(value: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        env_file.spelled("A", value)
    assert wrong.value.lines == [says("holds_a_sign_that_no_file_keeps")]


def test_plain_values_stand_without_quotation_marks_which_docker_would_keep() -> None:
    value = "postgresql+psycopg://legacytls@db.example.com:5432/legacytls?sslmode=require"
    assert env_file.spelled("A", "xoxb-1-aB+/=") == "A=xoxb-1-aB+/="
    assert env_file.spelled("A", value) == f"A='{value}'"


def test_what_nobody_changed_stays_with_its_comments_and_a_setting_stands_once() -> None:
    before = "# mine\n\nexport A=1 # one\nB='x y'\nA=2\n  \nC=3\n# end"
    after = env_file.merged(before, {"A": "new", "C": None, "D": "4"})
    expected = ["# mine", "", "A=new", "B='x y'", "# end", "D=4"]
    assert after.splitlines() == expected
    assert back(after) == {"A": "new", "B": "x y", "D": "4"}


def test_the_file_is_for_the_account_alone_whatever_it_was_before(folder: Path) -> None:
    (folder / ".env").write_text("A=1\n", encoding="utf-8")
    (folder / ".env").chmod(0o644)
    env_file.write("A=2\n")
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [".env"]


def test_a_link_is_followed(folder: Path) -> None:
    (folder / "kept").mkdir()
    (folder / "kept" / "settings").touch()
    (folder / ".env").symlink_to(folder / "kept" / "settings")
    env_file.write("A=1\n")
    assert (folder / "kept" / "settings").read_text(encoding="utf-8") == "A=1\n"
    assert (folder / ".env").is_symlink()


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_or_is_broken_off_leaves_what_was_there_and_nothing_beside_it(
    folder: Path, trouble: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("A=1\n", encoding="utf-8")

    def fail(descriptor: int) -> None:
        raise trouble

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(type(trouble)):
        env_file.write("A=2\n" * 1000)
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == {".env": "A=1\n"}


def test_what_cannot_be_read_is_said_before_anything_is_asked(folder: Path) -> None:
    assert env_file.present() is None
    for content in (b"A=\xff\xfe", None):
        (folder / ".env").unlink(missing_ok=True)
        (folder / ".env").mkdir() if content is None else (folder / ".env").write_bytes(content)
        with pytest.raises(WrongSettings) as wrong:
            env_file.present()
        assert says("env_cannot_be_read") in wrong.value.lines[0]
