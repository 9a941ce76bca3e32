"""HTTP mode over real sockets: what Slack signed is acknowledged, everything else is refused with a 4xx,
never with a 500."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.transport.bolt_app import Identity, bolt_app
from bot.transport.http_mode import LARGEST_BODY, PLACES, SPARE, HttpMode
from bot.transport.receiver import Receiver
from handlers.slack.workspace_guard import OTHER_WORKSPACE
from tests.bot.transport.http_bot import (
    FOREIGN,
    FORM,
    JSON,
    ORGANISATION,
    SIGNATURES,
    STAMPS,
    TEAM,
    UNREADABLE,
    Bot,
    Said,
    ask,
    click,
    command,
    event,
    signed,
    with_odd,
)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Bolt repeats whatever shape it was sent, half characters included, which no report can carry."""
    caplog.set_level("CRITICAL", logger="slack_bolt.App")


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


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_a_wrong_signature_is_refused(bot: Bot, signature: str | bytes) -> None:
    assert bot.send(command(), signature=signature)[0] == 401
    assert bot.taken == []


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


@pytest.mark.parametrize(("kind", "body"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused_whether_signed_or_not(bot: Bot, kind: str, body: bytes) -> None:
    assert 400 <= bot.send(body, kind=kind)[0] < 500
    assert bot.send(body, kind=kind, signature="v0=" + "0" * 64)[0] == 401


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
