"""Starts processes of the bot for the tests: forked from one that has everything imported, where the system
can do that.

Each is a process like any other, with streams, signals, threads and an exit code of its own; what it does not
show is how an interpreter starts. Where that is what is tested, ``subprocess`` is used.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from bot.sandbox.child import Child

ROOT = Path(__file__).parents[1]
CAN_FORK = hasattr(os, "pidfd_open") and sys.platform == "linux"
Stream = int | IO[bytes]
TRUSTED = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
"""Whom a process of the tests trusts beside whom it is told to: nobody here is certified by an authority of
the world's, and reading all of them took 20 ms of every TLS context."""


class Forked:
    """A process that ``Starter`` has forked, with as much of ``subprocess.Popen`` as the tests use."""

    def __init__(self, report: socket.socket) -> None:
        self._report = report
        self._lines = report.makefile("rb")
        self.pid = int(self._lines.readline())
        self.returncode: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """The exit code, or minus the signal that ended it; ``None`` while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """The same once it has ended. Raises ``subprocess.TimeoutExpired``."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"forked process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        with self._lock:
            if self.returncode is None and select.select([self._report], [], [], timeout)[0]:
                self.returncode = int(self._lines.readline())
                self._lines.close()
                self._report.close()
            return self.returncode


Process = Forked | subprocess.Popen[bytes]


class Starter:
    """The process that forks, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None

    def fork(
        self,
        module: str,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        folder: Path,
        streams: tuple[int, int, int],
    ) -> Forked:
        """Start ``python -m module`` with these descriptors as its standard streams."""
        wanted = {
            "module": module,
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(folder),
        }
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            socket.send_fds(self._connected(), [json.dumps(wanted).encode()], [*streams, theirs.fileno()])
        return Forked(ours)

    def _connected(self) -> socket.socket:
        if self._control is None:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            inherited = {
                name: value
                for name, value in os.environ.items()
                if name in ("PATH", "HOME", "LANG", "TMPDIR")
            }
            with theirs:
                started = subprocess.Popen(
                    [sys.executable, "-X", "faulthandler", "-m", "tests.forking", str(theirs.fileno())],
                    env=inherited | {"PYTHONPATH": str(ROOT)}, cwd=ROOT, pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                )  # fmt: skip
            atexit.register(_end, self._control, started)
        return self._control


def _end(control: socket.socket, started: subprocess.Popen[bytes]) -> None:
    control.close()
    started.wait()


_starter = Starter()


def start(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    folder: Path,
    stdout: Stream,
    stderr: Stream,
    stdin: Stream | None = None,
) -> Process:
    """Start ``python -m module``, with no other environment and, unless ``stdin`` is given, nothing to
    read."""
    with Path(os.devnull).open("rb") as nothing:
        given = nothing if stdin is None else stdin
        if not CAN_FORK:
            command = [sys.executable, "-m", module, *arguments]
            return subprocess.Popen(
                command, env=environment, cwd=folder, stdin=given, stdout=stdout, stderr=stderr
            )
        streams = tuple(
            stream if isinstance(stream, int) else stream.fileno() for stream in (given, stdout, stderr)
        )
        return _starter.fork(module, arguments, environment, folder, streams)


class Obedient:
    """A process that is told lines and answers each with one; ``python -m module`` in these surroundings."""

    def __init__(self, module: str, *arguments: str) -> None:
        (told, tell), (hear, answers) = os.pipe(), os.pipe()
        self._orders, self._answers = os.fdopen(tell, "w", buffering=1), os.fdopen(hear)
        self.process = start(
            module, *arguments, environment=os.environ, folder=ROOT, stdin=told, stdout=answers, stderr=2
        )
        for theirs in (told, answers):
            os.close(theirs)

    def tell(self, line: str) -> None:
        """Send one line."""
        self._orders.write(f"{line}\n")

    def answer(self) -> str:
        """The next line that it says; empty if it has ended."""
        return self._answers.readline().rstrip("\n")

    def end(self) -> None:
        """Kill it and wait until it has ended."""
        self.process.kill()
        self.process.wait()
        with suppress(BrokenPipeError):
            self._orders.close()
        self._answers.close()


class ForkedChild(Child):
    """The bot of a sandbox, forked."""

    def _launch(self, module: str, log: IO[bytes]) -> Any:
        around = TRUSTED | self._environment
        return start(module, environment=around, folder=self._folder, stdout=log, stderr=log)


def ended(process: Process, *, within: float) -> int:
    """Wait for the exit code; one that takes longer is killed. Raises ``subprocess.TimeoutExpired``."""
    try:
        return process.wait(timeout=within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
