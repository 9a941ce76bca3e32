"""One process of the bot, wired as in production, that looks when it is told to and may die at any moment.

The loops, questions, claims and turns are the worker's own; only its threads are played: each loop has as
many as in production, and one that waits for somebody is not there for others meanwhile.
"""

import logging
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import structlog
from slack_bolt import BoltResponse
from sqlalchemy import event

from bot.observability.health import Health
from bot.observability.metrics import Metrics
from bot.sandbox.slack import cast
from bot.settings.model import Settings
from bot.tenants.reload import begin
from bot.transport.bolt_app import Identity
from bot.transport.receiver import Receiver
from bot.wiring import app_of, wire
from bot.worker.loops import Loop
from bot.worker.turns import Job
from storage.engine import Database
from tests.handlers.conftest import without_syncing
from tests.months.microsoft import Microsoft
from tests.months.slack import Answers, Client, Slack, Trouble
from tests.months.timing import Moment

MOST_ROUNDS = 12
"""Rounds of one look, in which what a commit woke is looked at at once."""


class Killed(BaseException):
    """The process is gone in the middle of whatever it did."""


class Executor:
    """Stands in for the threads that do what was acknowledged: in order, when the play lets it."""

    def __init__(self, run: Callable[[Callable[[], None]], None], **_: Any) -> None:
        self._run = run
        self.jobs: deque[Callable[[], None]] = deque()
        self.waiting = 0

    def submit(self, job: Callable[[], None], **_: Any) -> bool:
        self.jobs.append(job)
        return True

    def follow(self, job: Callable[[], None], *, delay: float = 0.0, person: str = "") -> None:
        if not delay:  # "Reading…" is for answers that take their time, which nobody waits for here
            self.jobs.append(job)

    def work(self) -> int:
        """Do what there is."""
        done = 0
        while self.jobs:
            self._run(self.jobs.popleft())
            done += 1
        return done


class Readers:
    """Stands in for the threads that read the live value for those who ask."""

    def __init__(self, threads: int = 1) -> None:
        self.wanted: dict[Callable[[], None], None] = {}

    def want(self, serve: Callable[[], None]) -> None:
        self.wanted[serve] = None

    def work(self) -> int:
        wanted, self.wanted = self.wanted, {}
        for serve in wanted:
            serve()
        return len(wanted)


class _Unrenewed:
    """Stands in for the renewal of leases, which is by real time: no job here takes any."""

    @contextmanager
    def held(self, *_: object) -> Iterator[None]:
        yield


@dataclass
class Death:
    """When a process dies: after so many more moments (before a statement or a commit, around each call)."""

    left: int | None = None
    struck: bool = False
    passed: int = 0
    sheltered: bool = False
    """Between "sending" and what came of it a death makes another truth (*uncertain*): tests/crashes."""
    posted: list[tuple[str, str]] = field(default_factory=list)
    """What was posted and is not noted: after a death now it may come once more. Where a request's message
    stands is noted before that it was delivered."""
    noting: bool = False

    def comes(self, _: str) -> None:
        """Pass one moment. Raises ``Killed``."""
        if self.struck:
            raise Killed
        self.passed += 1
        if self.left is None or (self.sheltered and self.left <= 1):
            return
        self.left -= 1
        if self.left <= 0:
            self.struck = True
            raise Killed

    def watch(self, database: Database) -> None:
        """Meet the statements and commits of a database."""
        for engine in {database.engine, database._quick}:
            event.listen(engine, "before_cursor_execute", self._statement)
            event.listen(engine, "commit", self._commit)

    def _statement(self, _c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("COMMIT"):  # SQLite's, which is no event of the engine's
            self._commit(None)
            return
        if statement.startswith("INSERT INTO attempts"):
            self.sheltered = self.sheltered or "sending" in str(parameters)
        self.noting = self.noting or statement.startswith("INSERT INTO cards")
        self.noting = self.noting or (statement.startswith("UPDATE notices") and "delivered_at=" in statement)
        self.comes(statement[:20])

    def _commit(self, _: Any) -> None:
        self.comes("commit")
        if self.noting:
            self.posted.clear()
        self.noting = False


@dataclass
class EdgeTenant:
    """What all replicas of one play share."""

    moment: Moment
    settings: Settings
    url: str
    slack: Slack
    microsoft: Microsoft
    trouble: Trouble
    errors: list[str]


class _Log:
    """In the place of the worker's: a defect is no line that nobody reads."""

    def __init__(self, errors: list[str]) -> None:
        self._errors = errors

    def error(self, event: str, **more: Any) -> None:
        self._errors.append(f"{event} {more}")

    def warning(self, event: str, **more: Any) -> None:
        if event == "worker.database_unreachable":
            self._errors.append(f"{event} {more}")

    info = debug = lambda *_, **__: None


class Replica:
    """One process over the database of the play."""

    def __init__(self, around: EdgeTenant, name: str, dice: random.Random) -> None:
        self.around, self.name, self._dice = around, name, dice
        self.death = Death()
        self.look_number = 0
        self._only: frozenset[str] | None = None
        self._held: list[tuple[float, Loop, Job, bool]] = []
        """Threads that wait for somebody, until when."""
        self.database = Database(around.url)
        if self.database.is_sqlite:
            for engine in (self.database.engine, self.database._quick):
                event.listen(engine, "connect", without_syncing)
        self._wire()
        self.death.watch(self.database)

    def _wire(self) -> None:
        around, clock = self.around, self.around.moment.clock
        client = Client(
            around.slack,
            moment=self.death.comes,
            posted=lambda channel, ts: self.death.posted.append((channel, ts)),
            trouble=around.trouble,
        )
        transport = around.microsoft.transport(self.death.comes)
        with ExitStack() as replaced:
            for name, value in {
                "bot.wiring.Executor": Executor,
                "bot.wiring.StatusReaders": Readers,
                "bot.wiring.Answers": lambda *_, **__: Answers(client),
                "bot.exchange.admin_api.Transport": transport,
            }.items():
                replaced.enter_context(patch(name, value))
            self.bot = wire(
                around.settings, self.database, client, clock=clock, health=Health(), metrics=Metrics(clock)
            )
        for one in self.bot.tenants:
            one.exchange._closing = self  # type: ignore[assignment]
        begin(self.bot.tenants, self.database)
        identity = Identity(cast.TEAM_ID, None, cast.BOT_USER, cast.BOT_ID)
        self._receiver = Receiver(app_of(self.bot, identity), lambda *_: None)

    # In the place of the event that ends the tries of a reading

    def wait(self, seconds: float) -> bool:
        return self.around.moment.wait(seconds)

    def set(self) -> None:
        pass

    @property
    def is_dead(self) -> bool:
        return self.death.struck

    def take(self, payload: dict[str, Any]) -> BoltResponse:
        """Take one payload of Slack's, and do what was acknowledged. Raises ``Killed``."""
        return self._receiver.take(payload, 0.0)

    def work(self) -> int:
        """Do what was acknowledged. Raises ``Killed``."""
        shared: Any = self.bot.shared
        done = 0
        while more := shared.executor.work() + shared.readers.work():
            done += more
            self.around.moment.taken()
        return done

    def look(self, only: frozenset[str] | None = None) -> int:
        """One second of the worker; returns how much was done. Raises ``Killed``.

        ``only``: at the jobs of these tenants, and nobody else is read.
        """
        worker, done = self.bot.worker, self.work()
        self._only = only
        self._let_go()
        for loop in worker._loops.values():
            due = worker.due(loop, loop.due)
            worker._turns[loop.name].append(job for job in due if only is None or job.tenant_id in only)
        for _ in range(MOST_ROUNDS):
            looked = [did for loop in worker._loops.values() for did in self._turn(loop)]
            done += sum(looked) + self.work()
            if not looked:
                break
        return done + len(self._held)

    def _turn(self, loop: Loop) -> Iterator[int]:
        """Yield what each job did, until nothing waits or all threads of the loop are held."""
        worker = self.bot.worker
        turns = worker._turns[loop.name]
        free = loop.threads - sum(held[1].name == loop.name for held in self._held)
        while free > 0 and (job := self._next(loop)) is not None:
            self.death.sheltered = False
            found = worker.do(loop, job)
            yield found
            if seconds := self.around.moment.taken():
                self._held.append((self.around.moment.passed + seconds, loop, job, found > 0))
                free -= 1
            else:
                turns.done(job, again=found > 0)

    def _next(self, loop: Loop) -> Job | None:
        worker = self.bot.worker
        turns = worker._turns[loop.name]
        job = turns.next(0.0)
        if job is None and loop.more is not None and self._only is None:
            turns.append(worker.due(loop, loop.more))
            job = turns.next(0.0)
        return job

    def _let_go(self) -> None:
        now, held = self.around.moment.passed, self._held
        self._held = [one for one in held if one[0] > now]
        for until, loop, job, again in held:
            if until <= now:
                self.bot.worker._turns[loop.name].done(job, again=again)

    @property
    def waits(self) -> bool:
        """Whether a thread waits for somebody."""
        return bool(self._held)

    def end(self) -> None:
        """The process is gone, with its connections."""
        self.database.close()


@contextmanager
def in_play(microsoft: Microsoft, errors: list[str]) -> Iterator[None]:
    """What stands for all replicas."""
    with ExitStack() as replaced:
        for name, value in {
            "bot.exchange.auth.entra.Entra": microsoft.entra(),
            "bot.worker.loops.RENEWALS": _Unrenewed(),
            "bot.worker.rounds.RENEWALS": _Unrenewed(),
            "bot.worker.loops.log": _Log(errors),
            "handlers.slack.listeners.registration.log": _Log(errors),
        }.items():
            replaced.enter_context(patch(name, value))
        kept = structlog.get_config()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        replaced.callback(lambda: structlog.configure(**kept))
        yield
