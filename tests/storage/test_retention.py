"""Old readings, deliveries and sent messages go; the record, and whatever is still owed or looked at,
stays."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, make_url, select

from storage import sightings
from storage.engine import Database, Unreachable
from storage.inbox import Inbox
from storage.ledger import Ledger
from storage.messages.outbox import Outbox
from storage.messages.records import ReminderReply
from storage.probes import keep_version
from storage.record.verify import verify
from storage.records import Baseline, Observation, SettingValue
from storage.reminder_answers import keep_answer
from storage.retention import BATCH, KEPT, prune
from storage.schema.tables import inbox, metadata, notices, observations
from storage.sightings import NewReport, Sighting
from storage.streams import Streams
from tests.postgres import _libpq, _text
from tests.storage.states import BOB, NOW, TENANT, approve, asked, everything, proposed

OLD, CUT = NOW - timedelta(days=500), NOW - timedelta(days=400)
PASSING = ("card", "answer")
RECORD = {
    "change_requests",
    "decisions",
    "reasons",
    "attempts",
    "rules",
    "audit_events",
    "baselines",
    "organizations",
}


def a_year_and_more(ledger: Ledger, at: datetime) -> None:
    """Everything that happens: asked, voted, sent, observed, told."""
    with ledger.recording(at) as entry:
        request = approve(entry, asked(entry), BOB)
        entry.attempt(request, "sending", client_request_id="x")
        entry.holding.keep_rule("r" * 64, {"approvers": [BOB]})
        entry.holding.set_baseline(Baseline(SettingValue.OPTED_IN, at, request.id, None), why="applied")
        for number in range(20):
            value = None if number % 2 else SettingValue.OPTED_IN
            entry.holding.observe(
                Observation(at + timedelta(seconds=number), value, None, "contoso.onmicrosoft.com", None)
            )
        proposed(entry)
        seen = Sighting("scan@contoso.com", 100.0, 0.0, 0.0, 7, is_legacy=True, last_seen=None)
        sightings.keep(
            entry,
            NewReport("smtp-auth-clients", None, None, f"{at}", 1, tells_tls=True),
            [seen],
            by=BOB,
            registered=[],
        )
        keep_answer(
            entry, series="weekly:1", key=f"weekly:{at}", reply=ReminderReply.SNOOZED, person_id=BOB, until=at
        )
        keep_version(
            entry.connection, entry.tenant_id, host="a.example", port=587, tls="1.0", accepted=True, at=at
        )
        for kind in (*PASSING, "channel"):
            entry.outbox.owe(kind, f"{kind}:sent:{at}", recipient=BOB)
    outbox = Outbox(ledger.database, ledger.tenant_id)
    streams = Streams(ledger.database, ledger.tenant_id, "receiver")
    (event,) = streams.behind(streams.position(), 1)
    streams.taken(streams.position(), event, at)
    outbox.keep_permalink(request.id, "https://contoso.slack.com/archives/C0CHANGES/p1")
    for notice in outbox.claim(at, kinds=[*PASSING, "channel"]):
        outbox.delivered(notice, now=at)
    for key in ("done", "waiting"):
        item = Inbox(ledger.database, ledger.tenant_id).put(f"{key}:{at}", "vote", {}, now=at, patience=1)
        with ledger.recording(at) as entry:
            if key == "done" and item is not None:
                entry.finish_inbox(item.key)
            else:
                entry.outbox.owe("answer", f"owed:{at}", recipient=BOB)


def left(database: Database, table: Any) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_what_is_old_goes_and_the_record_stays(ledger: Ledger, database: Database) -> None:
    a_year_and_more(ledger, OLD)
    before = everything(database)
    assert prune(database, TENANT, before=CUT, kinds=PASSING) == 10 + 1 + 2
    after = everything(database)
    assert {name: after[name] for name in RECORD} == {name: before[name] for name in RECORD}
    assert verify(database, TENANT).ok
    assert prune(database, TENANT, before=CUT, kinds=PASSING) == 0
    with database.read() as connection:
        found = connection.execute(select(notices.c.kind, notices.c.delivered_at.is_(None)))
        assert {tuple(row) for row in found} == {
            ("channel", False), ("answer", True),
        }  # fmt: skip
        assert connection.execute(select(inbox.c.done_at)).scalars().all() == [None]


def test_the_newest_readings_and_the_newest_with_a_value_stay_however_old(
    ledger: Ledger, database: Database
) -> None:
    with ledger.recording(OLD) as entry:
        entry.holding.observe(Observation(OLD, SettingValue.OPTED_IN, None, None, None))
        for number in range(3 * KEPT):
            entry.holding.observe(
                Observation(OLD, None, None, None, f"Exchange could not be reached ({number}).")
            )
    prune(database, TENANT, before=CUT, kinds=PASSING)
    assert left(database, observations) == KEPT + 1
    with ledger.reading() as reader:
        newest, readable = (
            reader.readings.newest_observation(),
            reader.readings.newest_observation(readable=True),
        )
    assert newest is not None
    assert readable is not None
    assert (newest.value, readable.value) == (None, SettingValue.OPTED_IN)


def test_what_is_young_or_belongs_to_another_tenant_stays(ledger: Ledger, database: Database) -> None:
    a_year_and_more(ledger, NOW)
    a_year_and_more(Ledger(database, "another"), OLD)
    before = everything(database)
    assert prune(database, TENANT, before=CUT, kinds=PASSING) == 0
    assert everything(database) == before


def test_much_goes_a_batch_at_a_time(ledger: Ledger, database: Database) -> None:
    with ledger.recording(OLD) as entry:
        for number in range(BATCH + 100 + KEPT):
            entry.holding.observe(
                Observation(OLD, SettingValue.NOT_SET, None, None, None, OLD + timedelta(seconds=number))
            )
    assert prune(database, TENANT, before=CUT, kinds=PASSING) == BATCH
    assert prune(database, TENANT, before=CUT, kinds=PASSING) == 100
    assert left(database, observations) == KEPT


def test_a_role_that_may_not_delete_is_told_in_a_sentence(migrated_postgres_url: str) -> None:
    url = make_url(migrated_postgres_url)
    role = f"reader_{url.database}"
    with psycopg.connect(_libpq(url), autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
        for table in metadata.tables:
            owner.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO {role}".encode())
    theirs = Database(migrated_postgres_url)
    a_year_and_more(Ledger(theirs, TENANT), OLD)
    theirs.close()
    database = Database(_text(url.set(username=role, password="x")))
    try:
        with pytest.raises(Unreachable, match="lacks a privilege"):
            prune(database, TENANT, before=CUT, kinds=PASSING)
    finally:
        database.close()
        with psycopg.connect(_libpq(url), autocommit=True) as owner:
            owner.execute(f"DROP OWNED BY {role}".encode())
            owner.execute(f"DROP ROLE {role}".encode())
