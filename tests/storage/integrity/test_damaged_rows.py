"""A row that cannot be read is left out, and the rows beside it are handed out as ever."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from storage.engine import Database
from storage.errors import Unreadable
from storage.inbox import Inbox
from storage.ledger import Ledger
from storage.ledger_reader import Reader
from storage.lifecycle import OPEN, Kind, State
from storage.messages.outbox import Outbox
from storage.messages.records import ReminderReply
from storage.records import Baseline, Door, Observation, SettingValue, Vote
from storage.reminder_answers import keep_answer
from storage.schema.tables import inbox, notices
from tests.storage.states import ALICE, BOB, CAROL, NOW, TENANT, approve, asked

LATER = NOW + timedelta(minutes=5)
LISTS: dict[str, Callable[[Reader], list[Any]]] = {
    "change_requests": lambda reader: reader.in_states(set(State)),
    "decisions": lambda reader: reader.decisions([1, 2]),
    "attempts": lambda reader: reader.attempts([1, 2]),
    "observations": lambda reader: reader.readings.newest_observations(10),
    "reminder_answers": lambda reader: reader.messages.reminder_answers("weekly"),
}
"""For each table a question that lists its rows: two each, the second of which is damaged."""

ANYWHERE = {
    "change_requests": {
        "kind": "'nonsense'",
        "door": "''",
        "to_value": "'perhaps'",
        "protocols": "'telnet'",
        "from_value": "'no'",
    },
    "decisions": {"vote": "'aye'", "door": "'window'"},
    "attempts": {"value": "'on'"},
    "observations": {"value": "'on'"},
    "reminder_answers": {"reply": "'maybe'"},
}
"""Words that no row of ours holds."""

TIMES = {
    "change_requests": ("created_at", "window_end", "expires_at"),
    "decisions": ("voted_at", "recorded_at"),
    "attempts": ("at",),
    "observations": ("at",),
    "reminder_answers": ("until",),
}
IN_TIMES = {
    "sqlite": ("'soon'", "''", "5", "x'00ff'", "'2026-13-45 00:00:00'"),
    "postgresql": ("'infinity'", "'20260-01-01'"),
}
"""What each database lets stand where an instant belongs, and no program can read."""

IN_TEXTS = {"sqlite": ("CAST(x'ff' AS TEXT)", "x'00ff'"), "postgresql": ()}
TEXTS = {"change_requests": "protocols", "decisions": "vote", "attempts": "value", "observations": "value"}


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    with ledger.recording(NOW) as entry:
        for number in range(2):
            request = asked(entry, Kind.OPT_IN)
            entry.vote(
                request, person_id=BOB, vote=Vote.APPROVE, door=Door.BUTTON, digest="d" * 64, voted_at=NOW
            )
            raised = (
                approve(entry, entry.reader.request(request.id), CAROL)
                if number
                else entry.reader.request(request.id)
            )
            entry.attempt(raised, "sending", client_request_id="c", value=SettingValue.OPTED_IN)
            entry.move(raised, State.WITHDRAWN, actor=ALICE, detail="")
            entry.holding.observe(
                Observation(NOW + timedelta(seconds=number), SettingValue.NOT_SET, None, None, None)
            )
            keep_answer(
                entry, series="weekly", key=f"{number}", reply=ReminderReply.SNOOZED, person_id=BOB, until=NOW
            )
            entry.outbox.owe("answer", f"answer:{number}", recipient=BOB, facts={"what": "greeting"})
    return ledger


def damage(database: Database, table: str, column: str, value: str, which: str) -> None:
    """Put a value where the guards, dropped by an owner of the database, would not have let it."""
    with database.write() as connection:
        if database.is_sqlite:
            named = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
            for name in connection.execute(named, {"table": table}).scalars().all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.exec_driver_sql(f"UPDATE {table} SET {column} = {value} WHERE {which}")


def cases(database: Database, table: str) -> list[tuple[str, str]]:
    kind = "sqlite" if database.is_sqlite else "postgresql"
    words = list(ANYWHERE[table].items())
    times = [(column, value) for column in TIMES[table] for value in IN_TIMES[kind]]
    texts = [(TEXTS[table], value) for value in IN_TEXTS[kind] if table in TEXTS]
    return words + times + texts


@pytest.mark.parametrize("table", LISTS)
def test_a_row_that_cannot_be_read_keeps_nobody_from_the_others(
    full: Ledger, table: str, subtests: pytest.Subtests
) -> None:
    with full.reading() as reader:
        sound = LISTS[table](reader)
    damaged = sound[0] if table == "observations" else sound[-1]  # the newest: of readings, the first
    with full.database.read() as connection:
        last = connection.exec_driver_sql(f"SELECT max(id) FROM {table}").scalar()
    for column, value in cases(full.database, table):
        with full.database.read() as connection:
            before = connection.exec_driver_sql(f"SELECT {column} FROM {table} WHERE id = {last}").scalar()
        with subtests.test(column=column, value=value):
            damage(full.database, table, column, value, f"id = {last}")
            with full.reading() as reader:
                assert LISTS[table](reader) == [one for one in sound if one != damaged]
        restored = "NULL" if before is None else f"'{before}'"
        damage(full.database, table, column, restored, f"id = {last}")
    with full.reading() as reader:
        assert LISTS[table](reader) == sound


def test_a_damaged_request_is_told_from_one_that_is_not_there(full: Ledger) -> None:
    damage(full.database, "change_requests", "door", "'window'", "id = 1")
    with full.reading() as reader:
        with pytest.raises(Unreadable, match="#1 cannot be read"):
            reader.request(1)
        assert reader.find(1) is None
        assert [request.id for request in reader.page(limit=5)] == [2]


def test_an_opt_out_that_would_opt_in_is_no_request_at_all(full: Ledger) -> None:
    damage(full.database, "change_requests", "kind", "'opt_out'", "id = 1")
    with full.reading() as reader, pytest.raises(Unreadable):
        reader.request(1)


def test_words_that_nobody_knows_are_not_counted(full: Ledger) -> None:
    damage(full.database, "change_requests", "state", "'nonsense'", "id = 1")
    damage(full.database, "decisions", "vote", "'aye'", "id = 1")
    with full.reading() as reader:
        assert reader.counts() == {State.WITHDRAWN: 1}
        assert len(reader.decisions_since(0)[0]) == 2
        assert not reader.in_states(OPEN)


FACTS = ("'{'", "'[]'", "''", "'null'", """'{"text": 5}'""")


@pytest.mark.parametrize("facts", FACTS)
def test_a_message_that_cannot_be_read_holds_no_other_up(full: Ledger, facts: str) -> None:
    damage(full.database, "notices", "facts", facts, "key = 'answer:0'")
    outbox = Outbox(full.database, TENANT)
    (found,) = outbox.claim(LATER, kinds=["answer"])
    assert found.key == "answer:1"
    assert outbox.oldest_owed(LATER) == NOW
    with full.reading() as reader:
        assert reader.messages.newest_announcement("greeting") == {"what": "greeting"}


def test_a_time_that_is_none_holds_no_message_up(full: Ledger) -> None:
    value = "'*'" if full.database.is_sqlite else "'-infinity'"
    damage(full.database, "notices", "created_at", value, "key = 'answer:0'")
    outbox = Outbox(full.database, TENANT)
    assert outbox.oldest_owed(LATER) is None
    assert [found.key for found in outbox.claim(LATER, kinds=["answer"])] == ["answer:1"]
    assert outbox.oldest_owed(LATER) == NOW


@pytest.mark.parametrize("payload", FACTS)
def test_a_delivery_that_cannot_be_read_holds_no_other_up(full: Ledger, payload: str) -> None:
    kept = Inbox(full.database, TENANT)
    for key in ("first", "second"):
        kept.put(key, "vote", {"person": BOB}, now=NOW, patience=1)
    damage(full.database, "inbox", "payload", payload, "key = 'first'")
    with full.database.write() as connection:
        connection.execute(update(inbox).values(claimed_until=0))
        connection.execute(update(notices).values(claimed_until=0))
    assert [found.key for found in kept.claim_waiting(NOW)] == ["second"]


END = NOW + timedelta(days=30)


@pytest.mark.parametrize("column", ["window_end", "value", "since"])
def test_what_ought_to_be_is_taken_from_the_record_where_the_row_says_otherwise(
    full: Ledger, column: str
) -> None:
    with full.recording(NOW) as entry:
        entry.holding.set_baseline(Baseline(SettingValue.OPTED_IN, NOW, 1, END), why="applied")
    ends, values, starts = ("NULL", "'2076-01-01 00:00:00'"), ("'opted out'", "'on'"), ("'2026-01-01'",)
    other = {"window_end": ends, "value": values, "since": starts}[column]
    broken = {"sqlite": "'soon'", "postgresql": "'infinity'"}[
        "sqlite" if full.database.is_sqlite else "postgresql"
    ]
    for value in (*other, *([broken] if column != "value" else [])):
        damage(full.database, "baselines", column, value, "request_id = 1")
        with full.reading() as reader:
            assert reader.baseline() == Baseline(SettingValue.OPTED_IN, NOW, 1, END)


def test_a_row_that_no_event_tells_of_is_replaced_by_the_next_change(full: Ledger) -> None:
    with full.database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO baselines (tenant_id, value, since) VALUES (:tenant, 'on', '2026-01-01 "
                "00:00:00')"
            ),
            {"tenant": TENANT},
        )
    with full.recording(NOW) as entry:
        assert entry.reader.baseline() is None
        entry.holding.set_baseline(Baseline(SettingValue.OPTED_OUT, NOW, None, None), why="first reading")
        assert entry.reader.baseline() == Baseline(SettingValue.OPTED_OUT, NOW, None, None)
