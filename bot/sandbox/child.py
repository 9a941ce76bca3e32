"""Starts, watches and stops the bot's process of the sandbox, by the process it started and never by name."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "VIRTUAL_ENV", "PYTHONPATH", "TMPDIR")
"""What the bot's process inherits: nothing that could be taken for a setting."""


class Child:
    """One bot process; its log goes to ``log``, because the page is what people look at."""

    def __init__(self, environment: dict[str, str], folder: Path, changed: Callable[[], None]) -> None:
        inherited = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        paths = [str(Path(__file__).resolve().parents[2]), *filter(None, [inherited.get("PYTHONPATH")])]
        self._environment = inherited | {"PYTHONPATH": os.pathsep.join(paths)} | environment
        self._folder = folder
        self._changed = changed
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the bot unless it runs."""
        with self._lock:
            if self.running:
                return
            with (self._folder / "bot.log").open("ab") as log:
                self._process = self._launch("bot.sandbox.robot", log)
        self._changed()

    def _launch(self, module: str, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - our own module, no words from outside
            [sys.executable, "-m", module],
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def stop(self) -> None:
        """Stop the bot as an operator would (SIGTERM) and wait; after twenty-five seconds it is killed."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=25)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._changed()

    def kill(self) -> None:
        """End the bot without a word, as a power cut would."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        self._changed()

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._process.pid if self._process is not None and self.running else None

    def act(self, action: str) -> None:
        """``start``, ``stop`` or ``restart``, as the page asks."""
        if action in ("stop", "restart"):
            self.stop()
        if action in ("start", "restart"):
            self.start()
