"""The real process: what its health endpoint says while Slack goes and comes, how fast it stops, and what a
burst gets."""

import http.client
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from bot.sandbox.run import Sandbox
from bot.sandbox.shared.server import free_port
from bot.sandbox.slack import cast
from tests.patience import patience
from tests.processes import ForkedChild

T = TypeVar("T")
BURST = 64
SLOW = 2.0
"""Seconds that Exchange takes for a reading in these tests."""


class Running:
    """The sandbox with a health port, and what one wants to know of its bot."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        ours = {"LEGACYTLS_HEALTH_PORT": str(self.port), "LEGACYTLS_OBSERVE_EVERY": "1h"}
        self.sandbox = Sandbox(folder, settings=ours | settings, child=ForkedChild)
        self.slack, self.tenant = self.sandbox.slack, self.sandbox.microsoft.tenant

    def ready(self) -> int:
        """The status of ``/readyz``; 0 while nobody answers."""
        return self.get("/readyz")[0]

    def trouble(self) -> dict[str, str]:
        """What ``/readyz`` tells of trouble elsewhere."""
        found: dict[str, str] = json.loads(self.get("/readyz")[1])["trouble"]
        return found

    def number(self, metric: str) -> float | None:
        """The value of one line of ``/metrics``; ``None`` while there is none."""
        lines = (line.rpartition(" ") for line in self.get("/metrics")[1].splitlines())
        return next((float(value) for name, _, value in lines if name == metric), None)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; 0 while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def reads(self) -> int:
        return sum(call.cmdlet == "Get-TransportConfig" for call in self.tenant.calls)

    def wait(self, predicate: Callable[[], T | None], within: float = 20.0) -> T:
        began = time.monotonic()
        while not (found := predicate()):
            assert time.monotonic() - began < patience(within), self.log()[-3000:]
            time.sleep(0.02)
        return found

    def log(self) -> str:
        return (self.sandbox.folder / "bot.log").read_text(encoding="utf-8")

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit code and the seconds it took."""
        assert self.sandbox.bot is not None
        process = self.sandbox.bot._process
        assert process is not None
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=patience(25)), time.monotonic() - began

    def answers(self) -> list[str]:
        """What Alice was told privately, without the lines that something is being read."""
        told = [
            message for message in self.slack.messages(cast.CHANGES, "U0ALICE") if message.get("ephemeral")
        ]
        return [message["text"] for message in told if not message["text"].startswith("Reading")]

    def ask(self, times: int = 1) -> None:
        for _ in range(times):
            self.slack.command("U0ALICE", "/legacytls status")

    def slow_down(self) -> None:
        """Have every reading take long from now on."""
        self.tenant.queue_fault("slow", cmdlet="Get-TransportConfig", count=100, seconds=SLOW)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    process = Running(tmp_path)
    with process.sandbox:
        process.wait(lambda: process.ready() == 200 and process.slack.connections == 2 and process.reads())
        yield process


def test_readiness_follows_the_connection_to_slack(running: Running) -> None:
    running.slack.fault("apps.connections.open", "internal_error", 4)
    running.slack.sever()
    running.wait(lambda: running.ready() == 503)
    running.wait(lambda: running.ready() == 200)
    running.ask()
    running.wait(running.answers)


def test_readiness_survives_a_refresh(running: Running) -> None:
    for _ in range(3):
        running.slack.disconnect()
        running.wait(lambda: running.slack.connections == 2)
        running.ask()
    running.wait(lambda: len(running.answers()) == 3)
    assert running.ready() == 200


def test_sixty_four_together_share_few_readings_and_all_get_the_value(running: Running) -> None:
    running.slow_down()
    before = running.reads()
    running.ask(BURST)
    running.wait(lambda: len(running.answers()) == BURST, within=25)
    assert all("not set" in text for text in running.answers())
    assert all(delivery.acked_after is not None for delivery in running.slack.deliveries)
    assert all(delivery.answer is None for delivery in running.slack.deliveries), (
        "somebody was told that the bot is busy"
    )
    assert 1 <= running.reads() - before <= 3


def test_a_start_has_nothing_to_warn_of(running: Running) -> None:
    levels = {json.loads(line)["level"] for line in running.log().splitlines()}
    assert levels == {"info"}, running.log()


def test_an_idle_bot_stops_within_five_seconds(running: Running) -> None:
    code, seconds = running.stop()
    assert code == 0
    assert seconds < patience(5)
    assert "Traceback" not in running.log()


def test_a_busy_bot_answers_what_it_acknowledged_and_stops_within_twenty_seconds(running: Running) -> None:
    running.slow_down()
    running.ask(5)
    running.wait(lambda: sum(delivery.acked_after is not None for delivery in running.slack.deliveries) == 5)
    code, seconds = running.stop()
    assert code == 0
    assert seconds < patience(20)
    assert len(running.answers()) == 5, running.log()[-3000:]
    assert all("not set" in text for text in running.answers())
