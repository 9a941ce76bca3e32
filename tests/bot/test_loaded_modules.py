"""What ``legacytls run`` loads: what it needs by its settings, and nothing of the other verbs'."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.bot.machine import ROOT, Machine

RUN = (
    "import atexit, sys; from bot.cli import main; atexit.register(lambda: print(*sys.modules)); "
    "sys.exit(main(['run']))"
)
NOT_LOADED = {
    "alembic", "mako",  # the schema is current
    "psycopg", "sqlalchemy.dialects.postgresql",  # the record is in SQLite
    "bot.transport.http_mode", "waitress",  # Socket Mode, and no health endpoint
    "bot.stream.event_receiver", "standardwebhooks",  # no receiver of events
    "bot.stream.timestamps", "rfc3161_client",  # no time-stamp authority
    "bot.probe.run", "aiohappyeyeballs",  # nobody probes
    "bot.calendar_file", "icalendar",  # no calendar is served
    "bot.checks", "bot.reports", "bot.sandbox", "bot.setup",  # other verbs
    "aiohttp", "email.policy", "pygal", "resvg_py", "rich", "sqlalchemy.orm",
}  # fmt: skip


def test_a_start_loads_nothing_that_its_settings_do_not_ask_for(machine: Machine, tmp_path: Path) -> None:
    assert machine.run("migrate").code == 0
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    with subprocess.Popen(
        [sys.executable, "-c", RUN],
        env=inherited | {"PYTHONPATH": str(ROOT)} | machine.settings,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            machine.slack.workspace.wait_for(lambda: machine.slack.connections, 30)
        finally:
            process.send_signal(signal.SIGTERM)
        loaded = set(process.communicate(timeout=30)[0].split())
    assert {"bot.process", "bot.transport.socket_mode", "slack_bolt"} <= loaded
    assert sorted(loaded & NOT_LOADED) == []
