"""TLS contexts that speak one version only, and whether this machine's OpenSSL can speak it at all.

The rule that TLS is always verified concerns what the bot sends: tokens, values, messages. A probe sends none
of these and believes nothing that it is told, so it judges no certificate: a relay with a self-signed one
shows its versions all the same. These contexts must never serve anything else; ``bot.transport.tls`` makes
the others.
"""

import ssl
import tempfile
import warnings
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from handlers.probe_ports import TlsVersion

CIPHERS: Final = "DEFAULT:@SECLEVEL=0"
"""OpenSSL 3 offers TLS 1.0 and 1.1 at security level 0 only (docs.openssl.org,
SSL_CTX_set_security_level)."""

LEGACY_SERVER_CONNECT: Final = 0x4
"""``SSL_OP_LEGACY_SERVER_CONNECT``, nameless before Python 3.12: talk to servers that are older than RFC 5746
as well."""

VERSIONS: Final = {
    TlsVersion.TLS10: ssl.TLSVersion.TLSv1,
    TlsVersion.TLS11: ssl.TLSVersion.TLSv1_1,
    TlsVersion.TLS12: ssl.TLSVersion.TLSv1_2,
    TlsVersion.TLS13: ssl.TLSVersion.TLSv1_3,
}


def client(version: TlsVersion, ciphers: str = CIPHERS) -> ssl.SSLContext:
    """Return a context that offers this version and no other, and judges no certificate.

    Raises ``ssl.SSLError``, ``ValueError``.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options |= LEGACY_SERVER_CONNECT
    return _only(context, version, ciphers)


def _only(context: ssl.SSLContext, version: TlsVersion, ciphers: str) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's word on every use of TLS 1.0 and 1.1
        context.minimum_version = context.maximum_version = VERSIONS[version]
    context.set_ciphers(ciphers)
    return context


@cache
def why_not(version: TlsVersion, ciphers: str = CIPHERS) -> str:
    """Say why this machine cannot speak the version, in OpenSSL's words; empty where it can.

    Found out once a process, in memory: no port is opened.
    """
    with tempfile.TemporaryDirectory(prefix="legacytls-probe-") as folder:
        try:
            ours = client(version, ciphers)
            theirs = _only(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), version, ciphers)
            theirs.load_cert_chain(_certificate(Path(folder)))
            _shake_hands(ours, theirs)
        except ssl.SSLError as failed:
            return failed.reason or "SSL_ERROR"
        except ValueError:
            return "VERSION_NOT_BUILT_IN"
    return ""


def _shake_hands(ours: ssl.SSLContext, theirs: ssl.SSLContext) -> None:
    """One handshake between two ends in memory. Raises ``ssl.SSLError`` where they do not come to terms."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    waiting = [ours.wrap_bio(to_client, to_server), theirs.wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(10):  # each end has its say three times at most
        for end in list(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
        if not waiting:
            return
    raise ssl.SSLError(0, "the handshake did not end")


def _certificate(folder: Path) -> Path:
    """Make a self-signed RSA certificate for a minute: RSA as with most mail servers."""
    from cryptography import x509  # noqa: PLC0415 - only who probes needs it
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415

    key, now = rsa.generate_private_key(public_exponent=65537, key_size=2048), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "probe.invalid")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    certificate = builder.not_valid_before(now - timedelta(minutes=1)).not_valid_after(
        now + timedelta(minutes=1)
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "pair.pem"
    file.touch(mode=0o600)
    file.write_bytes(pem + certificate.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return file
