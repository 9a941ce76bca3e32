"""The bot's processes: one that stays, whose memory is looked at, and two that are killed in turn and started
again."""

import random
import subprocess
import threading
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.sandbox.shared.server import free_port
from bot.transport.socket_connections import CONNECTIONS
from bot.transport.socket_mode import CONCURRENCY
from tests.crashes.world import World
from tests.soak.descriptors import ASKED, MOST, descriptors

MORTALS = 2
ON_DEMAND = CONCURRENCY + CONNECTIONS
"""Threads that one that has just connected may still make: those that take payloads, each made when none is
free, and the readers of connections that replace others."""
AGES = {
    "legacytls_outbox_oldest_seconds": "seconds behind with messages",
    "legacytls_stream_oldest_seconds": "seconds behind with events",
}


class Replicas:
    """Use as a context manager: all are connected when it has been entered."""

    def __init__(self, world: World, servers: Mapping[int, str], chance: random.Random) -> None:
        """``servers`` are the ports of what the bot calls, each with its kind of descriptor."""
        self.kills: list[float] = []
        """When each was killed, on the clock of ``time.monotonic``."""
        self.bounds: dict[str, float] = {}
        """Up to where growing is no leak: what is made only when it is needed, and then kept."""
        self._port = free_port()
        self._servers = {**servers, self._port: ASKED}
        self._world = world
        self._chance = chance
        self._staying: subprocess.Popen[bytes] | None = None
        self._mortal: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._staying = self._started(LEGACYTLS_HEALTH_PORT=str(self._port))
        # it migrates; the others need not wait for it
        self._world.wait(lambda: self._world.slack.connections == CONNECTIONS)
        self._mortal = [self._started() for _ in range(MORTALS)]
        self._world.wait(self.whole)
        self.bounds = {"threads": self.looked_at()["threads"] + ON_DEMAND, **MOST}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in [self._staying, *self._mortal]:
            if process is not None:
                process.kill()
                process.wait()

    def keep_on(self, every: float, over: threading.Event) -> None:
        """Kill one, start another, until it is over."""
        while not over.wait(every):
            place = self._chance.randrange(MORTALS)
            self.kills.append(time.monotonic())
            self._mortal[place].kill()
            self._mortal[place].wait()
            self._mortal[place] = self._started()

    def whole(self) -> bool:
        """Whether Slack has every connection that the replicas hold together."""
        return self._world.slack.connections == CONNECTIONS * (MORTALS + 1)

    def looked_at(self) -> dict[str, float]:
        """What may grow in the one that stays, and how old is what it had still to do."""
        assert self._staying is not None
        proc = Path(f"/proc/{self._staying.pid}")
        status = dict(
            line.split(":", 1) for line in (proc / "status").read_text(encoding="ascii").splitlines()
        )
        return {
            "MiB resident": int(status["VmRSS"].split()[0]) / 1024,
            "threads": int(status["Threads"]),
            **descriptors(self._staying.pid, self._servers),
            **self._ages(),
        }

    def _ages(self) -> dict[str, float]:
        """Seconds that the oldest message and the oldest event wait, as ``/metrics`` tells."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=5) as answer:
                told = answer.read().decode()
        except OSError:
            return {}
        numbers = dict(line.rsplit(" ", 1) for line in told.splitlines() if not line.startswith("#"))
        return {what: float(numbers[name]) for name, what in AGES.items() if name in numbers}

    def _started(self, **more: str) -> "subprocess.Popen[bytes]":
        self._world.launch(**more)
        return self._world.set_aside()
