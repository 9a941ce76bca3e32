"""Starts what is measured, each in a process of its own on one processor, while whoever measures has the
other."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.benchmarks.databases import Postgres
from tests.benchmarks.workspace import CHANNEL, PERSON, SECRET

ROOT = Path(__file__).parents[2]
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
PROCESSORS = sorted(os.sched_getaffinity(0))
"""Before anything is pinned."""
AT_REST = 0.05
"""Share of a processor below which all subjects together are at rest; each looks for due work all the
time."""


class Subject:
    """A running process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def line(self) -> str:
        """The next line it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def processor_seconds(self) -> float:
        """Processor time of all its threads since its start; the number is Linux' for a process' clock."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def resident(self) -> float:
        """Resident memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def processor(self) -> float:
        """Seconds of processor time so far, to a hundredth."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


class Tenant(Subject):
    """The simulated Microsoft."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        super().__init__(process)
        self.environment: dict[str, str] = json.loads(self.line())

    def slow(self, seconds: float) -> int:
        """From now on readings take so long (0: no time); returns how many there have been."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return int(self.line())


class Subjects:
    """Starts processes that are ended with ``stack``, the bot's data in ``folder``."""

    def __init__(self, stack: ExitStack, folder: Path, url: str, postgres: Postgres) -> None:
        self.postgres = postgres
        self._stack = stack
        self._started: list[Subject] = []
        self.folder = folder
        self._url = url
        self.tenant = Tenant(
            stack.enter_context(process(["-m", "tests.benchmarks.tenant", str(folder)], {}, measured=False))
        )

    def bare(self, kind: str, mode: str, *, name: str = "") -> Subject:
        """Bolt alone (``inline``, ``default``) or no Bolt (``floor``), known to the workspace by its kind or
        a name."""
        return self._start(
            ["-m", "tests.benchmarks.bare", kind, mode], {"SLACK_APP_TOKEN": f"xapp-{name or kind}"}
        )

    def libraries(self, mode: str, *, name: str, **settings: str) -> Subject:
        """What the bot is built on, loaded and connected with, and nothing of the bot's."""
        given = {"SLACK_APP_TOKEN": f"xapp-{name}", "SLACK_API_URL": f"{self._url}/api/"}
        return self._start(
            ["-m", "tests.benchmarks.libraries", mode], self.tenant.environment | given | settings
        )

    def ours(self, mode: str, *, port: int = 0, name: str = "ours", **settings: str) -> Subject:
        """The bot as it is shipped; by default on SQLite and with nothing else set."""
        given = {
            "SLACK_APP_TOKEN": f"xapp-{name}",
            "LEGACYTLS_CHANNEL": CHANNEL,
            "LEGACYTLS_APPROVERS": PERSON,
            "LEGACYTLS_LOG_LEVEL": "warning",
            "DATABASE_URL": f"sqlite:///{self.folder / (name + mode)}.db",
        }
        arguments = ["-m", "bot", "run", "--mode", mode, "--port", str(port)]
        return self._start(
            arguments, self.tenant.environment | {"SLACK_API_URL": f"{self._url}/api/"} | given | settings
        )

    def _start(self, arguments: list[str], settings: dict[str, str]) -> Subject:
        shared = {
            "SLACK_BOT_TOKEN": "xoxb-measuring",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": f"{self._url}/api/",
        }
        subject = Subject(self._stack.enter_context(process(arguments, shared | settings)))
        self._started.append(subject)
        return subject

    async def rest(self) -> None:
        """Wait until none of them works any more: what one has begun must not take time from the next.

        Raises ``TimeoutError`` after 20 seconds.
        """
        pause = 0.3
        async with asyncio.timeout(20):
            while True:
                before = self._busy()
                await asyncio.sleep(pause)
                if self._busy() - before < AT_REST * pause:
                    return

    def _busy(self) -> float:
        return sum(one.processor_seconds() for one in self._started if one.process.poll() is None)


@contextmanager
def process(
    arguments: list[str], settings: dict[str, str], *, measured: bool | None = True
) -> Iterator["subprocess.Popen[str]"]:
    """Run Python with these settings alone; ``measured`` tells on which processor, ``None``: on any."""
    inherited = {name: os.environ[name] for name in KEPT if name in os.environ}
    started = subprocess.Popen(
        [sys.executable, *arguments], env=inherited | {"PYTHONPATH": str(ROOT)} | settings, cwd=ROOT,
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    if measured is not None:
        pin(started.pid, measured=measured)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def pin(pid: int, *, measured: bool) -> None:
    """Keep what is measured on one processor and everything else on the others, where there are two."""
    if len(PROCESSORS) > 1:
        os.sched_setaffinity(pid, PROCESSORS[:1] if measured else PROCESSORS[1:])


def wait_for_port(port: int) -> None:
    """Wait until something listens there. Raises ``TimeoutError``."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")
