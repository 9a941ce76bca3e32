"""Every way in which a sign-in fails, in words that tell people what to mend."""

import gzip
import json
import socket
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from pydantic import SecretStr

from bot.exchange.auth import entra_refusals
from bot.exchange.auth.credentials import Certificate, ClientSecret, FederatedToken
from bot.exchange.auth.entra_session import EntraWire, belongs_to
from bot.exchange.auth.tokens import Tokens
from bot.exchange.http.transport import SIZE_LIMIT
from handlers.context.web_addresses import taken_apart
from handlers.ports import Unavailable
from tests.bot.exchange import certificates
from tests.bot.exchange.entra_stub import TENANT, Entra, refusal, token
from tests.bot.exchange.stage import Stage, answer, hang, raw, reset
from tests.sentences import says

SignIn = Callable[..., Tokens]


def _failure(tokens: Tokens, *, timeout: float = 10) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        tokens.bearer(timeout=timeout)
    return caught.value


@pytest.mark.parametrize(
    ("code", "error", "sentence", "mend"),
    [
        (7000215, "invalid_client", "secret is wrong", "AZURE_CLIENT_SECRET"),
        (7000222, "invalid_client", "secret has expired", "Add a new client secret"),
        (700027, "invalid_client", "does not know the certificate", "Upload the certificate"),
        (700024, "invalid_client", "assertion is not acceptable", "clock"),
        (700213, "invalid_client", "no federated credential", "issuer, subject and audience"),
        (700016, "unauthorized_client", "not known in this tenant", "AZURE_CLIENT_ID"),
        (53003, "access_denied", "Conditional Access", "workload identities"),
        (500011, "invalid_resource", "Exchange Online is not known", "EXCHANGE_CLOUD"),
        (7000112, "unauthorized_client", "app is disabled", "Enable"),
        (65001, "invalid_grant", "with AADSTS65001", "https://login.microsoftonline.com/error?code=65001"),
    ],
)
def test_each_refusal_has_its_own_sentence_and_mend(
    *, code: int, error: str, sentence: str, mend: str, sign_in: SignIn, entra: Entra
) -> None:
    entra.instead.append(refusal(code, error))
    failure = _failure(sign_in())
    assert sentence in failure.sentence
    assert f"AADSTS{code}" in failure.sentence
    assert mend in failure.mend
    assert not failure.retryable
    assert "Words that nobody" not in failure.sentence + failure.mend


def test_a_refusal_that_msal_remembers_keeps_its_words(sign_in: SignIn, entra: Entra) -> None:
    """MSAL answers the same request from memory for a minute after a 400."""
    entra.instead.extend([refusal(700016, "unauthorized_client")])
    tokens = sign_in()
    assert _failure(tokens).sentence == _failure(tokens).sentence
    assert len(entra.forms) == 1


def test_trouble_that_msal_remembers_stays_retryable(sign_in: SignIn, entra: Entra) -> None:
    entra.instead.append(answer(503, "", {"Retry-After": "7"}))
    tokens = sign_in()
    first, second = _failure(tokens), _failure(tokens)
    assert (first.retryable, first.retry_after, first.sentence) == (True, 7.0, second.sentence)
    assert second.retryable
    assert len(entra.forms) == 1


@pytest.mark.parametrize("asked", ["7200", "99999999"])
def test_the_sign_in_is_left_alone_for_an_hour_at_most(asked: str, sign_in: SignIn, entra: Entra) -> None:
    entra.instead.append(answer(503, "", {"Retry-After": asked}))
    assert _failure(sign_in()).retry_after == 3600


def test_a_tenant_that_does_not_exist_is_named_as_the_trouble(sign_in: SignIn) -> None:
    failure = _failure(sign_in(tenant="99999999-9999-9999-9999-999999999999"))
    assert says("does_not_know_this_tenant") in failure.sentence
    assert "AZURE_TENANT_ID" in failure.mend


def test_a_wrong_secret_is_refused_and_a_new_try_asks_again(sign_in: SignIn, entra: Entra) -> None:
    tokens = sign_in(ClientSecret(SecretStr("another")))
    assert "secret is wrong" in _failure(tokens).sentence
    assert "secret is wrong" in _failure(tokens).sentence


def test_an_unregistered_certificate_is_refused(sign_in: SignIn, tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    path.write_bytes(certificates.app().pem())
    assert "does not know the certificate" in _failure(sign_in(Certificate(path))).sentence


def test_an_expired_certificate_is_named_with_its_day(sign_in: SignIn, entra: Entra, tmp_path: Path) -> None:
    expired = certificates.app(days=-1)
    path = tmp_path / "app.pem"
    path.write_bytes(expired.pem())
    entra.instead.append(refusal(700027))
    over = expired.certificate.not_valid_after_utc
    assert says("expired_on", day=over) in _failure(sign_in(Certificate(path))).sentence


def _other_key(app: certificates.Pair) -> bytes:
    return app.certificate_pem() + certificates.app().key_pem()


@pytest.mark.parametrize(
    ("content", "password", "sentence"),
    [
        (lambda app: app.pem(b"right"), "wrong", "cannot be opened with the password"),
        (lambda app: app.pfx(b"right"), "wrong", "cannot be opened with the password"),
        (lambda app: app.pem(b"right"), None, "needs a password or is damaged"),
        (lambda app: app.pfx(b"right"), None, "needs a password or is damaged"),
        (lambda app: b"nonsense", None, "needs a password or is damaged"),
        (lambda app: app.pem().decode().encode("utf-16"), None, "is text in UTF-16"),
        (lambda app: b"", None, "needs a password or is damaged"),
        (lambda app: app.certificate_pem(), None, "no RSA private key"),
        (lambda app: app.key_pem(), None, "no certificate for its private key"),
        (_other_key, None, "no certificate for its private key"),
        (lambda app: certificates.authority().pem(), None, "no RSA private key"),
        (lambda app: app.pem().replace(b"MII", b"nOt", 1), None, "needs a password or is damaged"),
        (lambda app: certificates.miscalculated(app).pem(), None, "needs a password or is damaged"),
    ],
)
def test_an_unusable_certificate_file_says_what_is_wrong(
    *,
    content: Callable[[certificates.Pair], bytes],
    password: str | None,
    sentence: str,
    app: certificates.Pair,
    sign_in: SignIn,
    entra: Entra,
    tmp_path: Path,
) -> None:
    path = tmp_path / "app.pem"
    path.write_bytes(content(app))
    failure = _failure(sign_in(Certificate(path, SecretStr(password) if password else None)))
    assert sentence in failure.sentence
    assert str(path) in failure.sentence
    assert not failure.retryable
    assert entra.stage.requests == []


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", None])
def test_an_unreadable_federated_token_says_so(
    content: bytes | None, sign_in: SignIn, tmp_path: Path
) -> None:
    path = tmp_path / "federated"
    if content is not None:
        path.write_bytes(content)
    failure = _failure(sign_in(FederatedToken(path)))
    assert str(path) in failure.sentence
    assert "AZURE_FEDERATED_TOKEN_FILE" in failure.mend


def test_an_authority_that_nobody_serves_is_unreachable_and_worth_another_try(sign_in: SignIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    failure = _failure(sign_in(authority=f"https://127.0.0.1:{port}"))
    assert says("could_not_be_reached") in failure.sentence
    assert failure.retryable


@pytest.mark.parametrize("act", [reset, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")])
def test_a_broken_connection_is_unreachable(act: object, sign_in: SignIn, entra: Entra) -> None:
    entra.instead.append(act)  # type: ignore[arg-type]
    assert says("could_not_be_reached") in _failure(sign_in()).sentence


@pytest.mark.parametrize(
    "act",
    [
        answer(200, "<html>Please sign in to the network</html>"),
        answer(200, []),
        answer(200, "[" * 100_000),
        answer(404, "<html>nothing here</html>"),
        answer(302, "", {"Location": "https://example.com/"}),
    ],
)
def test_an_answer_that_is_not_entras_is_not_taken_for_one(
    act: object, sign_in: SignIn, entra: Entra
) -> None:
    entra.instead.append(act)  # type: ignore[arg-type]
    failure = _failure(sign_in())
    assert "not one that a sign-in authority gives" in failure.sentence
    assert not failure.retryable


@pytest.mark.parametrize(
    "document",
    [{}, {"access_token": None}, {"access_token": 7}, {"access_token": ""}, {"access_token": "two\r\nlines"}],
)
def test_a_success_without_a_token_is_a_failure(
    document: dict[str, object], sign_in: SignIn, entra: Entra
) -> None:
    entra.instead.append(answer(200, {"token_type": "Bearer", "expires_in": 3599, **document}))
    _failure(sign_in())


@pytest.mark.parametrize(
    "document", [{}, {"token_endpoint": 7}, {"token_endpoint": "http://127.0.0.1/x/token"}]
)
def test_a_discovery_that_is_no_discovery_is_unintelligible(
    document: dict[str, object], sign_in: SignIn, entra: Entra
) -> None:
    entra.stage.always(answer(200, document))
    assert "not one that a sign-in authority gives" in _failure(sign_in()).sentence


@pytest.mark.parametrize(
    ("status", "sentence"), [(429, "throttling"), (500, "trouble of its own"), (503, "trouble of its own")]
)
def test_a_busy_authority_is_worth_another_try(
    status: int, sentence: str, sign_in: SignIn, entra: Entra
) -> None:
    entra.instead.append(answer(status, {"error": "x"}, {"Retry-After": "3"}))
    failure = _failure(sign_in())
    assert sentence in failure.sentence
    assert failure.retryable


def test_a_silent_authority_costs_no_more_than_the_limit(sign_in: SignIn, entra: Entra) -> None:
    entra.instead.append(hang(entra.stage.stop))
    began = time.monotonic()
    assert says("could_not_be_reached") in _failure(sign_in(), timeout=0.5).sentence
    assert time.monotonic() - began < 2


def test_a_sign_in_failure_is_not_kept(sign_in: SignIn, entra: Entra) -> None:
    entra.instead.append(reset)
    tokens = sign_in()
    _failure(tokens)
    assert tokens.bearer() == token(2)


def test_a_redirecting_authority_never_gets_the_secret_carried_elsewhere(
    sign_in: SignIn, entra: Entra, exchange: object
) -> None:
    entra.instead.append(answer(307, "{}", {"Location": exchange.url}))  # type: ignore[attr-defined]
    _failure(sign_in())
    assert exchange.requests == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "login.microsoftonline.com",
            "10.0.0.1",
            "localhost.evil.example",
            "user@localhost",
        ),
        *("evil.example%2f.localhost", r"evil.example\.localhost", r"evil.example\@localhost"),
    ],
)
def test_the_credential_goes_to_no_other_host_that_a_discovery_names(
    host: str, sign_in: SignIn, entra: Entra, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = f"https://{host}/{TENANT}/oauth2/v2.0/token"
    document = {"issuer": entra.url, "authorization_endpoint": endpoint, "token_endpoint": endpoint}
    tokens = sign_in()
    with monkeypatch.context() as told:
        told.setattr(entra, "_discovery", lambda: document)
        with pytest.raises(
            Unavailable, match=r"so the credential was not sent|not one that a sign-in authority gives"
        ):
            tokens.bearer()
    assert entra.forms == []
    assert tokens.bearer() == token(1)


@pytest.mark.parametrize(
    ("authority", "url", "taken"),
    [
        ("https://login.microsoftonline.com", "https://login.microsoftonline.com/t/oauth2/v2.0/token", True),
        ("https://login.microsoftonline.com", "https://login.microsoftonline.us/t/oauth2/v2.0/token", True),
        ("https://login.microsoftonline.com", "https://login.windows.net/t/oauth2/v2.0/token", True),
        (
            "https://login.microsoftonline.com",
            "https://login.partner.microsoftonline.cn/t/oauth2/v2.0/token",
            False,
        ),
        (
            "https://login.microsoftonline.com",
            "https://login.microsoftonline.com:8443/t/oauth2/v2.0/token",
            False,
        ),
        ("https://login.microsoftonline.com", "http://login.microsoftonline.com/t/oauth2/v2.0/token", False),
        (
            "https://login.microsoftonline.com",
            "https://x.login.microsoftonline.com/t/oauth2/v2.0/token",
            False,
        ),
        (
            "https://login.microsoftonline.com",
            "https://login.microsoftonline.com.evil.example/t/oauth2/v2.0/token",
            False,
        ),
        ("https://login.microsoftonline.com", "https://127.0.0.1/t/oauth2/v2.0/token", False),
        ("https://login.corp.example:8443", "https://login.corp.example:8443/t/oauth2/v2.0/token", True),
        ("https://login.corp.example:8443", "https://login.microsoftonline.com/t/oauth2/v2.0/token", False),
    ],
)
def test_only_the_authority_s_own_hosts_may_have_the_credential(
    authority: str, url: str, taken: bool
) -> None:
    assert belongs_to(taken_apart(url), taken_apart(authority)) is taken


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_answer_of_entra_s_is_unpacked_to_a_limit_and_no_further(
    status: int, packed: bool, sign_in: SignIn, entra: Entra
) -> None:
    body = b'{"access_token": "' + b"x" * (64 * SIZE_LIMIT if packed else SIZE_LIMIT) + b'"}'
    headers = {"Content-Encoding": "gzip"} if packed else {}
    entra.instead.append(answer(status, gzip.compress(body) if packed else body, headers))
    tracemalloc.start()
    failure = _failure(sign_in())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "not one that a sign-in authority gives" in failure.sentence
    assert most < 16 * SIZE_LIMIT


@pytest.mark.parametrize(
    ("status", "size"), [(307, 0), (302, 0), (200, 64 * SIZE_LIMIT), (401, 64 * SIZE_LIMIT)]
)
def test_the_session_that_msal_makes_for_service_fabric_is_bounded_as_well(
    status: int, size: int, exchange: Stage, stages: Callable[..., Stage]
) -> None:
    stranger = stages(None)
    exchange.always(
        answer(status, gzip.compress(b"x" * size), {"Location": stranger.url, "Content-Encoding": "gzip"})
    )
    ours, msals = EntraWire(None), requests.Session()
    msals.hooks = {event: list(found) for event, found in ours.hooks.items()}  # as msal.managed_identity does
    msals.headers = ours.headers.copy()
    with pytest.raises(requests.RequestException):
        msals.get(exchange.url, headers={"Secret": "canary"})
    assert (len(exchange.requests), stranger.requests) == (1, [])


def test_a_packed_answer_below_the_limit_is_an_answer(sign_in: SignIn, entra: Entra) -> None:
    body = json.dumps(entra.granted() | {"access_token": token(5)}).encode()
    entra.instead.append(answer(200, gzip.compress(body), {"Content-Encoding": "gzip"}))
    assert sign_in().bearer() == token(5)


def test_an_answer_that_broke_off_is_worth_another_try(sign_in: SignIn, entra: Entra) -> None:
    entra.instead.append(answer(200, b'{"access_token": "canary', length=900))
    failure = _failure(sign_in())
    assert failure.retryable
    assert says("could_not_be_reached") in failure.sentence


def test_codes_are_found_only_where_entra_writes_them() -> None:
    assert entra_refusals.code_in("AADSTS7000215: Invalid") == 7000215
    assert entra_refusals.code_in("AADSTS: none, AADSTS12") is None
