"""Servers of every TLS version on loopback, in the system's OpenSSL, and some that speak none; each notes
what it hears."""

import socket
import ssl
import struct
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.probe.handshake import VERSIONS
from handlers.probe_ports import ProbeTarget, TlsVersion

Talk = Callable[[socket.socket, "Server"], None]
SSL_ERRORS = (OSError, ssl.SSLError)


class Server:
    """Listens on a free port of 127.0.0.1 and has ``talk`` with whoever connects; use as a context
    manager."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.target = ProbeTarget("127.0.0.1", self._listening.getsockname()[1])
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self.lines: list[bytes] = []
        """What was said in the clear."""
        self.inside: list[bytes] = []
        """What was said within TLS, one entry a completed handshake."""

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)
        self._listening.close()

    def keep_silent(self) -> None:
        """Say nothing until the test is over."""
        self._over.wait(timeout=30)

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._answer, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            try:
                self._talk(connection, self)
            except SSL_ERRORS:
                return

    def encrypt(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        """Serve TLS, and keep all that is said within it."""
        inside = context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True)
        heard = b""
        try:
            while data := inside.recv(4096):
                heard += data
        finally:
            self.inside.append(heard)
            inside.close()

    def ask(self, connection: socket.socket, said: bytes) -> bytes:
        """Say something and hear the answer, one line."""
        connection.sendall(said)
        line = b""
        while not line.endswith(b"\n") and (more := connection.recv(1)):
            line += more
        self.lines.append(line)
        return line


def context(pair: Path, *versions: TlsVersion, ask_client: bool = False) -> ssl.SSLContext:
    """What a server needs to speak these versions, the lowest and the highest given, whatever the system's
    policy is."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version, made.maximum_version = VERSIONS[min(versions)], VERSIONS[max(versions)]
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    made.load_cert_chain(pair)
    if ask_client:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(pair)
    return made


def tls(made: ssl.SSLContext) -> Talk:
    """Implicit TLS."""
    return lambda connection, server: server.encrypt(connection, made)


def smtp(made: ssl.SSLContext) -> Talk:
    """SMTP with STARTTLS, which would take a password and a mail as well."""

    def talk(connection: socket.socket, server: Server) -> None:
        assert server.ask(connection, b"220-mail.example ESMTP\r\n220 ready\r\n").startswith(b"EHLO ")
        assert (
            server.ask(connection, b"250-mail.example\r\n250-AUTH LOGIN\r\n250-STARTTLS\r\n250 SIZE 1000\r\n")
            == b"STARTTLS\r\n"
        )
        connection.sendall(b"220 2.0.0 go ahead\r\n")
        server.encrypt(connection, made)

    return talk


def pop3(made: ssl.SSLContext) -> Talk:
    """POP3 with STLS."""

    def talk(connection: socket.socket, server: Server) -> None:
        assert server.ask(connection, b"+OK POP3 ready\r\n") == b"STLS\r\n"
        connection.sendall(b"+OK begin\r\n")
        server.encrypt(connection, made)

    return talk


def imap(made: ssl.SSLContext) -> Talk:
    """IMAP with STARTTLS."""

    def talk(connection: socket.socket, server: Server) -> None:
        tag = server.ask(connection, b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n").split()[0]
        connection.sendall(b"* 23 EXISTS\r\n" + tag + b" OK begin\r\n")
        server.encrypt(connection, made)

    return talk


def replying(*replies: bytes) -> Talk:
    """Says these things, waiting for a line before each but the first, then closes."""

    def talk(connection: socket.socket, server: Server) -> None:
        for reply in replies:
            server.ask(connection, reply)

    return talk


def silent(connection: socket.socket, server: Server) -> None:
    """Takes the connection and never says a word."""
    server.keep_silent()


def hello_of(connection: socket.socket) -> bytes:
    """The whole first record that the client sends."""
    head = _exactly(connection, 5)
    return _exactly(connection, int.from_bytes(head[3:5]))


def _exactly(connection: socket.socket, number: int) -> bytes:
    data = b""
    while len(data) < number:
        more = connection.recv(number - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def reset(connection: socket.socket) -> None:
    """End the connection as a firewall does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
