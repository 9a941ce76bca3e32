"""Every column that events determine, altered past the bot, is named, and nothing else; memory does not grow
with the record."""

import tracemalloc
from datetime import timedelta
from weakref import WeakSet

import pytest
from sqlalchemy import text

from storage import register
from storage.devices.records import DeviceAct, DeviceState
from storage.engine import Database
from storage.integrity.row_comparison import Difference
from storage.ledger import Ledger
from storage.lifecycle import Kind, State
from storage.messages.records import ReminderReply
from storage.record.table_comparison import differences
from storage.records import Baseline, Door, SettingValue, Vote, WriteOutcome
from storage.reminder_answers import keep_answer
from storage.schema import guards
from storage.schema.tables import metadata
from tests.storage.states import ALICE, BOB, CAROL, DUE, NOW, TENANT, approve, asked, everything, proposed

DAY = timedelta(days=1)

UNTOLD = {
    "change_requests": {"id", "tenant_id", "version", "detail", "retry_at", "correlation_id", "waiting"},
    "decisions": {"id", "tenant_id", "request_id"},
    "attempts": {"id", "tenant_id", "request_id"},
    "reasons": {"tenant_id", "request_id"},
    "baselines": {"tenant_id"},
    "organizations": {"tenant_id"},
    "rules": {"id", "tenant_id"},
    "reminder_answers": {"id", "tenant_id"},
    "devices": {"id", "tenant_id"},
    "device_acts": {"id", "tenant_id", "device_id", "seq"},
}
"""By table the columns that no event tells, or that make the row another one."""


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    """Everything that is on record: two settled opt-ins, an opt-out, a change from outside, one that
    waits."""
    with ledger.recording(NOW) as entry:
        entry.holding.keep_rule("r" * 64, {"approvers": [BOB], "text": "é"})
        entry.holding.keep_organization("contoso.onmicrosoft.com")
        scanner = register.act(
            entry,
            proposed(entry),
            DeviceAct.LONGER_ASKED,
            actor=BOB,
            why="é",
            changes={"asked_due": DUE + DAY, "asked_by": BOB},
        )
        register.act(entry, scanner, DeviceAct.REPLACED, actor=BOB, to=DeviceState.REPLACED, request_id=1)
        named = proposed(entry, device="Scales", owner_id=None)
        made = approve(entry, approve(entry, asked(entry), BOB), CAROL)
        entry.vote(
            entry.reader.request(made.id),
            person_id=CAROL,
            vote=Vote.TAKEN_BACK,
            door=Door.BOT,
            digest="d" * 64,
            voted_at=NOW,
        )
        sending = entry.move(entry.reader.request(made.id), State.APPROVED, actor=BOB, detail="")
        sending = entry.move(
            sending, State.APPLYING, actor="bot", detail="", sent_at=NOW + timedelta(seconds=1)
        )
        entry.attempt(sending, "sending", client_request_id="c-1", value=SettingValue.OPTED_IN)
        entry.attempt(
            sending, "answered", client_request_id="c-1", detail="Taken.", outcome=WriteOutcome.ACCEPTED
        )
        entry.attempt(
            sending, "read_back", client_request_id="c-2", value=SettingValue.OPTED_IN, detail="read"
        )
        done = entry.move(sending, State.APPLIED, actor="bot", detail="")
        entry.holding.set_baseline(
            Baseline(SettingValue.OPTED_IN, NOW, done.id, done.window_end), why="applied"
        )
        outside = entry.open(
            Kind.OUTSIDE,
            requester_id=None,
            door=Door.BOT,
            to_value=SettingValue.OPTED_OUT,
            from_value=None,
            rule_digest="r" * 64,
        )
        entry.look_again(outside, at=NOW)
        rejected = entry.move(asked(entry), State.REJECTED, actor=BOB, detail="no")
        entry.give_reason(rejected.id, person_id=BOB, reason="The window is too long")
        waiting = asked(
            entry, requester_enterprise_id="E0ALICE", devices=entry.reader.devices.as_named([named.id])
        )
        entry.say(waiting, detail="Said anew.")
        asked(entry, Kind.OPT_OUT)
        for number in range(2):
            keep_answer(
                entry,
                series="weekly",
                key=f"{number}",
                reply=ReminderReply.SNOOZED,
                person_id=ALICE,
                until=NOW,
            )
        entry.holding.keep_rule("s" * 64, {"approvers": []})
    return ledger


UNGUARDED: WeakSet[Database] = WeakSet()


def tamper(database: Database, *statements: str) -> None:
    """Run statements behind the guards' back, which are gone after the first time."""
    with database.write() as connection:
        for guard in (
            () if database in UNGUARDED else guards.SQLITE if database.is_sqlite else guards.POSTGRESQL
        ):
            on = "" if database.is_sqlite else f" ON {guard.table}"
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {guard.name}{on}")
        UNGUARDED.add(database)
        for statement in statements:
            assert connection.execute(text(statement)).rowcount == 1, statement


def found(database: Database) -> list[tuple[str, str, str]]:
    return [(each.table, each.row, each.column) for each in differences(database, TENANT)]


def test_what_the_bot_wrote_agrees(full: Ledger) -> None:
    stood = everything(full.database)
    assert list(differences(full.database, TENANT)) == []
    assert everything(full.database) == stood


def altered(column: str, kind: str) -> str:
    """A value of the right kind that nobody wrote."""
    if kind == "DATETIME":
        return "'2026-01-01 00:00:00.000000+00:00'"
    return (
        "NULL"
        if column == "from_value"
        else "'{}'"
        if column == "body"
        else "5"
        if kind == "INTEGER"
        else "'another'"
    )


@pytest.mark.parametrize("table", UNTOLD)
def test_each_determined_column_that_is_altered_is_named(
    full: Ledger, table: str, subtests: pytest.Subtests
) -> None:
    database, columns = full.database, metadata.tables[table].c
    first = {"baselines": "tenant_id", "organizations": "tenant_id", "reasons": "request_id"}.get(table, "id")
    for column in columns:
        if column.name in UNTOLD[table]:
            continue
        with subtests.test(str(column.name)):
            with database.read() as connection:
                order = f"SELECT {first}, {column.name} FROM {table} ORDER BY {first}"
                key, before = connection.exec_driver_sql(order).first() or (None, None)
            value = "5" if column.foreign_keys else altered(column.name, str(column.type.compile()))
            which = f"WHERE {first} = '{key}'"
            tamper(database, f"UPDATE {table} SET {column.name} = {value} {which}")
            assert found(database) == [(table, str(key), column.name)]
            restored = (
                "NULL" if before is None else "'" + str(before).replace("'", "''").replace(":", r"\:") + "'"
            )
            tamper(database, f"UPDATE {table} SET {column.name} = {restored} {which}")
    assert found(database) == []


UNTOUCHED = {
    "version": "99", "detail": "'another'", "retry_at": "'2026-01-01 00\\:00\\:00.000000'",
    "correlation_id": "'another'",
}  # fmt: skip


@pytest.mark.parametrize("column", UNTOUCHED)
def test_what_no_event_tells_is_not_compared(full: Ledger, column: str) -> None:
    tamper(full.database, f"UPDATE change_requests SET {column} = {UNTOUCHED[column]} WHERE id = 1")
    assert found(full.database) == []


def copy(table: str, identity: str, **changed: str) -> str:
    """A row like another one, put in past the bot."""
    names = [column.name for column in metadata.tables[table].c if column.name != identity]
    values = [changed.get(name, name) for name in names]
    newest = f"(SELECT max({identity}) FROM {table})"
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {table} WHERE "
        f"{identity} = {newest}"
    )


PUT_IN = {
    "decisions": copy("decisions", "id", person_id="'U0MALLORY'"),
    "attempts": copy("attempts", "id", step="'answered'"),
    "rules": copy("rules", "id", digest="'another'"),
    "reminder_answers": copy("reminder_answers", "id", key="'another'"),
    "change_requests": copy("change_requests", "id", kind="'outside'", state="'observed'"),
}


@pytest.mark.parametrize("table", PUT_IN)
def test_a_row_that_was_put_in_is_named_and_those_behind_it_are_not(full: Ledger, table: str) -> None:
    tamper(full.database, PUT_IN[table])
    with full.database.read() as connection:
        number = connection.exec_driver_sql(f"SELECT max(id) FROM {table}").scalar()
    assert found(full.database) == [(table, str(number), "*")]
    with full.recording(NOW) as entry:
        entry.holding.keep_rule("t" * 64, {})
        keep_answer(entry, series="weekly", key="9", reply=ReminderReply.DONE, person_id=ALICE, until=None)
        entry.attempt(entry.reader.request(1), "answered", detail="late")
    assert found(full.database) == [(table, str(number), "*")]


GONE = {
    "decisions": ("DELETE FROM decisions WHERE id = 2", "of #1"),
    "attempts": ("DELETE FROM attempts WHERE id = 1", "of #1"),
    "reasons": ("DELETE FROM reasons WHERE request_id = 3", "of #3"),
    "rules": ("DELETE FROM rules WHERE id = 1", "of a rule event"),
    "baselines": ("DELETE FROM baselines", TENANT),
    "organizations": ("DELETE FROM organizations", TENANT),
    "change_requests": ("DELETE FROM change_requests WHERE id = 4", "4"),
}


@pytest.mark.parametrize("table", GONE)
def test_a_row_that_was_removed_is_named(full: Ledger, table: str) -> None:
    statement, at = GONE[table]
    tamper(full.database, statement)
    assert found(full.database) == [(table, at, "*")]


def test_a_vote_for_another_tenants_eyes_is_found(full: Ledger) -> None:
    tamper(full.database, "UPDATE decisions SET tenant_id = 'another' WHERE id = 1")
    assert found(full.database) == [("decisions", "1", "tenant_id")]


def test_bytes_that_are_no_text_are_named(full: Ledger) -> None:
    if not full.database.is_sqlite:
        return  # PostgreSQL keeps none
    tamper(full.database, "UPDATE change_requests SET reason = CAST(x'ff' AS TEXT) WHERE id = 1")
    tamper(full.database, "UPDATE decisions SET digest = x'00' WHERE id = 1")
    assert found(full.database) == [("change_requests", "1", "reason"), ("decisions", "1", "digest")]


def test_an_event_that_was_altered_is_named_and_ends_the_replay(full: Ledger) -> None:
    tamper(full.database, "UPDATE audit_events SET actor = 'U0MALLORY' WHERE seq = 4")
    assert ("audit_events", "4", "*") in found(full.database)


def test_a_record_of_an_earlier_version_agrees(full: Ledger) -> None:
    """It did not say when a change was sent, nor since when what ought to be holds, nor what an answer
    proves."""
    from storage import ledger as module

    with pytest.MonkeyPatch.context() as patch:
        record = module.Entry.record
        without = ("sent_at", "since", "requester_enterprise_id", "outcome")

        def as_before(
            self: module.Entry,
            kind: str,
            actor: str,
            payload: dict[str, object],
            request_id: int | None = None,
        ) -> str:
            kept = {name: value for name, value in payload.items() if name not in without}
            return record(self, kind, actor, kept, request_id)

        patch.setattr(module.Entry, "record", as_before)
        with full.recording(NOW + timedelta(days=1)) as entry:
            (waiting,) = entry.reader.in_states({State.PENDING})
            sent = entry.move(waiting, State.APPROVED, actor=BOB, detail="")
            sent = entry.move(
                sent, State.APPLYING, actor="bot", detail="", sent_at=NOW + timedelta(days=1, seconds=9)
            )
            entry.attempt(sent, "answered", client_request_id="c-3", detail="accepted: Taken.")
            entry.holding.set_baseline(Baseline(SettingValue.OPTED_IN, NOW, sent.id, None), why="applied")
    assert found(full.database) == []


def test_memory_does_not_grow_with_the_record(full: Ledger) -> None:
    peaks = []
    for more in (200, 400):
        with full.recording(NOW) as entry:
            for _ in range(more):
                approve(entry, asked(entry, Kind.OUTSIDE, reason="x" * 500), BOB)
        tracemalloc.start()
        assert not any(differences(full.database, TENANT))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0], peaks


def test_a_difference_is_named_as_people_look_for_it() -> None:
    assert str(Difference("decisions", "7", "vote", "approve", "reject")) == "decisions 7: vote"
    assert str(Difference("decisions", "7", "*")) == "decisions 7"
