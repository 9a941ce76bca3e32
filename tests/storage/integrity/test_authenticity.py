"""A row is believed exactly as the bot wrote it: with another value in a column that carries authority, it
counts for nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from storage.engine import Database
from storage.inbox import Inbox
from storage.integrity import believed_events
from storage.integrity.keyring import AUTHENTICATED, Doubt, Keyring, key_id
from storage.ledger import Ledger
from storage.messages.outbox import Outbox
from storage.messages.records import Card
from storage.record.verify import Authenticator, verify
from storage.schema.tables import audit_events, cards, inbox, metadata, notices
from tests.sentences import says
from tests.storage.states import BOB, NOW, TENANT, asked

KEY, OLDER = b"k" * 32, b"o" * 32
TABLES = (audit_events, cards, inbox, notices)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def keyed(migrated_database_url: str) -> Iterator[Database]:
    opened = Database(migrated_database_url, keys=Keyring([KEY]))
    yield opened
    opened.close()


@pytest.fixture
def full(keyed: Database) -> Database:
    """One row in every table that carries authority."""
    with Ledger(keyed, TENANT).recording(NOW) as entry:
        request = asked(entry)
        entry.outbox.owe(
            "answer",
            "answer:1",
            request_id=request.id,
            recipient=BOB,
            channel="C0CHANGES",
            facts={"text": "Approved"},
        )
    Outbox(keyed, TENANT).keep_card(Card(1, "C0CHANGES", "1.000001", 1))
    Inbox(keyed, TENANT).put("click", "vote", {"person": BOB, "vote": "approve"}, now=NOW, patience=1)
    with keyed.write() as connection:
        connection.execute(update(inbox).values(claimed_until=0))
    return keyed


def rows(database: Database, table: Any) -> list[dict[str, Any]]:
    with database.read() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))]


def another(value: object) -> object:
    """A sibling of a value: of its own type, and as near as one gets."""
    if value is None:
        return "U0MALLORY"
    if isinstance(value, int):
        return value + 1
    return f"{value}x" if isinstance(value, str) else value + timedelta(microseconds=1)  # type: ignore[operator]


def test_every_row_is_signed_and_believed_as_it_is_read_back(full: Database) -> None:
    for table in TABLES:
        (row,) = rows(full, table)
        assert row["authenticator"].startswith(f"{key_id(KEY)}.")
        assert Keyring([KEY]).doubt(table.name, row) is None
        assert Keyring([OLDER, KEY]).doubt(table.name, row) is None


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_another_value_in_any_column_that_carries_authority_is_not_believed(
    full: Database, table: Any
) -> None:
    (row,) = rows(full, table)
    for column in AUTHENTICATED[table.name]:
        altered = row | {column: another(row[column])}
        assert Keyring([KEY]).doubt(table.name, altered) is Doubt.FORGED, column
    moved = {
        "due_at",
        "tries",
        "problem",
        "delivered_at",
        "posted_channel",
        "posted_ts",
        "claimed_until",
        "drawn_version",
    }
    moved |= {"what"}  # only finds an announcement: what its authenticated facts say counts
    rest = (
        set(table.c.keys())
        - set(AUTHENTICATED[table.name])
        - {"authenticator", "id", "done_at", "correlation_id"}
    )
    assert rest <= moved, "a column that is new has to be judged: does it carry authority?"


def test_an_authenticator_holds_for_no_other_row_table_or_key(full: Database) -> None:
    keys = Keyring([KEY])
    for table in TABLES:
        (row,) = rows(full, table)
        for other in TABLES:
            if other is not table:
                ours = rows(full, other)[0] | {"authenticator": row["authenticator"]}
                assert keys.doubt(other.name, ours) is Doubt.FORGED
        for written, doubt in (
            (None, Doubt.MISSING),
            ("", Doubt.MISSING),
            (key_id(KEY), Doubt.FORGED),
            (f"{key_id(KEY)}.", Doubt.FORGED),
            (row["authenticator"][:-1], Doubt.FORGED),
            (row["authenticator"].upper(), Doubt.UNKNOWN_KEY),
            (f"{row['authenticator']}0", Doubt.FORGED),
            (f"{key_id(OLDER)}.{row['authenticator'].partition('.')[2]}", Doubt.UNKNOWN_KEY),
            (b"\xff", Doubt.UNKNOWN_KEY),
            (7, Doubt.UNKNOWN_KEY),
            ("\N{SNOWMAN}", Doubt.UNKNOWN_KEY),
            (f"{key_id(KEY)}.\N{SNOWMAN}\ud800", Doubt.FORGED),
        ):
            assert keys.doubt(table.name, row | {"authenticator": written}) is doubt, written
        assert keys.doubt(table.name, row | {AUTHENTICATED[table.name][1]: b"\xff"}) is Doubt.FORGED


def test_without_a_key_nothing_is_signed_and_everything_is_believed(database: Database) -> None:
    with Ledger(database, TENANT).recording(NOW) as entry:
        asked(entry)
    (event,) = rows(database, audit_events)
    assert (event["authenticator"], Keyring().doubt("audit_events", event)) == (None, None)
    assert verify(database, TENANT).ok


@pytest.mark.parametrize("done", ["NULL", "'x'"])
def test_what_is_not_believed_is_set_aside_with_its_reason_and_holds_nothing_up(
    full: Database, done: str
) -> None:
    box, outbox = Inbox(full, TENANT), Outbox(full, TENANT)
    box.put("another", "vote", {"person": BOB, "vote": "reject"}, now=NOW, patience=1)
    with Ledger(full, TENANT).recording(NOW) as entry:
        entry.outbox.owe("answer", "answer:2", recipient=BOB, facts={"text": "Rejected"})
    with full.write() as connection:
        connection.execute(text("UPDATE inbox SET claimed_until = 0"))
        connection.execute(text(f"UPDATE inbox SET authenticator = {done} WHERE key = 'click'"))
        connection.execute(text("UPDATE notices SET recipient = 'U0MALLORY' WHERE key = 'answer:1'"))
        connection.execute(text("UPDATE cards SET request_id = 1, ts = '1.000002'"))
    assert [item.key for item in box.claim_waiting(LATER)] == ["another"]
    assert [notice.key for notice in outbox.claim(LATER, kinds=["answer"])] == ["answer:2"]
    with Ledger(full, TENANT).reading() as reader:
        assert (
            reader.messages.cards(1),
            reader.messages.card_at("C0CHANGES", "1.000002"),
            reader.messages.notice(1),
        ) == (
            [],
            None,
            None,
        )
    aside = {row["key"]: (row["done_at"], row["problem"]) for row in rows(full, inbox)}
    assert aside["click"][0] == LATER
    assert says("did_not_come_from_this_bot") in aside["click"][1]
    assert aside["another"] == (None, None)
    assert [row["delivered_at"] for row in rows(full, notices)] == [LATER, None]
    found = {(row.table, row.row) for row in full.authenticity.unbelieved()}
    assert found == {("inbox", "id 1"), ("notices", "id 1"), ("cards", "channel C0CHANGES ts 1.000002")}
    assert box.kept("click") is None


def test_a_claim_that_was_altered_before_it_is_sent_is_not_sent(full: Database) -> None:
    outbox = Outbox(full, TENANT)
    (claimed,) = outbox.claim(LATER, kinds=["answer"])
    with full.write() as connection:
        connection.execute(text("""UPDATE notices SET facts = '{"text":"https://evil.example"}'"""))
    assert outbox.renew(claimed, LATER) is None


def test_what_is_shown_of_a_planted_row_is_no_text_of_who_planted_it(full: Database) -> None:
    with full.write() as connection:
        planted = {
            "channel": "https://evil.example",
            "ts": "<@U0ALICE> approve",
            "tenant_id": TENANT,
            "request_id": 1,
        }
        connection.execute(cards.insert().values(**planted, drawn_version=1))
    with Ledger(full, TENANT).reading() as reader:
        assert [card.ts for card in reader.messages.cards(1)] == ["1.000001"]
    (found,) = full.authenticity.unbelieved()
    assert found.row == "channel (no proper id) ts (no proper id)"


@pytest.mark.parametrize(
    ("statement", "stands"),
    [
        ("UPDATE audit_events SET authenticator = 'x.y'", Authenticator.UNKNOWN_KEY),
        ("UPDATE audit_events SET authenticator = substr(authenticator, 1, 40)", Authenticator.FORGED),
    ],
)
def test_an_event_without_its_authenticator_is_believed_by_nobody(
    full: Database, statement: str, stands: Authenticator
) -> None:
    assert verify(full, TENANT).ok
    with full.write() as connection:
        connection.execute(text(statement))
    verdict = verify(full, TENANT)
    assert (verdict.ok, verdict.authenticator, verdict.checked) == (False, stands, 0)
    assert verify(full, TENANT, chain_only=True).ok
    with full.read() as connection, pytest.raises(believed_events.Disbelieved):
        believed_events.of_request(connection, TENANT, 1)


def test_an_event_that_was_added_with_a_sound_hash_is_believed_by_nobody(full: Database) -> None:
    """Whoever can write to the database can make the chain; without the key nobody can make an event."""
    plain = Database(full.engine.url)
    with Ledger(plain, TENANT).recording(NOW) as entry:
        entry.record("voted", BOB, {"vote": "approve"}, 1)
    plain.close()
    assert verify(full, TENANT, chain_only=True).ok
    verdict = verify(full, TENANT)
    assert (verdict.authenticator, verdict.problem) == (
        Authenticator.MISSING,
        "Event 2 is not authentic: it has no authenticator.",
    )
    with full.read() as connection, pytest.raises(believed_events.Disbelieved):
        believed_events.of_request(connection, TENANT, 1)


def test_the_tables_that_carry_an_authenticator_are_the_ones_that_are_authenticated() -> None:
    assert {table.name for table in metadata.tables.values() if "authenticator" in table.c} == set(
        AUTHENTICATED
    )
