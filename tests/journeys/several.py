"""Two tenants on one bot: the sandbox with a second simulated tenant, whose channel is the other one of the
workspace."""

import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from bot.sandbox.microsoft.tenant import Tenant
from bot.sandbox.run import Sandbox
from bot.sandbox.slack import cast
from storage.engine import Database
from storage.ledger import Ledger
from tests.chance import QUIET
from tests.journeys.words import JSON, words
from tests.patience import patience
from tests.processes import ForkedChild

T = TypeVar("T")

ALICE, BOB, CAROL, DAVE, ERIN = "U0ALICE", "U0BOB", "U0CAROL", "U0DAVE", "U0ERIN"
CONTOSO, FABRIKAM = cast.CHANGES, cast.GENERAL
"""The channels of the two."""

FILE = """\
fleet_operators: [U0CAROL]
tenants:
  contoso:
    tenant_id: {contoso}
    organization: contoso.onmicrosoft.com
    channel: C0CHANGES
    approvers: [U0ALICE, U0BOB]
  fabrikam:
    tenant_id: {fabrikam}
    organization: fabrikam.onmicrosoft.com
    channel: C0GENERAL
    approvers: [U0BOB, U0CAROL]
    warning: Handle with care
"""


class SeveralStage:
    """The workspace, both tenants, the bot; use as a context manager."""

    def __init__(self, folder: Path, *, database_url: str | None = None, **settings: str) -> None:
        self.file, self.settings = folder / "tenants.yaml", settings
        self.database_url = database_url or f"sqlite:///{folder / 'stage.db'}"
        ours = {
            "DATABASE_URL": self.database_url,
            "LEGACYTLS_OBSERVE_EVERY": "1h",
            "LEGACYTLS_TENANTS": str(self.file),
            "AZURE_TENANT_ID": "",
            "EXCHANGE_ORGANIZATION": "",
            "LEGACYTLS_CHANNEL": "",
            "LEGACYTLS_APPROVERS": "",
            "LEGACYTLS_OPERATORS": "",
        }
        self.sandbox = Sandbox(folder, settings=ours | settings, child=ForkedChild)
        self.slack, self.clock = self.sandbox.slack, self.sandbox.clock
        self.clock.advance(QUIET)
        self.slack.carrier.ack_within = self.slack.modals._lifetime = 30.0
        self.contoso = self.sandbox.microsoft.tenant
        names = {
            "tenant_id": "99999999-2222-3333-4444-555555555555",
            "organization": "fabrikam.onmicrosoft.com",
        }
        self.fabrikam = Tenant(clock=self.clock, changed=self.slack.workspace.touch, **names)
        self.sandbox.microsoft.others.append(self.fabrikam)
        members = {ALICE, BOB, CAROL, DAVE, ERIN, cast.BOT_USER}
        self.slack.workspace.rearrange(FABRIKAM, members=members)
        self.write(FILE)
        self._folder = folder
        self.database: Database | None = None

    def write(self, file: str) -> None:
        """Write the file of tenants."""
        self.file.write_text(file.format(contoso=self.contoso.tenant_id, fabrikam=self.fabrikam.tenant_id))

    def __enter__(self) -> Self:
        self.sandbox.__enter__()
        self.sandbox.wait_until_connected(30.0)
        self.database = Database(self.database_url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.database is not None:
            self.database.close()
        self.sandbox.__exit__(kind, error, trace)
        errors = [
            line
            for line in self.log().splitlines()
            if '"level": "error"' in line and "tenants.kept" not in line
        ]
        if kind is None and errors:
            raise AssertionError(f"the bot logged errors: {errors}")

    def log(self) -> str:
        """What the bot logged."""
        return (self._folder / "bot.log").read_text(encoding="utf-8")

    def hup(self, event: str) -> None:
        """Have the file read anew, and wait until the log says ``event`` once more."""
        before, process = self.log().count(event), self.sandbox.bot
        assert process is not None
        assert process.pid is not None
        os.kill(process.pid, signal.SIGHUP)
        deadline = time.monotonic() + patience(30.0)
        while self.log().count(event) == before:
            assert time.monotonic() < deadline, self.log()[-2000:]
            time.sleep(0.02)

    def numbers(self) -> str:
        """What ``/metrics`` tells; the stage was given a health port."""
        address = f"http://127.0.0.1:{self.settings['LEGACYTLS_HEALTH_PORT']}/metrics"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return str(answer.read().decode())

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that no message tells of."""
        deadline = time.monotonic() + patience(30.0)
        while not holds():
            assert time.monotonic() < deadline, self.log()[-2000:]
            time.sleep(0.05)

    def ledger(self, tenant: Tenant) -> Ledger:
        """What is on record of one of them."""
        assert self.database is not None
        return Ledger(self.database, tenant.tenant_id)

    def wait(self, predicate: Callable[[], T | None]) -> T:
        """The first truthy answer of ``predicate``."""
        return self.slack.workspace.wait_for(predicate, patience(30.0))

    def command(self, person: str, text: str, channel: str = CONTOSO) -> str:
        """Send a command; returns the private answer in words."""
        return self.answered(
            person, channel, lambda: self.slack.command(person, f"/legacytls {text}", channel)
        )

    def answered(self, person: str, channel: str, act: Callable[[], object]) -> str:
        """The private answer to ``act`` in words, wherever it is given."""
        before = {message["ts"] for message in self._private(person, channel)}
        act()

        def found() -> JSON | None:
            fresh = (message for message in self._private(person, channel) if message["ts"] not in before)
            return next((one for one in fresh if not one["text"].startswith("Reading the live value")), None)

        return words(self.wait(found))

    def _private(self, person: str, channel: str) -> list[JSON]:
        own = self.slack.dm(person)
        said = (
            [one for one in self.slack.messages(channel, person) if one["ephemeral"]]
            if channel != own
            else []
        )
        said += self.slack.messages(own, person)
        return [one for one in said if one["user"] == cast.BOT_USER]

    def form(self, person: str, text: str, channel: str) -> JSON:
        """Open the form of a command."""
        before = {view["id"] for view in self.slack.views(person)}
        self.slack.command(person, f"/legacytls {text}", channel)
        return self.wait(
            lambda: next((one for one in self.slack.views(person) if one["id"] not in before), None)
        )

    def ask(self, person: str, channel: str, text: str = "enable") -> int:
        """Ask for an opt-in; returns its number."""
        view = self.form(person, text, channel)
        day = self.clock().date().replace(day=28).isoformat()
        values = {"reason": "Forty scanners", "clients": "Ricoh MP 301", "day": day}
        answer = self.answered(person, channel, lambda: self.slack.submit(person, view["id"], values))
        found = re.search(r"#(\d+) is open", answer)
        assert found, answer
        return int(found[1])

    def card(self, number: int, channel: str, begins: str = "Request") -> JSON:
        """A request's message, once its text begins so."""

        def found() -> JSON | None:
            public = [one for one in self.slack.messages(channel) if not one["ephemeral"]]
            shown = [one for one in public if re.match(rf"\W*{begins}[^#]*#{number}\b", one["text"])]
            return shown[-1] if shown else None

        return self.wait(found)
