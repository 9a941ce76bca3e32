"""A key takes a record over once: in batches, from where it was ended, and never again what somebody stripped
of its proofs."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from storage.engine import Database
from storage.inbox import Inbox
from storage.integrity.keyring import Keyring, key_id
from storage.ledger import Ledger
from storage.messages.outbox import Outbox
from storage.messages.records import Card
from storage.record import key_adoption
from storage.record.key_adoption import KEY_ADOPTED, Adopted, Basis, adopt, take_over, would_adopt
from storage.record.verify import Authenticator, verify
from tests.storage.states import BOB, NOW, TENANT, opened

OLD, NEW = b"o" * 32, b"n" * 32
LATER = NOW + timedelta(minutes=5)
GUARDS = ("audit_events_no_update", "audit_events_keeps_authenticator", "audit_events_no_delete")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_adoption, "BATCH", 3)


@pytest.fixture
def plain(database: Database) -> Database:
    """Written without a key: eleven events, and seven rows in every other table."""
    ledger = Ledger(database, TENANT)
    opened(ledger)
    with ledger.recording(NOW) as entry:
        for number in range(10):
            entry.record("settings", "bot", {"settings": {"number": number}})
        for number in range(7):
            entry.outbox.owe("answer", f"answer:{number}", recipient=BOB, facts={"text": "x"})
    for number in range(7):
        Outbox(database, TENANT).keep_card(Card(1, "C0CHANGES", f"{number}.000001", 1))
        Inbox(database, TENANT).put(f"click:{number}", "vote", {"person": BOB}, now=NOW, patience=1)
    with database.write() as connection:
        connection.execute(text("UPDATE inbox SET claimed_until = 0"))
    return database


@pytest.fixture
def opens(migrated_database_url: str) -> Iterator[Any]:
    """Opens the same database with these keys, newest first."""
    each: list[Database] = []

    def open_with(*keys: bytes) -> Database:
        each.append(Database(migrated_database_url, keys=Keyring(keys)))
        return each[-1]

    yield open_with
    for database in each:
        database.close()


def events(database: Database, kind: str = KEY_ADOPTED) -> list[dict[str, Any]]:
    with Ledger(database, TENANT).reading() as reader:
        return [dict(event.payload) for event in reader.events() if event.kind == kind]


def unsigned(database: Database) -> dict[str, int]:
    with database.read() as connection:
        count = {
            name: f"SELECT count(*) FROM {name} WHERE authenticator IS NULL"
            for name in ("audit_events", "cards", "inbox", "notices")
        }
        return {name: connection.execute(text(query)).scalar_one() for name, query in count.items()}


def test_the_first_key_takes_over_everything_as_one_event(plain: Database, opens: Any) -> None:
    keyed = opens(OLD)
    head = verify(plain, TENANT)
    with keyed.read() as connection:
        assert (
            would_adopt(connection, TENANT, keyed.authenticity.keys, seen_authenticated=False) is Adopted.NOW
        )
    assert adopt(keyed, TENANT, LATER, seen_authenticated=False) is Adopted.NOW
    said = {
        "key": key_id(OLD),
        "keys": [key_id(OLD)],
        "basis": "first",
        "head": f"{head.head_seq}:{head.head_hash}",
    }
    assert events(plain) == [said]
    assert set(unsigned(plain).values()) == {0}
    assert verify(keyed, TENANT).ok
    assert len(Inbox(keyed, TENANT).claim_waiting(LATER)) == 7
    assert len(Outbox(keyed, TENANT).claim(LATER, kinds=["answer"])) == 7
    with Ledger(keyed, TENANT).reading() as reader:
        assert len(reader.messages.cards(1)) == 7
    assert adopt(keyed, TENANT, LATER, seen_authenticated=True) is Adopted.BEFORE
    assert len(events(plain)) == 1


def test_an_empty_record_begins_with_it(database: Database, opens: Any) -> None:
    keyed = opens(OLD)
    assert adopt(keyed, TENANT, NOW, seen_authenticated=False) is Adopted.NOW
    assert [said["head"] for said in events(database)] == [f"0:{'0' * 64}"]
    assert verify(keyed, TENANT).ok
    assert adopt(opens(), TENANT, NOW, seen_authenticated=False) is Adopted.NO_KEY


@pytest.mark.parametrize("batches", range(12))
def test_it_goes_on_where_it_was_ended(
    plain: Database, opens: Any, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed, left = opens(OLD), [batches]
    sign = key_adoption._sign_batch

    def dies(*arguments: Any) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        sign(*arguments)

    with monkeypatch.context() as dying:
        dying.setattr(key_adoption, "_sign_batch", dies)
        try:
            adopt(keyed, TENANT, NOW, seen_authenticated=False)
        except KeyboardInterrupt:
            assert events(plain) == []
    assert adopt(keyed, TENANT, LATER, seen_authenticated=False) in (Adopted.NOW, Adopted.BEFORE)
    assert set(unsigned(plain).values()) == {0}
    assert len(events(plain)) == 1
    assert verify(keyed, TENANT).ok


def test_a_new_key_takes_over_what_the_older_one_authenticated_and_nothing_else(
    plain: Database, opens: Any
) -> None:
    adopt(opens(OLD), TENANT, NOW, seen_authenticated=False)
    with plain.write() as connection:
        for table in ("cards", "inbox", "notices"):
            connection.execute(
                text(
                    f"UPDATE {table} SET authenticator = NULL WHERE {'ts' if table == 'cards' else 'id'} IN "
                    f"(SELECT min({'ts' if table == 'cards' else 'id'}) FROM {table})"
                )
            )
    both = opens(NEW, OLD)
    assert adopt(both, TENANT, LATER, seen_authenticated=True) is Adopted.NOW
    assert [(said["key"], said["basis"], len(said["keys"])) for said in events(plain)] == [
        (key_id(OLD), "first", 1),
        (key_id(NEW), "rotation", 2),
    ]
    assert unsigned(plain) == {"audit_events": 0, "cards": 1, "inbox": 1, "notices": 1}
    renewed = opens(NEW)
    assert verify(renewed, TENANT).ok
    assert adopt(renewed, TENANT, LATER, seen_authenticated=True) is Adopted.BEFORE
    assert len(Inbox(renewed, TENANT).claim_waiting(LATER)) == 6
    assert verify(opens(OLD), TENANT).authenticator is Authenticator.UNKNOWN_KEY
    assert adopt(opens(OLD), TENANT, LATER, seen_authenticated=True) is Adopted.REFUSED


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE audit_events SET authenticator = NULL"],
        ["UPDATE audit_events SET authenticator = NULL WHERE seq = 1"],
        ["DELETE FROM audit_events WHERE seq = 1"],
        ["UPDATE audit_events SET authenticator = 'x.y' WHERE seq = 1"],
    ],
)
def test_what_somebody_stripped_of_its_proof_is_not_signed_again(
    plain: Database, opens: Any, statements: list[str]
) -> None:
    keyed = opens(OLD)
    adopt(keyed, TENANT, NOW, seen_authenticated=False)
    _unguarded(plain, statements)
    stood = unsigned(plain)
    assert adopt(keyed, TENANT, LATER, seen_authenticated=False) is Adopted.REFUSED
    assert unsigned(plain) == stood


def test_what_was_seen_authenticated_is_not_taken_over_as_new(plain: Database, opens: Any) -> None:
    """Not even a record that was built anew from its first event, with no trace of a key: the file outside
    tells."""
    assert adopt(opens(OLD), TENANT, NOW, seen_authenticated=True) is Adopted.REFUSED
    assert set(unsigned(plain).values()) == {11, 7}


def test_an_event_that_was_altered_is_not_made_authentic(plain: Database, opens: Any) -> None:
    _unguarded(plain, ["UPDATE audit_events SET actor = 'U0MALLORY' WHERE seq = 4"])
    keyed = opens(OLD)
    adopt(keyed, TENANT, NOW, seen_authenticated=False)
    assert unsigned(plain)["audit_events"] == 1
    assert not verify(keyed, TENANT).ok


def test_a_person_takes_over_the_record_but_nothing_that_waits_to_be_done(
    plain: Database, opens: Any
) -> None:
    keyed = opens(OLD)
    take_over(keyed, TENANT, NOW, Basis.PERSON)
    assert unsigned(plain) == {"audit_events": 0, "cards": 0, "inbox": 7, "notices": 7}
    assert verify(keyed, TENANT).ok


def _unguarded(database: Database, statements: list[str]) -> None:
    """As an owner of the tables: the guards are dropped first."""
    on = "" if database.is_sqlite else " ON audit_events"
    names = GUARDS if database.is_sqlite else ("audit_events_append_only", "audit_events_keeps_authenticator")
    with database.write() as connection:
        for statement in [*(f"DROP TRIGGER {name}{on}" for name in names), *statements]:
            connection.execute(text(statement))
