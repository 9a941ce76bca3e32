"""Orchestrators learn over a real socket whether the bot is alive and ready; trouble elsewhere is told, never
by the status."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from bot.http_listener import Listener
from bot.observability.health import CannotListen, Endpoint, Health, serve_health
from bot.observability.metrics import Metrics
from bot.settings.model import Settings
from storage.lifecycle import State
from storage.records import Door, Vote

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Watched:
    """A process whose health can be turned by hand."""

    def __init__(self) -> None:
        self.health = Health()
        self.metrics = Metrics(lambda: NOW)
        self.connected = True
        self.silence = 0.0
        self.endpoint = Endpoint(self.health, self.metrics, host="127.0.0.1", port=0)

    def start(self) -> None:
        self.health.migrated = self.health.taking_commands = True
        self.health.watch(connected=lambda: self.connected, beat=lambda: self.silence)

    def ask(self, path: str, method: str = "GET") -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.endpoint.port, timeout=5)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read()
        finally:
            connection.close()

    def ready(self) -> tuple[int, dict[str, object]]:
        status, _, body = self.ask("/readyz")
        return status, json.loads(body)


@pytest.fixture
def watched() -> Iterator[Watched]:
    process = Watched()
    yield process
    process.endpoint.stop()


def test_a_process_that_is_starting_is_alive_but_not_ready(watched: Watched) -> None:
    assert watched.ask("/healthz")[0] == 200
    status, body = watched.ready()
    assert status == 503
    assert body["missing"] == [
        "the database is not migrated",
        "not connected to Slack",
        "not taking commands",
    ]


def test_migrated_connected_and_taking_commands_is_ready(watched: Watched) -> None:
    watched.start()
    assert watched.ready() == (200, {"ready": True, "missing": [], "trouble": {}})


@pytest.mark.parametrize(
    ("what", "missing"),
    [
        ("migrated", "the database is not migrated"),
        ("connected", "not connected to Slack"),
        ("taking_commands", "not taking commands"),
    ],
)
def test_each_need_alone_makes_it_unready_and_is_named(watched: Watched, what: str, missing: str) -> None:
    watched.start()
    setattr(watched if what == "connected" else watched.health, what, False)
    status, body = watched.ready()
    assert (status, body["ready"], body["missing"]) == (503, False, [missing])


def test_trouble_at_exchange_or_in_the_channel_is_told_and_does_not_make_it_unready(watched: Watched) -> None:
    watched.start()
    watched.health.note("exchange", "Exchange does not answer.")
    watched.health.note("channel", "The bot is not a member.")
    assert watched.ready() == (
        200,
        {
            "ready": True,
            "missing": [],
            "trouble": {"exchange": "Exchange does not answer.", "channel": "The bot is not a member."},
        },
    )
    watched.health.note("exchange", None)
    watched.health.note("exchange", None)
    assert watched.ready()[1]["trouble"] == {"channel": "The bot is not a member."}


def test_a_worker_that_is_silent_for_more_than_a_minute_is_not_alive(watched: Watched) -> None:
    watched.start()
    watched.silence = 60.0
    assert watched.ask("/healthz")[0] == 200
    watched.silence = 60.1
    status, _, body = watched.ask("/healthz")
    assert (status, json.loads(body)) == (503, {"alive": False, "seconds_since_beat": 60.1})
    assert watched.ready()[0] == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_head_answers_as_get_does_without_a_body(watched: Watched, path: str) -> None:
    watched.start()
    status, kind, body = watched.ask(path, "HEAD")
    assert (status, kind) == watched.ask(path)[:2]
    assert body == b""


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/healthz/"), ("GET", "/nothing"), ("POST", "/healthz"), ("DELETE", "/metrics")],
)
def test_everything_else_is_not_found(watched: Watched, method: str, path: str) -> None:
    assert watched.ask(path, method)[0] == 404


def test_the_metrics_are_told_in_words_of_the_house(watched: Watched) -> None:
    watched.metrics.requests({State.PENDING: 2})
    watched.metrics.decided(Vote.APPROVE, Door.REACTION)
    watched.metrics.acknowledged("command", 0.004)
    watched.metrics.called("write", "unknown")
    watched.metrics.owing(NOW - timedelta(seconds=30))
    watched.metrics.observed(NOW - timedelta(minutes=5), drifted=True)
    status, kind, body = watched.ask("/metrics")
    assert status == 200
    assert kind.startswith("text/plain")
    lines = body.decode().splitlines()
    for line in (
        'legacytls_requests{state="pending"} 2.0',
        'legacytls_requests{state="applied"} 0.0',
        'legacytls_decisions_total{door="reaction",vote="approve"} 1.0',
        'legacytls_ack_seconds_bucket{kind="command",le="0.005"} 1.0',
        'legacytls_exchange_calls_total{call="write",outcome="unknown"} 1.0',
        "legacytls_outbox_oldest_seconds 30.0",
        "legacytls_observation_age_seconds 300.0",
        "legacytls_drift 1.0",
    ):
        assert line in lines, line


def test_what_is_not_known_yet_is_no_number(watched: Watched) -> None:
    lines = watched.ask("/metrics")[2].decode().splitlines()
    assert "legacytls_observation_age_seconds NaN" in lines
    assert "legacytls_drift NaN" in lines
    assert "legacytls_outbox_oldest_seconds 0.0" in lines


def test_a_state_that_emptied_goes_back_to_none(watched: Watched) -> None:
    watched.metrics.requests({State.PENDING: 2})
    watched.metrics.requests({State.APPLIED: 2})
    assert 'legacytls_requests{state="pending"} 0.0' in watched.ask("/metrics")[2].decode().splitlines()


def test_stopping_frees_the_port_and_ends_the_threads_although_a_connection_is_kept_alive(
    watched: Watched,
) -> None:
    kept = http.client.HTTPConnection("127.0.0.1", watched.endpoint.port, timeout=5)
    kept.request("GET", "/healthz")
    kept.getresponse().read()
    watched.endpoint.stop()
    watched.endpoint.stop()
    kept.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", watched.endpoint.port), timeout=5)
    assert not any(thread.name == "health" for thread in threading.enumerate())
    Endpoint(watched.health, watched.metrics, host="127.0.0.1", port=watched.endpoint.port).stop()


@pytest.mark.parametrize(
    "begun", [b"", b"GET /readyz HTTP/1.1\r\nHost: x\r\n", b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"]
)
@pytest.mark.parametrize("count", [99, 300])
def test_connections_that_stay_keep_no_probe_out(watched: Watched, count: int, begun: bytes) -> None:
    watched.start()
    with ExitStack() as stack:
        for _ in range(count):
            idle = stack.enter_context(
                socket.create_connection(("127.0.0.1", watched.endpoint.port), timeout=5)
            )
            idle.sendall(begun)
        for _ in range(5):
            assert watched.ask("/readyz")[0] == 200


def test_a_taken_port_is_an_error_at_once(watched: Watched) -> None:
    with pytest.raises(OSError, match="in use"):
        Endpoint(Health(), watched.metrics, host="127.0.0.1", port=watched.endpoint.port)


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1", "nowhere.invalid"])
def test_an_address_that_cannot_be_had_names_the_settings_to_change(watched: Watched, host: str) -> None:
    with pytest.raises(CannotListen, match=r"LEGACYTLS_HEALTH_HOST .* LEGACYTLS_HEALTH_PORT"):
        serve_health(Health(), watched.metrics, host=host, port=watched.endpoint.port)


def test_nothing_is_served_unless_a_port_is_configured() -> None:
    assert serve_health(Health(), Metrics(lambda: NOW), host="127.0.0.1", port=Settings().health_port) is None


def test_the_configured_address_is_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    endpoint = serve_health(Health(), Metrics(lambda: NOW), host="127.0.0.1", port=port)
    assert endpoint is not None
    assert endpoint.port == port
    endpoint.stop()


def test_a_listener_that_is_closed_already_is_woken_in_vain() -> None:
    """Its trigger's descriptor may belong to somebody else by then."""
    listener = Listener(lambda environ, start: [], host="127.0.0.1", port=0, places=2, spare=1, threads=1)
    listener.close()
    listener.wake()
    listener.finish(within=1)
