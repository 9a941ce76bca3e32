"""What an open request waits for, and which announcement was the newest, are columns: no sentence and no key
is read for it."""

from datetime import timedelta

import pytest
from sqlalchemy import column, insert, table, text

from storage import migrate
from storage.engine import Database
from storage.ledger import Ledger
from storage.lifecycle import State
from storage.messages.outbox import Outbox
from storage.records import Waiting
from storage.schema.tables import notices
from tests.storage.states import BOB, NOW, TENANT, opened

ASKED = "Waiting for approval."


@pytest.mark.parametrize("detail", [ASKED, "Said otherwise.", ""])
def test_it_is_kept_whatever_the_sentence_says(ledger: Ledger, detail: str) -> None:
    assert opened(ledger, detail=detail, waiting=Waiting.DECISION).waiting is Waiting.DECISION


@pytest.mark.parametrize("waiting", Waiting)
def test_it_goes_with_its_sentence(ledger: Ledger, waiting: Waiting) -> None:
    request = opened(ledger)
    for way in ("say", "postpone", "move"):
        with ledger.recording(NOW) as entry:
            said = entry.say(request, detail="x", waiting=waiting)
            assert entry.look_again(said, at=NOW).waiting is waiting
            said = entry.reader.request(request.id)
            request = (
                entry.say(said, detail="y") if way == "say"
                else entry.postpone(said, until=NOW, detail="y") if way == "postpone"
                else entry.move(said, State.APPROVED, actor=BOB, detail="y")
            )  # fmt: skip
            assert request.waiting is None


@pytest.mark.parametrize(
    ("detail", "expected"), [(ASKED, Waiting.DECISION), (f"{ASKED} Soon.", None), ("", None)]
)
def test_a_request_of_the_first_edition_is_read_as_it_was_written(
    ledger: Ledger, detail: str, expected: Waiting | None
) -> None:
    assert opened(ledger, detail=detail).waiting is expected


def test_a_word_of_a_later_version_costs_no_request(ledger: Ledger, database: Database) -> None:
    request = opened(ledger)
    with database.write() as connection:
        connection.execute(text("UPDATE change_requests SET waiting = 'moonlight'"))
    with ledger.reading() as reader:
        assert reader.request(request.id).waiting is None


def test_the_newest_announcement_is_found_by_what_it_is_about(ledger: Ledger, database: Database) -> None:
    with ledger.recording(NOW) as entry:
        for number, (key, what) in enumerate(
            (("x", "head"), ("head:2", "header"), ("y", "head"), ("head:4", "unreadable"))
        ):
            entry.outbox.owe("channel", key, facts={"what": what, "number": str(number)})
        entry.outbox.owe("answer", "head:5", facts={"text": "head"})
    with ledger.reading() as reader:
        assert (reader.messages.newest_announcement("head") or {})["number"] == "2"
        assert reader.messages.newest_announcement("readable") is None
    with Ledger(database, "another").reading() as reader:
        assert reader.messages.newest_announcement("head") is None
    with database.write() as connection:  # the facts are authenticated, the column is not
        connection.execute(text("UPDATE notices SET what = 'head' WHERE key = 'head:4'"))
    with ledger.reading() as reader:
        assert (reader.messages.newest_announcement("head") or {})["number"] == "2"
    claimed = Outbox(database, TENANT).claim(NOW + timedelta(hours=1), kinds=["channel"])
    assert len(claimed) == 4


def test_what_the_first_edition_announced_is_found_after_the_upgrade(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows had no such column: what is looked up in them is filled in, once, from their keys."""
    known = migrate.revisions()
    with monkeypatch.context() as older:
        older.setattr(migrate, "revisions", lambda: known[: known.index("0013") + 1])
        migrate.upgrade(database_url)
    names = [each.name for each in notices.c if each.name not in ("id", "what")]
    theirs = table("notices", *(column(name, notices.c[name].type) for name in names))
    row = dict.fromkeys(names) | {
        "tenant_id": TENANT,
        "kind": "channel",
        "created_at": NOW,
        "due_at": NOW,
        "tries": 0,
    }
    rows = (("head:1", "head"), ("head:2", "head"), ("unreadable:1", "unreadable"), ("headless", "other"))
    database = Database(database_url)
    with database.write() as connection:
        for key, what in rows:
            facts = f'{{"key": "{key}", "what": "{what}"}}'
            connection.execute(insert(theirs).values(row | {"key": key, "facts": facts, "claimed_until": 0}))
    migrate.upgrade(database_url)
    with Ledger(database, TENANT).reading() as reader:
        found = [
            (reader.messages.newest_announcement(what) or {}).get("key")
            for what in ("head", "unreadable", "other")
        ]
    database.close()
    assert found == ["head:2", "unreadable:1", None]
