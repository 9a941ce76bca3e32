"""The newest head that was seen is kept outside the database; one that does not hold it is not taken for the
same one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.engine import Database
from storage.integrity.keyring import Keyring
from storage.ledger import Ledger
from storage.record.database_trust import ACCEPTED, Standing
from storage.record.head_file import HeadFile, NotKept, can_keep, head_file
from storage.records import Mistrust
from tests.storage.states import NOW, TENANT, opened

KEY = b"k" * 32


@pytest.fixture
def file(tmp_path: Path) -> HeadFile:
    return head_file(tmp_path, TENANT, None)


@pytest.fixture
def keyed(migrated_database_url: str) -> Iterator[Database]:
    opened_with = Database(migrated_database_url, keys=Keyring([KEY]))
    yield opened_with
    opened_with.close()


def cut_back(database: Database, to: int) -> None:
    """What a backup that was put back amounts to: the newest events are not there."""
    names = ("audit_events_no_delete",) if database.is_sqlite else ("audit_events_append_only",)
    with database.write() as connection:
        for name in names:
            drop = f"DROP TRIGGER IF EXISTS {name}" + ("" if database.is_sqlite else " ON audit_events")
            connection.execute(text(drop))
        connection.execute(text("DELETE FROM audit_events WHERE seq > :to"), {"to": to})


def record(database: Database, kind: str = "settings") -> None:
    with Ledger(database, TENANT).recording(NOW) as entry:
        entry.record(kind, "bot", {"settings": {}})


def why(standing: Standing) -> Mistrust | None:
    untrusted = standing.look()
    return untrusted.why if untrusted is not None else None


def test_a_head_is_kept_for_the_owner_alone_and_whole(database: Database, file: HeadFile) -> None:
    standing = Standing(database, TENANT, file)
    assert (standing.look(), standing.keep(), why(standing)) == (None, True, None)
    opened(Ledger(database, TENANT))
    assert standing.keep()
    assert file.path is not None
    assert file.path.stat().st_mode & 0o777 == 0o600
    kept = file.read()
    assert kept is not None
    with Ledger(database, TENANT).reading() as reader:
        assert (kept.seq, kept.hash) == reader.head()
    assert [each.name for each in file.path.parent.iterdir() if each.suffix == ".json"] == [file.path.name]


def test_a_database_without_that_head_is_told_from_the_one_that_was_seen(
    keyed: Database, file: HeadFile
) -> None:
    for _ in range(3):
        record(keyed)
    assert Standing(keyed, TENANT, file).keep()
    cut_back(keyed, 2)
    again = Standing(keyed, TENANT, file)
    untrusted = again.look()
    assert untrusted is not None
    assert (untrusted.why, untrusted.known and untrusted.known.seq, untrusted.found[0]) == (
        Mistrust.RESTORED,
        3,
        2,
    )
    record(keyed, "rule")
    assert why(again) is Mistrust.RESTORED, "another event stands in its place"
    assert not again.keep(), "what is not known is not kept"
    assert why(Standing(keyed, TENANT, file)) is Mistrust.RESTORED


def test_an_acceptance_is_recognised_by_who_has_not_seen_it_before_and_once_only(
    keyed: Database, tmp_path: Path
) -> None:
    here, there = (head_file(tmp_path / name, TENANT, None) for name in ("here", "there"))
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    record(keyed)
    record(keyed)
    assert Standing(keyed, TENANT, there).keep()
    record(keyed)
    assert Standing(keyed, TENANT, here).keep()
    cut_back(keyed, 1)
    both = [Standing(keyed, TENANT, file) for file in (here, there)]
    assert [why(each) for each in both] == [Mistrust.RESTORED] * 2
    record(keyed, ACCEPTED)
    assert [(why(each), each.keep()) for each in both] == [(None, True)] * 2
    record(keyed)
    assert [each.keep() for each in both] == [True] * 2
    cut_back(keyed, 2)
    assert [why(Standing(keyed, TENANT, file)) for file in (here, there)] == [Mistrust.RESTORED] * 2, (
        "it was seen before"
    )


def test_an_acceptance_that_no_key_authenticated_is_none(keyed: Database, file: HeadFile) -> None:
    record(keyed)
    record(keyed)
    standing = Standing(keyed, TENANT, file)
    assert standing.keep()
    cut_back(keyed, 1)
    plain = Database(keyed.engine.url)
    record(plain, ACCEPTED)
    plain.close()
    assert why(standing) is Mistrust.RESTORED


def test_a_record_whose_first_or_newest_event_is_not_authentic_is_told(
    keyed: Database, file: HeadFile
) -> None:
    plain = Database(keyed.engine.url)
    record(plain)
    standing = Standing(keyed, TENANT, file)
    assert why(standing) is Mistrust.NOT_AUTHENTIC
    record(keyed)
    assert why(standing) is Mistrust.NOT_AUTHENTIC, "the first event is not"
    assert not standing.keep()
    assert why(Standing(plain, TENANT, file)) is None, "without a key nothing is asked"
    plain.close()


@pytest.mark.parametrize(
    "said", ["", "{", "[]", '{"form": 2}', '{"form": 1, "seq": "7", "hash": "x", "accepted": [], "key": 0}']
)
def test_a_damaged_file_is_told_and_written_anew_by_a_person_alone(
    database: Database, file: HeadFile, said: str
) -> None:
    record(database)
    assert file.path is not None
    file.path.write_text(said, encoding="ascii")
    standing = Standing(database, TENANT, file)
    assert (why(standing), standing.keep()) == (Mistrust.NOT_KEPT, False)
    assert file.path.read_text(encoding="ascii") == said
    Standing(database, TENANT, file).know_anew()
    assert (why(standing), standing.keep()) == (None, True)
    assert json.loads(file.path.read_text(encoding="ascii"))["seq"] == 1


def test_a_folder_that_is_gone_stops_opting_in_only_where_the_operator_named_it(
    database: Database, tmp_path: Path
) -> None:
    record(database)
    for must_keep, expected in ((True, Mistrust.NOT_KEPT), (False, None)):
        standing = Standing(database, TENANT, head_file(tmp_path / "gone", TENANT, None), must_keep=must_keep)
        assert standing.keep() is not must_keep
        assert why(standing) is expected
        assert standing.problem is not None
    (tmp_path / "gone").mkdir()
    mended = Standing(database, TENANT, head_file(tmp_path / "gone", TENANT, None), must_keep=True)
    assert (mended.keep(), why(mended), mended.problem) == (True, None, None)


def test_where_heads_are_kept(tmp_path: Path) -> None:
    beside = tmp_path / "record.db"
    assert head_file(None, TENANT, None).path is None
    assert head_file(None, TENANT, beside).path == tmp_path / f"record.db-head-{TENANT}.json"
    assert (
        head_file(tmp_path / "state", "../../etc", beside).path
        == tmp_path / "state" / "legacytls-head-.._.._etc.json"
    )
    assert can_keep(tmp_path / "made" / "for it")
    (tmp_path / "file").touch()
    assert not can_keep(tmp_path / "file")
    with pytest.raises(NotKept):
        HeadFile(tmp_path).read()
