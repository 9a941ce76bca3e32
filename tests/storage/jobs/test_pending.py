"""Whose ledger has something to do is asked once over all tenants, by what is open alone, and nobody with
work is left out."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from storage.engine import Database
from storage.inbox import Inbox
from storage.jobs.pending import Pending
from storage.ledger import Ledger
from storage.lifecycle import Kind, State
from storage.messages.outbox import Outbox
from storage.messages.records import NoticeKind
from storage.records import Baseline, Observation, SettingValue
from tests.storage.states import BOB, NOW, TENANT, asked, brought_to, opened

IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT


@pytest.fixture
def pending(database: Database) -> Pending:
    return Pending(database)


@pytest.fixture
def other(database: Database) -> Ledger:
    return Ledger(database, "another")


@pytest.mark.parametrize("state", State)
def test_whoever_has_a_change_on_its_way_is_named_once(
    state: State, ledger: Ledger, other: Ledger, pending: Pending
) -> None:
    brought_to(ledger, state)
    assert pending.changes() == (
        [TENANT] if state in (State.APPROVED, State.APPLYING, State.UNCERTAIN) else []
    )
    for each in (ledger, other):
        opened(each, Kind.OPT_OUT)
    assert sorted(pending.changes()) == sorted([TENANT, "another"])


def test_an_uncertain_opt_out_is_a_change_on_its_way(ledger: Ledger, pending: Pending) -> None:
    request = opened(ledger, Kind.OPT_OUT)
    for state in (State.APPLYING, State.UNCERTAIN):
        with ledger.recording(NOW) as entry:
            request = entry.move(request, state, actor=BOB, detail="")
    assert pending.changes() == [TENANT]


def test_messages_are_owed_by_their_kinds_until_they_are_delivered(ledger: Ledger, pending: Pending) -> None:
    with ledger.recording(NOW) as entry:
        entry.outbox.owe(NoticeKind.CARD, "card:1")
        entry.outbox.owe(NoticeKind.CARD, "card:2", due_at=NOW + timedelta(hours=1))
        entry.outbox.owe(NoticeKind.ANSWER, "answer:1", recipient=BOB)
    assert (
        pending.messages([NoticeKind.CARD, NoticeKind.CHANNEL])
        == pending.messages([NoticeKind.ANSWER])
        == [TENANT]
    )
    assert pending.messages([NoticeKind.CHANNEL]) == []
    outbox = Outbox(ledger.database, TENANT)
    for notice in outbox.claim(NOW, kinds=[NoticeKind.ANSWER]):
        outbox.delivered(notice, now=NOW)
    assert pending.messages([NoticeKind.ANSWER]) == []


def test_what_people_did_waits_until_it_is_dealt_with(ledger: Ledger, pending: Pending) -> None:
    item = Inbox(ledger.database, TENANT).put("click:1", "vote", {}, now=NOW, patience=1)
    assert item is not None
    assert pending.deliveries() == [TENANT]
    with ledger.recording(NOW) as entry:
        entry.finish_inbox(item.key)
    assert pending.deliveries() == []


def test_an_author_is_looked_up_when_that_is_due(ledger: Ledger, pending: Pending) -> None:
    with ledger.recording(NOW) as entry:
        change = asked(entry, Kind.OUTSIDE)
        entry.look_again(change, at=NOW + timedelta(minutes=2))
    assert pending.authors(NOW) == []
    assert pending.authors(NOW + timedelta(minutes=2)) == [TENANT]


@pytest.mark.parametrize(
    ("ought", "read", "unexpected"),
    [
        (OUT, (OUT,), False),
        (OUT, (OUT, IN), True),
        (OUT, (IN, OUT), False),
        (OUT, (OUT, None), False),
        (None, (IN,), False),
    ],
)
def test_a_reading_that_ought_not_to_be_is_named(
    ought: SettingValue | None,
    read: tuple[SettingValue | None, ...],
    unexpected: bool,
    ledger: Ledger,
    pending: Pending,
) -> None:
    with ledger.recording(NOW) as entry:
        if ought is not None:
            entry.holding.set_baseline(Baseline(ought, NOW, None, None), why="first reading")
        for value in read:
            entry.holding.observe(Observation(NOW, value, None, None, None if value else "timed out"))
    assert pending.unexpected() == ([TENANT] if unexpected else [])


def test_each_question_goes_by_an_index_of_what_is_open(migrated_sqlite_url: str) -> None:
    """So what is settled, and grows for ever, is not passed through every second."""
    database = Database(migrated_sqlite_url)
    asked: list[tuple[str, Any]] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda c, cursor, sql, given, *_: asked.append((sql, given))
    )
    pending = Pending(database)
    for ask in (
        pending.changes,
        pending.deliveries,
        lambda: pending.messages([NoticeKind.CARD]),
        lambda: pending.authors(NOW),
    ):
        ask()
    plans = []
    with database.read() as connection:
        for sql, given in [each for each in asked if each[0].startswith("SELECT")]:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)
            plans.append(" ".join(str(row[-1]) for row in plan))
    database.close()
    assert [plan.split("INDEX ")[-1].split()[0] for plan in plans] == [
        "ix_change_requests_open",
        "ix_inbox_waiting",
        "ix_notices_owed",
        "ix_change_requests_attributable",
    ], plans


def test_a_tenant_s_id_is_read_from_its_own_rows_alone(
    ledger: Ledger, other: Ledger, pending: Pending
) -> None:
    with other.recording(NOW) as entry:
        entry.outbox.owe(NoticeKind.CARD, "card:1")
    assert pending.messages([NoticeKind.CARD]) == ["another"]
    with ledger.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM notices")).scalar() == 1


def test_a_row_whose_tenant_cannot_be_read_hides_no_other(migrated_sqlite_url: str) -> None:
    database = Database(migrated_sqlite_url)
    pending = Pending(database)
    for tenant_id in ("damaged", TENANT):
        ledger = Ledger(database, tenant_id)
        with ledger.recording(NOW) as entry:
            entry.outbox.owe(NoticeKind.CARD, f"card:{tenant_id}")
            entry.holding.set_baseline(Baseline(OUT, NOW, None, None), why="first reading")
            entry.holding.observe(Observation(NOW, IN, None, None, None))
        Inbox(database, tenant_id).put(f"click:{tenant_id}", "vote", {}, now=NOW, patience=1)
    with database.write() as connection:
        for table in ("notices", "inbox", "baselines", "observations"):
            connection.execute(
                text(f"UPDATE {table} SET tenant_id = CAST(x'ff00' AS TEXT) WHERE tenant_id = 'damaged'")
            )
    for found in (pending.messages([NoticeKind.CARD]), pending.deliveries(), pending.unexpected()):
        assert TENANT in found
    database.close()
