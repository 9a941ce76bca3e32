"""A death between any two steps of the stream, time stamps and the daily search loses nothing, and doubles no
event.

A step is a write, a commit, or a call outside, each with a moment before and one after it. What the dead
process knew is gone; the next one has the database alone. The record then is the one that no death would have
left.
"""

import gc
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.stream import sending
from bot.stream.event_receiver import Answer, body_of
from bot.stream.sending import Stream
from handlers.evidence.daily_job import Keeping
from handlers.evidence.daily_values import Days
from handlers.evidence.heads import Heads, Stamping
from handlers.evidence.reconciliation import Reconciliation
from handlers.outgoing.notices import enqueue_announcement
from handlers.outgoing.reminders import Head
from handlers.ports import AuditRow, Place, TimeStamp
from storage.engine import Database
from storage.jobs.leases import Leases, TenantDuty
from storage.ledger import Ledger
from storage.messages.outbox import Outbox
from storage.messages.records import NoticeKind
from storage.migrate import upgrade
from storage.record.export import Event, lines
from storage.record.table_comparison import differences
from storage.record.verify import verify
from storage.records import SettingValue
from storage.streams import Streams
from tests.handlers.driver import ALICE, BOB, TENANT, House

WRITES = ("INSERT", "UPDATE", "COMMIT")
SPARSE = 23
"""Every so many moments are played in the line; all of them with ``-m long``."""


class Death(BaseException):
    """The process is killed here."""


@dataclass
class Outside:
    """What no death of ours takes back: Exchange, Slack, the time-stamping service and the receiver."""

    now: datetime
    at: datetime
    die_at: int | None = None
    moments: int = 0
    posted: list[tuple[int, str]] = field(default_factory=list)
    stamped: int = 0
    origin: str = "https://events.example"

    def moment(self) -> None:
        self.moments += 1
        if self.moments == self.die_at:
            raise Death

    def around(self, deed: Callable[[], Any]) -> Any:
        self.moment()
        done = deed()
        self.moment()
        return done

    def search(self, since: datetime, until: datetime) -> list[AuditRow]:
        own = AuditRow("a", self.at, "app", SettingValue.OPTED_IN, succeeded=True, own=True)
        strange = AuditRow(
            "b", self.at - timedelta(hours=26), "erin", SettingValue.OPTED_IN, succeeded=True, own=False
        )
        return self.around(lambda: [row for row in (strange, own) if since <= row.at <= until])  # type: ignore[no-any-return]

    def permalink(self, place: Place) -> str | None:
        return self.around(lambda: f"https://contoso.slack.com/{place.channel}/{place.ts}")  # type: ignore[no-any-return]

    def stamp(self, data: bytes) -> TimeStamp:
        def done() -> TimeStamp:
            self.stamped += 1
            return TimeStamp(b"DER" + data, self.now, "Contoso Time", verified=True)

        return self.around(done)  # type: ignore[no-any-return]

    def post(self, event: Event, now: datetime) -> Answer:
        self.around(lambda: self.posted.append((int(str(event["seq"])), body_of(event))))
        return Answer(204)


def live(database: Database, outside: Outside) -> None:
    """One life of the two duties, until nothing is left to do."""
    ledger = Ledger(database, TENANT)

    def clock() -> datetime:
        return outside.now

    reconciliation = Reconciliation(ledger, outside, operators=(BOB,))
    stamping = Stamping(ledger, outside)
    keeping = Keeping(
        Days(ledger),
        reconciliation,
        Heads(ledger, outside.permalink),
        stamping,
        clock=clock,
        monotonic=lambda: 0,
    )
    stream = Stream(ledger, Streams(database, TENANT, "x"), outside, clock=clock, operators=())  # type: ignore[arg-type]
    lease = Leases(database, "this process").take(TenantDuty.STREAM.lease(TENANT))
    assert lease is not None
    stream.send(lease)
    keeping.run()
    while stream.send(lease):
        continue


def watched(database: Database, outside: Outside) -> None:
    """Make every write and commit a step."""

    def before(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().startswith(WRITES):
            outside.moment()

    for name in ("before_cursor_execute", "after_cursor_execute"):
        event.listen(database.engine, name, before)


@dataclass(frozen=True)
class Beginning:
    file: Path
    at: datetime

    def copied(self, folder: Path) -> str:
        return f"sqlite:///{shutil.copy(self.file, folder / 'record.db')}"


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Beginning:
    """A record of a day with a change, of which the audit log has a row, and a head that arrived in Slack."""
    file = tmp_path_factory.mktemp("beginning") / "record.db"
    upgrade(f"sqlite:///{file}")
    database = Database(f"sqlite:///{file}")
    house = House(database)
    house.observe()
    house.clock.advance(days=2)
    house.approve(BOB, house.ask(ALICE).id)
    house.work()
    with house.ledger.recording(house.clock()) as entry:
        sequence, digest = entry.reader.head()
        enqueue_announcement(entry, "head:today", Head(sequence=sequence, head=digest))
    house.deliver()
    (sent,) = (step.at for step in house.attempts(1) if step.step == "sending")
    database.close()
    return Beginning(file, sent)


def died_and_went_on(
    beginning: Beginning, folder: Path, die_at: int | None
) -> tuple[Outside, list[str], list[str]]:
    """What is outside, the record, and the keys of the messages owed, when a second life has done the
    rest."""
    folder.mkdir()
    outside = Outside(beginning.at + timedelta(days=1, hours=14), beginning.at, die_at)
    url = beginning.copied(folder)
    for _ in range(1 if die_at is None else 2):
        database = Database(url)
        watched(database, outside)
        try:
            live(database, outside)
        except Death:
            pass
        finally:
            database.close()
            # a cursor that the death left behind would hold the file's lock, which no dead process does
            gc.collect()
    database = Database(url)
    assert verify(database, TENANT).ok
    assert list(differences(database, TENANT)) == []
    record, owed = (
        list(lines(database, TENANT)),
        Outbox(database, TENANT).claim(outside.now, kinds=(NoticeKind.CHANNEL,), limit=100),
    )
    database.close()
    return outside, record, sorted(notice.key for notice in owed)


def judge(beginning: Beginning, folder: Path, every: int) -> int:
    """Die at so many of the moments, and hold what is left against a life without a death; returns how many
    there are."""
    whole, expected, owed = died_and_went_on(beginning, folder / "whole", None)
    assert {'"kind":"day"', '"kind":"head_posted"', '"kind":"reconciled"', '"kind":"timestamped"'} <= {
        part for line in expected for part in line.split(",")
    }
    assert [seq for seq, _ in whole.posted] == list(range(1, len(expected) + 1))
    for moment in range(every, whole.moments + 1, every):
        outside, record, told = died_and_went_on(beginning, folder / str(moment), moment)
        assert (record, told) == (expected, owed), moment
        assert outside.moments > moment
        assert list(dict.fromkeys(seq for seq, _ in outside.posted)) == [seq for seq, _ in whole.posted], (
            moment
        )
        assert dict(outside.posted) == dict(whole.posted), moment
        assert set(outside.posted) == set(whole.posted), moment
        assert len(outside.posted) - len(whole.posted) <= sending.BATCH, moment
    return whole.moments


@pytest.fixture(autouse=True)
def in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "BATCH", 4)


def test_a_death_at_some_moments_loses_nothing_and_doubles_nothing(
    beginning: Beginning, tmp_path: Path
) -> None:
    assert judge(beginning, tmp_path, SPARSE) > 4 * SPARSE


@pytest.mark.long
def test_a_death_at_any_moment_loses_nothing_and_doubles_nothing(
    beginning: Beginning, tmp_path: Path
) -> None:
    judge(beginning, tmp_path, 1)
