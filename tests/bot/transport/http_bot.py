"""A bot in HTTP mode, and what Slack posts to it."""

import hashlib
import hmac
import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from slack_sdk import WebClient

from bot.transport.bolt_app import Identity, bolt_app
from bot.transport.http_mode import HttpMode
from bot.transport.receiver import Receiver
from handlers.policy.rule import Home
from handlers.slack.listeners.registration import Failures
from handlers.slack.workspace_guard import WorkspaceGuard
from storage.engine import Unreachable

ODD: list[object] = [None, 5, True, "", "x" * 5000, [], [None], {}, {"id": 5}, "\ud800", 10**400]

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM, ORGANISATION = "T0CONTOSO", "E0CONTOSO"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"

Said = tuple[int, str]


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


SIGNATURES = {
    "another secret's": "v0=" + "0" * 64,
    "empty": "",
    "cut short": "v0=abc",
    "another version's": "v1=" + "0" * 64,
    "not ASCII": b"v0=\xff\xfe" + b"\xe9" * 62,
    "very long": "v0=" + "0" * 5000,
}


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
