"""A server on loopback that plays what it is told, byte for byte: real sockets, plain or TLS, misbehaviour
included."""

import contextlib
import json
import select
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True)
class Request:
    """One request as it arrived; ``connection`` counts the connections, to see which are kept."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    def json(self) -> dict[str, object]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    @property
    def cmdlet(self) -> str:
        return str(self.json()["CmdletInput"]["CmdletName"])  # type: ignore[index]


Act = Callable[[socket.socket, Request], bool]
"""Plays an answer; true when the connection stays open."""


def answer(
    status: int,
    body: bytes | str | object = b"",
    headers: Mapping[str, str] | None = None,
    *,
    length: int | None = None,
) -> Act:
    """A whole answer; ``length`` claims another Content-Length, and then the connection closes after the
    body."""
    content = (
        body
        if isinstance(body, bytes)
        else body.encode()
        if isinstance(body, str)
        else json.dumps(body).encode()
    )
    lines = {"Content-Length": str(len(content) if length is None else length), **(headers or {})}
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        + "".join(f"{k}: {v}\r\n" for k, v in lines.items())
        + "\r\n"
    )

    def act(connection: socket.socket, _: Request) -> bool:
        connection.sendall(head.encode("latin-1") + content)
        return length is None

    return act


def raw(content: bytes) -> Act:
    """Exactly these bytes, then the connection closes."""

    def act(connection: socket.socket, _: Request) -> bool:
        connection.sendall(content)
        return False

    return act


def reset(connection: socket.socket, _: Request) -> bool:
    """Read the request, then reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def drip(head: bytes, piece: bytes, every: float, stop: threading.Event) -> Act:
    """``head``, then ``piece`` again and again, each far sooner than any read timeout, until ``stop``."""

    def act(connection: socket.socket, _: Request) -> bool:
        connection.sendall(head)
        while not stop.wait(every):
            connection.sendall(piece)
        return False

    return act


def tunnel(port: int) -> Act:
    """Grant a ``CONNECT``, wherever it leads, and carry bytes to and from ``port`` on this machine until one
    side ends."""

    def act(connection: socket.socket, _: Request) -> bool:
        with socket.create_connection(("127.0.0.1", port)) as there:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = {connection: there, there: connection}
            while True:
                for readable in select.select(list(ends), [], [], 30)[0] or [None]:
                    content = readable.recv(65536) if readable else b""
                    if not content:
                        return False
                    ends[readable].sendall(content)

    return act


def hang(stop: threading.Event) -> Act:
    """No answer until ``stop``."""

    def act(_: socket.socket, __: Request) -> bool:
        stop.wait(30)
        return False

    return act


@dataclass
class Stage:
    """The server. ``script`` is played in order, one act for each request; after that comes ``otherwise``."""

    context: ssl.SSLContext | None = None
    script: deque[Act] = field(default_factory=deque)
    otherwise: Act = field(default_factory=lambda: answer(500, "unscripted"))
    requests: list[Request] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{'https' if self.context else 'http'}://{self.host}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def plays(self, *acts: Act) -> None:
        self.script.extend(acts)

    def always(self, act: Act) -> None:
        self.otherwise = act

    def close(self) -> None:
        """End every connection and wait for the threads."""
        self.stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            open_ones = list(self._connections)
        for connection in open_ones:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)
            assert not thread.is_alive()

    def _accept(self) -> None:
        number = 0
        while not self.stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            thread = threading.Thread(target=self._serve, args=(connection, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, EOFError):
            if self.context is not None:
                connection = self._wrapped(connection)
            with self._lock:
                self._connections.append(connection)
            with connection.makefile("rb") as stream:
                while self._turn(connection, stream, number):
                    pass
        connection.close()

    def _wrapped(self, connection: socket.socket) -> socket.socket:
        assert self.context is not None
        try:
            return self.context.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            raise

    def _turn(self, connection: socket.socket, stream, number: int) -> bool:  # type: ignore[no-untyped-def]
        line = stream.readline()
        if not line:
            return False
        method, path, _ = line.decode("latin-1").split(" ", 2)
        headers: dict[str, str] = {}
        while (header := stream.readline()) not in (b"\r\n", b""):
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        body = stream.read(length)
        if len(body) < length:
            return False  # whoever sent the head went away: that is no request
        request = Request(method, path, headers, body, number)
        with self._lock:
            self.requests.append(request)
            act = self.script.popleft() if self.script else self.otherwise
        return act(connection, request)
