"""Every log is one JSON object a line, and no secret is in it, by whatever road it came."""

import io
import json
import logging
import sys
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_sdk import WebClient

from bot.observability import logs
from bot.observability.redaction import NOT_SHOWN, Redaction
from bot.settings.load import credential_now
from bot.settings.model import Settings
from handlers.ports import Unavailable
from handlers.slack.client.calls import call
from storage.database.correlation import correlated
from tests.bot.exchange import certificates
from tests.bot.exchange.stage import Stage, answer, reset

KNOWN = "canary/known+secret="
DATABASE = "postgresql+psycopg://bot:canary%2Fdb@db.example.com/legacytls"
JWT = "eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOjF9.canary_signature"
PEM = "-----BEGIN PRIVATE KEY-----\ncanaryMIIEvQ\ncanary\n-----END PRIVATE KEY-----"
CANARIES = {
    "a registered secret": KNOWN,
    "a registered secret inside a URL": "https://example.com/?q=canary%2Fknown%2Bsecret%3D",
    "a bot token": "xoxb-1-2-canary",
    "a rotated token": "xoxe.xoxp-1-canary",
    "an app-level token": "xapp-1-A0-canary",
    "a bearer": "Authorization: Bearer canary",
    "a bearer in small letters": "authorization: bearer canary",
    "basic authentication": "Authorization: Basic canary0Y2FuYXJ5==",
    "a web token": JWT,
    "a key": PEM,
    "a key cut off": PEM[:50],
    "a key escaped": PEM.replace("\n", "\\n"),
    "a response URL": "https://hooks.slack.com/commands/T0/1/canary",
    "a response URL percent-encoded": "response=https%3A%2F%2Fhooks.slack.com%2Fcommands%2Fcanary",
    ("a command's response URL without its host"): (
        'https://hooks.slack.com:443 "POST /commands/T0/1/canary HTTP/1.1" 200 0'
    ),
    ("a click's response URL without its host"): (
        "Max retries exceeded with url: /actions/T0/1/canary (Caused by …)"
    ),
    "an upload URL": "Sending a request: POST https://files.slack.com/upload/v1/canary",
    "an upload URL in JSON": json.dumps({"ok": True, "upload_url": "https://127.0.0.1/canary"}),
    "a database password": "postgresql+psycopg://bot:canary@db.example.com/legacytls",
    "a database password with an at sign": "postgresql://bot:canary@canary@db.example.com/legacytls",
    "a form": "token=canary&client_secret=canary&client_assertion=canary&user_id=U0ALICE",
    "a dictionary as text": str({"token": "canary", "response_url": "http://127.0.0.1/canary"}),
    "JSON as text": json.dumps({"client_secret": "canary", "access_token": "canary"}),
    "JSON inside JSON": json.dumps({"payload": json.dumps({"token": "canary"})}),
    "a socket's address": "wss://wss-primary.slack.com/link/?ticket=canary&app_id=A0",
}


class Log:
    """Reads back what was logged."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    captured = Log()
    root, names = logging.getLogger(), ["", *logs.LIBRARIES, *logs.ALWAYS_QUIET]
    before, handlers = {name: logging.getLogger(name).level for name in names}, list(root.handlers)
    hooks = sys.excepthook, threading.excepthook
    settings = Settings(AZURE_CLIENT_SECRET=KNOWN, DATABASE_URL=DATABASE, LEGACYTLS_LOG_LEVEL="debug")  # type: ignore[call-arg]
    logs.configure(settings.secrets(), level=settings.log_level, stream=captured.stream)
    yield captured
    sys.excepthook, threading.excepthook = hooks
    root.handlers[:] = handlers
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def alone() -> None:
    """Puts aside the handlers with which the test runner listens: they raise where ours has to cope."""
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if isinstance(handler, logs._Handler)]


def by_structlog(secret: str) -> None:
    structlog.get_logger("bot.test").info("something", value=secret)


def by_structlog_event(secret: str) -> None:
    structlog.get_logger("bot.test").error(f"went wrong: {secret}")


def by_structlog_nested(secret: str) -> None:
    structlog.get_logger("bot.test").info(
        "something", body={"list": [{"deep": (secret, secret.encode())}], secret: 1}
    )


def by_structlog_object(secret: str) -> None:
    structlog.get_logger("bot.test").info("something", error=ValueError(secret), kind=type(secret, (), {}))


def by_structlog_exception(secret: str) -> None:
    try:
        raise ValueError(secret)
    except ValueError as cause:
        try:
            raise RuntimeError("outer") from cause
        except RuntimeError:
            structlog.get_logger("bot.test").exception("failed")


def by_logging(secret: str) -> None:
    logging.getLogger("slack_bolt.App").warning("received %s and %r", secret, {"x": secret})


def by_logging_extra(secret: str) -> None:
    logging.getLogger("msal.application").warning("x", extra={"header": secret})


def by_logging_exception(secret: str) -> None:
    try:
        raise ConnectionError(secret)
    except ConnectionError:
        logging.getLogger("urllib3.connectionpool").exception("retry: %s", secret)


def by_broken_logging(secret: str) -> None:
    alone()
    logging.getLogger("sqlalchemy.pool").error(*("%d of %d", secret))


def by_warning(secret: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning(UserWarning(secret), UserWarning, "x.py", 1)


def by_context(secret: str) -> None:
    with structlog.contextvars.bound_contextvars(request=secret):
        logging.getLogger("slack_sdk").warning("x")


ROADS: list[Callable[[str], None]] = [
    by_structlog, by_structlog_event, by_structlog_nested, by_structlog_object, by_structlog_exception,
    by_logging, by_logging_extra, by_logging_exception, by_broken_logging, by_warning, by_context,
]  # fmt: skip


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("secret", CANARIES.values(), ids=CANARIES.keys())
def test_no_canary_survives_on_any_road(
    log: Log, capfd: pytest.CaptureFixture[str], secret: str, road: Callable[[str], None]
) -> None:
    road(secret)
    assert len(log.lines) == 1
    assert "canary" not in log.text
    out, err = capfd.readouterr()
    assert "canary" not in out + err


def test_the_password_inside_the_database_url_is_known_by_itself(log: Log) -> None:
    logging.getLogger("psycopg").error("authentication failed: %s, %s", "canary/db", "canary%2Fdb")
    assert "canary" not in log.text


def test_what_is_no_secret_is_kept(log: Log) -> None:
    structlog.get_logger("bot.test").info(
        "apply.read_back",
        request=12,
        value="opted in",
        at=None,
        share=0.5,
        tag="#12",
        text="Basic authentication goes off",
    )
    found = log.lines[0]
    assert {
        name: found[name]
        for name in ("event", "request", "value", "at", "share", "tag", "text", "level", "logger")
    } == {
        "event": "apply.read_back",
        "request": 12,
        "value": "opted in",
        "at": None,
        "share": 0.5,
        "tag": "#12",
        "text": "Basic authentication goes off",
        "level": "info",
        "logger": "bot.test",
    }
    assert found["timestamp"].endswith("Z")


def test_a_page_that_answers_in_slack_s_place_is_not_quoted(log: Log) -> None:
    logging.getLogger("slack_sdk").setLevel(logging.WARNING)
    stage = Stage()
    stage.plays(answer(200, "<!DOCTYPE html><title>canary</title>"), reset)
    for _ in range(2):
        with pytest.raises(Unavailable):
            call(WebClient(base_url=f"{stage.url}/api/", retry_handlers=[]).api_test)
    stage.close()
    assert [line["event"].partition(":")[0] for line in log.lines] == [
        "Failed to send a request to Slack API server"
    ]


def test_a_line_break_in_a_message_does_not_make_a_second_line(log: Log) -> None:
    logging.getLogger("slack_bolt").warning('x\n{"event": "forged"}')
    assert len(log.text.splitlines()) == 1


def test_everything_under_a_correlation_carries_its_id_and_nothing_after_it(log: Log) -> None:
    with correlated() as chosen:
        structlog.get_logger("bot.test").info("inside")
        logging.getLogger("slack_bolt").warning("inside too")
    structlog.get_logger("bot.test").info("outside")
    assert [line.get("correlation_id") for line in log.lines] == [chosen, chosen, None]
    with correlated("req-7"):
        structlog.get_logger("bot.test").info("inside")
    assert log.lines[-1]["correlation_id"] == "req-7"


def test_a_record_that_cannot_be_formatted_is_told_without_its_arguments(
    log: Log, capfd: pytest.CaptureFixture[str]
) -> None:
    alone()
    logging.getLogger("waitress").error("%d", "canary")
    assert [(line["event"], line["unwritable"]) for line in log.lines] == [("log.unwritable", "TypeError")]
    assert capfd.readouterr().err == ""


def test_an_exception_nobody_caught_is_logged_and_cleaned(
    log: Log, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.catch_uncaught()

    def fail() -> None:
        raise ValueError(KNOWN)

    thread = threading.Thread(target=fail, name="delivery")
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert [(line["event"], line["level"], line.get("thread")) for line in log.lines] == [
        ("uncaught", "critical", "delivery"),
        ("uncaught", "critical", None),
    ]
    assert all(line["exception"].endswith(f"ValueError: {NOT_SHOWN}") for line in log.lines)
    assert all("in fail" in line["exception"] for line in log.lines)
    assert capfd.readouterr().err == ""


def test_libraries_are_heard_from_warnings_on_and_waitress_queue_from_errors_on(log: Log) -> None:
    logs.configure(level="info", stream=log.stream)
    logging.getLogger("slack_bolt.App").info("no")
    logging.getLogger("urllib3").warning("yes")
    logging.getLogger("waitress.queue").warning("no")
    logging.getLogger("waitress.queue").error("yes")
    logging.getLogger("sqlalchemy.engine").info("no")
    logging.getLogger("alembic").info("no")
    structlog.get_logger("bot.test").debug("no")
    structlog.get_logger("bot.test").info("yes")
    assert [line["event"] for line in log.lines] == ["yes"] * 3


def test_urllib3_is_not_heard_at_debug_either_because_it_names_the_path_of_each_request(log: Log) -> None:
    logging.getLogger("msal").debug("yes")
    logging.getLogger("urllib3.connectionpool").debug(
        '%s "%s %s"', "http://127.0.0.1:8642", "POST", "/response/canary"
    )
    assert [line["event"] for line in log.lines] == ["yes"]


def test_configuring_twice_writes_every_line_once(log: Log) -> None:
    logs.configure(stream=log.stream)
    logging.getLogger("x").warning("once")
    assert len(log.lines) == 1


def test_a_stream_that_is_gone_stops_nothing(log: Log) -> None:
    alone()
    log.stream.close()
    logging.getLogger("x").warning("lost")
    structlog.get_logger("bot.test").warning("lost")


def test_a_secret_of_three_characters_does_not_take_the_log_apart() -> None:
    redaction = Redaction()
    redaction.register([SecretStr("a"), ""])
    assert redaction.text("a banana") == "a banana"


@given(
    secret=st.text(alphabet="QZ19 %/+='\"\\\nÉ", min_size=4, max_size=60).filter(str.strip),
    before=st.text(alphabet="abc ", max_size=20),
    after=st.text(alphabet="abc ", max_size=20),
)
def test_a_registered_secret_never_survives_whatever_it_is_made_of(
    secret: str, before: str, after: str
) -> None:
    redaction = Redaction()
    redaction.register([secret])
    said = f"{before}{secret}{after}"
    cleaned = redaction.value(
        {"event": said, secret: [secret], "shown": repr(said), "posted": quote_plus(said)}
    )
    told = json.dumps(cleaned, ensure_ascii=False)
    for form in (secret, quote_plus(secret), json.dumps(secret, ensure_ascii=False)[1:-1]):
        assert form not in told


@pytest.mark.parametrize("name", ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD"])
def test_a_secret_that_was_read_anew_is_withheld_as_the_first_one_is(
    name: str, log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pair = certificates.app()
    common = f"AZURE_TENANT_ID={uuid.uuid4()}\nAZURE_CLIENT_ID={uuid.uuid4()}\n"
    for canary in ("canary+of/today=", "canary+of/tomorrow="):
        (tmp_path / "app.pem").write_bytes(pair.pem(canary.encode()))
        certificate = "" if name == "AZURE_CLIENT_SECRET" else "AZURE_CLIENT_CERTIFICATE_PATH=app.pem\n"
        (tmp_path / ".env").write_text(f"{common}{certificate}{name}={canary}\n")
        assert credential_now() is not None
        for written in (canary, quote_plus(canary)):
            logging.getLogger("msal").warning("sent %s there", written)
    assert "canary" not in log.text
    assert [line["event"] for line in log.lines] == ["sent [redacted] there"] * 4


def test_secrets_that_are_registered_at_once_by_several_threads_are_all_withheld() -> None:
    redaction = Redaction()
    secrets = [f"canary-{number:03}" for number in range(64)]
    threads = [threading.Thread(target=redaction.register, args=([secret],)) for secret in secrets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "canary" not in redaction.text(" ".join(secrets))
