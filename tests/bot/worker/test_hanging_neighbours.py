"""Slack, Entra or the database take the connection and say nothing: the bot still stops in time, and ends
windows in time."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.sandbox.slack import cast
from storage.engine import Database
from storage.inbox import Inbox
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.records import Baseline, SettingValue
from storage.schema.tables import inbox
from tests.bot.machine import ROOT, Machine
from tests.patience import patience
from tests.processes import Process, start
from tests.sentences import says

IDLE, BUSY = 5.0, 20.0
"""Seconds in which a bot that was told to stop has ended."""


class Silence:
    """Takes every connection and answers none."""

    def __init__(self) -> None:
        self._ear = socket.create_server(("127.0.0.1", 0))
        self.port = self._ear.getsockname()[1]
        self.called = threading.Event()
        self._taken: list[socket.socket] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self._taken.append(self._ear.accept()[0])
            except OSError:
                return
            self.called.set()

    def close(self) -> None:
        self._ear.shutdown(socket.SHUT_RDWR)
        for connection in (self._ear, *self._taken):
            connection.close()


class Run:
    """``legacytls run``, to be told to stop."""

    def __init__(self, machine: Machine, program: tuple[str, ...] = (), **changed: str) -> None:
        self.log = machine.folder / "bot.log"
        with self.log.open("wb") as log:
            environment = {"PYTHONPATH": str(ROOT), "PATH": "", **machine.settings, **changed}
            if program:
                call = [sys.executable, *program]
                self.process: Process = subprocess.Popen(
                    call,
                    env=environment,
                    cwd=machine.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            else:
                self.process = start(
                    "bot", "run", environment=environment, folder=machine.folder, stdout=log, stderr=log
                )

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit code and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=patience(25)), time.monotonic() - began

    def wait(self, predicate: Callable[[], object], within: float = 20.0) -> None:
        began = time.monotonic()
        while not predicate():
            assert time.monotonic() - began < patience(within), self.said()
            time.sleep(0.02)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")


@pytest.fixture
def silence() -> Iterator[Silence]:
    nobody = Silence()
    yield nobody
    nobody.close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with Machine(tmp_path) as ready:
        yield ready


@pytest.fixture
def started() -> Iterator[Callable[..., Run]]:
    processes: list[Run] = []

    def begin(machine: Machine, *program: str, **changed: str) -> Run:
        processes.append(Run(machine, program, **changed))
        return processes[-1]

    yield begin
    for process in processes:
        process.process.kill()
        process.process.wait()


def opted_in_until_a_minute_ago(machine: Machine) -> None:
    """The record says so, and so does the tenant."""
    now = datetime.now(UTC)
    url = machine.settings["DATABASE_URL"]
    upgrade(url)
    database = Database(url)
    with Ledger(database, machine.microsoft.tenant.tenant_id).recording(now) as entry:
        end = now - timedelta(minutes=1)
        entry.holding.set_baseline(
            Baseline(SettingValue.OPTED_IN, now - timedelta(days=1), None, end), why="applied"
        )
    database.close()
    machine.microsoft.tenant.value = True


def test_slack_is_silent_and_the_bot_stops(
    machine: Machine, silence: Silence, started: Callable[..., Run]
) -> None:
    process = started(machine, SLACK_API_URL=f"http://127.0.0.1:{silence.port}/api/")
    assert silence.called.wait(patience(20))
    code, seconds = process.stop()
    assert (code, seconds < patience(IDLE)) == (0, True), process.said()


def test_slack_is_silent_and_the_window_ends(
    machine: Machine, silence: Silence, started: Callable[..., Run]
) -> None:
    opted_in_until_a_minute_ago(machine)
    process = started(machine, SLACK_API_URL=f"http://127.0.0.1:{silence.port}/api/")
    process.wait(lambda: machine.microsoft.tenant.value is False)


def test_slack_refuses_the_token_and_the_window_ends(machine: Machine, started: Callable[..., Run]) -> None:
    opted_in_until_a_minute_ago(machine)
    machine.slack.fault("auth.test", "invalid_auth", 1000)
    process = started(machine)
    process.wait(lambda: machine.microsoft.tenant.value is False)
    process.wait(lambda: "slack.refused" in process.said())
    machine.slack.faults.clear()
    process.wait(lambda: machine.slack.connections)


def test_slack_refuses_the_token_and_nothing_has_to_be_ended(
    machine: Machine, started: Callable[..., Run]
) -> None:
    machine.slack.fault("auth.test", "invalid_auth", 1000)
    process = started(machine)
    assert process.process.wait(timeout=patience(20)) == 1
    assert says("put_a_valid_slack_bot_token_into") in process.said()
    assert "Traceback" not in process.said()


def leave_over(machine: Machine) -> None:
    """Alice's opt-out was acknowledged by a process that died."""
    database = Database(machine.settings["DATABASE_URL"])
    payload = {
        "person": "U0ALICE",
        "door": "command",
        "at": datetime.now(UTC).isoformat(),
        "channel": cast.CHANGES,
    }
    Inbox(database, machine.microsoft.tenant.tenant_id).put(
        "view:V1", "opt_out", payload, now=datetime.now(UTC), patience=1
    )
    with database.write() as connection:
        connection.execute(update(inbox).values(claimed_until=0))
    database.close()


def test_what_was_left_over_waits_for_the_sign_in_and_is_not_refused(
    machine: Machine, started: Callable[..., Run]
) -> None:
    machine.microsoft.tenant.value = True
    upgrade(machine.settings["DATABASE_URL"])
    leave_over(machine)
    machine.slack.fault("auth.test", "internal_error", 2)
    process = started(machine)
    process.wait(lambda: machine.microsoft.tenant.value is False)
    assert "slack.unreachable" in process.said()


HELD_UP = """
import sys, threading
from bot.cli import main
from handlers.dispatch import Dispatch

Dispatch.handle = lambda dispatch, item: threading.Event().wait()
sys.exit(main(["run"]))
"""


def test_what_was_left_over_holds_up_no_window(machine: Machine, started: Callable[..., Run]) -> None:
    opted_in_until_a_minute_ago(machine)
    leave_over(machine)
    process = started(machine, "-c", HELD_UP)
    process.wait(lambda: machine.microsoft.tenant.value is False)


def test_entra_is_silent_and_the_bot_answers_what_it_acknowledged_before_it_stops(
    machine: Machine, silence: Silence, started: Callable[..., Run]
) -> None:
    process = started(machine, AZURE_AUTHORITY_HOST=f"https://127.0.0.1:{silence.port}")
    process.wait(lambda: machine.slack.connections and silence.called.is_set())
    machine.slack.command("U0ALICE", "/legacytls status")
    process.wait(
        lambda: [delivery.acked_after is not None for delivery in machine.slack.deliveries] == [True]
    )
    code, seconds = process.stop()
    assert (code, seconds < patience(BUSY)) == (0, True), process.said()
    told = [
        message["text"]
        for message in machine.slack.messages(cast.CHANGES, "U0ALICE")
        if message.get("ephemeral")
    ]
    assert told, process.said()
    assert says("could_not_be_read") in told[-1]


def test_entra_is_silent_and_the_idle_bot_stops(
    machine: Machine, silence: Silence, started: Callable[..., Run]
) -> None:
    process = started(machine, AZURE_AUTHORITY_HOST=f"https://127.0.0.1:{silence.port}")
    process.wait(lambda: machine.slack.connections == 2 and silence.called.is_set())
    code, seconds = process.stop()
    assert (code, seconds < patience(IDLE)) == (0, True), process.said()
    assert '"left": ["observer"]' in process.said()


def test_the_database_is_silent_and_the_bot_stops(
    machine: Machine, silence: Silence, started: Callable[..., Run]
) -> None:
    process = started(
        machine, DATABASE_URL=f"postgresql+psycopg://legacytls:x@127.0.0.1:{silence.port}/legacytls"
    )
    assert silence.called.wait(patience(20))
    code, seconds = process.stop()
    assert (code, seconds < patience(IDLE)) == (0, True), process.said()


DYING = """
import sys, threading
from bot.cli import main
from {module} import {kind}

def die(*arguments):
    raise RuntimeError("a defect")

{kind}.{method} = die
sys.exit(main(["run"]))
"""


@pytest.mark.parametrize(
    ("module", "kind", "method"),
    [
        ("bot.worker.loops", "Worker", "do"),
        ("bot.transport.socket_mode", "SocketMode", "_look"),
        ("handlers.slack.executor", "Executor", "_due"),
    ],
    ids=["a lane", "the keeper of the connections", "the executor"],
)
def test_a_thread_that_dies_of_a_defect_takes_the_process_along(
    machine: Machine, started: Callable[..., Run], module: str, kind: str, method: str
) -> None:
    process = started(machine, "-c", DYING.format(module=module, kind=kind, method=method))
    assert process.process.wait(timeout=patience(25)) == 1
    lines = [json.loads(line) for line in process.said().splitlines()]
    assert "uncaught" in [line["event"] for line in lines]
    assert lines[-1]["event"] == "bot.stopped"
