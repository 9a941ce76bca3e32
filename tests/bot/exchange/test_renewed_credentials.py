"""Whatever proves who the app is may be replaced while the bot runs: it is read anew when it changes, and
after a refusal."""

import os
from collections.abc import Callable
from pathlib import Path
from ssl import SSLContext

import pytest
from pydantic import SecretStr

from bot.exchange.auth.app import App
from bot.exchange.auth.credentials import Certificate, ClientSecret, FederatedToken, ManagedIdentity, mark_of
from bot.exchange.auth.tokens import Tokens
from handlers.ports import Unavailable
from tests.bot.exchange import certificates
from tests.bot.exchange.entra_stub import CLIENT, SECRET, TENANT, Entra, refusal, token
from tests.bot.exchange.stage import Stage, answer

SignIn = Callable[..., Tokens]


@pytest.fixture(scope="module")
def newer() -> certificates.Pair:
    return certificates.app(days=90)


@pytest.fixture
def file(tmp_path: Path, app: certificates.Pair) -> Path:
    path = tmp_path / "app.pem"
    path.write_bytes(app.pem())
    return path


def signed_in_again(tokens: Tokens) -> str:
    """A token that is not the one at hand, as an hour later."""
    tokens.forget()
    return tokens.bearer()


@pytest.mark.parametrize("form", ["pem", "pfx", "another file in its place", "a link to another folder"])
def test_a_certificate_that_is_replaced_on_disk_and_in_entra_signs_in_at_once(
    form: str, sign_in: SignIn, entra: Entra, file: Path, newer: certificates.Pair
) -> None:
    tokens = sign_in(Certificate(file))
    assert tokens.bearer() == token(1)
    beside = file.with_name("newer")
    beside.write_bytes(newer.pfx() if form == "pfx" else newer.pem())
    if form.startswith("another"):
        beside.replace(file)
    elif form.startswith("a link"):
        file.unlink()
        file.symlink_to(beside)
    else:
        file.write_bytes(beside.read_bytes())
    entra.certificate = newer.certificate
    assert signed_in_again(tokens) == token(2)
    assert tokens.certificate_expires() == newer.certificate.not_valid_after_utc


def test_a_certificate_that_entra_does_not_know_any_more_is_looked_for_anew_although_the_entry_is_the_same(
    sign_in: SignIn, entra: Entra, file: Path, app: certificates.Pair, newer: certificates.Pair
) -> None:
    file.write_bytes(app.pem().ljust(8192, b"\n"))
    tokens, before = sign_in(Certificate(file)), mark_of(file)
    tokens.bearer()
    stamps = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    file.write_bytes(newer.pem().ljust(8192, b"\n"))
    os.utime(file, ns=stamps)
    assert mark_of(file) == before
    entra.certificate = newer.certificate
    assert signed_in_again(tokens) == token(3)  # the second one was refused


def test_entra_first_and_then_the_file(
    sign_in: SignIn, entra: Entra, file: Path, newer: certificates.Pair
) -> None:
    tokens = sign_in(Certificate(file))
    tokens.bearer()
    entra.certificate = newer.certificate
    with pytest.raises(Unavailable, match="AADSTS700027"):
        signed_in_again(tokens)
    file.write_bytes(newer.pem())
    assert tokens.bearer().startswith("eyJ")


@pytest.mark.parametrize("content", [b"", b"half", None, "the first half"])
def test_a_file_that_is_being_written_costs_nothing(
    content: bytes | str | None, sign_in: SignIn, entra: Entra, file: Path, newer: certificates.Pair
) -> None:
    tokens = sign_in(Certificate(file))
    tokens.bearer()
    if content is None:
        file.unlink()
    else:
        file.write_bytes(newer.pem()[:900] if isinstance(content, str) else content)
    assert signed_in_again(tokens) == token(2)
    file.write_bytes(newer.pem())
    entra.certificate = newer.certificate
    assert signed_in_again(tokens) == token(3)


def test_a_file_that_is_only_touched_builds_nothing_anew(sign_in: SignIn, entra: Entra, file: Path) -> None:
    tokens = sign_in(Certificate(file))
    tokens.bearer()
    os.utime(file, (1, 1))
    assert signed_in_again(tokens) == token(2)
    assert len([request for request in entra.stage.requests if "openid-configuration" in request.path]) == 1


@pytest.mark.parametrize("kind", ["invalid_client", "invalid_request"])
def test_a_federated_token_that_was_refused_is_read_anew_whatever_msal_remembers(
    kind: str, sign_in: SignIn, entra: Entra, tmp_path: Path
) -> None:
    path = tmp_path / "federated"
    path.write_text("canary-federated-1")
    entra.instead.append(refusal(700213, kind))
    tokens = sign_in(FederatedToken(path))
    with pytest.raises(Unavailable, match="AADSTS700213"):
        tokens.bearer()
    path.write_text("canary-federated-2")
    entra.federated = "canary-federated-2"
    assert tokens.bearer() == token(2)


@pytest.mark.parametrize("kind", ["invalid_client", "invalid_request"])
def test_a_secret_that_was_refused_is_asked_for_anew(kind: str, entra: Entra) -> None:
    stored = [ClientSecret(SecretStr("expired"))]
    scope = "https://outlook.office365.com/.default"
    app = App(
        tenant_id=TENANT,
        client_id=CLIENT,
        credential=stored[0],
        authority=entra.url,
        instance_discovery=False,
        scope=scope,
        renewed=lambda: stored[0],
    )
    tokens = Tokens(app)
    entra.instead.append(refusal(7000222, kind))
    with pytest.raises(Unavailable, match="expired"):
        tokens.bearer()
    assert len(entra.forms) == 1
    stored[0] = ClientSecret(SecretStr(SECRET))
    assert tokens.bearer().startswith("eyJ")
    tokens.close()


def test_another_kind_of_credential_waits_for_the_next_start(entra: Entra) -> None:
    app = App(
        tenant_id=TENANT, client_id=CLIENT, credential=ClientSecret(SecretStr("wrong")), authority=entra.url,
        instance_discovery=False, scope="s/.default", renewed=ManagedIdentity,
    )  # fmt: skip
    tokens = Tokens(app)
    with pytest.raises(Unavailable, match="secret is wrong"):
        tokens.bearer()
    tokens.close()


def test_authorities_that_are_replaced_count_for_the_next_connection(
    sign_in: SignIn, stages: Callable[[SSLContext], Stage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = certificates.authority()
    (tmp_path / "tls").mkdir()
    stage = stages(certificates.server_context(other, tmp_path / "tls"))
    stage.always(answer(200, {}))
    tokens = sign_in(authority=stage.url)
    with pytest.raises(Unavailable, match="could not be verified"):
        tokens.bearer()
    (tmp_path / "root.pem").write_bytes(other.certificate_pem())
    with pytest.raises(Unavailable, match="not one that a sign-in authority gives"):
        tokens.bearer()
    assert stage.requests
