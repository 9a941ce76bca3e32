"""Events are read for comparison only as they were written, and by an index."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from storage.integrity import believed_events
from storage.integrity.believed_events import Disbelieved
from storage.integrity.canonical import stamp
from storage.ledger import Ledger
from storage.records import Baseline, SettingValue
from storage.schema.tables import COMPARED
from tests.storage.spoiling import spoil
from tests.storage.states import BOB, NOW, TENANT, approve, opened


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    """A request whose events stand among others."""
    opened(ledger)
    with ledger.recording(NOW) as entry:
        for person in (BOB, "U0ERIN"):
            approve(entry, entry.reader.request(1), person)
            entry.record("refused", "U0MALLORY", {"what": "é\u2028"}, 1)
        entry.holding.set_baseline(Baseline(SettingValue.NOT_SET, NOW, None, None), why="first reading")
        entry.record("exported", BOB, {})
    return ledger


def everything(connection: Connection) -> list[believed_events.Told]:
    return list(believed_events.since(connection, TENANT, 1))


def of_one(connection: Connection) -> list[believed_events.Told]:
    return believed_events.of_request(connection, TENANT, 1)


def test_what_was_written_is_believed_word_for_word(full: Ledger) -> None:
    with full.reading() as reader, full.database.read() as connection:
        written = [
            (one.seq, stamp(one.at), one.kind, one.actor, one.request_id, one.payload)
            for one in reader.events()
        ]
        told = [
            (one.seq, one.at, one.kind, one.actor, one.request_id, one.payload)
            for one in everything(connection)
        ]
        assert told == written
        assert [one.seq for one in of_one(connection)] == [
            seq for seq, *_, number, _ in written if number == 1
        ]


ALTERED = {
    "another word": "payload = replace(payload, 'approve', 'reject')",
    "another person": "actor = 'U0MALLORY'",
    "another time": "at = '2026-01-01 00:00:00'",
    "no JSON": "payload = '{'",
    "another hash": "hash = prev_hash",
}
ELSEWHERE = {
    "given to another request": "UPDATE audit_events SET request_id = 2 WHERE seq = 2",
    "given to none": "UPDATE audit_events SET request_id = NULL WHERE seq = 2",
    "removed": "DELETE FROM audit_events WHERE seq = 4",
    "another neighbour's": "UPDATE audit_events SET actor = 'U0MALLORY' WHERE seq = 6",
}


@pytest.mark.parametrize("how", ALTERED)
@pytest.mark.parametrize("look", [everything, of_one])
def test_an_altered_event_is_not_believed(full: Ledger, how: str, look: Callable[[Connection], Any]) -> None:
    spoil(full.database, f"UPDATE audit_events SET {ALTERED[how]} WHERE seq = 2")
    with full.database.read() as connection, pytest.raises(Disbelieved) as found:
        look(connection)
    assert found.value.seq == 2


@pytest.mark.parametrize("how", ELSEWHERE)
def test_an_event_cannot_be_hidden_from_whoever_follows_the_links(full: Ledger, how: str) -> None:
    spoil(full.database, ELSEWHERE[how])
    with full.database.read() as connection, pytest.raises(Disbelieved):
        everything(connection)


def test_bytes_that_are_no_text_are_as_bad_as_an_altered_event(full: Ledger) -> None:
    if not full.database.is_sqlite:
        return  # PostgreSQL keeps none
    spoil(full.database, "UPDATE audit_events SET payload = CAST(x'ff' AS TEXT) WHERE seq = 2")
    with full.database.read() as connection:
        for look in (everything, of_one):
            with pytest.raises(Disbelieved):
                look(connection)


def test_the_newest_event_that_was_altered_counts_as_not_there(full: Ledger) -> None:
    with full.recording(NOW) as entry:
        entry.holding.set_baseline(Baseline(SettingValue.OPTED_OUT, NOW, None, None), why="applied")
        seq = entry.reader.head()[0]
    spoil(
        full.database,
        f"UPDATE audit_events SET payload = replace(payload, 'opted out', 'opted in') WHERE seq = {seq}",
    )
    with full.database.read() as connection:
        newest = believed_events.newest(connection, TENANT, "baseline")
    assert newest is not None
    assert newest.payload["value"] == "not set"


def test_each_look_up_goes_by_its_index(full: Ledger) -> None:
    with full.database.read() as connection:
        if not full.database.is_sqlite:
            connection.execute(text("SET enable_seqscan = off"))  # which few rows would be read by
        for kind in COMPARED:
            assert "ix_audit_events_compared" in plan(
                connection, partial(believed_events.newest, connection, TENANT, kind)
            ), kind
        assert "ix_audit_events_request" in plan(
            connection, partial(believed_events.of_request, connection, TENANT, 1)
        )


def plan(connection: Connection, act: Callable[[], Any]) -> str:
    """How the database goes about the statements of an act."""
    said: list[str] = []

    def explain(_: object, cursor: Any, statement: str, parameters: Any, *more: object) -> tuple[str, Any]:
        asked = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
        cursor.execute(asked + statement, parameters)
        said.extend(str(row) for row in cursor.fetchall())
        return statement, parameters

    event.listen(connection, "before_cursor_execute", explain, retval=True)
    try:
        act()
    finally:
        event.remove(connection, "before_cursor_execute", explain)
    return "\n".join(said)
