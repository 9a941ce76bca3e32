"""The tests' own certificate authority, and the app's certificate in every form that people have it in."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certify(
    subject: str,
    key: Key,
    *,
    issuer: "Pair | None" = None,
    days: int = 30,
    names: x509.SubjectAlternativeName | None = None,
) -> x509.Certificate:
    """A certificate for ``key``; self-signed without an issuer. Negative ``days`` make one that has
    expired."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer.certificate.subject if issuer else _name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.certificate.public_key())  # type: ignore[arg-type]
        builder = builder.add_extension(identifier, critical=False)
    if names:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())


@dataclass(frozen=True)
class Pair:
    certificate: x509.Certificate
    key: Key

    def key_pem(self, password: bytes | None = None) -> bytes:
        protection = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)

    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def pem(self, password: bytes | None = None) -> bytes:
        return self.key_pem(password) + self.certificate_pem()

    def pfx(self, password: bytes | None = None) -> bytes:
        protection = BestAvailableEncryption(password) if password else NoEncryption()
        assert isinstance(self.key, rsa.RSAPrivateKey)
        return pkcs12.serialize_key_and_certificates(b"app", self.key, self.certificate, None, protection)


def authority() -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    return Pair(certify("Tests' root", key), key)


def app(days: int = 30) -> Pair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return Pair(certify("legacytls", key, days=days), key)


def miscalculated(pair: Pair) -> Pair:
    """The same with a private key that opens and signs nothing right: its numbers do not go together."""
    assert isinstance(pair.key, rsa.RSAPrivateKey)
    numbers = pair.key.private_numbers()
    wrong = rsa.RSAPrivateNumbers(
        p=numbers.p, q=numbers.q, d=numbers.d + 2, dmp1=numbers.dmp1, dmq1=numbers.dmq1, iqmp=numbers.iqmp,
        public_numbers=numbers.public_numbers,
    )  # fmt: skip
    return Pair(pair.certificate, wrong.private_key(unsafe_skip_rsa_key_validation=True))


def server_context(root: Pair, directory: Path, *hosts: str) -> ssl.SSLContext:
    """TLS for 127.0.0.1, localhost and further hosts."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName(
        [
            *(x509.DNSName(host) for host in ("localhost", *hosts)),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
    )
    pair = Pair(certify("localhost", key, issuer=root, names=names), key)
    path = directory / "server.pem"
    path.write_bytes(pair.pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
