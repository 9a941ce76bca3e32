"""A command through a proxy's tunnel: over TLS to the service, and nothing of it for the proxy."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from ssl import SSLContext

import pytest
import requests

from bot.exchange.http.session import Wire
from bot.exchange.http.transport import Answer, Silence, Transport
from tests.bot.exchange import certificates
from tests.bot.exchange.stage import Stage, answer, drip, raw, reset, tunnel
from tests.bot.exchange.test_transport import HEAD, Carry


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


def test_neither_netrc_nor_a_proxy_of_the_surroundings_touches_a_call_on_loopback(
    carry: Carry, exchange: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login canary password canary\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    exchange.plays(answer(200, {"value": []}))
    assert isinstance(carry(), Answer)
    assert exchange.requests[0].headers["authorization"] == "Bearer canary-token"


def test_a_proxy_that_refuses_the_tunnel_proves_that_nothing_was_sent(
    carry: Carry, exchange: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", exchange.url)
    exchange.plays(raw(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"))
    assert carry(origin="https://outlook.example") is Silence.NOT_SENT
    assert [request.method for request in exchange.requests] == ["CONNECT"]
    assert "authorization" not in exchange.requests[0].headers


def test_through_a_proxys_tunnel_the_service_is_met_over_tls_and_the_proxy_sees_no_token(
    carry: Carry,
    exchange: Stage,
    stages: Callable[[SSLContext], Stage],
    root: certificates.Pair,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = stages(certificates.server_context(root, tmp_path, "outlook.example"))
    monkeypatch.setenv("HTTPS_PROXY", exchange.url)
    exchange.always(tunnel(int(service.host.rpartition(":")[2])))
    service.plays(answer(200, {"value": []}), answer(200, {"value": [1]}), reset)
    first, second = carry(origin="https://outlook.example"), carry(origin="https://outlook.example")
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert (first.body, second.body) == (b'{"value": []}', b'{"value": [1]}')
    (connect,) = exchange.requests
    assert (connect.method, connect.path) == ("CONNECT", "outlook.example:443")
    assert "canary" not in str(connect.headers)
    assert [request.headers["authorization"] for request in service.requests] == ["Bearer canary-token"] * 2
    assert carry(origin="https://outlook.example") is Silence.LOST


def test_a_tunnel_that_ended_is_opened_anew_however_long_ago_the_last_answer_came(
    carry: Carry,
    exchange: Stage,
    stages: Callable[[SSLContext], Stage],
    root: certificates.Pair,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = stages(certificates.server_context(root, tmp_path, "outlook.example"))
    service.always(raw(HEAD + b'Content-Length: 12\r\n\r\n{"value":[]}'))
    monkeypatch.setenv("HTTPS_PROXY", exchange.url)
    exchange.always(tunnel(int(service.host.rpartition(":")[2])))
    assert isinstance(carry(origin="https://outlook.example", timeout=1), Answer)
    time.sleep(1.2)
    assert isinstance(carry(origin="https://outlook.example", timeout=1), Answer)
    assert len(exchange.requests) == 2


def test_a_proxy_that_drips_its_answer_cannot_outlast_the_limit(
    carry: Carry, exchange: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", exchange.url)
    exchange.plays(drip(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n", 0.05, exchange.stop))
    began = time.monotonic()
    assert carry(origin="https://outlook.example", timeout=0.6) is Silence.NOT_SENT
    assert 0.5 < time.monotonic() - began < 3


def test_a_service_behind_the_tunnel_that_is_another_one_gets_nothing(
    carry: Carry,
    exchange: Stage,
    stages: Callable[[SSLContext], Stage],
    tls: SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = stages(tls)
    monkeypatch.setenv("HTTPS_PROXY", exchange.url)
    exchange.always(tunnel(int(service.host.rpartition(":")[2])))
    assert carry(origin="https://outlook.example") is Silence.UNTRUSTED
    assert service.requests == []


def test_the_surroundings_are_looked_at_once_for_each_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "direct.example")
    looked: list[str] = []
    look = requests.sessions.get_environ_proxies
    monkeypatch.setattr(
        "requests.sessions.get_environ_proxies",
        lambda url, no_proxy: looked.append(url) or look(url, no_proxy),
    )
    wire = Wire()
    another = Wire(shared=wire)  # of another tenant

    def proxy(session: Wire, url: str, *, stream: bool) -> str | None:
        found = session.merge_environment_settings(url, {}, stream, None, None)
        assert found["stream"] is stream
        return found["proxies"].get("https")  # type: ignore[no-any-return]

    for session, stream in ((wire, True), (another, False), (wire, True)):
        assert (
            proxy(session, "https://outlook.example/adminapi", stream=stream) == "http://proxy.example:3128"
        )
        assert proxy(session, "https://direct.example/adminapi", stream=stream) is None
    assert looked == ["https://outlook.example/adminapi", "https://direct.example/adminapi"]
    wire.close()
