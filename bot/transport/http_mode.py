"""HTTP mode: Slack posts to the bot, on waitress.

Here it is made sure that a request is Slack's, and nothing else. The signature is checked over the raw bytes
before anything is parsed (docs.slack.dev, authentication/verifying-requests-from-slack). Whatever is wrong
with a request is answered with a 4xx and a sentence, and never with a 500.

A copy of a signed delivery that is sent again does nothing. Remembered by this process alone, so that no read
waits for a database. What must happen once, however many copies of the bot run, is kept in the inbox besides:
clicks, forms, reactions, and what sends a file.
"""

import hashlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from slack_bolt import BoltResponse

from bot.http_listener import Listener
from bot.transport.receiver import Receiver


class Delivery:
    """One delivery in hand. Whoever has taken it says so; otherwise it may come again."""

    taken = False


class Deliveries:
    """The signatures of what was taken, each for ``seconds`` after; safe from any thread."""

    def __init__(self, seconds: float, *, patience: float) -> None:
        self._seconds = seconds
        self._patience = patience
        self._changed = threading.Condition()
        self._in_hand: set[str] = set()
        self._taken: dict[str, float] = {}  # in the order of time, by the clock that nobody sets

    @contextmanager
    def first(self, signature: str) -> Iterator[Delivery | None]:
        """The delivery with this signature, or ``None`` when it was taken before.

        A copy waits while the first is in hand: should that come to nothing, the copy is as good. Raises
        ``TimeoutError`` when it takes longer than ``patience``.
        """
        if not self._begin(signature):
            yield None
            return
        delivery = Delivery()
        try:
            yield delivery
        finally:
            with self._changed:
                self._in_hand.discard(signature)
                if delivery.taken:
                    self._taken[signature] = time.monotonic()
                self._changed.notify_all()

    def _begin(self, signature: str) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: signature not in self._in_hand, timeout=self._patience):
                raise TimeoutError("a copy of this is still in hand")
            self._forget(time.monotonic() - self._seconds)
            if signature in self._taken:
                return False
            self._in_hand.add(signature)
            return True

    def _forget(self, before: float) -> None:
        while self._taken:
            oldest = next(iter(self._taken))
            if self._taken[oldest] > before:
                return
            del self._taken[oldest]


PATH: Final = "/slack/events"
LARGEST_BODY: Final = 1024 * 1024
"""Bytes; Slack's own payloads are far below."""
HEARD_OUT: Final = 4 * LARGEST_BODY
"""Bytes that are read of what is too large: whoever is cut off while sending sees a broken connection and
never the 413."""
OLDEST: Final = 300
"""Seconds that a signature holds, as Slack recommends; it also bounds how long a copied request could be sent
again."""
COPY_WAITS: Final = 2.5
"""Seconds for which a copy of a delivery waits for what becomes of the first; Slack waits for three."""
THREADS: Final = 16
PLACES: Final = 900
"""Connections at a time; whoever comes then takes the place of an idle one, so that nobody can keep Slack out
by staying."""
SPARE: Final = 100
"""Places beyond, in which newcomers are heard while others are shown out."""
FINISH_WITHIN: Final = 4.0
"""Seconds that requests in hand may take to be answered when the bot is stopped."""
SEND_WITHIN: Final = 0.5
"""Seconds for the last answers to leave."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"

Environ = dict[str, Any]
Start = Callable[..., Any]


class Refused(Exception):
    """The request is not one of Slack's; ``sentence`` says why."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class HttpMode:
    """Listens on one address; TLS and the public name are a reverse proxy's business.

    Raises ``ValueError`` without a secret.
    """

    mode = "http"

    def __init__(self, receiver: Receiver, signing_secret: str, *, host: str, port: int) -> None:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._listener = Listener(
            Doorkeeper(receiver, signing_secret), host=host, port=port, places=PLACES, spare=SPARE,
            threads=THREADS,
            # Whoever connects and says nothing holds a place, not a thread. Places last longer than the
            # minute for which proxies keep connections, because one that is closed from here as it is used
            # costs a command.
            channel_timeout=75, max_request_body_size=HEARD_OUT,
        )  # fmt: skip
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port in use, also when 0 was asked for."""
        return self._listener.port

    def start(self) -> None:
        """Begin to answer; it has been listening since it was made."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; requests in hand are answered."""
        self._listener.finish(within=FINISH_WITHIN)
        self._stopping.set()
        self._listener.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=1)

    def is_connected(self) -> bool:
        """Tell whether the listener runs; that Slack reaches it only Slack can tell."""
        return self._thread.is_alive()

    def _run(self) -> None:
        self._listener.run(self._stopping)
        until = time.monotonic() + SEND_WITHIN
        while self._listener.has_unsent() and time.monotonic() < until:
            self._listener.turn(0.05)
        self._listener.close()


class Doorkeeper:
    """WSGI: lets in what Slack signed, in time, for ``PATH`` behind any prefix of a proxy."""

    def __init__(self, receiver: Receiver, signing_secret: str) -> None:
        if not signing_secret:
            raise ValueError("HTTP mode needs the signing secret")
        self._receiver = receiver
        self._secret = signing_secret.encode()
        # A stamp may lie ahead as far as it may lie behind, so a signature holds for up to twice the time.
        self._deliveries = Deliveries(2 * OLDEST, patience=COPY_WAITS)

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer one request."""
        received = time.perf_counter()
        try:
            response = self._answer(environ, received)
        except Refused as refused:
            response = BoltResponse(
                status=refused.status, body=refused.sentence, headers={"x-slack-no-retry": "1"}
            )
        status, body = HTTPStatus(response.status), response.body.encode()
        headers = [(name, str(values[0])) for name, values in response.headers.items()]
        start(f"{status.value} {status.phrase}", [*headers, ("content-length", str(len(body)))])
        return [body]

    def _answer(self, environ: Environ, received: float) -> BoltResponse:
        if not str(environ.get("PATH_INFO", "")).rstrip("/").endswith(PATH):
            raise Refused(HTTPStatus.NOT_FOUND, f"Slack's requests go to {PATH}.")
        if environ["REQUEST_METHOD"] == "GET" and ("ssl_check", "1") in parse_qsl(
            str(environ.get("QUERY_STRING", ""))
        ):
            return BoltResponse(status=200)
        if environ["REQUEST_METHOD"] != "POST":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Slack posts.")
        kind = str(environ.get("CONTENT_TYPE", "")).split(";")[0].strip().lower()
        if kind not in (FORM, JSON):
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Slack sends forms or JSON.")
        body = environ["wsgi.input"].read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is larger than anything Slack sends."
            )
        if kind == FORM and b"ssl_check=1" in body.split(b"&"):
            # Slack looks whether TLS works, unsigned; nothing else is done with it
            return BoltResponse(status=200)
        signature, payload = self._verified(environ, body), _payload(kind, body)
        retry = str(environ.get("HTTP_X_SLACK_RETRY_NUM", ""))
        headers = {"x-slack-retry-num": retry} if retry else {}
        try:
            with self._deliveries.first(signature) as delivery:
                if delivery is None:
                    return BoltResponse(status=200)
                response = self._receiver.take(payload, received, headers)
                delivery.taken = response.status < HTTPStatus.BAD_REQUEST and not _asks_for_the_challenge(
                    payload
                )
                return response
        except TimeoutError:
            return BoltResponse(status=503, body="The same is being taken; send it again.")

    def _verified(self, environ: Environ, body: bytes) -> str:
        """The signature, after it was found to be Slack's. Raises ``Refused``."""
        stamp = str(environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", ""))
        if not (
            stamp.isascii()
            and stamp.isdigit()
            and len(stamp) <= 12
            and abs(time.time() - int(stamp)) <= OLDEST
        ):
            raise Refused(HTTPStatus.UNAUTHORIZED, "The time stamp is missing, no number, or too old.")
        given = str(environ.get("HTTP_X_SLACK_SIGNATURE", "")).encode("utf-8", errors="replace")
        digest = hmac.new(self._secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"v0={digest}".encode(), given):
            raise Refused(HTTPStatus.UNAUTHORIZED, "The signature is missing or wrong.")
        return digest


def _asks_for_the_challenge(payload: object) -> bool:
    """Tell whether Slack verifies the address, which changes nothing and is answered every time."""
    return isinstance(payload, dict) and payload.get("type") == "url_verification"


def _payload(kind: str, body: bytes) -> object:
    """What Slack says: a form is a command, or carries an interaction as JSON in its ``payload``.

    Raises ``Refused``.
    """
    try:
        text = body.decode()
        if kind == JSON:
            return json.loads(text)
        form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
        return json.loads(form["payload"]) if "payload" in form else form
    except (ValueError, RecursionError):
        raise Refused(HTTPStatus.BAD_REQUEST, "The body cannot be read.") from None
