"""Behind the stage: the sandbox and the bot's process, waiting, what Exchange received and what is on
record."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import select

from bot.sandbox.microsoft.tenant import Call
from bot.sandbox.run import Sandbox
from bot.sandbox.slack.deliveries import Parcel
from handlers.changes.drift import CONFIRM_AFTER
from storage.engine import Database
from storage.ledger import Ledger
from storage.ledger_reader import Reader
from storage.lifecycle import State
from storage.messages.outbox import Outbox
from storage.records import Observation
from storage.schema.tables import inbox, notices
from tests.chance import QUIET
from tests.journeys.words import JSON
from tests.patience import patience
from tests.processes import ForkedChild, Process

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds until a journey gives up waiting; hardly ever needed, but the machine may be busy."""
MINUTE, HOUR, DAY = 60, 3600, 86400
ON_ITS_WAY = 5.0
"""Seconds after which a payload that was not acknowledged is not waited for: an event may be sent again
minutes later."""
UNTIL_LAPSED = 4 * DAY
"""Seconds after which the next working day is over, whichever day this is."""


class Backstage:
    """One workspace, one tenant, one bot; use as a context manager. ``settings`` adds to the bot's
    environment.

    Readings for drift are an hour apart unless the settings say otherwise, so that a test decides when one is
    due.
    """

    def __init__(
        self, folder: Path, *, database_url: str, settings: dict[str, str] | None = None, mode: str = "socket"
    ) -> None:
        self.database_url = database_url
        ours = {"DATABASE_URL": self.database_url, "LEGACYTLS_OBSERVE_EVERY": "1h"}
        self.sandbox = Sandbox(folder, mode=mode, settings=ours | (settings or {}), child=ForkedChild)
        self.slack, self.tenant, self.clock = (
            self.sandbox.slack,
            self.sandbox.microsoft.tenant,
            self.sandbox.clock,
        )
        self.clock.advance(QUIET)
        # Slack's three seconds are for tests/bot to measure; here nothing may hang on how busy the machine
        # is.
        self.slack.carrier.ack_within = self.slack.modals._lifetime = PATIENCE
        self._sent: list[tuple[float, Parcel]] = []
        self._send, self.slack.carrier.send = self.slack.carrier.send, self._remember  # type: ignore[method-assign]
        self._folder = folder
        self._database: Database | None = None

    def __enter__(self) -> Self:
        self.sandbox.__enter__()
        try:
            self.wait_until_serving()
        except BaseException:
            self.sandbox.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            assert self.sandbox.bot is not None
            self.sandbox.bot.kill()
        finally:
            if self._database is not None:
                self._database.close()
            self.sandbox.__exit__(kind, error, trace)
        if kind is None and (errors := [entry for entry in self.logged("error") if not _from_the_sdk(entry)]):
            raise AssertionError(f"the bot logged errors: {errors}")

    # The bot's process

    def wait_until_serving(self) -> None:
        """Wait until the bot is connected and has taken its first reading."""
        self.sandbox.wait_until_connected(PATIENCE)
        self._database = self._database or Database(self.database_url)
        self.wait(lambda: self.record(lambda reader: reader.readings.newest_observation()))

    def stop(self) -> int:
        """Send SIGTERM and wait; returns the exit code."""
        process = self._process()
        process.terminate()
        code = process.wait(timeout=patience(25))
        assert self.sandbox.bot is not None
        self.sandbox.bot.stop()
        return code

    def start(self, **settings: str) -> None:
        """Start the bot again, with ``settings`` changed, and wait until it serves."""
        assert self.sandbox.bot is not None
        self.wait(lambda: not self.slack.connections)
        self.sandbox.bot._environment |= settings
        self.sandbox.bot.start()
        self.wait_until_serving()

    def logged(self, level: str) -> list[JSON]:
        """What the bot logged at one level."""
        lines = (self._folder / "bot.log").read_text(encoding="utf-8").splitlines()
        entries = [
            json.loads(line) if line.startswith("{") else {"level": "error", "event": line} for line in lines
        ]
        return [entry for entry in entries if entry.get("level") == level]

    def _process(self) -> Process:
        assert self.sandbox.bot is not None
        process = self.sandbox.bot._process
        assert process is not None
        return process

    # Waiting

    def wait(self, predicate: Callable[[], T | None], timeout: float = PATIENCE) -> T:
        """The first truthy answer of ``predicate``; ``TimeoutError`` shows all there is to see."""
        return self.slack.workspace.wait_for(predicate, patience(timeout))

    def wait_until_acknowledged(self) -> None:
        """Wait until the bot has acknowledged everything that was delivered, so that all it keeps is kept."""
        self.wait(lambda: all(delivery.acked_after is not None for delivery in self.slack.deliveries))

    def wait_until_answered(self, person: str) -> None:
        """Wait until all that this person did is answered and all that is owed to them has come, as far as
        nothing is in its way.

        Whatever comes then follows from what they do next. A bot that does not run answers nobody.
        """
        self.wait(
            lambda: not (self.sandbox.bot and self.sandbox.bot.running and self._awaits_something(person))
        )

    def _awaits_something(self, person: str) -> bool:
        now = time.monotonic()
        self._sent = [
            (at, parcel) for at, parcel in self._sent if now - at < ON_ITS_WAY and not parcel.settled.is_set()
        ]
        if any(_sender(parcel.payload) == person for _, parcel in self._sent):
            return True
        kept = select(inbox.c.payload).where(inbox.c.done_at.is_(None))
        owed = select(notices.c.id).where(notices.c.recipient == person, notices.c.delivered_at.is_(None))
        assert self._database is not None
        with self._database.read() as connection:
            acts = [json.loads(payload) for payload in connection.execute(kept).scalars()]
            late = connection.execute(owed.where(notices.c.due_at <= self.clock())).first()
        return late is not None or any(act.get("person") == person for act in acts)

    def _remember(self, parcel: Parcel) -> Parcel:
        self._sent.append((time.monotonic(), parcel))
        return self._send(parcel)

    def advance(self, seconds: float) -> None:
        """Move the bot's present forward."""
        self.clock.advance(seconds)

    # What Exchange saw, what is on record

    @property
    def writes(self) -> list[Call]:
        """Every ``Set-TransportConfig`` that arrived."""
        return [call for call in self.tenant.calls if call.cmdlet == "Set-TransportConfig"]

    @property
    def effective_writes(self) -> list[object]:
        """The values that were really changed, in order."""
        return [call.parameters["AllowLegacyTLSClients"] for call in self.writes if call.effective]

    def record(self, question: Callable[[Reader], T]) -> T:
        """Ask the ledger."""
        assert self._database is not None
        with Ledger(self._database, self.tenant.tenant_id).reading() as reader:
            return question(reader)

    def observed(self) -> Observation:
        """The newest reading that succeeded."""
        newest = self.record(lambda reader: reader.readings.newest_observation(readable=True))
        assert newest is not None
        return newest

    def observe(self) -> None:
        """Move the clock until a reading for drift is due, and wait for it, and for the second one where it
        asks for one."""
        before = self.record(lambda reader: reader.readings.newest_observation())
        self.advance(HOUR)
        self.wait(lambda: self.record(lambda reader: reader.readings.newest_observation()) != before)
        if not self.record(_is_judged):
            self.advance(CONFIRM_AFTER.total_seconds())
        self.wait(lambda: self.record(_is_judged))

    def state(self, number: int) -> State:
        """Where a request stands on record."""
        return self.record(lambda reader: reader.request(number)).state

    def moves(self) -> set[tuple[State, State]]:
        """Every move that any request of this stage has made."""
        events = self.record(lambda reader: reader.events(limit=100_000))
        moved = (event.payload for event in events if event.kind == "moved")
        return {(State(str(move["from"])), State(str(move["to"]))) for move in moved}

    def wait_until_delivered(self) -> None:
        """Wait until no message is owed to anybody at the bot's present."""
        assert self._database is not None
        outbox = Outbox(self._database, self.tenant.tenant_id)
        self.wait(lambda: outbox.oldest_owed(self.clock()) is None)

    def wait_until_settled(self) -> None:
        """Wait until no change is on its way to Exchange."""
        busy = {State.APPROVED, State.APPLYING, State.UNCERTAIN}
        self.wait(lambda: not self.record(lambda reader: reader.in_states(busy)))


def _is_judged(reader: Reader) -> bool:
    """Whether the newest reading is what ought to be, is none, or is no drift while a change is under way."""
    newest, baseline = reader.readings.newest_observation(), reader.baseline()
    if newest is None or newest.value is None or baseline is None or newest.value is baseline.value:
        return True
    return bool(reader.in_states({State.APPLYING, State.UNCERTAIN}))


def _sender(payload: JSON) -> str | None:
    """Who did what Slack tells the bot of."""
    told = payload.get("event", payload)
    user = told.get("user") or told.get("user_id")
    return user["id"] if isinstance(user, dict) else user


def _from_the_sdk(entry: JSON) -> bool:
    """Whether this is Slack's SDK complaining of trouble that a test ordered."""
    return str(entry.get("logger", "")).startswith("slack_sdk.")
