"""Keep the sandbox's own certificate authority: root, servers' certificate, client certificate.

Keys live in memory and in files only their owner may read; the root's key is never written at all. Nothing
here is ever to be trusted outside the sandbox: everything is made anew at every start.
"""

import ipaddress
import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LIFE = timedelta(days=3650)
"""Longer than anybody moves the sandbox's clock, so that no story is about certificates unless it says so."""
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    def pem(self) -> bytes:
        """Return key and certificate in one PEM, as ``load_cert_chain`` wants them."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key + self.certificate.public_bytes(Encoding.PEM)


class Root:
    """A root certificate that signs what the sandbox serves over TLS."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name("Sandbox root"), _name("Sandbox root"), key, authority=True)
        self._pair = Pair(builder.sign(key, hashes.SHA256()), key)

    def pem(self) -> bytes:
        """Return the root certificate alone, for ``REQUESTS_CA_BUNDLE``."""
        return self._pair.certificate.public_bytes(Encoding.PEM)

    def server(self) -> Pair:
        """Return a certificate for ``127.0.0.1`` and ``localhost``."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        issuer_key = self._pair.key.public_key()
        builder = (
            _builder(_name("localhost"), self._pair.certificate.subject, key, authority=False)
            .add_extension(names, critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
        )
        return Pair(builder.sign(self._pair.key, hashes.SHA256()), key)


def client_certificate(common_name: str) -> Pair:
    """Make a self-signed RSA certificate as uploaded to an app registration (MSAL signs with RSA only)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    builder = _builder(_name(common_name), _name(common_name), key, authority=False)
    return Pair(builder.sign(key, hashes.SHA256()), key)


def server_context(path: Path) -> ssl.SSLContext:
    """Return a TLS 1.2+ context that serves the key and certificate in the PEM file at ``path``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(path)
    return context


def write_private(path: Path, content: bytes) -> None:
    """Write ``content`` readable by its owner only; the mode is right before the first byte is there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, *, authority: bool
) -> x509.CertificateBuilder:
    """The part that all certificates share, strict enough for OpenSSL's ``X509_STRICT``."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + LIFE)
        .add_extension(
            x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True
        )
        .add_extension(_usage(authority=authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
