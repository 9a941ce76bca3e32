"""What people typed stands in no line of the log, at no level: neither in ours nor in a library's, nor in an
exception."""

import io
import json
import logging
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import IntegrityError
from websockets.exceptions import InvalidURI

from bot.observability import logs
from bot.transport.bolt_app import Identity, bolt_app
from bot.transport.receiver import Receiver
from handlers.ports import Unavailable
from handlers.slack.client.calls import call
from handlers.slack.client.web_api import SlackWebClient
from tests.bot.exchange.stage import Stage, answer

TYPED = "canary: the scanners on floor two"
COMMON: dict[str, Any] = {"team": {"id": "T1"}, "user": {"id": "U1"}, "trigger_id": "1.2", "api_app_id": "A1"}
TYPED_STATE = {"b": {"a": {"type": "plain_text_input", "value": TYPED}}}
PAYLOADS: list[dict[str, Any]] = [
    {"command": "/unknown", "text": TYPED, "user_id": "U1", "channel_id": "C1", "team_id": "T1"},
    {"type": "block_suggestion", "action_id": "a", "block_id": "b", "value": TYPED, **COMMON},
    {"type": "dialog_suggestion", "callback_id": "c", "name": "n", "value": TYPED, **COMMON},
    {"type": "dialog_submission", "callback_id": "c", "submission": {"reason": TYPED}, **COMMON},
    {"type": "interactive_message", "callback_id": "c", "actions": [{"name": "n", "value": TYPED}], **COMMON},
    {"type": "block_actions",
        "actions": [{"action_id": "a", "block_id": "b", "type": "button", "value": TYPED}], **COMMON},
    {"type": "view_submission",
        "view": {"type": "modal", "callback_id": "c", "state": {"values": TYPED_STATE}}, **COMMON},
    {"type": "view_closed", "view": {"type": "modal", "callback_id": "c", "private_metadata": TYPED},
        **COMMON},
    {"type": "message_action", "callback_id": "c", "message": {"text": TYPED}, **COMMON},
    {"type": "event_callback", "event": {"type": "message", "text": TYPED, "user": "U1", "channel": "C1"},
        "team_id": "T1"},
    {"type": "event_callback", "event": {"type": "message", "text": TYPED, "user": "U0BOT", "channel": "C1"},
        "team_id": "T1"},
    {"type": TYPED, "text": TYPED},
    {TYPED: TYPED},
]  # fmt: skip


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    before, handlers = root.level, list(root.handlers)
    levels = {name: logging.getLogger(name).level for name in [*logs.LIBRARIES, *logs.ALWAYS_QUIET]}
    logs.configure(level="debug", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(before)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("swallowed", [False, True])
def test_bolt_quotes_no_payload(payload: dict[str, Any], swallowed: bool, log: io.StringIO) -> None:
    app = bolt_app(SlackWebClient("xoxb-none"), Identity("T1", None, "U0BOT", "B1"))
    if swallowed:
        app.use(lambda: None)  # type: ignore[arg-type] # which Bolt complains of with the whole body
    Receiver(app, lambda *_: None).take(payload, 0.0)
    assert "canary" not in log.getvalue()
    assert lines(log)


def test_what_bolt_prints_while_it_serves_is_not_heard(log: io.StringIO) -> None:
    app = bolt_app(SlackWebClient("xoxb-none"), Identity("T1", None, "U0BOT", "B1"))

    @app.command("/legacytls")
    def listen(ack: Callable[..., None], logger: logging.Logger) -> None:
        logger.debug("typed: %s", TYPED)
        ack(TYPED)

    Receiver(app, lambda *_: None).take(PAYLOADS[0] | {"command": "/legacytls"}, 0.0)
    for name in (
        "slack_bolt.App",
        "slack_sdk.web.base_client",
        "slack_bolt.app:Ack",
        "anything.else",
        "aiohttp.access",
    ):
        logging.getLogger(name).debug(TYPED)
    assert "canary" not in log.getvalue()


@pytest.mark.parametrize(
    "body", [{"ok": True, "text": TYPED}, {"ok": False, "error": TYPED}, TYPED, f'{{"text": "{TYPED}']
)
@pytest.mark.parametrize("status", [200, 400])
def test_no_call_of_slack_s_is_printed(status: int, body: object, log: io.StringIO) -> None:
    stage = Stage()
    stage.always(answer(status, body))
    client = SlackWebClient("xoxb-none", base_url=f"{stage.url}/api/", retry_handlers=[])
    with suppress(Unavailable):
        call(client.chat_postMessage, channel="C1", text=TYPED)
    stage.close()
    assert stage.requests
    assert "canary" not in log.getvalue()


def failing(error: Exception) -> Exception:
    try:
        try:
            raise error
        except type(error) as cause:
            raise RuntimeError(TYPED) from cause
    except RuntimeError as raised:
        return raised


ERRORS = [
    KeyError(TYPED), ValueError(TYPED), LookupError(TYPED), UnicodeEncodeError("ascii", TYPED, 0, 1, TYPED),
    Exception(TYPED), ExceptionGroup(TYPED, [ValueError(TYPED)]), InvalidURI(TYPED, TYPED),
    IntegrityError(TYPED, {}, sqlite3.IntegrityError(TYPED)),
    type("Odd", (Exception,), {"__module__": "botanical"})(TYPED), AssertionError(TYPED),
    StopIteration(TYPED),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS)
def test_no_exception_quotes_it_but_where_it_happened_is_told(error: Exception, log: io.StringIO) -> None:
    raised = failing(error)
    raised.add_note(TYPED)
    structlog.get_logger("bot.test").error("failed", exc_info=raised)
    structlog.get_logger("bot.test").error("failed", error=error, errors=[error])
    logging.getLogger("msal").error("failed", exc_info=raised)
    logs.catch_uncaught()
    sys.excepthook(type(raised), raised, raised.__traceback__)
    assert "canary" not in log.getvalue()
    told = [line["exception"] for line in lines(log) if "exception" in line]
    assert len(told) == 3
    assert all(
        "in failing" in text and type(error).__name__ in text and "RuntimeError" in text for text in told
    )


def test_an_exception_of_ours_and_one_of_the_system_keep_their_words(log: io.StringIO) -> None:
    structlog.get_logger("bot.test").error("failed", exc_info=Unavailable("Exchange is away."))
    structlog.get_logger("bot.test").error(
        "failed", exc_info=FileNotFoundError(2, "No such file", "/etc/app.pem")
    )
    assert [
        "Exchange is away." in lines(log)[0]["exception"],
        "/etc/app.pem" in lines(log)[1]["exception"],
    ] == [True, True]


@pytest.fixture(autouse=True)
def _hooks() -> Iterator[None]:
    before = sys.excepthook, threading.excepthook
    yield
    sys.excepthook, threading.excepthook = before
