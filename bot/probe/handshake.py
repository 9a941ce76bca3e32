"""Make one handshake in one TLS version over an open connection, and return what was seen of it.

Nothing is sent once it is complete. Python's ``ssl`` tells neither version nor alert before that, so the
clear beginning of the answer is read here. Layouts: RFC 5246 (6.2.1, 7.2, 7.4.1.3), RFC 8446 (4.1.3, 4.2.1).

The rule that TLS is always verified concerns what the bot sends: tokens, values, messages. A probe sends none
of these and believes nothing that it is told, so it judges no certificate: a relay with a self-signed one
shows its versions all the same. These contexts must never serve anything else; ``bot.transport.tls`` makes
the others.
"""

import asyncio
import ssl
import tempfile
import warnings
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import Final

from handlers.probe_ports import TlsVersion

_ALERT, _HANDSHAKE = 21, 22
_CONTENT: Final = range(20, 25)
_FATAL, _SERVER_HELLO, _SUPPORTED_VERSIONS = 2, 2, 43
_MOST: Final = 65536
"""Bytes kept: a server's first flight with a long chain of certificates fits."""

NUMBERS: Final = {
    0x0301: TlsVersion.TLS10, 0x0302: TlsVersion.TLS11, 0x0303: TlsVersion.TLS12, 0x0304: TlsVersion.TLS13,
}  # fmt: skip
SSL3: Final = 0x0300


class Records:
    """What a server has answered so far."""

    def __init__(self) -> None:
        self._unread = b""
        self._said = b""
        self._choice: int | None = None
        self.foreign = False
        """Whether it is no TLS at all."""
        self.alert: int | None = None
        """The number of a fatal alert in clear text."""

    @property
    def silent(self) -> bool:
        """Whether nothing came."""
        return not (self._unread or self._said or self.foreign or self.alert is not None)

    @property
    def choice(self) -> int | None:
        """The protocol version of the ServerHello, as it stands on the wire; ``None`` until one came."""
        return self._choice

    def feed(self, data: bytes) -> None:
        """Take what came next."""
        self._unread += data[: max(0, _MOST - len(self._unread))]
        while self._unread and not self.foreign:
            if self._unread[0] not in _CONTENT or (len(self._unread) > 1 and self._unread[1] != 3):
                self.foreign = True
            elif len(self._unread) < 5 or len(self._unread) < (end := 5 + int.from_bytes(self._unread[3:5])):
                return
            else:
                self._take(self._unread[0], self._unread[5:end])
                self._unread = self._unread[end:]

    def _take(self, content: int, body: bytes) -> None:
        if content == _ALERT and len(body) == 2 and body[0] == _FATAL:
            self.alert = body[1]
        elif content == _HANDSHAKE and self._choice is None:
            self._said += body
            self._choice = _chosen(self._said)


def _chosen(said: bytes) -> int | None:
    """The version in a ServerHello; ``None`` where it is none, or is not whole yet."""
    if len(said) < 4 or said[0] != _SERVER_HELLO or len(said) < (end := 4 + int.from_bytes(said[1:4])):
        return None
    hello = said[4:end]
    if len(hello) < 35:
        return None
    # random, session id, cipher suite, compression
    version, at = int.from_bytes(hello[:2]), 35 + hello[34] + 3
    extensions = hello[at + 2 :]
    while len(extensions) >= 4:
        kind, length = int.from_bytes(extensions[:2]), int.from_bytes(extensions[2:4])
        if kind == _SUPPORTED_VERSIONS:
            return int.from_bytes(extensions[4:6])
        extensions = extensions[4 + length :]
    return version


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


class End(Enum):
    """How a handshake ended."""

    COMPLETE = auto()
    ALERT = auto()
    """By a fatal alert of the server's."""
    CLOSED = auto()
    """By the end of the connection, without an alert."""
    RESET = auto()
    TIMED_OUT = auto()
    FOREIGN = auto()
    """By an answer that is no TLS."""
    GIVEN_UP = auto()
    """By our own OpenSSL."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one handshake; ``choice`` and ``alert`` are numbers as they stand on the wire."""

    end: End
    choice: int | None = None
    alert: int | None = None
    reason: str = ""
    """OpenSSL's name for why it gave up."""
    cipher: str = ""
    answered: bool = True
    """Whether anything came back at all."""


async def shake_hands(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    context: ssl.SSLContext,
    host: str,
    *,
    deadline: float,
) -> Seen:
    """Try one handshake until ``deadline`` (the loop's clock); a ``host`` that is a name is told (SNI)."""
    incoming, outgoing, records = ssl.MemoryBIO(), ssl.MemoryBIO(), Records()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=host)

    def seen(end: End, **more: str) -> Seen:
        return Seen(end, records.choice, records.alert, answered=not records.silent, **more)

    try:
        async with asyncio.timeout_at(deadline):
            while True:
                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    writer.write(outgoing.read())
                except ssl.SSLError as failed:
                    return seen(_why(records), reason=failed.reason or "SSL_ERROR")
                else:
                    with suppress(ssl.SSLError):  # it would wait for the answer
                        tls.unwrap()
                    writer.write(outgoing.read())
                    return seen(End.COMPLETE, cipher=(tls.cipher() or ("",))[0])
                data = await reader.read(16384)
                if not data:
                    return seen(End.CLOSED)
                records.feed(data)
                incoming.write(data)
    except TimeoutError:
        return seen(End.TIMED_OUT)
    except OSError:
        return seen(End.RESET)


def _why(records: Records) -> End:
    if records.alert is not None:
        return End.ALERT
    return End.FOREIGN if records.foreign else End.GIVEN_UP
