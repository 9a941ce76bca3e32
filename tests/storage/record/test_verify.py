"""Whatever is done to the audit record behind the program's back, the check names the first event that is not
as written."""

import ast
import sqlite3
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import storage.record.verify
from storage.engine import Database
from storage.ledger import Ledger
from storage.record.verify import Check, Verdict, verify
from tests.storage.spoiling import LENGTH, fill, rebuild, spoil, swap, unguard
from tests.storage.states import BOB, NOW, TENANT, asked

GENESIS = "0" * 64


@pytest.fixture
def sound(ledger: Ledger) -> Database:
    fill(ledger)
    return ledger.database


def head(database: Database) -> tuple[int, str]:
    with Ledger(database, TENANT).reading() as reader:
        return reader.head()


def named(database: Database, seq: int, *words: str, witness: tuple[int, str] | None = None) -> Verdict:
    verdict = verify(database, TENANT, witness=witness)
    assert not verdict.ok
    assert verdict.problem is not None
    assert verdict.problem.startswith(f"Event {seq} "), verdict.problem
    assert all(word in verdict.problem for word in words), verdict.problem
    assert verdict.checked == verdict.head_seq == min(seq, verdict.checked + 1) - 1 or witness
    return verdict


def test_the_check_shares_no_code_with_the_writer() -> None:
    tree = ast.parse(Path(storage.record.verify.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert {name for name in imported if name and name.startswith("storage")} == {"storage.engine"}


def test_a_sound_record_is_found_sound_up_to_its_head(sound: Database) -> None:
    seq, last = head(sound)
    assert verify(sound, TENANT) == Verdict(
        ok=True, checked=LENGTH, head_seq=seq, head_hash=last, problem=None
    )
    assert verify(sound, TENANT, witness=(seq, last)).ok


def test_an_empty_record_is_sound_and_begins_with_zeros(database: Database) -> None:
    assert verify(database, TENANT) == Verdict(
        ok=True, checked=0, head_seq=0, head_hash=GENESIS, problem=None
    )
    assert verify(database, TENANT, witness=(0, GENESIS)).ok


def test_an_emptied_record_is_found_by_whoever_saw_a_head(sound: Database) -> None:
    seen = head(sound)
    spoil(sound, "DELETE FROM audit_events")
    named(sound, 1, "missing", "ends at 0", f"event {LENGTH} was witnessed", witness=seen)


def test_a_record_that_has_grown_since_it_was_witnessed_is_sound(sound: Database) -> None:
    seen = head(sound)
    with Ledger(sound, TENANT).recording(NOW) as entry:
        entry.record("moved", BOB, {})
    assert verify(sound, TENANT, witness=seen).ok


ALTERATIONS = {
    "at": "at = '2026-11-23 12:00:00.123457'",
    "kind": "kind = 'moveD'",
    "actor": "actor = 'U0ALICF'",
    "another request": "request_id = 2",
    "a request where none was": "request_id = coalesce(request_id, 0) + 1",
    "no request": "request_id = NULL",
    "payload": "payload = replace(payload, '5', '6')",
    "a blank in the payload": "payload = replace(payload, ',', ', ')",
    "another spelling of the payload": "payload = replace(payload, '\\u00e9', 'é')",
    "a payload that is no JSON": "payload = '{'",
    "an empty payload": "payload = ''",
    "prev_hash": "prev_hash = 'a' || substr(prev_hash, 2) || ''",
    "hash": "hash = 'x' || substr(hash, 2)",
    "an empty hash": "hash = ''",
    "a field smuggled into the kind": """kind = kind || '","extra":"'""",
}


@pytest.mark.parametrize("how", ALTERATIONS)
def test_an_altered_event_is_named(how: str, sound: Database) -> None:
    seq = 1 if "no request" in how else 8
    spoil(sound, f"UPDATE audit_events SET {ALTERATIONS[how]} WHERE seq = {seq}")
    named(sound, seq)


def test_who_reads_the_events_meanwhile_gets_all_of_them_and_the_same_verdict(sound: Database) -> None:
    spoil(sound, "UPDATE audit_events SET actor = 'x' WHERE seq IN (8, 9)")
    check = Check(sound, TENANT)
    assert [stored.seq for stored in check.events()] == list(range(1, LENGTH + 1))
    assert check.verdict() == verify(sound, TENANT) == named(sound, 8)


def test_a_removed_event_is_named(sound: Database) -> None:
    spoil(sound, "DELETE FROM audit_events WHERE seq = 9")
    named(sound, 9, "missing", "next one in the record is 10")


def test_a_removed_event_is_named_even_if_the_rest_moved_up(sound: Database) -> None:
    moved_up = [f"UPDATE audit_events SET seq = {seq - 1} WHERE seq = {seq}" for seq in range(10, LENGTH + 1)]
    spoil(sound, "DELETE FROM audit_events WHERE seq = 9", *moved_up)
    named(sound, 9, "does not follow")


COPY = """INSERT INTO audit_events (tenant_id, seq, at, kind, actor, request_id, payload, prev_hash, hash)
          SELECT tenant_id, {seq}, at, kind, actor, request_id, payload, {prev}, {hash} FROM audit_events \
WHERE seq = {of}"""


@pytest.mark.parametrize("seq", [0, -5])
def test_an_event_put_before_the_first_is_found(seq: int, sound: Database) -> None:
    spoil(sound, COPY.format(seq=seq, of=1, prev="'x'", hash="prev_hash"))
    named(sound, 1)


def test_an_event_put_in_between_is_named(sound: Database) -> None:
    moved_down = [
        f"UPDATE audit_events SET seq = {seq + 1} WHERE seq = {seq}" for seq in range(LENGTH, 8, -1)
    ]
    spoil(sound, *moved_down, COPY.format(seq=9, of=8, prev="'x'", hash="'y'"))
    named(sound, 9)


def test_an_event_put_at_the_end_is_named(sound: Database) -> None:
    spoil(sound, COPY.format(seq=LENGTH + 1, of=LENGTH, prev="hash", hash="hash"))
    named(sound, LENGTH + 1, "content does not match")


def test_swapped_events_are_named(sound: Database) -> None:
    spoil(sound, *swap(10, 11))
    named(sound, 10, "does not follow")


def test_a_cut_end_is_found_only_by_whoever_saw_the_head(sound: Database) -> None:
    seen = head(sound)
    spoil(sound, f"DELETE FROM audit_events WHERE seq > {LENGTH - 3}")
    assert verify(sound, TENANT).ok
    verdict = named(sound, LENGTH - 2, "missing", f"event {LENGTH} was witnessed", witness=seen)
    assert verdict.checked == LENGTH - 3


def test_a_rebuilt_chain_is_found_only_by_whoever_saw_the_head(sound: Database) -> None:
    seen = head(sound)
    rebuild(sound, 8, actor="U0MALLORY")
    assert verify(sound, TENANT).ok
    verdict = named(sound, LENGTH, "not the one that was witnessed", "rewritten", witness=seen)
    assert verdict.checked == LENGTH - 1


def test_an_event_moved_to_another_tenant_is_missed_here_and_does_not_fit_there(sound: Database) -> None:
    spoil(sound, "UPDATE audit_events SET tenant_id = 'another' WHERE seq = 1")
    named(sound, 1, "missing")
    assert not verify(sound, "another").ok


def test_what_is_done_to_another_tenant_is_not_ours(sound: Database) -> None:
    with Ledger(sound, "another").recording(NOW) as entry:
        asked(entry)
    spoil(sound, "UPDATE audit_events SET actor = 'x' WHERE tenant_id = 'another'")
    assert verify(sound, TENANT).ok
    assert not verify(sound, "another").ok


def test_a_long_record_is_checked_in_the_memory_of_a_short_one(ledger: Ledger) -> None:
    def peak() -> int:
        tracemalloc.start()
        try:
            assert verify(ledger.database, TENANT).ok
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def grow(events: int) -> None:
        with ledger.recording(NOW) as entry:
            for number in range(events):
                entry.record("baseline", "bot", {"number": number, "text": "x" * 1000})

    grow(250)
    peak()
    short = peak()
    grow(1250)
    assert peak() < 3 * short, "six times the record"


class TestOnSqlite:
    """One flipped byte in the file: SQLite stores any type anywhere and checks no text."""

    @pytest.fixture
    def migrated_database_url(self, migrated_sqlite_url: str) -> str:
        return migrated_sqlite_url

    @pytest.fixture
    def raw(self, sound: Database) -> sqlite3.Connection:
        with sound.write() as connection:
            unguard(connection)
        connection = sqlite3.connect(sound.engine.url.database or "", isolation_level=None)
        connection.text_factory = bytes
        yield connection
        connection.close()

    TEXTS = ("at", "kind", "actor", "payload", "prev_hash", "hash")

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
    @given(
        change=st.tuples(
            st.integers(1, LENGTH), st.sampled_from(TEXTS), st.integers(0, 10**6), st.integers(1, 255)
        )
    )
    def test_any_one_changed_byte_is_found(
        self, sound: Database, raw: sqlite3.Connection, change: tuple[int, str, int, int]
    ) -> None:
        seq, column, place, flip = change
        stored: bytes = raw.execute(f"SELECT {column} FROM audit_events WHERE seq = ?", (seq,)).fetchone()[0]
        spoilt = bytearray(stored)
        spoilt[place % len(stored)] ^= flip
        put = f"UPDATE audit_events SET {column} = CAST(? AS TEXT) WHERE seq = ?"
        raw.execute(put, (bytes(spoilt), seq))
        try:
            verdict = named(sound, seq)
            assert verdict.checked == seq - 1
        finally:
            raw.execute(put, (stored, seq))
        assert verify(sound, TENANT).ok

    @pytest.mark.parametrize("column", TEXTS)
    def test_the_same_bytes_under_another_type_are_found(
        self, column: str, sound: Database, raw: sqlite3.Connection
    ) -> None:
        raw.execute(f"UPDATE audit_events SET {column} = CAST({column} AS BLOB) WHERE seq = 5")
        named(sound, 5, "another type")

    def test_another_spelling_of_the_time_is_found(self, sound: Database, raw: sqlite3.Connection) -> None:
        raw.execute("UPDATE audit_events SET at = replace(at, ' ', 'T') WHERE seq = 5")
        named(sound, 5)

    def test_a_number_that_is_none_is_found(self, sound: Database, raw: sqlite3.Connection) -> None:
        raw.execute("UPDATE audit_events SET request_id = 1.5 WHERE seq = 1")
        named(sound, 1, "another type")
