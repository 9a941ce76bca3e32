"""HTTP mode over real sockets: what Slack signed is acknowledged, everything else is refused with a 4xx,
never with a 500."""

import hashlib
import hmac
import http.client
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.transport.bolt_app import Identity, bolt_app
from bot.transport.http_mode import LARGEST_BODY, PLACES, SPARE, HttpMode
from bot.transport.receiver import Receiver
from handlers.policy.rule import Home
from handlers.slack.listeners.register import Failures
from handlers.slack.workspace_guard import OTHER_WORKSPACE, WorkspaceGuard
from storage.engine import Unreachable

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM, ORGANISATION = "T0CONTOSO", "E0CONTOSO"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"

Said = tuple[int, str]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Bolt repeats whatever shape it was sent, half characters included, which no report can carry."""
    caplog.set_level("CRITICAL", logger="slack_bolt.App")


class Bot:
    """A Bolt app with one listener of each kind, served as the bot serves; ``taken`` holds what reached a
    listener."""

    def __init__(self, *, enterprise_id: str | None = None) -> None:
        self.taken: list[str] = []
        self.free = threading.Event()
        self.free.set()
        self.failing = 0
        """So many events cannot be kept."""
        app = bolt_app(WebClient("xoxb-none"), Identity(TEAM, enterprise_id, "U0LEGACY", "B0LEGACY"))
        app.use(WorkspaceGuard(Home(TEAM, enterprise_id)))
        app.error(Failures(SimpleNamespace(executor=SimpleNamespace(follow=lambda job: None))).answer)  # type: ignore[arg-type]

        @app.command("/legacytls")
        def command(ack: Any, body: dict[str, Any]) -> None:
            self.taken.append(body["text"])
            self.free.wait(timeout=10)
            ack("taken")

        @app.action("approve")
        def click(ack: Any) -> None:
            self.taken.append("click")
            ack()

        @app.event("reaction_added")
        def reaction() -> None:
            if self.failing:
                self.failing -= 1
                raise Unreachable("the database does not answer")
            self.taken.append("reaction")

        self.serving = HttpMode(Receiver(app, lambda *_: None), SECRET, host="127.0.0.1", port=0)
        self.serving.start()
        self._ages = itertools.cycle(range(250))

    def stamp(self) -> str:
        """A time stamp that holds, another one each time: the same body under the same one would be a
        copy."""
        return str(int(time.time()) - next(self._ages))

    def send(
        self, body: bytes, *, kind: str = FORM, stamp: str | None = None,
        signature: str | bytes | None = None, path: str = "/slack/events", method: str = "POST",
        without: str = "",
    ) -> Said:  # fmt: skip
        """One request, rightly signed unless told otherwise; the status and the text of the answer."""
        stamp = self.stamp() if stamp is None else stamp
        headers = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signed(body, stamp) if signature is None else signature,
        }
        headers.pop(without, None)
        connection = http.client.HTTPConnection("127.0.0.1", self.serving.port, timeout=10)
        try:
            connection.request(method, path, body if method == "POST" else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def signed(body: bytes, stamp: str) -> str:
    digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return f"v0={digest}"


def command(text: str = "status", **changed: str) -> bytes:
    fields = {
        "token": "x", "team_id": TEAM, "channel_id": "C0CHANGES", "user_id": "U0ALICE",
        "command": "/legacytls", "text": text, "response_url": "https://hooks.slack.com/commands/1",
        "trigger_id": "1.2.3",
    }  # fmt: skip
    return urlencode(fields | changed).encode()


def click(**changed: Any) -> bytes:
    payload = {
        "type": "block_actions", "team": {"id": TEAM}, "user": {"id": "U0ALICE", "team_id": TEAM},
        "enterprise": None,
        "actions": [{"action_id": "approve", "block_id": "b", "type": "button", "value": "1"}],
    }  # fmt: skip
    return urlencode({"payload": json.dumps(payload | changed)}).encode()


def event(**changed: Any) -> bytes:
    payload = {
        "type": "event_callback", "team_id": TEAM, "event_id": "Ev1",
        "authorizations": [{"team_id": TEAM, "enterprise_id": None, "user_id": "U0LEGACY", "is_bot": True}],
        "event": {"type": "reaction_added", "user": "U0BOB", "reaction": "x", "item": {"type": "message"}},
    }  # fmt: skip
    return json.dumps(payload | changed).encode()


@pytest.fixture(scope="module")
def serving() -> Iterator[Bot]:
    bot = Bot()
    yield bot
    bot.serving.stop()


@pytest.fixture
def bot(serving: Bot) -> Bot:
    serving.taken.clear()
    return serving


def test_a_command_is_acknowledged(bot: Bot) -> None:
    assert bot.send(command()) == (200, "taken")
    assert bot.taken == ["status"]


def test_a_click_and_an_event_are_acknowledged(bot: Bot) -> None:
    assert bot.send(click())[0] == 200
    assert bot.send(event(), kind=JSON)[0] == 200
    assert bot.taken == ["click", "reaction"]


def test_a_word_that_looks_like_a_field_is_still_a_command(bot: Bot) -> None:
    assert bot.send(command("enable payload"))[0] == 200
    assert bot.taken == ["enable payload"]


def test_the_address_that_slack_verifies_answers_the_challenge(bot: Bot) -> None:
    status, text = bot.send(
        json.dumps({"type": "url_verification", "challenge": "3eZbrw1a", "token": "x"}).encode(), kind=JSON
    )
    assert (status, json.loads(text)) == (200, {"challenge": "3eZbrw1a"})


def test_the_challenge_is_answered_to_slack_alone(bot: Bot) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()
    assert bot.send(body, kind=JSON, without="X-Slack-Signature")[0] == 401


def test_slacks_look_at_the_certificate_is_answered_and_does_nothing(bot: Bot) -> None:
    assert bot.send(b"", method="GET", path="/slack/events?ssl_check=1")[0] == 200
    assert bot.send(b"ssl_check=1&token=x", without="X-Slack-Signature")[0] == 200
    assert bot.send(command(ssl_check="1"), without="X-Slack-Signature")[0] == 200
    assert bot.taken == []


def test_a_path_prefix_of_a_proxy_does_not_matter(bot: Bot) -> None:
    assert bot.send(command(), path="/apps/legacytls/slack/events")[0] == 200
    assert bot.send(command(), path="/apps/slack/events/")[0] == 200
    assert bot.taken == ["status", "status"]


@pytest.mark.parametrize("path", ["/", "/slack", "/slack/events/more", "/slack/eventsx", "/%ff%fe"])
def test_any_other_path_is_not_found(bot: Bot, path: str) -> None:
    assert bot.send(command(), path=path)[0] == 404


SIGNATURES = {
    "another secret's": "v0=" + "0" * 64,
    "empty": "",
    "cut short": "v0=abc",
    "another version's": "v1=" + "0" * 64,
    "not ASCII": b"v0=\xff\xfe" + b"\xe9" * 62,
    "very long": "v0=" + "0" * 5000,
}


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_a_wrong_signature_is_refused(bot: Bot, signature: str | bytes) -> None:
    assert bot.send(command(), signature=signature)[0] == 401
    assert bot.taken == []


STAMPS = {
    "five minutes and a second old": lambda: str(int(time.time()) - 302),
    "from the future": lambda: str(int(time.time()) + 400),
    "of four hundred digits": lambda: "9" * 400,
    "negative": lambda: "-1",
    "with a fraction": lambda: f"{time.time():.3f}",
    "in other digits": lambda: "١٧٠٠٠٠٠٠٠٠",
    "a word": lambda: "now",
    "empty": lambda: "",
}


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
def test_a_rightly_signed_request_of_another_time_is_refused(bot: Bot, stamp: Any) -> None:
    body, written = command(), stamp()
    on_the_wire = written.encode().decode("latin-1")
    assert bot.send(body, stamp=on_the_wire, signature=signed(body, written))[0] == 401
    assert bot.taken == []


@pytest.mark.parametrize("header", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
def test_a_missing_header_is_refused(bot: Bot, header: str) -> None:
    assert bot.send(command(), without=header)[0] == 401


def test_a_body_that_was_changed_on_its_way_is_refused(bot: Bot) -> None:
    stamp = str(int(time.time()))
    assert bot.send(command("enable"), stamp=stamp, signature=signed(command("status"), stamp))[0] == 401


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "", "application/jsonx"])
def test_a_body_of_another_kind_is_refused(bot: Bot, kind: str) -> None:
    assert bot.send(command(), kind=kind)[0] == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_whoever_does_not_post_is_refused(bot: Bot, method: str) -> None:
    assert bot.send(b"", method=method)[0] == 405


def test_a_body_over_a_mebibyte_is_refused(bot: Bot) -> None:
    assert bot.send(command("x" * LARGEST_BODY))[0] == 413
    assert bot.send(command("x" * (LARGEST_BODY // 2)))[0] == 200


UNREADABLE = {
    "bytes that are no text": (FORM, b"\xff\xfe\x00"),
    "half an object": (JSON, b'{"type":'),
    "no object": (JSON, b"[1, 2]"),
    "a number": (JSON, b"1e999"),
    "endless nesting": (JSON, b"[" * 200_000),
    "a payload that is no JSON": (FORM, b"payload=%7B"),
    "a payload that is no object": (FORM, b"payload=5"),
    "a team of another shape": (
        FORM,
        urlencode({"payload": '{"type": "block_actions", "team": 5}'}).encode(),
    ),
    "authorisations of another shape": (
        JSON,
        b'{"type": "event_callback", "team_id": "T0CONTOSO", "authorizations": [7]}',
    ),
    "a thousand fields": (FORM, b"&".join(b"a%d=1" % number for number in range(1000))),
    "nothing": (FORM, b""),
}


@pytest.mark.parametrize(("kind", "body"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused_whether_signed_or_not(bot: Bot, kind: str, body: bytes) -> None:
    assert 400 <= bot.send(body, kind=kind)[0] < 500
    assert bot.send(body, kind=kind, signature="v0=" + "0" * 64)[0] == 401


FOREIGN = {
    "a command": (FORM, command(team_id="T0FABRIKAM")),
    "a command without a team": (FORM, command(team_id="")),
    "a command from another organisation": (FORM, command(team_id="T0FABRIKAM", enterprise_id="E0FABRIKAM")),
    "a click": (FORM, click(team={"id": "T0FABRIKAM"})),
    "a click without any team": (FORM, click(team=None, user={"id": "U0BOB"})),
    "a stranger's click without a team": (
        FORM,
        click(team=None, user={"id": "U0FRANK", "team_id": "T0FABRIKAM"}),
    ),
    "a click from another organisation": (FORM, click(team=None, enterprise={"id": "E0FABRIKAM"})),
    "an event": (JSON, event(team_id="T0FABRIKAM", authorizations=[])),
    "an event authorised for another": (JSON, event(authorizations=[{"team_id": "T0FABRIKAM"}])),
    "an event without a team": (JSON, event(team_id=None, authorizations=[])),
}


@pytest.mark.parametrize(("kind", "body"), FOREIGN.values(), ids=FOREIGN)
def test_a_rightly_signed_payload_for_another_workspace_is_acknowledged_and_changes_nothing(
    bot: Bot, kind: str, body: bytes
) -> None:
    status, said = bot.send(body, kind=kind)
    assert status == 200
    assert said == (OTHER_WORKSPACE if b"command=" in body else "")
    assert bot.taken == []


def test_an_event_from_a_shared_channel_is_ours_by_what_it_was_authorised_for(bot: Bot) -> None:
    assert bot.send(event(team_id="T0FABRIKAM"), kind=JSON)[0] == 200
    assert bot.taken == ["reaction"]


def test_any_workspace_of_our_own_organisation_is_served() -> None:
    bot = Bot(enterprise_id=ORGANISATION)
    try:
        assert bot.send(command(team_id="T0OTHER", enterprise_id=ORGANISATION))[0] == 200
        assert bot.send(click(team=None, enterprise={"id": ORGANISATION}))[0] == 200
        assert bot.send(command(team_id="T0FABRIKAM", enterprise_id="E0FABRIKAM")) == (200, OTHER_WORKSPACE)
    finally:
        bot.serving.stop()


def test_half_open_connections_hold_nobody_up(bot: Bot) -> None:
    head = (
        b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n"
    )
    with ExitStack() as stack:
        for number in range(200):
            waiting = stack.enter_context(
                socket.create_connection(("127.0.0.1", bot.serving.port), timeout=5)
            )
            waiting.sendall([b"", head, head + b"\r\n{"][number % 3])
        began = time.monotonic()
        assert bot.send(command())[0] == 200
        assert time.monotonic() - began < 10


def test_more_half_open_connections_than_there_are_places_keep_nobody_out(bot: Bot) -> None:
    kept = http.client.HTTPConnection("127.0.0.1", bot.serving.port, timeout=10)
    ask(kept, bot.stamp())
    head = (
        b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n"
    )
    with ExitStack() as stack:
        for number in range(PLACES + 2 * SPARE):
            waiting = stack.enter_context(
                socket.create_connection(("127.0.0.1", bot.serving.port), timeout=10)
            )
            waiting.sendall([b"", head, head + b"\r\n{"][number % 3])
        began = time.monotonic()
        for _ in range(5):
            assert bot.send(command())[0] == 200
        assert ask(kept, bot.stamp()) == 200, "who has asked before is shown out last"
        assert time.monotonic() - began < 10
    kept.close()


def ask(connection: http.client.HTTPConnection, stamp: str) -> int:
    """One rightly signed command on a connection that is kept."""
    body = command()
    headers = {
        "Content-Type": FORM,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signed(body, stamp),
    }
    connection.request("POST", "/slack/events", body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


ODD: list[object] = [None, 5, True, "", "x" * 5000, [], [None], {}, {"id": 5}, "\ud800", 10**400]


def with_odd(value: Any) -> Iterator[Any]:
    """Every way to put something odd, or nothing, in the place of one part of a payload."""
    yield from ODD
    places = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for place in list(places):
        for odd in with_odd(value[place]):
            spoilt = value.copy()
            spoilt[place] = odd
            yield spoilt
        without = value.copy()
        del without[place]
        yield without


ALL_KINDS = {
    "click": json.loads(parse_qs(click())[b"payload"][0]),
    "event": json.loads(event()),
    "form": {
        "type": "view_submission", "team": {"id": TEAM}, "user": {"id": "U0ALICE"},
        "view": {"type": "modal", "callback_id": "opt_in",
            "state": {"values": {"reason": {"reason": {"value": "x"}}}}},
    },
    "closed form": {"type": "view_closed", "team": {"id": TEAM}, "user": {"id": "U0ALICE"},
        "view": {"type": "modal"}},
    "shortcut": {"type": "shortcut", "team": {"id": TEAM}, "user": {"id": "U0ALICE"}, "callback_id": "x"},
    "options": {"type": "block_suggestion", "team": {"id": TEAM}, "action_id": "x", "block_id": "b",
        "value": "v"},
    "attachment": {"type": "interactive_message", "team": {"id": TEAM}, "callback_id": "x",
        "actions": [{"name": "x"}]},
    "rate limit": {
        "type": "app_rate_limited", "token": "x", "team_id": TEAM, "minute_rate_limited": 1518467820,
        "event": None,
    },
    "unheard event": json.loads(event(event={"type": "app_home_opened", "user": "U0BOB"})),
    "address check": {"type": "url_verification", "token": "x", "challenge": "c"},
    "function": json.loads(event(event={"type": "function_executed", "function": {"callback_id": "x"}})),
}  # fmt: skip


@pytest.mark.parametrize("payload", ALL_KINDS.values(), ids=ALL_KINDS)
def test_a_rightly_signed_body_of_any_shape_is_never_an_error_of_ours(
    bot: Bot, payload: dict[str, Any]
) -> None:
    for spoilt in with_odd(payload):
        text = json.dumps(spoilt)
        assert bot.send(text.encode(), kind=JSON)[0] < 500, text
        assert bot.send(urlencode({"payload": text}).encode())[0] < 500, text


@pytest.mark.parametrize(
    "kind", ["app_rate_limited", "event_callback", "block_actions", "nothing of Slack's", "", None]
)
@pytest.mark.parametrize("event", [None, {}, [], "x", {"type": None}, {"type": "reaction_added"}])
@pytest.mark.parametrize(
    "more", [{}, {"team_id": TEAM}, {"authorizations": [{"team_id": TEAM}]}, {"authorizations": None}]
)
def test_every_signed_object_is_answered(
    bot: Bot, kind: str | None, event: object, more: dict[str, Any]
) -> None:
    status, _ = bot.send(json.dumps({"type": kind, "event": event, **more}).encode(), kind=JSON)
    assert status < 500
    if kind == "app_rate_limited":
        assert status == 200


def test_what_nobody_listens_to_is_acknowledged_and_each_sort_logged_once(bot: Bot) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            for name in ("tokens_revoked", "channel_archive"):
                assert bot.send(event(event={"type": name, "user": "U0BOB"}), kind=JSON)[0] == 200
            assert (
                bot.send(
                    urlencode(
                        {"payload": json.dumps(ALL_KINDS["shortcut"] | {"type": "message_action"})}
                    ).encode()
                )[0]
                == 200
            )
    unheard = [(entry["kind"], entry["name"]) for entry in logs if entry["event"] == "slack.unheard"]
    assert unheard == [
        ("event_callback", "tokens_revoked"),
        ("event_callback", "channel_archive"),
        ("message_action", ""),
    ]


def test_stopping_answers_what_is_in_hand() -> None:
    bot = Bot()
    bot.free.clear()
    said: list[Said] = []
    asking = threading.Thread(target=lambda: said.append(bot.send(command())))
    asking.start()
    deadline = time.monotonic() + 5
    while not bot.taken and time.monotonic() < deadline:
        time.sleep(0.01)
    stopping = threading.Thread(target=bot.serving.stop)
    stopping.start()
    bot.free.set()
    for thread in (asking, stopping):
        thread.join(timeout=6)
    assert said == [(200, "taken")]
    assert not bot.serving.is_connected()


def test_stopping_lets_kept_connections_go() -> None:
    bot = Bot()
    kept = http.client.HTTPConnection("127.0.0.1", bot.serving.port, timeout=5)
    stamp, body = str(int(time.time())), command()
    headers = {
        "Content-Type": FORM,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signed(body, stamp),
    }
    kept.request("POST", "/slack/events", body, headers)
    assert kept.getresponse().read() == b"taken"
    began = time.monotonic()
    bot.serving.stop()
    assert time.monotonic() - began < 10
    assert not bot.serving.is_connected()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", bot.serving.port), timeout=1)
    kept.close()


def test_a_host_with_two_addresses_is_served_on_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = socket.getaddrinfo("127.0.0.1", 0, type=socket.SOCK_STREAM) + socket.getaddrinfo(
        "::1", 0, type=socket.SOCK_STREAM
    )
    with monkeypatch.context() as named:
        named.setattr(socket, "getaddrinfo", lambda *arguments, **more: found)
        bot = Bot()
    assert bot.send(command())[0] == 200
    bot.serving.stop()


def test_without_a_secret_there_is_no_http_mode() -> None:
    with pytest.raises(ValueError, match="signing secret"):
        HttpMode(
            Receiver(bolt_app(WebClient("x"), Identity(TEAM, None, "U", "B")), lambda *_: None),
            "",
            host="127.0.0.1",
            port=0,
        )
