"""The record is for the account that the bot runs as: nobody else on the machine reads the file or its
journals."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.engine import Database
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.storage.states import TENANT, opened

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files have no such rights there")


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """As generous as a system can be: what is kept private is kept so by us."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(
    "url",
    ["sqlite:///{}/record.db", "sqlite:///file:{}/record.db?uri=true", "sqlite:///{}/record.db?timeout=9"],
)
def test_a_new_database_and_its_journals_are_the_owner_s_alone(url: str, tmp_path: Path) -> None:
    where = url.format(tmp_path)
    upgrade(where)
    database = Database(where)
    opened(Ledger(database, TENANT))
    assert modes(tmp_path) == {"record.db": 0o600, "record.db-wal": 0o600, "record.db-shm": 0o600}
    assert database.open_to_others() == []
    database.close()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666, 0o660, 0o700 | 0o055])
def test_a_database_that_was_open_to_others_is_closed_to_them_with_its_journals(
    mode: int, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/record.db"
    upgrade(url)
    running = Database(url)
    opened(Ledger(running, TENANT))
    for path in tmp_path.iterdir():
        path.chmod(mode)
    second = Database(url)
    with second.read():
        pass
    assert set(modes(tmp_path).values()) == {mode & 0o700}
    assert len(modes(tmp_path)) == 3
    for database in (running, second):
        database.close()


def test_a_link_is_followed_to_the_file_itself(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "record.db").touch(0o644)
    (tmp_path / "link.db").symlink_to(real / "record.db")
    upgrade(f"sqlite:///{tmp_path}/link.db")
    assert modes(real)["record.db"] == 0o600


def test_whoever_only_looks_changes_no_rights(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/record.db"
    upgrade(url)
    (tmp_path / "record.db").chmod(0o644)
    database = Database(url, look_only=True)
    with database.read():
        assert database.open_to_others()[0] == "record.db"
    database.close()
    assert modes(tmp_path)["record.db"] == 0o644


def test_what_may_not_be_changed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/record.db"
    upgrade(url)
    (tmp_path / "record.db").chmod(0o644)

    def refuse(self: Path, mode: int) -> None:
        raise PermissionError(1, "not the owner")

    monkeypatch.setattr(Path, "chmod", refuse)
    database = Database(url)
    with database.read():
        assert database.open_to_others()[0] == "record.db"
    database.close()
