"""A replica's judgement in a process of its own: real use cases on a real database; people and Exchange are
played inside it.

``python -m tests.crashes.racing`` answers each order, a line of JSON, with a word. ``Replicas`` runs several,
which begin every request in the same moment.
"""

import functools
import json
import sqlite3
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from bot.observability import logs
from bot.tenants.tenant import holder_name
from bot.worker.loops import Claim
from handlers.calendar.calendar import Calendar, load_packaged
from handlers.changes.apply import Apply
from handlers.changes.decide import Decisions
from handlers.changes.settle import Settling
from handlers.changes.withdraw import Withdrawals
from handlers.context.context import Context
from handlers.context.people import People
from handlers.dispatch import TRIES
from handlers.interaction import Interaction
from handlers.policy.rule import Home, Rule
from handlers.ports import Cloud, Person, Reading, WriteAnswer
from handlers.register.commands import AcceptDevice, Replaced
from handlers.register.device_acts import Register
from storage.engine import Database
from storage.errors import AlreadyHandled, Conflict, Stuck
from storage.inbox import Inbox
from storage.jobs.leases import Leases, TenantDuty
from storage.ledger import Ledger
from storage.lifecycle import SETTLED
from storage.records import Door, SettingValue, Vote, WriteOutcome
from tests.chance import chance
from tests.processes import Obedient
from tests.storage.states import NOW

TEAM = "T0CONTOSO"
SOON = NOW + timedelta(minutes=1)
ALICE, BOB, CAROL, DAVE = "U0ALICE", "U0BOB", "U0CAROL", "U0DAVE"
PATIENCE = 30.0
WORLDWIDE = Cloud(name="worldwide", display="Microsoft 365", legacy_hosts=("smtp", "pop", "imap"))


@functools.cache
def _calendar() -> Calendar:
    return load_packaged()


class Everybody:
    """A directory in which everybody is a full member."""

    def person(self, user_id: str) -> Person:
        """Look somebody up."""
        return Person(
            id=user_id, team_id=TEAM, enterprise_id=None, deleted=False,
            is_bot=False, is_guest=False, is_stranger=False, is_invited=False,
        )  # fmt: skip

    def members(self, group_id: str) -> frozenset[str]:
        """Nobody is in a group."""
        return frozenset()


class Ledgered:
    """A setting that several processes share: every write that arrives is a row, the newest row is the
    value."""

    def __init__(self, path: Path, tenant: str) -> None:
        self._path = path
        self._tenant = tenant

    def read(self, *, patience: float = 60.0) -> Reading:
        """Read the newest write."""
        with closing(sqlite3.connect(self._path, timeout=PATIENCE)) as connection:
            query = "SELECT value FROM writes WHERE tenant = ? ORDER BY rowid DESC LIMIT 1"
            row = connection.execute(query, (self._tenant,)).fetchone()
        value = (
            SettingValue.NOT_SET
            if row is None
            else SettingValue.OPTED_IN
            if row[0]
            else SettingValue.OPTED_OUT
        )
        return Reading(
            value=value, smtp_auth_disabled=False, organization="contoso.onmicrosoft.com", server=None,
            changed_at=None, read_at=datetime.now(UTC), client_request_id=str(uuid.uuid4()),
        )  # fmt: skip

    def write(self, value: bool, *, client_request_id: str, begin_by: float) -> WriteAnswer:
        """Write once."""
        with closing(sqlite3.connect(self._path, timeout=PATIENCE)) as connection, connection:
            connection.execute("INSERT INTO writes (tenant, value) VALUES (?, ?)", (self._tenant, value))
        return WriteAnswer(WriteOutcome.ACCEPTED, "", client_request_id)


def make_exchange(path: Path) -> None:
    """Make the file that ``Ledgered`` settings share."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE writes (tenant TEXT NOT NULL, value BOOLEAN NOT NULL)")


def arrived(path: Path, tenant: str) -> int:
    """How many writes arrived for a tenant."""
    with closing(sqlite3.connect(path)) as connection:
        count: int = connection.execute("SELECT count(*) FROM writes WHERE tenant = ?", (tenant,)).fetchone()[
            0
        ]
    return count


def rule(needed: int) -> Rule:
    """The rule that every replica has: three approvers, of whom so many are needed."""
    day = timedelta(days=1)
    return Rule(
        approvers=(BOB, CAROL, DAVE), operators=(ALICE,), approvals_required=needed, request_ttl=day,
        default_window=30 * day, max_window=90 * day, approve_emoji="white_check_mark", reject_emoji="x",
        channel="C0CHANGES", timezone="UTC",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """What one replica does to one request, or entry; ``key`` is the delivery's: two replicas may get the
    same."""

    tenant: str
    request_id: int
    deed: str
    person: str
    key: str


class Replica:
    """Carries orders out."""

    def __init__(self, url: str, exchange: str, needed: str) -> None:
        self._database = Database(url)
        self._exchange = Path(exchange)
        self._rule = rule(int(needed))
        self._holder = holder_name()
        self._deeds: dict[str, Callable[[Context, Order, Interaction], object]] = {
            "approve": lambda context, order, interaction: Decisions(context).decide(
                order.request_id, Vote.APPROVE, interaction
            ),
            "reject": lambda context, order, interaction: Decisions(context).decide(
                order.request_id, Vote.REJECT, interaction
            ),
            "withdraw": lambda context, order, interaction: Withdrawals(context).withdraw(
                order.request_id, interaction
            ),
            "replaced": lambda context, order, interaction: Register(context).do(
                Replaced(order.request_id), interaction
            ),
            "accept": lambda context, order, interaction: Register(context).do(
                AcceptDevice(order.request_id), interaction
            ),
        }

    def obey(self, order: Order) -> str:
        """Carry one order out; answers ``done``, ``known`` for a delivery that another replica has, or
        ``late``."""
        context = self._context(order.tenant)
        if order.deed == "apply":
            return self._apply(context, order)
        item = Inbox(self._database, order.tenant).put(order.key, order.deed, {}, now=SOON, patience=PATIENCE)
        if item is None:
            return "known"
        interaction = Interaction(order.key, order.person, Door.BUTTON, SOON, channel="C0CHANGES")
        for _ in range(TRIES):
            try:
                self._deeds[order.deed](context, order, interaction)
            except AlreadyHandled:
                return "known"
            except Conflict:
                continue
            return "done"
        return "late"

    def _apply(self, context: Context, order: Order) -> str:
        apply = Apply(context, Settling(context), sleep=lambda _: None)
        claim = Claim(context.leases, order.tenant, TenantDuty.APPLY, context.clock)
        job = claim.holding(apply.run)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with suppress(Stuck):  # somebody moved it on meanwhile: the worker looks again, too
                job.do()
            with context.ledger.reading() as reader:
                if reader.request(order.request_id).state in SETTLED:
                    return "done"
        return "late"

    def _context(self, tenant: str) -> Context:
        return Context(
            ledger=Ledger(self._database, tenant),
            leases=Leases(self._database, self._holder),
            people=People(Everybody(), Home(TEAM), self._rule, checks=10**6),
            setting=Ledgered(self._exchange, tenant),
            rule=self._rule,
            cloud=WORLDWIDE,
            calendar=_calendar(),
            zone=ZoneInfo("UTC"),
            clock=lambda: SOON,
            wake_worker=lambda: None,
        )


class Replicas:
    """So many processes; use as a context manager."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._order = chance("racing")
        self._processes: list[Obedient] = []

    def __enter__(self) -> Self:
        self._processes = [Obedient("tests.crashes.racing") for _ in range(self._number)]
        assert [self._read(process) for process in self._processes] == ["ready"] * self._number
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.end()

    def obey(self, work: Sequence[str], orders: Sequence[Order]) -> list[str]:
        """Give each order to a process of its own, all at once; returns their answers in the same order.

        ``work`` is what ``Replica`` takes.
        """
        taken = self._processes[: len(orders)]
        for process, order in self._order.sample(list(zip(taken, orders, strict=True)), len(orders)):
            process.tell(json.dumps([work, asdict(order)]))
        return [self._read(process) for process in taken]

    @staticmethod
    def _read(process: Obedient) -> str:
        line = process.answer()
        assert line, "a replica died; what it said last is above"
        return line


def main() -> None:
    """Obey line by line until nobody speaks any more; standard output is for the answers alone."""
    logs.configure(level="warning")
    _calendar()
    print("ready", flush=True)
    known: tuple[list[str], Replica] | None = None
    for line in sys.stdin:
        work, order = json.loads(line)
        if known is None or known[0] != work:
            known = work, Replica(*work)
        print(known[1].obey(Order(**order)), flush=True)


if __name__ == "__main__":
    main()
