"""Run the real bot as a process of the sandbox, with a clock that the page can move."""

import os
import sys
from pathlib import Path

from bot.observability import logs
from bot.process import run
from bot.sandbox.shared.clock import MovableClock
from bot.settings.load import load, withhold_from_bolt

CLOCK_FILE = "SANDBOX_CLOCK_FILE"
PORT = "SANDBOX_BOT_PORT"
"""Where the bot listens in HTTP mode."""


def main() -> int:
    """Serve until stopped."""
    settings = load()
    logs.configure(settings.secrets(), level=settings.log_level)
    withhold_from_bolt()
    port = int(os.environ.get(PORT, "0"))
    return run(
        settings,
        mode=settings.mode,
        host="127.0.0.1",
        port=port,
        clock=MovableClock(Path(os.environ[CLOCK_FILE])),
    )


if __name__ == "__main__":
    sys.exit(main())
