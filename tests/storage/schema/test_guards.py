"""The database itself refuses to alter the record, whoever asks and however they spell it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.engine import Database
from storage.ledger import Ledger
from storage.lifecycle import SETTLED, Kind, State
from storage.messages.records import ReminderReply
from storage.reminder_answers import keep_answer
from tests.storage.states import BOB, NOW, TENANT, approve, asked, brought_to, everything, opened

APPEND_ONLY = {
    "decisions": "vote = 'reject'",
    "reasons": "reason = 'another'",
    "attempts": "detail = 'another'",
    "rules": "body = '{}'",
    "reminder_answers": "reply = 'done'",
    "audit_events": "actor = 'U0MALLORY'",
}
"""Each table whose rows are only added, and an alteration somebody may wish for."""

CONTENT = {
    "id": "99",
    "tenant_id": "'another'",
    "kind": "'extension'",
    "ticket": "'another'",
    "requester_id": "'U0MALLORY'",
    "door": "'button'",
    "reason": "'another'",
    "clients": "'another'",
    "protocols": "''",
    "from_value": "'opted in'",
    "to_value": "'opted out'",
    "window_end": "NULL",
    "rule_digest": "'another'",
    "created_at": "expires_at",
    "expires_at": "NULL",
    "requester_enterprise_id": "'W0MALLORY'",
}
"""Each column of a request that is fixed at birth, and another value for it."""


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    """A ledger with one pending request and a row in every table that is only added to."""
    with ledger.recording(NOW) as entry:
        rejected = entry.move(asked(entry), State.REJECTED, actor=BOB, detail="no")
        entry.give_reason(rejected.id, person_id=BOB, reason="The window is too long")
        request = approve(entry, asked(entry, expires_at=NOW + timedelta(hours=24)))
        entry.attempt(request, "sending", client_request_id="c-1")
        entry.holding.keep_rule("r" * 64, {"approvals": 1})
        entry.outbox.owe("card", "card:1", request_id=request.id)
        keep_answer(
            entry, series="weekly", key="weekly:1", reply=ReminderReply.SNOOZED, person_id=BOB, until=NOW
        )
    return ledger


@contextmanager
def refused(database: Database) -> Iterator[None]:
    stood = everything(database)
    with pytest.raises(
        DBAPIError, match=r"never altered|never removed|fixed at birth|stays settled|cannot truncate"
    ):
        yield
    assert everything(database) == stood


def test_the_record_is_neither_altered_nor_removed(full: Ledger, subtests: pytest.Subtests) -> None:
    for table, change in APPEND_ONLY.items():
        assert everything(full.database)[table]
        for statement in (f"UPDATE {table} SET {change}", f"DELETE FROM {table}"):
            with subtests.test(statement), refused(full.database), full.database.write() as connection:
                connection.execute(text(statement))


def test_what_a_request_asks_for_is_fixed_at_birth(full: Ledger, subtests: pytest.Subtests) -> None:
    for column, value in CONTENT.items():
        with subtests.test(column), refused(full.database), full.database.write() as connection:
            connection.execute(text(f"UPDATE change_requests SET {column} = {value} WHERE state = 'pending'"))


def test_a_request_is_never_removed(full: Ledger) -> None:
    with refused(full.database), full.database.write() as connection:
        connection.execute(text("DELETE FROM change_requests"))


def test_every_settled_state_is_for_ever_even_past_the_ledger(
    database: Database, subtests: pytest.Subtests
) -> None:
    for settled in SETTLED:
        request = brought_to(Ledger(database, f"settled-{settled}"), settled)
        for other in set(State) - {settled}:
            with (
                subtests.test(settled=settled.value, other=other.value),
                refused(database),
                database.write() as connection,
            ):
                connection.execute(
                    text(f"UPDATE change_requests SET state = '{other}' WHERE id = {request.id}")
                )


def test_all_columns_but_those_that_move_are_guarded(database: Database) -> None:
    with database.read() as connection:
        columns = set(connection.execute(text("SELECT * FROM change_requests")).keys())
    moving = {
        "state",
        "version",
        "detail",
        "waiting",
        "devices",
        "retry_at",
        "sent_at",
        "settled_at",
        "correlation_id",
    }
    assert columns - set(CONTENT) == moving


def test_an_event_is_fixed_column_by_column_but_for_its_authenticator(
    full: Ledger, subtests: pytest.Subtests
) -> None:
    with full.database.read() as connection:
        columns = set(connection.execute(text("SELECT * FROM audit_events")).keys()) - {"authenticator"}
    for column in columns:
        with subtests.test(column), refused(full.database), full.database.write() as connection:
            connection.execute(text(f"UPDATE audit_events SET {column} = {column} WHERE seq = 1"))
    with full.database.write() as connection:
        connection.execute(text("UPDATE audit_events SET authenticator = 'a'"))
        connection.execute(text("UPDATE audit_events SET authenticator = 'b'"))
    with refused(full.database), full.database.write() as connection:
        connection.execute(text("UPDATE audit_events SET authenticator = NULL WHERE seq = 1"))


class TestOnPostgresql:
    """TRUNCATE fires no row trigger: it has a guard of its own."""

    @pytest.fixture
    def migrated_database_url(self, migrated_postgres_url: str) -> str:
        return migrated_postgres_url

    @pytest.mark.parametrize("table", [*APPEND_ONLY, "change_requests"])
    def test_the_record_is_not_truncated(self, table: str, full: Ledger) -> None:
        with refused(full.database), full.database.write() as connection:
            connection.execute(text(f"TRUNCATE {table} CASCADE"))


class TestOnSqlite:
    """``INSERT OR REPLACE`` removes the row it stumbles over, by default without firing a DELETE trigger."""

    @pytest.fixture
    def migrated_database_url(self, migrated_sqlite_url: str) -> str:
        return migrated_sqlite_url

    @pytest.mark.parametrize("table", [*APPEND_ONLY, "change_requests"])
    def test_a_row_is_not_replaced_by_its_like(self, table: str, full: Ledger) -> None:
        stranger = sqlite3.connect(full.database.engine.url.database or "")
        stood = everything(full.database)
        with closing(stranger), pytest.raises(sqlite3.IntegrityError, match="never altered"):
            stranger.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        assert everything(full.database) == stood

    def test_an_open_request_is_not_replaced_by_a_second_one(self, full: Ledger) -> None:
        columns = ", ".join(
            ["tenant_id", *sorted({*CONTENT, "state", "version", "detail"} - {"id", "tenant_id"})]
        )
        with refused(full.database), full.database.write() as connection:
            copy = f"SELECT {columns} FROM change_requests WHERE state = 'pending'"
            connection.execute(text(f"INSERT OR REPLACE INTO change_requests ({columns}) {copy}"))

    def test_a_number_is_not_changed_by_its_other_name(self, database: Database) -> None:
        opened(Ledger(database, TENANT), Kind.OPT_IN)
        with refused(database), database.write() as connection:
            connection.execute(text("UPDATE change_requests SET rowid = 99"))
