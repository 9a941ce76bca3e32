"""Carrying a command over real sockets: what is known afterwards when the other side misbehaves."""

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from ssl import SSLContext

import pytest

from bot.exchange.http.transport import SIZE_LIMIT, Answer, Silence, Transport, _inside
from tests.bot.exchange import certificates
from tests.bot.exchange.stage import Stage, answer, drip, hang, raw, reset

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def carry(exchange: Stage) -> Iterator[Callable[..., Answer | Silence]]:
    opened: dict[str, Transport] = {}

    def post(*, origin: str | None = None, follow: bool = True, timeout: float = 5) -> Answer | Silence:
        place = origin or exchange.url
        transport = opened.setdefault(place, Transport(place))
        headers = {"client-request-id": "id-1"}
        return transport.post(
            "/adminapi", {"a": 1}, token="canary-token", headers=headers, timeout=timeout, follow=follow
        )

    yield post
    for transport in opened.values():
        transport.close()


Carry = Callable[..., Answer | Silence]


def test_a_command_arrives_whole_and_asks_for_a_plain_body(carry: Carry, exchange: Stage) -> None:
    exchange.plays(answer(200, {"value": []}))
    got = carry()
    assert isinstance(got, Answer)
    assert (got.status, got.body, got.complete) == (200, b'{"value": []}', True)
    request = exchange.requests[0]
    assert (request.method, request.json()) == ("POST", {"a": 1})
    assert request.headers["authorization"] == "Bearer canary-token"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["client-request-id"] == "id-1"


def test_the_403_of_nul_bytes_labelled_gzip_keeps_its_status(carry: Carry, exchange: Stage) -> None:
    exchange.plays(answer(403, b"\0" * 4096, {"Content-Encoding": "gzip"}))
    assert carry() == Answer(403, {"Content-Length": "4096", "Content-Encoding": "gzip"}, b"\0" * 4096)


def test_a_body_that_truly_is_gzip_is_inflated(carry: Carry, exchange: Stage) -> None:
    exchange.plays(
        answer(200, gzip.compress(b'{"value":[]}')), answer(200, gzip.compress(b'{"value":[]}')[:-9])
    )
    whole, broken = carry(), carry()
    assert isinstance(whole, Answer)
    assert isinstance(broken, Answer)
    assert (whole.body, whole.complete) == (b'{"value":[]}', True)
    assert not broken.complete


def test_a_compression_bomb_stays_within_the_limit(carry: Carry, exchange: Stage) -> None:
    exchange.plays(answer(200, gzip.compress(b"0" * (20 * SIZE_LIMIT))))
    got = carry()
    assert isinstance(got, Answer)
    assert len(got.body) <= SIZE_LIMIT
    assert not got.complete


def test_an_endless_body_is_cut_at_the_limit(carry: Carry, exchange: Stage) -> None:
    exchange.plays(drip(HEAD + b"\r\n", b"0" * 200_000, 0, exchange.stop))
    got = carry()
    assert isinstance(got, Answer)
    assert (len(got.body), got.complete) == (SIZE_LIMIT, False)


def test_one_connection_is_kept_for_many_calls(carry: Carry, exchange: Stage) -> None:
    exchange.always(answer(200, {"value": []}))
    for _ in range(3):
        carry()
    assert [request.connection for request in exchange.requests] == [1, 1, 1]


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (HEAD + b"Content-Length: 4000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b"\r\n", b" "),
        (HEAD, b"X-Drip: 1\r\n"),
        (b"", b"H"),
    ],
    ids=["length", "chunked", "until close", "headers", "status line"],
)
def test_a_dripping_answer_cannot_outlast_the_limit(
    head: bytes, piece: bytes, carry: Carry, exchange: Stage
) -> None:
    exchange.plays(drip(head, piece, 0.05, exchange.stop))
    began = time.monotonic()
    got = carry(timeout=0.6)
    assert 0.5 < time.monotonic() - began < 3
    assert got is Silence.LOST or (isinstance(got, Answer) and not got.complete)


def test_no_answer_in_time_leaves_the_outcome_unknown(carry: Carry, exchange: Stage) -> None:
    exchange.plays(hang(exchange.stop))
    assert carry(timeout=0.3) is Silence.LOST
    assert len(exchange.requests) == 1


def test_a_reset_after_the_request_leaves_the_outcome_unknown(carry: Carry, exchange: Stage) -> None:
    exchange.plays(reset)
    assert carry() is Silence.LOST
    assert len(exchange.requests) == 1


def test_nobody_listening_proves_that_nothing_was_sent(carry: Carry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert carry(origin=f"http://127.0.0.1:{port}") is Silence.NOT_SENT


def test_a_name_that_does_not_resolve_proves_that_nothing_was_sent(
    carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert carry(origin="https://outlook.example") is Silence.NOT_SENT


def test_a_dead_address_of_a_name_does_not_eat_the_time_of_the_living(
    carry: Carry, exchange: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.always(answer(200, {"value": []}))
    port = int(exchange.host.rpartition(":")[2])
    genuine = socket.getaddrinfo

    def two(host: str, *rest: object, **named: object) -> object:
        names = ["127.0.0.2", "127.0.0.1"] if host == "localhost" else [host]
        return [entry for name in names for entry in genuine(name, *rest, **named)]  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    assert isinstance(carry(origin=f"http://localhost:{port}"), Answer)


def test_a_certificate_that_does_not_verify_stops_the_call_before_anything_is_sent(
    carry: Carry,
    stages: Callable[..., Stage],
    tls: SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(certificates.authority().certificate_pem())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    stage = stages(tls)
    assert carry(origin=stage.url) is Silence.UNTRUSTED
    assert stage.requests == []


def test_a_handshake_that_never_comes_proves_that_nothing_was_sent(carry: Carry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began = time.monotonic()
        assert carry(origin=f"https://127.0.0.1:{mute.getsockname()[1]}", timeout=0.4) is Silence.NOT_SENT
        assert time.monotonic() - began < 3


def test_tls_with_the_configured_authority_carries_the_command(
    carry: Carry, stages: Callable[..., Stage], tls: SSLContext
) -> None:
    stage = stages(tls)
    stage.plays(answer(200, {"value": []}))
    assert isinstance(carry(origin=stage.url), Answer)


@pytest.mark.parametrize(
    "content",
    [
        HEAD + b'Content-Length: 100\r\n\r\n{"val',
        HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"val',
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ],
)
def test_a_body_that_breaks_off_is_told_from_a_whole_one(
    content: bytes, carry: Carry, exchange: Stage
) -> None:
    exchange.plays(raw(content))
    got = carry()
    assert isinstance(got, Answer)
    assert (got.status, got.complete) == (200, False)


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 banana\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000],
)
def test_gibberish_is_no_answer(content: bytes, carry: Carry, exchange: Stage) -> None:
    exchange.plays(raw(content))
    assert carry() is Silence.LOST


def test_a_redirect_inside_the_service_is_posted_again_and_remembered(carry: Carry, exchange: Stage) -> None:
    exchange.plays(answer(302, "", {"Location": "/adminapi?fe=eur01"}), answer(200, {"value": []}))
    got = carry()
    assert isinstance(got, Answer)
    assert got.status == 200
    assert [(request.method, request.path) for request in exchange.requests] == [
        ("POST", "/adminapi"),
        ("POST", "/adminapi?fe=eur01"),
    ]
    assert exchange.requests[1].headers["authorization"] == "Bearer canary-token"
    assert exchange.requests[1].json() == {"a": 1}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_command_that_writes_is_not_sent_to_where_a_redirect_points(
    status: int, carry: Carry, exchange: Stage
) -> None:
    exchange.plays(answer(status, "", {"Location": "/adminapi?fe=eur01"}))
    got = carry(follow=False)
    assert isinstance(got, Answer)
    assert got.status == status
    assert len(exchange.requests) == 1


@pytest.mark.parametrize(
    "where", ["port", "host", "backslash", "backslash and name", "foreign", "nowhere", "broken"]
)
def test_a_redirect_out_of_the_service_is_never_followed(
    where: str, carry: Carry, exchange: Stage, stages: Callable[..., Stage]
) -> None:
    stranger = stages(None)
    port = exchange.host.rpartition(":")[2]
    location = {
        "port": f"{stranger.url}/adminapi",
        "host": f"http://localhost:{port}/adminapi",
        "backslash": f"{stranger.url}\\.{exchange.host}/adminapi",
        "backslash and name": f"{stranger.url}\\@{exchange.host}/adminapi",
        "foreign": "https://outlook.office365.com.example/adminapi",
        "nowhere": "",
        "broken": "http://[::1/adminapi",
    }[where]
    exchange.plays(answer(302, "", {"Location": location}))
    got = carry()
    assert isinstance(got, Answer)
    assert got.status == 302
    assert stranger.requests == []
    assert len(exchange.requests) == 1


def test_redirects_in_a_circle_end(carry: Carry, exchange: Stage) -> None:
    exchange.always(answer(302, "", {"Location": "/adminapi"}))
    got = carry()
    assert isinstance(got, Answer)
    assert got.status == 302
    assert len(exchange.requests) == 4


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://eur01.outlook.office365.com/adminapi/x", "https://eur01.outlook.office365.com/adminapi/x"),
        (
            "https://eur01.outlook.office365.com:446/adminapi/x?y=1",
            "https://eur01.outlook.office365.com/adminapi/x?y=1",
        ),
        ("https://outlook.office365.com:443/x", "https://outlook.office365.com/x"),
        ("/adminapi/x", "https://outlook.office365.com/adminapi/x"),
        ("http://eur01.outlook.office365.com/x", None),
        ("https://eur01.outlook.office365.com:8443/x", None),
        ("https://evil-outlook.office365.com/x", None),
        ("https://outlook.office365.com.example/x", None),
        ("https://outlook.office365.com@example.com/x", None),
        ("https://user@outlook.office365.com/x", None),
        ("https://outlook.office365.com:port/x", None),
        ("//example.com/x", None),
        ("javascript:alert(1)", None),
        (r"https://evil.example\.outlook.office365.com/x", None),
        (r"https://evil.example\@outlook.office365.com/x", None),
        (r"https:\\evil.example/x", None),
        (r"\\evil.example/x", None),
        ("https://evil.example%5c.outlook.office365.com/x", None),
        ("https://evil.example%2f.outlook.office365.com/x", None),
        ("https://evil.example;.outlook.office365.com/x", None),
        ("https://evil.example,.outlook.office365.com/x", None),
        ("https://evil.example[.outlook.office365.com/x", None),
        ("https://evil.example\u2024.outlook.office365.com/x", None),
        ("https://evil.example\uff0f.outlook.office365.com/x", None),
        ("https://evil.example\t.outlook.office365.com/x", None),
        ("https://evil.example#.outlook.office365.com/x", None),
        ("https://evil.example?.outlook.office365.com/x", None),
        ("https://evil.example/.outlook.office365.com/x", None),
        ("https://evil.example:443@outlook.office365.com/x", None),
        ("https://a.b.outlook.office365.com/x", None),
        ("https://.outlook.office365.com/x", None),
        ("https://outlook.office365.com./x", None),
        ("wss://outlook.office365.com/x", None),
    ],
)
def test_only_the_service_itself_is_inside(location: str, target: str | None) -> None:
    assert (
        _inside("https://outlook.office365.com", "https://outlook.office365.com/adminapi", location) == target
    )


def test_a_host_that_was_settled_on_is_left_when_it_is_gone(exchange: Stage) -> None:
    transport = Transport(exchange.url)
    transport._base = "http://127.0.0.1:1"
    exchange.always(answer(200, {"value": []}))
    headers = {"client-request-id": "1"}
    gone = transport.post("/x", {}, token="t", headers=headers, timeout=2, follow=True)
    found = transport.post("/x", {}, token="t", headers=headers, timeout=2, follow=True)
    transport.close()
    assert gone is Silence.NOT_SENT
    assert isinstance(found, Answer)


def test_a_token_that_cannot_be_a_header_is_not_sent(exchange: Stage) -> None:
    transport = Transport(exchange.url)
    got = transport.post("/x", {}, token="two\r\nlines", headers={}, timeout=2, follow=True)
    transport.close()
    assert got is Silence.NOT_SENT
    assert exchange.requests == []
