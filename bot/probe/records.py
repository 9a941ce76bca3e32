"""Read the clear beginning of a TLS server's answer: the version it chose, and its alert.

Python's ``ssl`` tells neither before a handshake is complete. Layouts: RFC 5246 (6.2.1, 7.2, 7.4.1.3), RFC
8446 (4.1.3, 4.2.1).
"""

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
