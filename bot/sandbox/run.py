"""Run ``legacytls sandbox``: workspace and tenant on loopback, the real bot, and a page to act on.

Everything lives in one temporary folder and ends with the program.
"""

import errno
import os
import shlex
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.sandbox.child import Child
from bot.sandbox.console.controls import Controls
from bot.sandbox.console.site import Site
from bot.sandbox.microsoft.certificates import write_private
from bot.sandbox.microsoft.simulation import Microsoft
from bot.sandbox.robot import CLOCK_FILE, PORT
from bot.sandbox.shared.clock import MovableClock
from bot.sandbox.shared.server import free_port
from bot.sandbox.slack.simulation import Slack
from bot.sandbox.tenants import OF_ONE, channel_of, further, write_file
from bot.stop_signals import Stopping
from bot.transport.http_mode import PATH

OBSERVE_EVERY = "15s"
"""Often enough that a change made outside the bot is noticed while one watches."""


SHOWN = {"LEGACYTLS_WHEN_NONE_LEFT": "opt-out"}
"""Settings of the sandbox that people look at: the switch goes off once the last device is gone."""


class Sandbox:
    """Slack, Microsoft and the bot; use as a context manager.

    ``settings`` adds to or replaces the bot's environment. ``mode`` is Slack's way to the bot: ``socket``, or
    ``http`` for signed requests; ``child`` is what starts the bot. With more than one of ``tenants`` each has
    a channel of its own, and the bot is given a file that names them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        mode: str = "socket",
        settings: dict[str, str] | None = None,
        child: type[Child] = Child,
        tenants: int = 1,
    ) -> None:
        self.folder = folder
        self.clock = MovableClock(folder / "clock")
        self._bot_port = free_port() if mode == "http" else 0
        request_url = f"http://127.0.0.1:{self._bot_port}{PATH}" if mode == "http" else ""
        self._site = Site()
        self.slack = Slack(clock=self.clock, port=port, request_url=request_url, mount=self._site.mount)
        self.microsoft = Microsoft(folder, clock=self.clock, changed=self.slack.workspace.touch)
        self._file: Path | None = None
        """Of several tenants; ``None``: there is one."""
        if tenants > 1:
            self._add(tenants - 1)
        self._settings = settings or {}
        self._child = child
        self.bot: Child | None = None

    def __enter__(self) -> Self:
        """Start everything; the bot may need a few seconds more to connect."""
        with ExitStack() as undo:
            self.slack.start()  # first: that the port is taken is known at once
            undo.callback(self.slack.stop)
            self.microsoft.start()
            undo.pop_all()
        environment = self._environment() | self._settings
        self.bot = self._child(environment, self.folder, self.slack.workspace.touch)
        self._site.controls = self._controls(self.bot)
        self.bot.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the bot, then the two it talks to."""
        if self.bot is not None:
            self.bot.stop()
        self.slack.stop()
        self.microsoft.stop()

    def wait_until_connected(self, within: float = 30.0) -> None:
        """Wait until the bot has connected to Slack.

        Raises ``TimeoutError`` with the end of the bot's log.
        """
        deadline = time.monotonic() + within
        while not self.slack.connections:
            if time.monotonic() > deadline:
                log = (self.folder / "bot.log").read_text(encoding="utf-8", errors="replace")
                raise TimeoutError(f"the bot did not connect; its last words:\n{log[-3000:]}")
            time.sleep(0.05)

    @property
    def record_settings(self) -> str:
        """What ``legacytls verify``, ``export`` and ``history`` need to find the sandbox's record."""
        settings = self._environment()
        whose = "LEGACYTLS_TENANTS" if self._file is not None else "AZURE_TENANT_ID"
        return " ".join(f"{name}={settings[name]}" for name in ("DATABASE_URL", whose, "LEGACYTLS_TIMEZONE"))

    def write_settings(self) -> None:
        """Write the bot's settings into ``.env`` in its folder, readable by its owner only."""
        settings = self._environment()
        lines = [f"{name}={value}\n" for name, value in settings.items() if name not in (CLOCK_FILE, PORT)]
        write_private(self.folder / ".env", "".join(lines).encode())

    def line(self, verb: str, settings: str = 'TERM="$TERM"') -> str:
        """Return the shell line that runs ``verb`` against the sandbox with none of the shell's settings."""
        return f"(cd {shlex.quote(str(self.folder))} && env -i {settings} {program()} {verb})"

    def _add(self, count: int) -> None:
        """Add so many tenants beside the first."""
        others = further(count, clock=self.clock, changed=self.slack.workspace.touch)
        self.microsoft.others += others
        for one in others:
            self.slack.workspace.add_channel(channel_of(one))
        self._file = self.folder / "tenants.yaml"
        write_file(self._file, self.microsoft.tenant, others)

    def _environment(self) -> dict[str, str]:
        """What the bot is told, but for what whoever made the sandbox has added."""
        settings = self.slack.environment | self.microsoft.environment | self._bot_settings()
        if self._file is None:
            return settings
        settings |= {"LEGACYTLS_TENANTS": str(self._file)}
        return {name: value for name, value in settings.items() if name not in OF_ONE}

    def _bot_settings(self) -> dict[str, str]:
        return {
            "DATABASE_URL": f"sqlite:///{self.folder / 'sandbox.db'}",
            "LEGACYTLS_OBSERVE_EVERY": OBSERVE_EVERY,
            "LEGACYTLS_TIMEZONE": "Europe/Berlin",
            CLOCK_FILE: str(self.folder / "clock"),
            PORT: str(self._bot_port),
        }

    def _controls(self, bot: Child) -> Controls:
        controls = Controls.of(self.microsoft.tenant)
        controls.others = lambda: [
            {"organization": one.organization, "value": one.value} for one in self.microsoft.others
        ]
        controls.advance_clock = self.clock.advance
        controls.bot_state = lambda: _state(bot, connected=self.slack.connections > 0)
        controls.bot_action = bot.act
        return controls


def run(*, port: int, mode: str, tenants: int = 1) -> int:
    """Serve the sandbox until SIGINT or SIGTERM; prints the address of the page."""
    stopping = Stopping()
    with tempfile.TemporaryDirectory(prefix="legacytls-sandbox-") as name:
        try:
            sandbox = Sandbox(Path(name), port=port, mode=mode, settings=SHOWN, tenants=tenants)
            whose = " --tenant all" if tenants > 1 else ""
            with sandbox:
                sys.stdout.write(f"The sandbox is at {sandbox.slack.url}  (Ctrl-C ends it)\n")
                sandbox.write_settings()
                record = sandbox.line(f"verify{whose}", sandbox.record_settings)
                sys.stdout.write(f"Its record, from another terminal: {record}\n")
                sys.stdout.write(f"Likewise status, check, history:   {sandbox.line(f'status{whose}')}\n")
                sys.stdout.flush()
                stopping.wait()
        except OSError as refused:
            if refused.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            why = "is taken" if refused.errno == errno.EADDRINUSE else "may not be opened by this account"
            sys.stderr.write(
                f"The sandbox could not start: port {port} {why}. Try another: legacytls sandbox --port 0\n"
            )
            return 1
    return 0


def program() -> str:
    """How this program was started, as a shell takes it from any folder."""
    script = Path(sys.argv[0]).absolute()
    if script.suffix != ".py" and os.access(script, os.X_OK):
        return shlex.quote(str(script))
    root = Path(__file__).resolve().parents[2]
    return f"PYTHONPATH={shlex.quote(str(root))} {shlex.quote(sys.executable)} -m bot"


def _state(bot: Child, *, connected: bool) -> str:
    if not bot.running:
        return "stopped"
    return "running" if connected else "starting"
