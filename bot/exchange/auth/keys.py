"""Open the files behind a credential: a certificate with its private key, a federated token.

Never puts a password, a key or a token into a message; says which file and what to mend. A file that is
neither PEM nor PFX as it stands has its encoding named and is not taken, so that everybody reads the same
thing in it.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)

from bot.exchange.auth.credentials import Certificate, FederatedToken
from handlers.ports import Unavailable

_MEND_FILE: Final = "Check AZURE_CLIENT_CERTIFICATE_PATH and the rights on the file."
_MEND_PASSWORD: Final = "Check AZURE_CLIENT_CERTIFICATE_PASSWORD."  # noqa: S105 - a sentence about one
_MEND_CONTENT: Final = "The file has to hold an RSA private key and its certificate, as PEM or PFX."
_PEM_KEY: Final = re.compile(
    rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL
)


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """A private key and the certificate that goes with it."""

    key: RSAPrivateKey
    certificate: x509.Certificate

    @property
    def expires(self) -> datetime:
        """When Entra stops accepting the certificate."""
        return self.certificate.not_valid_after_utc

    def public_pem(self) -> str:
        """The certificate alone, for the thumbprint (SHA-256) and the ``x5c`` header of an assertion."""
        return self.certificate.public_bytes(Encoding.PEM).decode("ascii")


class Unusable(Unavailable):
    """The certificate's file does not serve.

    ``why`` goes on after "the file" and names neither path nor password.
    """

    def __init__(self, path: Path, why: str, mend: str) -> None:
        super().__init__(f"The certificate file {path} {why}.", mend=mend, retryable=False)
        self.why = why


def load(credential: Certificate, *, proven: bool = True) -> KeyPair:
    """Read and open the file. Raises ``Unusable`` with a sentence that names the path, never the password.

    ``proven`` has the numbers of an RSA key tested, too, which takes 37 ms at 2048 bits and 255 at 4096. For
    signing they have to be; for a look at a PEM file they need not (a PFX file is never opened without).
    """
    try:
        content = credential.path.read_bytes()
    except OSError as failure:
        why = failure.strerror or type(failure).__name__
        raise Unusable(credential.path, f"cannot be read: {why}", _MEND_FILE) from None
    password = credential.password.get_secret_value().encode() if credential.password else None
    try:
        key, certificates = _opened(content, password, proven=proven)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unopened(credential, content) from None
    if key is None and not certificates and encoding_of(content) is not None:
        raise _unopened(credential, content)
    return _matched(credential, key, certificates)


def read_token(credential: FederatedToken) -> str:
    """Return the federated token as it is in the file now.

    Raises ``Unavailable``; the file may be there again in a moment.
    """
    try:
        token = credential.path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        token = ""
    if not token:
        sentence = f"The federated token in {credential.path} cannot be read."
        raise Unavailable(
            sentence, mend="Check AZURE_FEDERATED_TOKEN_FILE and what is to keep that file fresh."
        )
    return token


def token_now(credential: FederatedToken) -> str:
    """Return the federated token as it is in the file now; empty while it cannot be read."""
    try:
        return read_token(credential)
    except Unavailable:
        return ""


def _opened(content: bytes, password: bytes | None, *, proven: bool) -> tuple[object, list[x509.Certificate]]:
    return (
        _from_pem(content, password, proven=proven)
        if b"-----BEGIN" in content
        else _from_pfx(content, password)
    )


def _from_pem(
    content: bytes, password: bytes | None, *, proven: bool
) -> tuple[object, list[x509.Certificate]]:
    """Key and certificates.

    Raises ``ValueError`` or ``TypeError``; a password that is not needed is not a mistake.
    """
    block = _PEM_KEY.search(content)
    if block is None:
        return None, []
    needed = password if b"ENCRYPTED" in block[0] else None
    key = load_pem_private_key(block[0], needed, unsafe_skip_rsa_key_validation=not proven)
    return key, x509.load_pem_x509_certificates(content) if b"BEGIN CERTIFICATE" in content else []


def _from_pfx(content: bytes, password: bytes | None) -> tuple[object, list[x509.Certificate]]:
    key, certificate, others = pkcs12.load_key_and_certificates(content, password)
    return key, [one for one in (certificate, *others) if one is not None]


def _matched(credential: Certificate, key: object, certificates: Iterable[x509.Certificate]) -> KeyPair:
    """The key with the one certificate made for it, wherever in the chain that stands."""
    if not isinstance(key, RSAPrivateKey):
        raise Unusable(credential.path, "holds no RSA private key", _MEND_CONTENT)
    public = key.public_key()
    for certificate in certificates:
        if certificate.public_key() == public:
            return KeyPair(key, certificate)
    raise Unusable(credential.path, "holds no certificate for its private key", _MEND_CONTENT)


def _unopened(credential: Certificate, content: bytes) -> Unusable:
    found = encoding_of(content)
    if found is not None:
        return Unusable(credential.path, f"is {found.name}", f"{found.mend} {_MEND_CONTENT}")
    if credential.password is None:
        return Unusable(
            credential.path, "needs a password or is damaged", f"{_MEND_PASSWORD} {_MEND_CONTENT}"
        )
    quoted = credential.password.get_secret_value()[:1] in {'"', "'"}
    mend = (
        f"{_MEND_PASSWORD} It stands in quotes, which are taken as a part of it."
        if quoted
        else _MEND_PASSWORD
    )
    return Unusable(
        credential.path, "cannot be opened with the password that is configured, or is damaged", mend
    )


@dataclass(frozen=True, slots=True)
class FileEncoding:
    """``name`` goes on after "the file is"; ``mend`` is the next step."""

    name: str
    mend: str


_SAVE: Final = "Save it as plain ASCII or UTF-8 (in PowerShell: Set-Content -Encoding ascii)."
_DECODE: Final = "Decode it first (base64 -d), and configure the result."
_CONVERT: Final = (
    "Convert key and certificate to one PEM or PFX file (openssl pkcs12 -export, or openssl pkey and "
    "openssl x509)."
)
_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""The longer ones first: a UTF-32 mark begins like one of UTF-16."""
_WIDE: Final = (
    ("UTF-32", "utf-32-le"),
    ("UTF-32", "utf-32-be"),
    ("UTF-16", "utf-16-le"),
    ("UTF-16", "utf-16-be"),
)
_JAVA: Final = b"\xfe\xed\xfe\xed"
_SEQUENCE: Final = 0x30
"""The first byte of anything in DER, a PFX file among it."""


def encoding_of(content: bytes) -> FileEncoding | None:
    """Name what the bytes of a certificate file are; ``None`` where they may be PEM or PFX."""
    if content.startswith(_JAVA):
        return FileEncoding("a Java key store", _CONVERT)
    wide = _wide(content)
    if wide is not None:
        return FileEncoding(f"text in {wide}, not in ASCII", _SAVE)
    if b"-----BEGIN OPENSSH PRIVATE KEY-----" in content or content.startswith(b"PuTTY-User-Key-File"):
        return FileEncoding("a key for SSH", _CONVERT)
    inner = _decoded(content)
    if inner is not None:
        what = "PEM" if b"-----BEGIN" in inner else "a PFX file" if inner[0] == _SEQUENCE else ""
        return FileEncoding(f"{what} in base64", _DECODE) if what else None
    return _bare(content)


def _wide(content: bytes) -> str | None:
    """The encoding of text with more than one byte a character; PowerShell 5 redirects into UTF-16."""
    marked = next((name for mark, name in _BOMS if content.startswith(mark)), None)
    return marked or next((name for name, codec in _WIDE if "-----BEGIN".encode(codec) in content), None)


def _decoded(content: bytes) -> bytes | None:
    """What base64 text stands for; ``None`` when this is none, or nothing."""
    text = b"".join(content.removeprefix(codecs.BOM_UTF8).split())
    try:
        return base64.b64decode(text, validate=True) or None
    except (ValueError, binascii.Error):
        return None


def _bare(content: bytes) -> FileEncoding | None:
    """A certificate or a key alone, in DER: what a ``.cer`` or ``.key`` file often is."""
    if content[:1] != bytes([_SEQUENCE]):
        return None
    for load, what in (
        (x509.load_der_x509_certificate, "a certificate alone, in DER"),
        (_key, "a private key alone, in DER"),
    ):
        try:
            load(content)
        except (ValueError, TypeError):
            continue
        return FileEncoding(what, _CONVERT)
    return None


def _key(content: bytes) -> object:
    return load_der_private_key(content, None, unsafe_skip_rsa_key_validation=True)
