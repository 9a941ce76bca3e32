"""Credentials in the settings: exactly one, whole, and read anew after a refusal."""

import base64
import codecs
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from bot.exchange.auth import keys
from bot.exchange.auth.credentials import Certificate, ClientSecret, FederatedToken, ManagedIdentity
from bot.settings.load import credential_now, load
from bot.settings.model import CredentialKind
from tests.bot.exchange import certificates
from tests.bot.settings.test_load import COMPLETE, Put, refused
from tests.sentences import says


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Put:
    """Sets the complete environment, changed as asked, in an empty working directory; ``None`` leaves a name
    out."""
    monkeypatch.chdir(tmp_path)

    def set_all(**changed: str | None) -> None:
        for name, value in {**COMPLETE, **changed}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return set_all


@pytest.fixture(scope="module")
def pair() -> certificates.Pair:
    return certificates.app()


@pytest.fixture
def certificate(tmp_path: Path, pair: certificates.Pair) -> str:
    path = tmp_path / "certificate.pem"
    path.write_bytes(pair.pem())
    return str(path)


def _key(pair: certificates.Pair, form: PrivateFormat, encoding: Encoding = Encoding.PEM) -> bytes:
    return pair.key.private_bytes(encoding, form, NoEncryption())


@pytest.mark.parametrize(
    ("content", "password", "said"),
    [
        (
            lambda _: b"made up",
            None,
            "the file needs a password or is damaged. Check AZURE_CLIENT_CERTIFICATE_PASSWORD",
        ),
        (lambda pair: pair.pem(b"right"), None, "the file needs a password or is damaged"),
        (
            lambda pair: pair.pem(b"right"),
            "canary",
            "the file cannot be opened with the password that is configured",
        ),
        (
            lambda pair: pair.pfx(b"right"),
            "canary",
            "the file cannot be opened with the password that is configured",
        ),
        (lambda pair: pair.pfx(b"right"), None, "the file needs a password or is damaged"),
        (
            lambda pair: pair.pem(b"right"),
            '"right"',
            "the file cannot be opened with the password that is configured",
        ),
        (
            lambda pair: pair.certificate_pem(),
            None,
            "the file holds no RSA private key. The file has to hold",
        ),
        (
            lambda pair: base64.b64encode(pair.pfx(b"right")),
            "right",
            "the file is a PFX file in base64. Decode it first",
        ),
        (lambda pair: base64.encodebytes(pair.pfx()), None, "the file is a PFX file in base64"),
        (
            lambda pair: codecs.BOM_UTF8 + base64.encodebytes(pair.pfx()),
            None,
            "the file is a PFX file in base64",
        ),
        (lambda pair: base64.b64encode(pair.pem()), None, "the file is PEM in base64"),
        (
            lambda pair: pair.pem().decode().encode("utf-16"),
            None,
            "the file is text in UTF-16, not in ASCII. Save it",
        ),
        (lambda pair: pair.pem().decode().encode("utf-16-be"), None, "the file is text in UTF-16"),
        (lambda pair: pair.pem().decode().encode("utf-16-le"), None, "the file is text in UTF-16"),
        (lambda pair: pair.pem().decode().encode("utf-32"), None, "the file is text in UTF-32"),
        (
            lambda pair: base64.b64encode(pair.pfx()).decode().encode("utf-16"),
            None,
            "the file is text in UTF-16",
        ),
        (
            lambda pair: pair.certificate.public_bytes(Encoding.DER),
            None,
            "the file is a certificate alone, in DER",
        ),
        (
            lambda pair: _key(pair, PrivateFormat.PKCS8, Encoding.DER),
            None,
            "the file is a private key alone, in DER",
        ),
        (
            lambda pair: _key(pair, PrivateFormat.OpenSSH) + pair.certificate_pem(),
            None,
            "the file is a key for SSH",
        ),
        (lambda _: b"\xfe\xed\xfe\xed\0\0", None, "the file is a Java key store"),
        (lambda pair: pair.key_pem(), None, "the file holds no certificate for its private key"),
    ],
)
def test_a_certificate_that_does_not_open_is_one_mistake_among_the_others(
    put: Put,
    pair: certificates.Pair,
    content: Callable[[certificates.Pair], bytes],
    password: str | None,
    said: str,
) -> None:
    put()
    Path("app").write_bytes(content(pair))
    put(
        AZURE_CLIENT_SECRET=None,
        AZURE_CLIENT_CERTIFICATE_PATH="app",
        AZURE_CLIENT_CERTIFICATE_PASSWORD=password,
    )
    (line,) = refused()
    assert line.startswith(f"AZURE_CLIENT_CERTIFICATE_PATH: {said}")
    assert "canary" not in line
    put(AZURE_CLIENT_SECRET=None, LEGACYTLS_CHANNEL=None)
    assert [line.split(":")[0] for line in refused()] == [
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "LEGACYTLS_CHANNEL",
    ]
    assert load({"database"}).azure_client_certificate_path == Path("app")


def test_whether_a_keys_numbers_go_together_is_left_to_the_sign_in(put: Put, pair: certificates.Pair) -> None:
    put(AZURE_CLIENT_SECRET=None, AZURE_CLIENT_CERTIFICATE_PATH="app")
    Path("app").write_bytes(certificates.miscalculated(pair).pem())
    credential = load().credential()
    assert isinstance(credential, Certificate)
    with pytest.raises(keys.Unusable, match="is damaged"):
        keys.load(credential)


def test_the_day_of_a_secret_begins_in_the_configured_zone(put: Put) -> None:
    put(AZURE_CLIENT_SECRET_EXPIRES="2027-03-31", LEGACYTLS_TIMEZONE="Europe/Berlin")
    assert load().secret_expires() == datetime(2027, 3, 30, 22, tzinfo=UTC)


def test_a_calendar_token_is_a_secret_and_needs_the_health_port(put: Put) -> None:
    put(LEGACYTLS_CALENDAR_TOKEN="canary-of-the-calendar")
    assert [line.split(":")[0] for line in refused()] == ["LEGACYTLS_CALENDAR_TOKEN"]
    put(LEGACYTLS_HEALTH_PORT="8643")
    found = load()
    assert "canary-of-the-calendar" in {secret.get_secret_value() for secret in found.secrets()}
    assert "canary-of-the-calendar" not in f"{found!r} {found.on_record()}"


def test_the_day_of_a_secret_without_a_secret_is_a_mistake(put: Put, certificate: str) -> None:
    put(
        AZURE_CLIENT_SECRET=None,
        AZURE_FEDERATED_TOKEN_FILE=certificate,
        AZURE_CLIENT_SECRET_EXPIRES="2027-03-31",
    )
    assert refused() == [
        "AZURE_CLIENT_SECRET_EXPIRES: is set without AZURE_CLIENT_SECRET; set that, or remove the day"
    ]


def test_each_credential_alone_is_accepted(put: Put, certificate: str) -> None:
    for kind, value, credential in (
        (CredentialKind.CERTIFICATE, certificate, Certificate(Path(certificate))),
        (CredentialKind.SECRET, "s", ClientSecret(SecretStr("s"))),
        (CredentialKind.FEDERATED, certificate, FederatedToken(Path(certificate))),
        (CredentialKind.MANAGED, "true", ManagedIdentity(COMPLETE["AZURE_CLIENT_ID"])),
    ):
        put(**dict.fromkeys(CredentialKind) | {kind: value})
        assert (load().credential_kind, load().credential()) == (kind, credential)


def test_two_credentials_are_a_mistake_and_so_is_none(put: Put, certificate: str) -> None:
    put(AZURE_CLIENT_CERTIFICATE_PATH=certificate)
    assert refused() == [
        (
            "AZURE_CLIENT_SECRET: only one credential may be set; keep one of AZURE_CLIENT_CERTIFICATE_PATH, "
            "AZURE_CLIENT_SECRET"
        )
    ]
    put(AZURE_CLIENT_CERTIFICATE_PATH=None, AZURE_CLIENT_SECRET=None, AZURE_MANAGED_IDENTITY="false")
    assert len(refused()) == 1
    assert says("exactly_one_of") in refused()[0]


def test_a_password_without_a_certificate_is_a_mistake_and_keeps_its_spaces(
    put: Put, certificate: str
) -> None:
    put(AZURE_CLIENT_CERTIFICATE_PASSWORD=" p ")
    assert [line.split(":")[0] for line in refused()] == ["AZURE_CLIENT_CERTIFICATE_PASSWORD"]
    put(
        AZURE_CLIENT_CERTIFICATE_PASSWORD=" p ",
        AZURE_CLIENT_SECRET=None,
        AZURE_CLIENT_CERTIFICATE_PATH=certificate,
    )
    password = load().azure_client_certificate_password
    assert password is not None
    assert password.get_secret_value() == " p "


def test_a_managed_identity_may_go_without_an_id(put: Put) -> None:
    put(AZURE_CLIENT_SECRET=None, AZURE_CLIENT_ID=None, AZURE_MANAGED_IDENTITY="true")
    assert load().credential_kind is CredentialKind.MANAGED


def test_a_secret_that_the_file_names_anew_is_the_credential_from_then_on(put: Put, tmp_path: Path) -> None:
    put(AZURE_CLIENT_SECRET=None)
    for secret in ("first", "second"):
        (tmp_path / ".env").write_text(f"AZURE_CLIENT_SECRET={secret}\n")
        assert credential_now() == ClientSecret(SecretStr(secret))
    (tmp_path / ".env").write_text("AZURE_CLIENT_SECRET=not one\n")
    assert credential_now() is None
