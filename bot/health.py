"""Tells orchestrators how the bot is: alive, ready, and in numbers. Off unless a port is configured.

Ready means migrated, connected to Slack and able to take a command. Trouble at Exchange or in the channel is told in the body and
never by the status: taking the bot out of service would mend neither. It must never show a secret or what people typed.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from waitress import wasyncore
from waitress.server import create_server

from bot.metrics import Metrics
from bot.options import Settings

LONGEST_SILENCE = 60.0
"""Seconds without a beat of the worker after which the process no longer counts as alive."""

JSON = "application/json"

Answer = tuple[int, str, bytes]
Start = Callable[[str, list[tuple[str, str]]], Any]
_REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


class Health:
    """What is known of this process' health. Written by the process, read by the endpoint's threads.

    ``migrated`` and ``taking_commands`` are set as they come true, and unset again when they no longer are.
    """

    def __init__(self) -> None:
        self.migrated = False
        self.taking_commands = False
        self._lock = threading.Lock()
        self._trouble: dict[str, str] = {}
        self._connected: Callable[[], bool] = lambda: False
        self._silence: Callable[[], float] = lambda: 0.0

    def watch(self, *, connected: Callable[[], bool], beat: Callable[[], float]) -> None:
        """From now on ask these: whether Slack is connected, and how many seconds ago the worker last beat."""
        with self._lock:
            self._connected, self._silence = connected, beat

    def note(self, where: str, trouble: str | None) -> None:
        """Keep a sentence about trouble at ``exchange``, in the ``channel``, at the ``database`` or with ``changes`` that wait.

        ``None``: over.
        """
        with self._lock:
            if trouble is None:
                self._trouble.pop(where, None)
            else:
                self._trouble[where] = trouble

    @property
    def trouble(self) -> dict[str, str]:
        """Present trouble by place."""
        with self._lock:
            return dict(self._trouble)

    @property
    def missing(self) -> list[str]:
        """What the bot still needs to be ready, in words; empty when it is."""
        needs = {
            "the database is not migrated": self.migrated,
            "not connected to Slack": self._connected(),
            "not taking commands": self.taking_commands,
        }
        return [word for word, met in needs.items() if not met]

    @property
    def silence(self) -> float:
        """Seconds since the worker last beat; 0 before it was started."""
        return self._silence()


class CannotListen(Exception):
    """The configured address cannot be had, in one sentence for the operator."""


class Endpoint:
    """Serves ``/healthz``, ``/readyz`` and ``/metrics`` on one address; ``port`` 0 lets the system choose.

    Listens and serves from construction on; raises ``OSError`` when the address cannot be had.
    """

    def __init__(self, health: Health, metrics: Metrics, *, host: str, port: int) -> None:
        self._health = health
        self._metrics = metrics
        listening = listen(host, port)
        self.port = int(listening.getsockname()[1])
        self._connections: dict[int, Any] = {}
        self._server = create_server(
            self._serve, map=self._connections, sockets=[listening], threads=2, channel_timeout=10, ident=None,
            clear_untrusted_proxy_headers=True,
        )  # fmt: skip
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and end the threads. Stopping twice does nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join(timeout=5)
        self._server.task_dispatcher.shutdown(timeout=2)

    def _run(self) -> None:
        # Waitress' own run() ends only with its last connection; a scraper's kept-alive one must not hold up the end.
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1.0, map=self._connections, use_poll=True, count=1)
        wasyncore.close_all(self._connections, ignore_all=True)

    def _serve(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        method = environ.get("REQUEST_METHOD")
        status, kind, body = self._answer(str(environ.get("PATH_INFO"))) if method in {"GET", "HEAD"} else _nothing()
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        start(f"{status} {_REASONS[status]}", headers)
        return [] if method == "HEAD" else [body]

    def _answer(self, path: str) -> Answer:
        if path == "/healthz":
            return self._alive()
        if path == "/readyz":
            return self._ready()
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, self._metrics.text()
        return _nothing()

    def _alive(self) -> Answer:
        silence = self._health.silence
        alive = silence <= LONGEST_SILENCE
        return _json(200 if alive else 503, {"alive": alive, "seconds_since_beat": round(silence, 1)})

    def _ready(self) -> Answer:
        missing = self._health.missing
        return _json(503 if missing else 200, {"ready": not missing, "missing": missing, "trouble": self._health.trouble})


def serve_health(health: Health, settings: Settings, metrics: Metrics) -> Endpoint | None:
    """Serve on the configured address; ``None`` when no port is configured. Raises ``CannotListen``."""
    if settings.health_port is None:
        return None
    try:
        return Endpoint(health, metrics, host=settings.health_host, port=settings.health_port)
    except OSError as failure:
        why = failure.strerror or type(failure).__name__
        mend = "Set LEGACYTLS_HEALTH_HOST to an address of this machine and LEGACYTLS_HEALTH_PORT to a free port."
        raise CannotListen(f"The health endpoint cannot listen where it is told to ({why}). {mend}") from None


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on the first address of ``host``; a name with two of them would make waitress another kind of server.

    Raises ``OSError`` when the address cannot be had.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address, family=family)


def _json(status: int, body: dict[str, object]) -> Answer:
    return status, JSON, json.dumps(body).encode()


def _nothing() -> Answer:
    return _json(404, {"error": "only GET and HEAD of /healthz, /readyz and /metrics"})
