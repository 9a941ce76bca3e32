"""Canaries in every kind of credential: none may show in a log at DEBUG, a message, an exception or a
repr."""

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.exchange.answers import judge
from bot.exchange.auth.credentials import (
    Certificate,
    ClientSecret,
    Credential,
    FederatedToken,
    ManagedIdentity,
)
from bot.exchange.auth.keys import load
from bot.exchange.client import ExchangeOnline
from bot.exchange.http.transport import Answer
from handlers.ports import Unavailable
from tests.bot.exchange import certificates
from tests.bot.exchange.bodies import envelope, error, reading
from tests.bot.exchange.conftest import NOON
from tests.bot.exchange.entra_stub import SECRET, Entra, token
from tests.bot.exchange.stage import Act, Stage, answer, raw, reset

IDENTITY = {"access_token": token(1), "expires_on": "4102444800", "resource": "r", "token_type": "Bearer"}
CANARIES = ("canary", token().split(".")[1][:40], "PRIVATE KEY")
ECHO = f"Refused Authorization: Bearer {token()}"
CHALLENGE = (
    'Bearer error="insufficient_claims", '
    'claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="'
)


def _credential(kind: str, app: certificates.Pair, folder: Path) -> Credential:
    if kind == "secret":
        return ClientSecret(SecretStr(SECRET))
    if kind == "certificate":
        (folder / "app.pem").write_bytes(app.pem(b"canary-password"))
        return Certificate(folder / "app.pem", SecretStr("canary-password"))
    (folder / "federated").write_text("canary-federated-1")
    return FederatedToken(folder / "federated")


@pytest.fixture(params=["secret", "certificate", "federated"])
def credential(request: pytest.FixtureRequest, app: certificates.Pair, tmp_path: Path) -> Credential:
    return _credential(request.param, app, tmp_path)


@pytest.fixture(params=["secret", "certificate", "federated", "managed"])
def any_credential(
    request: pytest.FixtureRequest,
    app: certificates.Pair,
    tmp_path: Path,
    stages: Callable[..., Stage],
    monkeypatch: pytest.MonkeyPatch,
) -> Credential:
    """Each kind there is; the managed identity's machine answers on a stage of its own."""
    if request.param != "managed":
        return _credential(request.param, app, tmp_path)
    machine = stages(None)
    machine.always(answer(200, IDENTITY))
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{machine.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "canary-identity-header")
    return ManagedIdentity("99999999-0000-0000-0000-000000000000")


def _assert_clean(*texts: str) -> None:
    for text in texts:
        for canary in CANARIES:
            assert canary not in text


def _told(call: Callable[[], object]) -> str:
    """Everything that a call shows: its answer, or its failure with the whole chain of causes."""
    try:
        return repr(call())
    except Unavailable as failure:
        return "".join((*traceback.format_exception(failure), repr(failure), failure.sentence, failure.mend))


ANSWERS = [
    answer(200, reading(True)),
    answer(401, "", {"WWW-Authenticate": CHALLENGE}),
    answer(403, ECHO),
    answer(400, error(f"Ex1|A.X|{ECHO}")),
    answer(500, error(ECHO)),
    answer(200, envelope([], **{"@adminapi.errors": [ECHO]})),
    answer(200, ECHO),
    reset,
]


@pytest.mark.parametrize("act", ANSWERS)
def test_no_secret_shows_whatever_exchange_answers(
    act: Act,
    any_credential: Credential,
    client: Callable[..., ExchangeOnline],
    exchange: Stage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    exchange.always(act)
    one = client(credential=any_credential)
    one.tokens.bearer()  # the patience is for the reading alone
    shown = [_told(lambda: one.read(patience=0.3)), _told(lambda: one.write(True, client_request_id="1"))]
    _assert_clean(
        caplog.text, repr(one), repr(one.tokens), repr(vars(one.tokens)), repr(any_credential), *shown
    )
    assert "Get-TransportConfig" in caplog.text
    assert exchange.requests


GRANTED = f'{{"token_type":"Bearer","expires_in":3599,"access_token":"{token()}"'.encode()


@pytest.mark.parametrize(
    "act",
    [
        answer(
            401,
            {
                "error": "invalid_client",
                "error_description": f"AADSTS7000215: {SECRET}",
                "error_codes": [7000215],
            },
        ),
        answer(400, {"error": "x", "error_description": ECHO}),
        answer(400, ECHO),
        answer(500, ECHO),
        answer(200, GRANTED),
        answer(200, b"[" + GRANTED + b"}]"),
        raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + GRANTED),
        reset,
    ],
)
def test_no_secret_shows_whatever_the_authority_answers(
    act: Act,
    credential: Credential,
    client: Callable[..., ExchangeOnline],
    entra: Entra,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    entra.instead.extend([act] * 3)
    one = client(credential=credential)
    shown = [_told(one.tokens.bearer), _told(lambda: one.write(True, client_request_id="1"))]
    _assert_clean(caplog.text, *shown)
    assert entra.forms


def test_a_password_that_does_not_open_the_file_is_not_repeated(
    app: certificates.Pair, tmp_path: Path
) -> None:
    (tmp_path / "app.pfx").write_bytes(app.pfx(b"right"))
    certificate = Certificate(tmp_path / "app.pfx", SecretStr("canary-wrong"))
    _assert_clean(_told(lambda: load(certificate)), repr(certificate))


def test_a_key_pair_shows_no_key(app: certificates.Pair, tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_bytes(app.pem())
    assert "PRIVATE" not in repr(load(Certificate(tmp_path / "app.pem")))


def test_an_outcome_shows_neither_claims_nor_document() -> None:
    challenged = judge(Answer(401, {"WWW-Authenticate": CHALLENGE}, b""), cmdlet="x", now=NOON)
    assert challenged.claims is not None
    assert "access_token" not in repr(challenged)


def test_a_machine_that_refuses_its_identity_gives_nothing_away(
    client: Callable[..., ExchangeOnline],
    exchange: Stage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{exchange.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "canary-identity-header")
    for act in (
        answer(400, {"statusCode": 400, "message": ECHO}),
        answer(200, ECHO),
        answer(500, ECHO),
        reset,
    ):
        exchange.always(act)
        one = client(credential=ManagedIdentity())
        _assert_clean(
            caplog.text,
            _told(one.tokens.bearer),
            _told(lambda one=one: one.write(True, client_request_id="1")),
        )
