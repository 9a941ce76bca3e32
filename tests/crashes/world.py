"""A world for one death: a workspace, a tenant, a database, and a bot process that may be killed and started
again.

The bot is a real process on real sockets; only its clock can be moved. What Exchange received is compared
with what the database held at that very moment, read on a connection of its own.
"""

import copy
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import text

from bot.sandbox.child import PASSED_ON
from bot.sandbox.microsoft.simulation import Microsoft
from bot.sandbox.microsoft.tenant import Call
from bot.sandbox.robot import CLOCK_FILE
from bot.sandbox.shared.clock import MovableClock
from bot.sandbox.slack import cast
from bot.sandbox.slack.messages import JSON
from bot.sandbox.slack.simulation import Slack
from storage.engine import Database
from storage.ledger_reader import Reader
from storage.lifecycle import State
from storage.records import Attempt, Decision
from tests.chance import QUIET
from tests.patience import patience
from tests.processes import ROOT, TRUSTED, Process, start

T = TypeVar("T")

ALICE, BOB, CAROL = PEOPLE = ("U0ALICE", "U0BOB", "U0CAROL")
CHANNEL = cast.CHANGES
PATIENCE = 45.0
"""Seconds until a wait is given up: the machine may be busy with other worlds."""
ROBOT, MORTAL = "bot.sandbox.robot", "tests.crashes.mortal"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the database held, for everybody to see, when Exchange received one ``Set-TransportConfig``."""

    state: State | None
    decisions: tuple[Decision, ...]
    attempts: tuple[Attempt, ...]
    client_request_id: str

    @property
    def announced(self) -> bool:
        """Whether the attempt that Exchange now sees was committed before."""
        return any(
            step.step == "sending" and step.client_request_id == self.client_request_id
            for step in self.attempts
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a world may begin again: what the workspace and the tenant show; whoever keeps the database
    copies it."""

    messages: Mapping[str, Any] = field(default_factory=dict)
    value: bool | None = None


def unsigned(message: JSON) -> JSON:
    """A message without the sign that may stand before its first words."""
    return message | {"text": re.sub(r"^[^\w:<*`#]+", "", message["text"])}


class World:
    """Use as a context manager; ``url`` is the bot's database. No bot runs until ``start``."""

    def __init__(self, folder: Path, url: str, *, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.clock = MovableClock(folder / "clock")
        self.clock.advance(QUIET)
        self.slack = Slack(clock=self.clock, redelivery=(1.0,) * 30)
        self.microsoft = Microsoft(folder, clock=self.clock, changed=self.slack.workspace.touch)
        self.tenant = self.microsoft.tenant
        self.database = Database(url)
        self.log = folder / "bot.log"
        self.moments = folder / "moments"
        self.sightings: list[Sighting] = []
        self._said_before: frozenset[str] = frozenset()
        self.at_cmdlet: dict[str, Callable[[], object]] = {}
        """What is done, once, when a cmdlet arrives at Exchange and before it is run."""
        self.url = url
        self._settings = dict(settings or {})
        self._process: Process | None = None
        self._begin_call = self.tenant.begin_call
        self.tenant.begin_call = self._arrived  # type: ignore[method-assign]

    def __enter__(self) -> Self:
        self.microsoft.start()
        self.slack.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.slack.stop()
        self.microsoft.stop()
        self.database.close()

    # The bot's process

    def start(self, module: str = ROBOT, **more: str) -> None:
        """Start the bot and wait until Slack can reach it, or until it has died."""
        self.launch(module, **more)
        self.wait(lambda: self.slack.connections or self.dead)

    def launch(self, module: str = ROBOT, **more: str) -> None:
        """Start the bot and do not wait."""
        inherited = TRUSTED | {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        ours = {
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": self.url,
            "LEGACYTLS_OBSERVE_EVERY": "365d",
            # no reminder among what is counted, whenever the tests are run
            "LEGACYTLS_WORKING_HOURS": "00:00-00:01",
            "PYTHONFAULTHANDLER": "1",
            "MORTAL_LOG": str(self.moments),
            CLOCK_FILE: str(self.folder / "clock"),
        }
        environment = (
            inherited | self.slack.environment | self.microsoft.environment | ours | self._settings | more
        )
        with self.log.open("ab") as log:
            self._process = start(module, environment=environment, folder=self.folder, stdout=log, stderr=log)

    @property
    def dead(self) -> bool:
        """Whether the bot's process has ended."""
        return self._process is None or self._process.poll() is not None

    def set_aside(self) -> Process:
        """Hand the bot's process over to the caller, so that another can be started beside it."""
        process, self._process = self._process, None
        assert process is not None
        return process

    def kill(self, number: signal.Signals = signal.SIGKILL, within: float = 25.0) -> int:
        """Send the signal and wait for the end; returns the exit code (0 when nothing ran).

        Raises ``TimeoutError`` with the stack of every thread when it does not end in time.
        """
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(timeout=patience(within))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            process.wait()
            words = self.log.read_text(encoding="utf-8", errors="replace")
            raise TimeoutError(
                f"{number.name} did not end the bot within {within:g} s:\n{words[-6000:]}"
            ) from None

    def stop(self) -> int:
        """End the bot as an operator would."""
        return self.kill(signal.SIGTERM)

    def let_claims_expire(self) -> None:
        """Let half a minute pass for leases and claims while no bot runs; they are compared with the
        database's own clock."""
        with self.database.write() as connection:
            connection.execute(text("UPDATE leases SET until = 0"))
            connection.execute(text("UPDATE inbox SET claimed_until = 0"))
            connection.execute(text("UPDATE notices SET claimed_until = 0"))

    def logged(self, level: str) -> list[JSON]:
        """What the bot logged at one level; a line that is no JSON counts as an error."""
        whole = (
            self.log.read_text(encoding="utf-8", errors="replace").rpartition("\n")[0]
            if self.log.exists()
            else ""
        )
        entries = [
            json.loads(line) if line.startswith("{") else {"level": "error", "event": line}
            for line in whole.split("\n")
        ]
        return [entry for entry in entries if entry.get("level") == level]

    # Waiting and looking

    def wait(self, predicate: Callable[[], T | None], within: float = PATIENCE) -> T:
        """The first truthy answer of ``predicate``. Raises ``TimeoutError`` with all there is to see."""
        try:
            return self.slack.workspace.wait_for(predicate, patience(within))
        except TimeoutError as vain:
            raise TimeoutError(
                f"{vain}\nlast words of the bot: {self.log.read_text(errors='replace')[-2000:]}"
            ) from None

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """The ledger, on a connection of its own."""
        with self.database.read() as connection:
            yield Reader(connection, self.tenant.tenant_id)

    def newest_state(self, *, of: int = 1) -> State | None:
        """The state of the newest request, once there are so many."""
        with self.reader() as reader:
            states = [request.state for request in reader.page()]
        return states[0] if len(states) >= max(of, 1) else None

    def owes_nothing(self) -> bool:
        """Whether everything delivered was dealt with and every message owed was sent."""
        unfinished = (
            "SELECT (SELECT count(*) FROM inbox WHERE done_at IS NULL)"
            " + (SELECT count(*) FROM notices WHERE delivered_at IS NULL)"
        )
        with self.database.read() as connection:
            return connection.execute(text(unfinished)).scalar() == 0

    @property
    def writes(self) -> list[Call]:
        """Every ``Set-TransportConfig`` that arrived."""
        return [call for call in self.tenant.calls if call.cmdlet == "Set-TransportConfig"]

    def public(self) -> list[JSON]:
        """What everybody sees in the channel, replies in threads aside, without the signs before the first
        words."""
        shown = (message for message in self.slack.messages(CHANNEL) if not message["ephemeral"])
        return [unsigned(message) for message in shown if not message.get("thread_ts")]

    def cards(self) -> list[JSON]:
        """The messages of requests, among what everybody sees in the channel."""
        return [
            message
            for message in self.public()
            if message["blocks"][:1] and message["blocks"][0]["type"] == "header"
        ]

    def answers(self, person: str) -> list[str]:
        """What only this person sees in the channel, blocks included, and by direct message; ``CHANNEL``:
        what everybody sees."""
        if person == CHANNEL:
            return [message["text"] for message in self.public()]
        shown = (message for message in self._private(person) if message["ephemeral"])
        here = [f"{message['text']} {json.dumps(message['blocks'], ensure_ascii=False)}" for message in shown]
        return here + self.direct(person)

    def direct(self, person: str) -> list[str]:
        """The direct messages to this person since the world began."""
        return [message["text"] for message in self._private(person) if not message["ephemeral"]]

    def _private(self, person: str) -> list[JSON]:
        here = (message for message in self.slack.messages(CHANNEL, person) if message["ephemeral"])
        said = [*here, *self.slack.messages(self.slack.dm(person), person)]
        return [unsigned(message) for message in said if message["ts"] not in self._said_before]

    # What people do

    def form(self, person: str, subcommand: str) -> str:
        """Open the form of a subcommand; returns its id."""
        before = {view["id"] for view in self.slack.views(person)}

        def opened() -> str | None:
            return next((view["id"] for view in self.slack.views(person) if view["id"] not in before), None)

        return self.insist(lambda: self.slack.command(person, f"/legacytls {subcommand}"), opened)

    def insist(self, act: Callable[[], object], answer: Callable[[], T | None], *, once: bool = False) -> T:
        """Act and wait for the first truthy answer; who gets none in time acts again, as people do when Slack
        says so.

        A busy machine misses Slack's three seconds. The act runs on a thread of its own: a form waits for a
        dead bot for seconds.
        """
        for _ in range(1 if once else 3):
            pool = ThreadPoolExecutor(1)
            acting = pool.submit(act)
            pool.shutdown(wait=False)
            with suppress(TimeoutError):
                return self.wait(answer, PATIENCE if once else PATIENCE / 3)
            acting.result()
        raise TimeoutError(
            f"nothing came of it; last words of the bot: {self.log.read_text(errors='replace')[-2000:]}"
        )

    def ask(self, form: str, person: str = ALICE, days: int = 10) -> None:
        """Send off the form of an opt-in or of an extension."""
        day = (self.clock() + timedelta(days=days)).date().isoformat()
        self.slack.submit(
            person,
            form,
            {"reason": "Forty scanners", "clients": "Ricoh MP 301, owner: Facilities", "day": day},
        )

    def press(self, person: str, button: str) -> None:
        """Press a button on the newest message of a request."""
        self.slack.press(person, CHANNEL, self.cards()[-1]["ts"], button)

    # Beginning again

    def snapshot(self) -> Snapshot:
        """What the workspace and the tenant show, to begin another world with."""
        return Snapshot(copy.deepcopy(self.slack.workspace._messages), self.tenant.value)

    def show(self, snapshot: Snapshot) -> None:
        """Begin with what another workspace and tenant showed."""
        self.slack.workspace._messages.update(copy.deepcopy(dict(snapshot.messages)))
        if snapshot.value is not None:
            self.tenant.value = snapshot.value
        self._said_before = frozenset(message["ts"] for person in PEOPLE for message in self._private(person))

    # What Exchange sees

    def _arrived(self, cmdlet: str, parameters: Mapping[str, object], client_request_id: str) -> int:
        number = self._begin_call(cmdlet, parameters, client_request_id)
        if cmdlet == "Set-TransportConfig":
            self.sightings.append(self._sight(client_request_id))
        deed = self.at_cmdlet.pop(cmdlet, None)
        if deed is not None:
            deed()
        return number

    def _sight(self, client_request_id: str) -> Sighting:
        with self.reader() as reader:
            request = next(iter(reader.page(limit=1)), None)
            ids = [request.id] if request else []
            decisions, attempts = reader.decisions(ids), reader.attempts(ids)
        state = request.state if request else None
        return Sighting(state, tuple(decisions), tuple(attempts), client_request_id)
