"""A PostgreSQL server that can be killed without a word and started again on the same data."""

import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from bot.sandbox.shared.server import free_port
from tests.postgres import (
    NoPostgres,
    Server,
    _account,
    _await,
    _binaries,
    _make_cluster,
    _room,
    _stop,
    _surroundings,
)


class Postmaster:
    """One server on loopback; ``server`` speaks to it while it runs."""

    def __init__(self, room: Path) -> None:
        self._account = _account()
        self._binaries = _binaries(self._account)
        self._room = room
        self._port = free_port()
        password = secrets.token_urlsafe(16)
        self._data = _make_cluster(self._binaries, room, self._account, password)
        url = URL.create("postgresql+psycopg", "legacytls", password, "127.0.0.1", self._port, "postgres")
        self.server = Server(url)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start on what was committed; a killed server's children may need a moment to go. Raises
        ``NoPostgres``."""
        for _ in range(20):
            try:
                self._start()
            except NoPostgres as refused:
                if "shared memory" not in str(refused) and "lock file" not in str(refused):
                    raise
            else:
                return
        raise NoPostgres("the killed server's children did not go")

    @property
    def running(self) -> bool:
        """Whether the postmaster is alive."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill the postmaster as a power cut would; its children notice and go."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it."""
        if self.running and self._process:
            _stop(self._process)

    def _start(self) -> None:
        options = {"listen_addresses": "127.0.0.1", "port": self._port, "unix_socket_directories": self._room}
        command = [
            self._binaries / "postgres",
            "-D",
            self._data,
            *(f"--{name}={value}" for name, value in options.items()),
        ]
        log = self._room / "log"
        with log.open("wb") as out:
            surroundings = _surroundings(self._room, self._account)
            self._process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, **surroundings
            )
        _await(self.server.url, self._process, log)


@contextmanager
def postmaster() -> Iterator[Postmaster]:
    """A running server, ended afterwards. Raises ``NoPostgres``."""
    with _room(_account()) as room:
        running = Postmaster(room)
        running.start()
        try:
            yield running
        finally:
            running.stop()
