"""What the clients of several tenants share: connections and key files, never a cookie or a token."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.exchange.auth import key_file
from bot.exchange.auth.credentials import Certificate
from bot.exchange.auth.shared_connections import Together
from bot.exchange.auth.tokens import Tokens
from bot.exchange.http.transport import Answer, Transport
from tests.bot.exchange import certificates
from tests.bot.exchange.entra_stub import Entra, token
from tests.bot.exchange.stage import Stage, answer

SignIn = Callable[..., Tokens]


def post(transport: Transport) -> Answer:
    got = transport.post("/adminapi", {}, token="t", headers={}, timeout=5, follow=True)
    assert isinstance(got, Answer)
    return got


def test_connections_are_shared_and_cookies_are_not(exchange: Stage) -> None:
    together = Together()
    one, other = (Transport(exchange.url, together.connections) for _ in range(2))
    exchange.always(answer(200, {"value": []}, {"Set-Cookie": "whose=one"}))
    post(one)
    post(other)
    post(one)
    assert [request.connection for request in exchange.requests] == [1, 1, 1]
    assert not any("cookie" in request.headers for request in exchange.requests)
    one.close()  # a tenant that is gone ends no other's connection
    post(other)
    assert exchange.requests[-1].connection == 1
    together.close()


def test_the_key_of_one_file_is_opened_once(
    sign_in: SignIn, entra: Entra, tmp_path: Path, app: certificates.Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened = tmp_path / "app.pem", []
    path.write_bytes(app.pem())
    load = key_file.keys.load
    monkeypatch.setattr(key_file.keys, "load", lambda *a, **k: opened.append(a) or load(*a, **k))
    together = Together()
    several = [sign_in(Certificate(path), together=together) for _ in range(3)]
    assert [one.bearer() for one in several] == [token(1), token(2), token(3)]
    assert len(opened) == 1
    assert {one.certificate_expires() for one in several} == {app.certificate.not_valid_after_utc}


def test_a_certificate_that_is_replaced_serves_every_tenant_of_the_file(
    sign_in: SignIn, entra: Entra, tmp_path: Path, app: certificates.Pair
) -> None:
    path, newer = tmp_path / "app.pem", certificates.app(days=90)
    path.write_bytes(app.pem())
    together = Together()
    several = [sign_in(Certificate(path), together=together) for _ in range(2)]
    for one in several:
        one.bearer()
    path.write_bytes(newer.pem())
    entra.certificate = newer.certificate
    for one in several:
        one.forget()
        assert one.bearer()
        assert one.certificate_expires() == newer.certificate.not_valid_after_utc


def test_a_token_is_kept_for_its_life_and_what_msal_keeps_is_given_up(
    sign_in: SignIn, entra: Entra, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("bot.exchange.auth.tokens.monotonic", lambda: now[0])
    tokens = sign_in(together=Together())
    assert tokens.bearer() == token(1)
    now[0] += 3000
    assert tokens.bearer() == token(1)
    now[0] += 600
    assert tokens.bearer() == token(2)
    tokens.forget()
    assert tokens.bearer() == token(3)
