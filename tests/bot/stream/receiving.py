"""A receiver of the stream on a real socket of this machine: it keeps what was posted, and answers as it is
told to."""

import json
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Act:
    """One answer: a status with headers, after ``seconds``; or the connection is reset instead."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    reset: bool = False
    body: bytes = b""


@dataclass(frozen=True)
class Posted:
    """One post as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    answered: int | None
    at: float
    port: int
    """Of the sender: as many different ones as there were connections."""

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["data"]
        return found

    @property
    def seq(self) -> int:
        return int(self.event["seq"])


class Receiving:
    """Use as a context manager; ``acts`` are consumed one a post, and ``otherwise`` answers all further
    ones."""

    def __init__(self, *acts: Act, otherwise: Act | None = None) -> None:
        self.posted: list[Posted] = []
        self.acts = deque(acts)
        self.otherwise = otherwise or Act()
        self._lock = threading.Lock()
        ours = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                ours._answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A sender that was killed is part of the game."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/events?token=canary"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def taken(self) -> list[int]:
        """The numbers of the events that were answered with 2xx, in the order of arrival."""
        return [int(event["seq"]) for event in self.events]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that were answered with 2xx, in the order of arrival."""
        taken = [
            post for post in list(self.posted) if post.answered is not None and post.answered // 100 == 2
        ]
        return [post.event for post in taken]

    @staticmethod
    def _seen(handler: BaseHTTPRequestHandler, body: bytes, answered: int | None) -> Posted:
        port = int(handler.client_address[1])
        return Posted(handler.path, dict(handler.headers), body, answered, time.time(), port)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._lock:
            act = self.acts.popleft() if self.acts else self.otherwise
            answered = None if act.reset else act.status
            self.posted.append(self._seen(handler, body, answered))
        time.sleep(act.seconds)
        if act.reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(act.status)
        for name, value in act.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(act.body)))
        handler.end_headers()
        handler.wfile.write(act.body)
