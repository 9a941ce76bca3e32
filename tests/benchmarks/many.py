"""Set bots with many tenants up for measuring: their file, the simulated Exchange, the processes."""

import json
import os
import signal
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.many_exchange import organization, tenant_id
from tests.benchmarks.subjects import Subject, process
from tests.benchmarks.workspace import CHANNEL, PERSON, SECRET

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Readings:
    """What arrived at the simulated Exchange."""

    times: dict[str, list[float]]
    """When each tenant was read, by the wall clock."""
    most: int
    """Tenants that were read at one time."""
    most_of_one: int
    connections: int

    @property
    def span(self) -> float:
        """Seconds from the first tenant's first reading to the last one's."""
        first = [times[0] for times in self.times.values()]
        return max(first) - min(first)


class ManyTenants(Subject):
    """The simulated Exchange of all tenants, in a process of its own."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        arguments = ["-m", "tests.benchmarks.many_exchange", str(folder)]
        super().__init__(stack.enter_context(process(arguments, {}, measured=None)))
        self.environment: dict[str, str] = json.loads(self.line())

    def tell(self, order: str) -> Any:
        """Give one order and return the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        return json.loads(self.line())

    def readings(self) -> Readings:
        """What has arrived since it was told to forget."""
        return Readings(**self.tell("report"))


class Replica(Subject):
    """One process of the bot."""

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / TICKS

    @property
    def threads(self) -> int:
        """Threads right now."""
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/task").iterdir())

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)


@dataclass
class Fleet:
    """Replicas over one file of tenants and one database; each is ended with the stack."""

    stack: ExitStack
    folder: Path
    slack: str
    """Where the simulated Slack is."""
    database: str
    tenants: int
    every: str
    exchange: ManyTenants = field(init=False)
    _started: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        self.exchange = ManyTenants(self.stack, self.folder)
        self.exchange.tell("delay 0.05")
        write_file(self.folder / "tenants.yaml", self.tenants)

    def start(self, name: str) -> Replica:
        """Start a replica, which Slack knows by this name."""
        settings = self.exchange.environment | {
            "SLACK_APP_TOKEN": f"xapp-{name}",
            "SLACK_BOT_TOKEN": "xoxb-measuring",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": f"{self.slack}/api/",
            "LEGACYTLS_TENANTS": str(self.folder / "tenants.yaml"),
            "LEGACYTLS_OBSERVE_EVERY": self.every,
            "LEGACYTLS_LOG_LEVEL": "warning",
            "DATABASE_URL": self.database,
        }
        arguments = ["-m", "bot", "run", "--mode", "socket", "--port", "0"]
        return Replica(self.stack.enter_context(process(arguments, settings, measured=None)))

    def all_read(self, replicas: Iterable[Replica], *, within: float) -> Readings:
        """Wait until every tenant was read. Raises ``TimeoutError``."""
        until = time.monotonic() + within
        while len((found := self.exchange.readings()).times) < self.tenants:
            assert all(one.process.poll() is None for one in replicas), "a replica has ended"
            if time.monotonic() > until:
                raise TimeoutError(f"{len(found.times)} of {self.tenants} were read")
            time.sleep(0.2)
        return found


def write_file(path: Path, tenants: int) -> None:
    """Write the file of so many tenants; the first one's channel is that of the measured commands."""
    lines = ["defaults:", f"  approvers: [{PERSON}]", "tenants:"]
    for number in range(tenants):
        tenant = tenant_id(number)
        channel = f"C{number:09d}" if number else CHANNEL
        lines += [f"  tenant{number}:", f"    tenant_id: {tenant}", f"    channel: {channel}"]
        lines += [f"    organization: {organization(tenant)}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
