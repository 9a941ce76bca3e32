"""Tells orchestrators how the bot is: alive, ready, and in numbers. Off unless a port is configured.

Ready means migrated, connected to Slack and able to take a command. Trouble at Exchange or in the channel is
told in the body and never by the status: taking the bot out of service would mend neither. It must never show
a secret or what people typed.
"""

import hmac
import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import SecretStr

from bot.observability.metrics import Metrics
from storage.engine import Unreachable

LONGEST_SILENCE = 60.0
"""Seconds without a beat of the worker after which the process no longer counts as alive."""

PLACES, SPARE, THREADS = 64, 36, 4
"""Connections at a time, those in which newcomers wait while idle ones are shown out, and threads that
answer."""

FEW = 5
"""Tenants whose trouble at one place is told."""

JSON, CALENDAR = "application/json", "text/calendar; charset=utf-8"

NO_LEDGER = "the record cannot be read now"

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
        self._trouble: dict[tuple[str, str], str] = {}
        self._connected: Callable[[], bool] = lambda: False
        self._silence: Callable[[], float] = lambda: 0.0
        self.calendar: Callable[[], bytes] | None = None
        """Makes the calendar file; ``None`` until there is a ledger to be read, and where none is served."""

    def watch(self, *, connected: Callable[[], bool], beat: Callable[[], float]) -> None:
        """Ask these from now on: whether Slack is connected, and seconds since the worker last ran."""
        with self._lock:
            self._connected, self._silence = connected, beat

    def note(self, where: str, trouble: str | None, *, tenant: str = "") -> None:
        """Keep a sentence about trouble at ``exchange``, in the ``channel``, with ``stream`` and so on.

        ``None``: over. ``tenant`` is the alias, where there are several.
        """
        with self._lock:
            if trouble is None:
                self._trouble.pop((where, tenant), None)
            else:
                self._trouble[where, tenant] = trouble

    def forget(self, tenant: str) -> None:
        """Keep no trouble of a tenant that is not served any more."""
        with self._lock:
            self._trouble = {key: told for key, told in self._trouble.items() if key[1] != tenant}

    def note_database(self, problem: str | None) -> None:
        """Keep what the database says of itself; ``None``: it does as asked again."""
        self.note("database", f"{problem[:1].upper()}{problem[1:]}." if problem else None)

    @property
    def trouble(self) -> dict[str, str]:
        """Present trouble by place; of many tenants' the first few, and how many more have some."""
        with self._lock:
            found = sorted(self._trouble.items())
        told: dict[str, list[str]] = {}
        for (where, tenant), sentence in found:
            told.setdefault(where, []).append(f"{tenant}: {sentence}" if tenant else sentence)
        more = {where: len(sentences) - FEW for where, sentences in told.items()}
        return {
            where: " ".join([*sentences[:FEW], *([f"And {more[where]} more."] if more[where] > 0 else [])])
            for where, sentences in told.items()
        }

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
    """Serve ``/healthz``, ``/readyz``, ``/metrics`` and the calendar on one address; ``port`` 0: a free one.

    The calendar stands at a path that holds ``calendar_token``; every other path is not found, a wrong token
    like any.

    Listens and serves from construction on; raises ``OSError`` when the address cannot be had.
    """

    def __init__(
        self,
        health: Health,
        metrics: Metrics,
        *,
        host: str,
        port: int,
        calendar_token: SecretStr | None = None,
    ) -> None:
        from bot.http_listener import Listener  # noqa: PLC0415 - where nothing is served, waitress is not loaded

        self._health = health
        self._calendar_token = calendar_token
        self._metrics = metrics
        self._listener = Listener(
            self._serve, host=host, port=port, places=PLACES, spare=SPARE, threads=THREADS, channel_timeout=10
        )
        self.port = self._listener.port
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and end the threads. Stopping twice does nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._listener.wake()
        self._thread.join(timeout=5)
        self._listener.finish(within=2)

    def _run(self) -> None:
        self._listener.run(self._stopping)
        self._listener.close()

    def _serve(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        method = environ.get("REQUEST_METHOD")
        status, kind, body = (
            self._answer(str(environ.get("PATH_INFO"))) if method in {"GET", "HEAD"} else _nothing()
        )
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
        return self._dates() if self._is_calendar(path) else _nothing()

    def _is_calendar(self, path: str) -> bool:
        """Compare in constant time, so the token cannot be guessed bytewise; WSGI paths are latin-1."""
        if self._calendar_token is None:
            return False
        wanted = f"/calendar/{self._calendar_token.get_secret_value()}.ics"
        return hmac.compare_digest(path.encode("utf-8", "replace"), wanted.encode("utf-8"))

    def _dates(self) -> Answer:
        make = self._health.calendar
        try:
            return (200, CALENDAR, make()) if make is not None else _json(503, {"error": NO_LEDGER})
        except Unreachable:
            return _json(503, {"error": NO_LEDGER})

    def _alive(self) -> Answer:
        silence = self._health.silence
        alive = silence <= LONGEST_SILENCE
        return _json(200 if alive else 503, {"alive": alive, "seconds_since_beat": round(silence, 1)})

    def _ready(self) -> Answer:
        missing = self._health.missing
        return _json(
            503 if missing else 200,
            {"ready": not missing, "missing": missing, "trouble": self._health.trouble},
        )


def serve_health(
    health: Health, metrics: Metrics, *, host: str, port: int | None, calendar_token: SecretStr | None = None
) -> Endpoint | None:
    """Serve on ``host``; ``None`` when there is no port. Raises ``CannotListen``."""
    if port is None:
        return None
    try:
        return Endpoint(health, metrics, host=host, port=port, calendar_token=calendar_token)
    except OSError as failure:
        why = failure.strerror or type(failure).__name__
        mend = (
            "Set LEGACYTLS_HEALTH_HOST to an address of this machine and LEGACYTLS_HEALTH_PORT to a free "
            "port."
        )
        raise CannotListen(f"The health endpoint cannot listen where it is told to ({why}). {mend}") from None


def _json(status: int, body: dict[str, object]) -> Answer:
    return status, JSON, json.dumps(body).encode()


def _nothing() -> Answer:
    return _json(404, {"error": "only GET and HEAD of /healthz, /readyz and /metrics"})
