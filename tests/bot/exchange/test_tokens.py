"""Signing in with MSAL against an authority over TLS: each credential, the cache, and what is dropped
when."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import SSLContext

import pytest
from pydantic import SecretStr

from bot.exchange.auth.credentials import Certificate, ClientSecret, FederatedToken, ManagedIdentity
from bot.exchange.auth.tokens import Tokens
from handlers.ports import Unavailable
from tests.bot.exchange import certificates
from tests.bot.exchange.entra_stub import SECRET, TENANT, Entra, token
from tests.bot.exchange.stage import Stage, answer, hang

SignIn = Callable[..., Tokens]


def _file(directory: Path, name: str, content: bytes) -> Path:
    path = directory / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "form", ["pem", "chain first", "encrypted pem", "pfx", "pfx with a password", "needless password"]
)
def test_a_certificate_signs_in_with_a_sha_256_thumbprint(
    form: str, sign_in: SignIn, app: certificates.Pair, root: certificates.Pair, tmp_path: Path
) -> None:
    password = SecretStr("opens the key")
    raw = password.get_secret_value().encode()
    content, given = {
        "pem": (app.pem(), None),
        "chain first": (root.certificate_pem() + app.certificate_pem() + app.key_pem(), None),
        "encrypted pem": (app.pem(raw), password),
        "pfx": (app.pfx(), None),
        "pfx with a password": (app.pfx(raw), password),
        "needless password": (app.pem(), password),
    }[form]
    assert sign_in(Certificate(_file(tmp_path, "app", content), given)).bearer() == token(1)


def test_a_secret_signs_in(sign_in: SignIn, entra: Entra) -> None:
    assert sign_in(ClientSecret(SecretStr(SECRET))).bearer() == token(1)
    assert entra.forms[0]["scope"] == "https://outlook.office365.com/.default"


def test_a_federated_token_is_read_anew_for_each_sign_in(
    sign_in: SignIn, entra: Entra, tmp_path: Path
) -> None:
    path = _file(tmp_path, "federated", b"canary-federated-1\n")
    tokens = sign_in(FederatedToken(path))
    assert tokens.bearer() == token(1)
    path.write_bytes(b"canary-federated-2\n")
    entra.federated = "canary-federated-2"
    tokens.forget()
    assert tokens.bearer() == token(2)


def test_a_cached_token_outlives_its_federated_file(sign_in: SignIn, tmp_path: Path) -> None:
    path = _file(tmp_path, "federated", b"canary-federated-1")
    tokens = sign_in(FederatedToken(path))
    tokens.bearer()
    path.unlink()
    assert tokens.bearer() == token(1)
    tokens.forget()
    with pytest.raises(Unavailable, match="cannot be read") as caught:
        tokens.bearer()
    assert caught.value.retryable


@pytest.mark.parametrize("client_id", [None, "99999999-0000-0000-0000-000000000000"])
def test_a_managed_identity_asks_the_machine_for_the_resource(
    client_id: str | None, sign_in: SignIn, exchange: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{exchange.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "canary-identity-header")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    exchange.always(
        answer(
            200,
            {"access_token": token(7), "expires_on": "4102444800", "resource": "r", "token_type": "Bearer"},
        )
    )
    tokens = sign_in(ManagedIdentity(client_id))
    assert tokens.bearer() == tokens.bearer() == token(7)
    assert len(exchange.requests) == 1
    assert "resource=https%3A%2F%2Foutlook.office365.com" in exchange.requests[0].path
    assert (f"client_id={client_id}" in exchange.requests[0].path) is (client_id is not None)


def test_a_machine_without_an_identity_is_told_apart_from_a_refusal(
    sign_in: SignIn, exchange: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{exchange.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "canary-identity-header")
    exchange.always(
        answer(400, {"statusCode": 400, "message": "No User Assigned or Delegated Managed Identity found"})
    )
    with pytest.raises(Unavailable, match="did not hand out a token for its managed identity") as caught:
        sign_in(ManagedIdentity()).bearer()
    assert not caught.value.retryable


def test_one_token_serves_until_it_is_forgotten(sign_in: SignIn, entra: Entra) -> None:
    tokens = sign_in()
    assert [tokens.bearer() for _ in range(3)] == [token(1)] * 3
    tokens.forget()
    assert tokens.bearer() == token(2)
    assert len([request for request in entra.stage.requests if "openid-configuration" in request.path]) == 1


def test_a_token_near_its_end_is_renewed_and_not_handed_out_again(sign_in: SignIn, entra: Entra) -> None:
    entra.instead.extend([answer(200, {"token_type": "Bearer", "expires_in": 200, "access_token": token(9)})])
    tokens = sign_in()
    assert [tokens.bearer(), tokens.bearer()] == [token(9), token(2)]


def test_many_threads_at_once_sign_in_once(sign_in: SignIn, entra: Entra) -> None:
    tokens, got = sign_in(), []
    threads = [threading.Thread(target=lambda: got.append(tokens.bearer())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [token(1)] * 16
    assert len(entra.forms) == 1


def test_nobody_waits_longer_for_anothers_sign_in_than_the_own_limit(sign_in: SignIn, entra: Entra) -> None:
    entra.instead.append(hang(entra.stage.stop))
    tokens = sign_in()

    def first() -> None:
        with pytest.raises(Unavailable):
            tokens.bearer(timeout=3)

    thread = threading.Thread(target=first)
    thread.start()
    until = time.monotonic() + 5
    while not entra.forms and time.monotonic() < until:
        time.sleep(0.01)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="takes longer than this call may"):
        tokens.bearer(timeout=0.2)
    assert time.monotonic() - began < 2.5
    entra.stage.stop.set()
    thread.join(5)


def test_a_netrc_of_the_surroundings_does_not_reach_the_authority(
    sign_in: SignIn, entra: Entra, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = _file(tmp_path, "netrc", b"machine 127.0.0.1 login canary password canary\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    sign_in().bearer()
    assert all("authorization" not in request.headers for request in entra.stage.requests)


def test_a_claims_challenge_brings_a_new_token_that_replaces_the_old(sign_in: SignIn, entra: Entra) -> None:
    tokens = sign_in()
    tokens.bearer()
    assert tokens.bearer('{"access_token":{"nbf":{"essential":true,"value":"1"}}}') == token(2)
    assert tokens.bearer() == token(2)
    assert '"nbf"' in entra.forms[1]["claims"]
    assert "cp1" in entra.forms[1]["claims"]


def test_the_claims_tell_tenant_app_and_roles(sign_in: SignIn, entra: Entra) -> None:
    claims = sign_in().claims()
    assert claims["tid"] == TENANT
    assert claims["roles"] == ["Exchange.ManageAsApp"]
    assert claims["wids"] == ["w"]
    assert "n" not in claims


@pytest.mark.parametrize("opaque", ["opaque", "a.b.c", "a.W10.c", "a.!!.c"])
def test_a_token_that_cannot_be_decoded_has_no_claims(opaque: str, sign_in: SignIn, entra: Entra) -> None:
    entra.instead.append(answer(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": opaque}))
    assert sign_in().claims() == {}


def test_the_certificate_tells_when_it_expires(
    sign_in: SignIn, app: certificates.Pair, tmp_path: Path
) -> None:
    path = _file(tmp_path, "app.pem", app.pem())
    expires = sign_in(Certificate(path)).certificate_expires()
    assert expires is not None
    assert timedelta(days=29) < expires - datetime.now(UTC) < timedelta(days=31)
    assert sign_in().certificate_expires() is None


def test_the_key_is_read_once(sign_in: SignIn, app: certificates.Pair, tmp_path: Path) -> None:
    path = _file(tmp_path, "app.pem", app.pem())
    tokens = sign_in(Certificate(path))
    tokens.bearer()
    path.unlink()
    tokens.forget()
    assert tokens.bearer() == token(2)


def test_a_file_that_was_mended_is_read_without_a_restart(
    sign_in: SignIn, app: certificates.Pair, tmp_path: Path
) -> None:
    tokens = sign_in(Certificate(tmp_path / "app.pem"))
    with pytest.raises(Unavailable, match="cannot be read"):
        tokens.bearer()
    _file(tmp_path, "app.pem", app.pem())
    assert tokens.bearer() == token(1)


def test_an_authority_with_a_foreign_certificate_is_never_spoken_to(
    sign_in: SignIn,
    stages: Callable[..., Stage],
    tls: SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(certificates.authority().certificate_pem())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    stage = stages(tls)
    with pytest.raises(Unavailable, match="could not be verified") as caught:
        sign_in(authority=stage.url).bearer()
    assert not caught.value.retryable
    assert "REQUESTS_CA_BUNDLE" in caught.value.mend
    assert stage.requests == []
