"""The bot's processes: one that stays, whose memory is looked at, and two that are killed in turn and started
again."""

import random
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.transport.socket_lines import CONNECTIONS
from tests.crashes.world import World

MORTALS = 2


class Replicas:
    """Use as a context manager: all are connected when it has been entered."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.kills: list[float] = []
        """When each was killed, on the clock of ``time.monotonic``."""
        self._world = world
        self._chance = chance
        self._staying: subprocess.Popen[bytes] | None = None
        self._mortal: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._staying = self._started()
        # it migrates; the others need not wait for it
        self._world.wait(lambda: self._world.slack.connections == CONNECTIONS)
        self._mortal = [self._started() for _ in range(MORTALS)]
        self._world.wait(self.whole)
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

    def resident(self) -> float:
        """Resident memory of the one that stays, in MiB."""
        assert self._staying is not None
        status = Path(f"/proc/{self._staying.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def _started(self) -> "subprocess.Popen[bytes]":
        self._world.launch()
        return self._world.set_aside()
