"""Slack's way over HTTP: signed requests in Slack's shapes, acks in the answer, events sent again until one
is taken."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from bot.sandbox.slack.cast import SIGNING_SECRET
from bot.sandbox.slack.simulation import Slack


class Endpoint(ThreadingHTTPServer):
    """A Request URL that keeps what comes, and answers as it is told to."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, str, bytes]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/slack/events"


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        self._say(200 if self.path.endswith("/slack/events?ssl_check=1") else 404, "text/plain", b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self._say(*(self.server.answers.pop(0) if self.server.answers else (200, "text/plain", b"")))

    def _say(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def slack(endpoint: Endpoint) -> Iterator[Slack]:
    workspace = Slack(clock=lambda: datetime.now(UTC), request_url=endpoint.url, redelivery=(0.0, 0.0, 0.0))
    workspace.start()
    workspace.workspace.wait_for(lambda: workspace.connections)
    yield workspace
    workspace.stop()


def arrived(slack: Slack, endpoint: Endpoint, count: int = 1) -> list[tuple[dict[str, str], bytes]]:
    return slack.workspace.wait_for(lambda: len(endpoint.received) == count and endpoint.received)


def test_the_bot_is_told_the_secret_and_no_token_for_sockets(slack: Slack) -> None:
    assert slack.environment["SLACK_SIGNING_SECRET"] == SIGNING_SECRET
    assert "SLACK_APP_TOKEN" not in slack.environment


def test_a_command_is_a_signed_form_and_its_answer_is_shown(slack: Slack, endpoint: Endpoint) -> None:
    endpoint.answers = [(200, "text/plain", b"Understood")]
    slack.command("U0ALICE", "/legacytls status")
    ((headers, body),) = arrived(slack, endpoint)
    stamped = b"v0:" + headers["x-slack-request-timestamp"].encode() + b":" + body
    digest = hmac.new(SIGNING_SECRET.encode(), stamped, hashlib.sha256).hexdigest()
    assert headers["x-slack-signature"] == f"v0={digest}"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode())["text"] == ["status"]
    (message,) = slack.workspace.wait_for(lambda: slack.messages("C0CHANGES", "U0ALICE"))
    assert (message["text"], message["ephemeral"]) == ("Understood", True)
    assert slack.deliveries[0].acked_after is not None


def test_an_event_is_json_and_is_sent_again_until_it_is_taken(slack: Slack, endpoint: Endpoint) -> None:
    slack.say("U0ALICE", "hello")
    endpoint.answers = [(500, "text/plain", b""), (503, "text/plain", b"")]
    event = slack.react("U0BOB", "C0CHANGES", slack.messages("C0CHANGES")[0]["ts"], "x")
    received = arrived(slack, endpoint, 3)
    assert [json.loads(body)["event_id"] for _, body in received] == [event] * 3
    assert [headers.get("x-slack-retry-num") for headers, _ in received] == [None, "1", "2"]
    slack.workspace.wait_for(lambda: slack.deliveries[2].acked_after is not None)
    assert [delivery.acked_after is not None for delivery in slack.deliveries] == [False, False, True]


def test_a_refused_command_is_shown_as_failed_and_not_sent_again(slack: Slack, endpoint: Endpoint) -> None:
    endpoint.answers = [(500, "text/plain", b"")]
    slack.command("U0ALICE", "/legacytls status")
    assert "dispatch_failed" in slack.workspace.wait_for(lambda: slack.notice("U0ALICE"))
    assert len(endpoint.received) == 1


def test_a_bot_that_went_away_is_seen_to_be_gone(slack: Slack, endpoint: Endpoint) -> None:
    endpoint.shutdown()
    endpoint.server_close()
    slack.workspace.wait_for(lambda: not slack.connections)
