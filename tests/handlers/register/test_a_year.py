"""A year with thirty devices and two replicas that die at random: each owner hears exactly what they should,
once.

What that is is told here from the lives of the devices alone, a day after the other. A death between a
posting and the note of it may leave a second copy (docs/limits.md): each is counted, and no other copy is
forgiven.
"""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from handlers.changes.opt_out import OptOuts
from handlers.commands import Command
from handlers.outgoing.announcement_view import AnnouncementView
from handlers.ports import Place
from handlers.register.commands import AcceptDevice, ChangeDay, ChangeOwner, NeedLonger, NotMine, Replaced
from handlers.register.none_left import NoneLeft
from handlers.register.owner_reminders import OwnerReminders
from handlers.register.weekly_message import WeeklyDevices
from storage.engine import Database
from storage.record.table_comparison import differences
from storage.records import SettingValue
from storage.schema.tables import notices
from tests.counting import Tally
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, ERIN, NOW, RULE, TENANT, House
from tests.handlers.register.registering import added, do, opted_in
from tests.handlers.reminders.test_four_hundred_days import LEASE, Death, Killed

OWNERS = (ERIN, DAVE, CAROL)
LONG_RULE = replace(RULE, max_window=timedelta(days=500))
DAY = timedelta(days=1)
BEGIN = NOW.date()

Heard = tuple[str, int, int]
"""Who was asked about which device, with how many days left."""


@dataclass
class Life:
    """What happens to one device, by the day on which it happens, and how it stands so far."""

    number: int
    due: date
    owner: str | None
    acts: dict[date, list[tuple[str, Command]]] = field(default_factory=dict)
    ends: date = date.max
    told: set[tuple[date, date]] = field(default_factory=set)

    def heard(self, today: date) -> Iterator[Heard]:
        """What is to be told on this working day, once for each due day and distance, the nearest alone."""
        if today > self.ends:
            return
        marks = [self.due - timedelta(days=before) for before in (14, 7, 1)]
        marks += [self.due + timedelta(weeks=week) for week in range(1, 60)]
        come = [mark for mark in marks if BEGIN < mark <= today]
        if come and (self.due, come[-1]) not in self.told:
            self.told.add((self.due, come[-1]))
            if self.owner is not None:
                yield self.owner, self.number, (self.due - today).days

    def live(self, today: date) -> Iterator[tuple[str, Command]]:
        """What people do on this day, which is how it stands from then on."""
        for person, act in self.acts.get(today, ()):
            match act:
                case ChangeDay() if act.due < self.due:  # a later day would wait for somebody
                    self.due = act.due
                case AcceptDevice():
                    self.due = next(
                        asked.due for _, asked in self.acts[today] if isinstance(asked, NeedLonger)
                    )
                case ChangeOwner():
                    self.owner = act.owner
                case NotMine():
                    self.owner = None
                case Replaced():
                    self.ends = today - DAY  # nothing is to be heard of it from this moment on
                case _:
                    pass
            yield person, act


def lives(house: House, count: int, days: int, dice: random.Random) -> list[Life]:
    """Devices with a due day each, of which some are moved, asked longer for, handed over and given back;
    each goes."""
    made = []
    for number in range(count):
        due, owner = BEGIN + timedelta(days=dice.randrange(15, days - 10)), dice.choice(OWNERS)
        one = Life(added(house, device=f"Scanner {number}", owner=owner, due=due).id, due, owner)
        gone = BEGIN + timedelta(days=min(days - 5, max(3, (due - BEGIN).days + dice.randrange(-20, 25))))
        if number == 0:
            gone = BEGIN + timedelta(days=days - 3)  # the last of all
        for act in dice.sample(("earlier", "longer", "handed over", "given back"), dice.randrange(3)):
            plan(one, act, gone, dice)
        one.acts.setdefault(gone, []).append((BOB, Replaced(one.number)))
        made.append(one)
    return made


def plan(one: Life, act: str, gone: date, dice: random.Random) -> None:
    """Let one thing happen to a device on a day of its own, before it goes."""
    every = (BEGIN + timedelta(days=ahead) for ahead in range(2, (gone - BEGIN).days))
    free = [day for day in every if day not in one.acts]
    if not free:
        return
    today, number = dice.choice(free), one.number
    if act == "earlier":
        one.acts[today] = [(ALICE, ChangeDay(number, today + timedelta(days=dice.randrange(9)), ""))]
    elif act == "longer":
        later = today + timedelta(days=dice.randrange(30, 40))
        one.acts[today] = [
            (ALICE, NeedLonger(number, later, "The new one is late")),
            (BOB, AcceptDevice(number)),
        ]
    else:
        one.acts[today] = [(ALICE, ChangeOwner(number, dice.choice(OWNERS)))]


class Mortal:
    """One replica, whose process may die at any step and is started again."""

    def __init__(self, house: House, death: Death) -> None:
        self.house, self._death = house, death
        self.told: list[Heard] = []
        self.weeks: list[str] = []
        board: Any = house.board
        self._recording, self._tell = house.ledger.recording, board.tell
        self.start()

    def start(self) -> None:
        """Begin anew, as if the half minute of a dead sender's claim were over."""
        house = self.house
        house.start(LONG_RULE)
        house.context = replace(house.context, opts_out_when_none_left=True)
        with LEASE, house.database.write() as connection:
            connection.execute(
                update(notices).where(notices.c.delivered_at.is_(None)).values(claimed_until=0)
            )

    def look(self) -> None:
        """Look for what is due and send it, as often as it takes to get through once alive."""
        while True:
            try:
                with self._in_danger():
                    context = self.house.context
                    OwnerReminders(context).run()
                    WeeklyDevices(context).run()
                    NoneLeft(context).look()
                    OptOuts(context).end_when_none_left()
                    self._death.comes("between owing and posting")
                    with LEASE:
                        self.house.deliver()
            except Killed:
                self.start()
            else:
                return

    @contextmanager
    def _in_danger(self) -> Iterator[None]:
        ledger: Any = self.house.ledger
        board: Any = self.house.board
        ledger.recording, board.tell = self._deadly_recording, self._deadly_tell
        try:
            yield
        finally:
            ledger.recording, board.tell = self._recording, self._tell

    @contextmanager
    def _deadly_recording(self, now: datetime, **waiting: float) -> Iterator[Any]:
        with self._recording(now, **waiting) as entry:
            yield entry
            self._death.comes("before the commit")

    def _deadly_tell(self, person: str, view: AnnouncementView) -> Place:
        self._death.comes("before posting")
        shown: Place = self._tell(person, view)
        said: Any = view.said
        if said.kind == "device_due":
            self.told.append((person, said.device, said.days))
            self._death.comes("between posting and noting", str(self.told[-1]))
        return shown


@pytest.mark.parametrize(
    ("days", "count"), [(45, 6), pytest.param(365, 30, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
def test_each_owner_hears_what_they_should_and_the_switch_goes_off_with_the_last_device(
    days: int, count: int, migrated_postgres_url: str, tally: Tally
) -> None:
    dice, death = random.Random(days), Death(random.Random(4711))
    databases = [Database(migrated_postgres_url) for _ in range(2)]
    first, second = (House(opened, rule=LONG_RULE) for opened in databases)
    second.tenant, second.clock, second.workspace = first.tenant, first.clock, first.workspace
    devices = lives(first, count, days, dice)
    opted_in(first, *(one.number for one in devices), days=days + 60)
    replicas = [Mortal(house, death) for house in (first, second)]
    expected: list[Heard] = []

    def both_look(today: date, hour: int) -> None:
        first.clock.at = datetime.combine(today, NOW.timetz()).replace(hour=hour, minute=dice.randrange(50))
        if today.weekday() < 5:
            expected.extend(heard for one in devices for heard in one.heard(today))
        with ThreadPoolExecutor(2) as at_once:
            for looked in [at_once.submit(replica.look) for replica in replicas]:
                looked.result()

    for ahead in range(1, days):
        today = BEGIN + ahead * DAY
        both_look(today, 10)
        for person, act in (done for one in devices for done in one.live(today)):
            do(first, person, act)
        both_look(today, 13)
        both_look(today, 16)
        first.work()
    judge(first, devices, replicas, expected, death)
    assert list(differences(first.database, TENANT)) == []
    for opened in databases:
        opened.close()
    tally("simulated days of a register and two replicas on PostgreSQL", days)
    tally("deaths of a replica in those days", sum(death.struck.values()))
    tally("reminders of owners in those days: each heard once", len(expected))


def judge(
    house: House, devices: list[Life], replicas: list[Mortal], expected: list[Heard], death: Death
) -> None:
    """What was heard is what was to be heard; and the switch went off a day after the last device."""
    told = Counter(heard for replica in replicas for heard in replica.told)
    forgiven = Counter({heard: death.forgiven[str(heard)] for heard in told if death.forgiven[str(heard)]})
    assert told - forgiven == Counter(expected)
    assert [row.key for row in house.owed("personal", "channel") if row.delivered_at is None] == []
    assert sum(death.struck.values()) > len(devices)
    gone = max(one.ends for one in devices) + DAY
    (none_left,) = [row for row in house.owed("channel") if row.what == "none_left"]
    assert none_left.created_at.date() == gone
    assert house.tenant.value is SettingValue.OPTED_OUT
    assert house.tenant.writes[-1].at.date() == gone + DAY
