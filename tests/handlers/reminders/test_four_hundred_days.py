"""Two replicas on one PostgreSQL remind for four hundred days and are killed at random: every slot is owed
and told once.

What has to be told is what a single bot tells that is never killed, over the same days. A death between the
posting and the note of it may leave a second copy, as docs/limits.md says; each of those deaths is counted,
and no other copy is forgiven.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from handlers.delivery.deliver import Delivery
from handlers.outgoing.announcement_view import AnnouncementView
from handlers.ports import Place
from handlers.reminders.remind import Reminders
from storage.engine import Database
from storage.ledger import Entry
from storage.records import SettingValue
from storage.schema.tables import notices
from tests.counting import Tally
from tests.handlers.driver import ALICE, BOB, RULE, House

BERLIN = "Europe/Berlin"
BEGIN = datetime(2026, 11, 23, 9, 30, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)
LONG_RULE = replace(RULE, max_window=timedelta(days=400), timezone=BERLIN)
DAY = timedelta(days=1)
LEASE = threading.Lock()
"""The lease under which one replica at a time posts to the channel; owing knows no such order."""


class Killed(BaseException):
    """The process is gone in the middle of whatever it did."""


@dataclass
class Death:
    """Strikes at random, and counts where it did."""

    dice: random.Random
    struck: Counter[str] = field(default_factory=Counter)
    forgiven: Counter[str] = field(default_factory=Counter)
    """By slot: how often a process died after it had posted and before it could note that."""

    def comes(self, where: str, slot: str = "") -> None:
        if self.dice.random() < 0.15:
            self.struck[where] += 1
            self.forgiven[slot] += bool(slot)
            raise Killed


class Mortal:
    """One replica whose process may die at any step of reminding, and is started again."""

    def __init__(self, house: House, death: Death, certificate: datetime) -> None:
        self.house, self._death, self._certificate = house, death, certificate
        self.told: list[str] = []
        self._recording, self._announce = house.ledger.recording, house.board.announce
        self._start()

    def look(self) -> None:
        """Remind and post, as often as it takes to get through once alive."""
        while True:
            try:
                with self._in_danger():
                    self._reminders.run()
                    self._death.comes("between owing and posting")
                    with LEASE:
                        self.house.deliver()
            except Killed:
                self._start()
                continue
            return

    def _start(self) -> None:
        house = self.house
        house.start(LONG_RULE)
        house.context = replace(house.context, certificate_expires=lambda: self._certificate)
        house.delivery = Delivery(house.context, house.outbox, house.board)
        self._reminders = Reminders(house.context)
        # as if the half minute of a dead sender's claim were over
        with LEASE, house.database.write() as connection:
            connection.execute(
                update(notices).where(notices.c.delivered_at.is_(None)).values(claimed_until=0)
            )

    @contextmanager
    def _in_danger(self) -> Iterator[None]:
        ledger: Any = self.house.ledger
        board: Any = self.house.board
        ledger.recording, board.announce = self._deadly_recording, self._deadly_announce
        try:
            yield
        finally:
            ledger.recording, board.announce = self._recording, self._announce

    @contextmanager
    def _deadly_recording(self, now: datetime, **waiting: float) -> Iterator[Entry]:
        with self._recording(now, **waiting) as entry:
            yield entry
            self._death.comes("before the commit")

    def _deadly_announce(self, view: AnnouncementView, place: Place | None = None) -> Place:
        self._death.comes("before posting")
        shown = self._announce(view, place)
        self.told.append(view.offer.slot or view.said.kind)
        self._death.comes("between posting and noting", self.told[-1])
        return shown


def opt_in(house: House, days: int) -> None:
    house.observe()
    number = house.ask(ALICE, day=BEGIN.date() + timedelta(days=days)).id
    house.approve(BOB, number)
    house.work()
    assert house.tenant.value is SettingValue.OPTED_IN


def live(first: House, looks: Callable[[], object], days: int, dice: random.Random) -> None:
    """Every day at about ten and at about three; the clock is sometimes set back by an hour."""
    for ahead in range(days):
        for hours in (1, 6):
            first.clock.at = BEGIN + ahead * DAY + timedelta(hours=hours, minutes=dice.randrange(50))
            looks()
            if dice.random() < 0.1:
                first.clock.advance(hours=-1)
                looks()
        first.clock.at = BEGIN + ahead * DAY + timedelta(hours=15)
        first.work()


def slots_owed(house: House) -> Counter[str]:
    return Counter(row.key for row in house.owed("channel") if not row.key.startswith("rule:"))


def undisturbed(
    database: Database, days: int, window: int, certificate: datetime
) -> tuple[set[str], list[str]]:
    """What one bot owes and tells that never dies."""
    house = House(database, at=BEGIN, rule=LONG_RULE)
    opt_in(house, window)
    calm = Mortal(house, Death(random.Random(0)), certificate)

    def look() -> None:
        Reminders(house.context).run()
        house.deliver()

    house.board.announced.clear()
    assert calm.told == []
    live(house, look, days, random.Random(days))
    return set(slots_owed(house)), [facts.get("slot", facts["what"]) for facts in house.board.announced]


@pytest.mark.parametrize(
    ("days", "window"),
    [(24, 16), pytest.param(400, 380, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
)
def test_every_slot_is_owed_and_told_exactly_once(
    days: int, window: int, database: Database, migrated_postgres_url: str, tally: Tally
) -> None:
    certificate = BEGIN + timedelta(days=days - 5, hours=3)
    expected, expected_told = undisturbed(database, days, window, certificate)
    death = Death(random.Random(4711))
    databases = [Database(migrated_postgres_url) for _ in range(2)]
    first, second = (House(opened, at=BEGIN, rule=LONG_RULE) for opened in databases)
    second.tenant, second.clock, second.workspace = first.tenant, first.clock, first.workspace
    opt_in(first, window)
    replicas = [Mortal(house, death, certificate) for house in (first, second)]

    def both_look() -> None:
        with ThreadPoolExecutor(2) as at_once:
            for looked in [at_once.submit(replica.look) for replica in replicas]:
                looked.result()

    live(first, both_look, days, random.Random(days))
    owed = slots_owed(second)
    told = Counter(replicas[0].told + replicas[1].told)
    left = [row.key for row in first.owed("channel") if row.delivered_at is None]
    for opened in databases:
        opened.close()
    tally("simulated days of two replicas on PostgreSQL", days)
    tally("deaths of a replica in those days", sum(death.struck.values()))
    tally("reminders in those days: each owed once", len(owed))
    assert left == []
    assert set(owed.values()) == {1}
    assert set(owed) == expected
    assert Counter(expected_told) == told - death.forgiven
    assert all(told[slot] >= 1 for slot in expected_told)
    assert sum(death.struck.values()) > days // 4
