"""The client writes: once, and with a fate that says no more than is known."""

import http.client
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from bot.exchange.auth.tokens import Tokens
from bot.exchange.client import ExchangeOnline
from bot.exchange.clouds import CLOUDS
from handlers.ports import Setting
from storage.records import WriteOutcome
from tests.bot.exchange.bodies import envelope, error, reading
from tests.bot.exchange.conftest import NOON
from tests.bot.exchange.entra_stub import TENANT, Entra, refusal, token
from tests.bot.exchange.stage import Act, Request, Stage, answer, drip, hang, raw, reset
from tests.sentences import says

Client = Callable[..., ExchangeOnline]
CHALLENGE = (
    'Bearer error="insufficient_claims", '
    'claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="'
)
BUSY_LINE = "Ex1|Microsoft.Exchange.Data.Directory.ServerBusyException|Busy."
BUSY = error(BUSY_LINE)
TRANSIENT = error("Ex1|Microsoft.Exchange.Data.Directory.ADTransientException|Passing.")
NO_OP = "The command completed successfully but no settings of 'x' have been modified."


@pytest.mark.parametrize("value", [True, False])
def test_a_write_sends_the_boolean_once_under_the_given_id(
    client: Client, exchange: Stage, *, value: bool
) -> None:
    exchange.plays(answer(200, envelope([])))
    written = client().write(value, client_request_id="id-7")
    (request,) = exchange.requests
    parameters = {"AllowLegacyTLSClients": value}
    assert request.json() == {"CmdletInput": {"CmdletName": "Set-TransportConfig", "Parameters": parameters}}
    assert request.headers["client-request-id"] == "id-7"
    assert (written.outcome, written.client_request_id) == (WriteOutcome.ACCEPTED, "id-7")


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        (answer(204), WriteOutcome.ACCEPTED),
        (answer(200), WriteOutcome.ACCEPTED),
        (answer(200, envelope(None)), WriteOutcome.ACCEPTED),
        (answer(200, envelope([], **{"@adminapi.errors": ["No."]})), WriteOutcome.UNKNOWN),
        (answer(200, envelope([], **{"@adminapi.errors": [BUSY_LINE]})), WriteOutcome.UNKNOWN),
        (answer(400, error("Ex1|A.X|No.")), WriteOutcome.UNKNOWN),
        (answer(400, error("|A.AmbiguousParameterSetException|No.")), WriteOutcome.REFUSED),
        (answer(404), WriteOutcome.UNKNOWN),
        (answer(401), WriteOutcome.REFUSED),
        (answer(403, b"\0" * 4096, {"Content-Encoding": "gzip"}), WriteOutcome.REFUSED),
        (answer(405), WriteOutcome.REFUSED),
        (answer(429), WriteOutcome.NOT_PROCESSED),
        (answer(503, "", {"Retry-After": "4"}), WriteOutcome.NOT_PROCESSED),
        (answer(400, BUSY), WriteOutcome.NOT_PROCESSED),
        (answer(500, BUSY), WriteOutcome.NOT_PROCESSED),
        (answer(503), WriteOutcome.UNKNOWN),
        (answer(400, TRANSIENT), WriteOutcome.UNKNOWN),
        (answer(500, error("Ex1|A.X|It broke.")), WriteOutcome.UNKNOWN),
        (answer(502, "<html>"), WriteOutcome.UNKNOWN),
        (answer(504), WriteOutcome.UNKNOWN),
        (answer(302, "", {"Location": "?fe=eur01"}), WriteOutcome.UNKNOWN),
        (answer(200, "{"), WriteOutcome.UNKNOWN),
        (answer(200, "<html>"), WriteOutcome.UNKNOWN),
        (raw(CUT), WriteOutcome.UNKNOWN),
        (raw(b""), WriteOutcome.UNKNOWN),
        (reset, WriteOutcome.UNKNOWN),
    ],
)
def test_whatever_the_answer_a_write_is_sent_once(
    act: Act, outcome: WriteOutcome, client: Client, exchange: Stage
) -> None:
    exchange.plays(act)
    exchange.always(answer(200, envelope([])))
    written = client().write(True, client_request_id="id-7")
    assert written.outcome is outcome
    assert written.sentence.endswith(".")
    assert len(exchange.requests) == 1


def test_the_wait_that_exchange_asks_for_is_handed_on(client: Client, exchange: Stage) -> None:
    exchange.plays(answer(429, "", {"Retry-After": "12"}))
    assert client().write(True, client_request_id="1").retry_after == 12.0


def test_a_write_that_changed_nothing_says_so(client: Client, exchange: Stage) -> None:
    exchange.plays(answer(200, envelope(None, [NO_OP])))
    written = client().write(True, client_request_id="1")
    assert (written.outcome, written.sentence) == (
        WriteOutcome.ACCEPTED,
        "Exchange Online says that nothing had to be modified.",
    )


def test_after_a_claims_challenge_it_is_sent_once_more_with_a_new_token(
    client: Client, exchange: Stage
) -> None:
    exchange.plays(answer(401, "", {"WWW-Authenticate": CHALLENGE}), answer(200, envelope([])))
    assert client().write(True, client_request_id="id-7").outcome is WriteOutcome.ACCEPTED
    assert [request.headers["authorization"] for request in exchange.requests] == [
        f"Bearer {token(1)}",
        f"Bearer {token(2)}",
    ]
    assert {request.headers["client-request-id"] for request in exchange.requests} == {"id-7"}


def test_challenged_twice_it_is_refused(client: Client, exchange: Stage) -> None:
    exchange.always(answer(401, "", {"WWW-Authenticate": CHALLENGE}))
    assert client().write(True, client_request_id="1").outcome is WriteOutcome.REFUSED
    assert len(exchange.requests) == 2


def test_after_a_challenge_a_lost_answer_is_unknown(client: Client, exchange: Stage) -> None:
    exchange.plays(answer(401, "", {"WWW-Authenticate": CHALLENGE}), reset)
    assert client().write(True, client_request_id="1").outcome is WriteOutcome.UNKNOWN
    assert len(exchange.requests) == 2


def test_no_connection_means_not_processed(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    written = client(api_url=f"http://127.0.0.1:{port}").write(True, client_request_id="1")
    assert (written.outcome, says("nothing_was_sent_3") in written.sentence) == (
        WriteOutcome.NOT_PROCESSED,
        True,
    )


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        (answer(503), WriteOutcome.NOT_PROCESSED),
        (reset, WriteOutcome.NOT_PROCESSED),
        (refusal(7000222), WriteOutcome.NOT_PROCESSED),
        (refusal(53003), WriteOutcome.NOT_PROCESSED),
    ],
)
def test_without_a_token_nothing_is_sent(
    act: Act, outcome: WriteOutcome, client: Client, exchange: Stage, entra: Entra
) -> None:
    entra.instead.append(act)
    written = client().write(True, client_request_id="1")
    assert written.outcome is outcome
    assert written.sentence
    assert exchange.requests == []


def test_a_missing_role_drops_the_token(client: Client, exchange: Stage) -> None:
    exchange.plays(answer(403), answer(200, envelope([])))
    one = client()
    one.write(True, client_request_id="1")
    one.write(True, client_request_id="2")
    assert exchange.requests[1].headers["authorization"] == f"Bearer {token(2)}"


@pytest.fixture
def brisk(sign_in: Callable[..., Tokens], exchange: Stage) -> ExchangeOnline:
    """A client with a short limit on writes, already signed in."""
    tokens = sign_in()
    tokens.bearer()
    return ExchangeOnline(
        tenant_id=TENANT,
        tokens=tokens,
        endpoint=CLOUDS["worldwide"].at(api_url=exchange.url),
        clock=lambda: NOON,
        organization=None,
        write_limit=0.5,
    )


@pytest.mark.parametrize("how", ["silent", "dripping headers", "dripping body"])
def test_a_write_without_an_answer_is_unknown_within_its_limit(
    how: str, brisk: ExchangeOnline, exchange: Stage
) -> None:
    acts = {
        "silent": hang(exchange.stop),
        "dripping headers": drip(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n", 0.05, exchange.stop),
        "dripping body": drip(b"HTTP/1.1 200 OK\r\n\r\n", b" ", 0.05, exchange.stop),
    }
    exchange.always(acts[how])
    began = time.monotonic()
    assert brisk.write(True, client_request_id="1").outcome is WriteOutcome.UNKNOWN
    assert time.monotonic() - began < 3
    assert len(exchange.requests) == 1
    brisk.close()


def test_a_write_that_got_no_token_in_good_time_is_not_sent_any_more(
    brisk: ExchangeOnline, exchange: Stage, entra: Entra
) -> None:
    def late(connection: socket.socket, request: Request) -> bool:
        entra.stage.stop.wait(0.3)
        return answer(200, entra.granted())(connection, request)

    brisk.tokens.forget()
    entra.instead.append(late)
    written = brisk.write(True, client_request_id="1")
    assert (written.outcome, says("too_little_time") in written.sentence) == (
        WriteOutcome.NOT_PROCESSED,
        True,
    )
    assert exchange.requests == []
    brisk.close()


def test_a_second_write_waits_for_the_first_and_a_read_does_not(
    brisk: ExchangeOnline, exchange: Stage
) -> None:
    arrived = threading.Event()

    def act(connection: socket.socket, request: Request) -> bool:
        if request.cmdlet == "Set-TransportConfig":
            arrived.set()
            return hang(exchange.stop)(connection, request)
        return answer(200, reading(None))(connection, request)

    exchange.always(act)
    outcomes: list[WriteOutcome] = []
    writers = [
        threading.Thread(target=lambda: outcomes.append(brisk.write(True, client_request_id="1").outcome))
        for _ in range(2)
    ]
    for writer in writers:
        writer.start()
    assert arrived.wait(5)
    brisk.read(patience=2)
    for writer in writers:
        writer.join(5)
    writes = [request for request in exchange.requests if request.cmdlet == "Set-TransportConfig"]
    assert len({request.connection for request in exchange.requests}) >= 2
    assert sorted(outcomes) == [WriteOutcome.NOT_PROCESSED, WriteOutcome.UNKNOWN]
    assert len(writes) == 1
    brisk.close()


def test_the_client_is_the_setting_that_judgement_asks_for(client: Client) -> None:
    setting: Setting = client()
    assert setting is not None


def test_nothing_is_sent_after_the_right_to_send_has_ended(client: Client, exchange: Stage) -> None:
    written = client().write(True, client_request_id="1", begin_by=time.monotonic() - 0.001)
    assert (written.outcome, exchange.requests) == (WriteOutcome.NOT_PROCESSED, [])


def test_nothing_is_sent_over_a_connection_that_took_too_long_to_open(
    client: Client, exchange: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, look_up = client(), socket.getaddrinfo
    one.tokens.bearer()

    def slow(*arguments: Any, **named: Any) -> Any:
        time.sleep(0.3)
        return look_up(*arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    written = one.write(True, client_request_id="1", begin_by=time.monotonic() + 0.2)
    assert (written.outcome, exchange.requests) == (WriteOutcome.NOT_PROCESSED, [])


def test_whoever_was_frozen_between_the_head_and_the_body_of_a_write_does_not_finish_it(
    client: Callable[..., ExchangeOnline], exchange: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.always(answer(200, {}))
    one = client()
    one.tokens.bearer()
    begun, send = time.monotonic(), http.client.HTTPConnection.send

    def freezing(connection: http.client.HTTPConnection, data: bytes) -> None:
        send(connection, data)
        if data.startswith(b"POST /adminapi"):
            time.sleep(max(0.0, begun + 0.6 - time.monotonic()))

    monkeypatch.setattr(http.client.HTTPConnection, "send", freezing)
    written = one.write(True, client_request_id="1", begin_by=begun + 0.5)
    assert written.outcome is WriteOutcome.UNKNOWN
    assert exchange.requests == []
