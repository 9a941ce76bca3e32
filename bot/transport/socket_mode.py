"""Socket Mode: keeps two WebSockets to Slack, so that one can be refreshed, or die, while commands go on.

Slack sends each payload on any one of an app's connections and asks each to go several times a day
(docs.slack.dev, apis/events-api/using-socket-mode). A replacement is opened before the old connection is let
go, and what still comes on the old one is taken. A connection that ends is replaced at once, a silent one
when it leaves a ping unanswered. Payloads are not judged.
"""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import structlog
from slack_bolt import BoltResponse
from slack_sdk import WebClient

from bot.transport.receiver import Receiver
from bot.transport.socket_connections import Line, Pace
from bot.transport.websocket import Lost, dial
from handlers.ports import Unavailable
from handlers.slack.client.calls import call
from handlers.slack.client.destinations import Destinations, Elsewhere
from handlers.slack.executor import guarded

log = structlog.get_logger(__name__)

CONCURRENCY: Final = 32
"""Payloads dispatched at once; each is only parsed, kept and acknowledged. Commands are not even kept, and
are acknowledged by the thread that receives them."""
ACKNOWLEDGE_WITHIN: Final = 3.0
"""Seconds after which Slack takes no acknowledgement any more."""
DIAL_WITHIN: Final = 5.0
FINISH_WITHIN: Final = 4.0
"""Seconds that payloads in hand may take to be acknowledged when the bot is stopped."""

REFUSED: Final = frozenset(
    {
        "invalid_auth", "not_authed", "not_allowed_token_type", "account_inactive", "missing_scope",
        "token_revoked", "token_expired",
    }
)  # fmt: skip
"""Errors of ``apps.connections.open`` that waiting does not mend."""


class SocketMode:
    """Serves Slack over connections that the bot opens itself."""

    mode = "socket"

    def __init__(self, receiver: Receiver, client: WebClient, app_token: str) -> None:
        self._receiver = receiver
        self._client = client
        self._token = app_token
        self._pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="slack")
        self._in_hand = 0
        self._lines: list[Line] = []
        self._lock = threading.Lock()
        self._nothing_in_hand = threading.Condition(self._lock)
        self._changed = threading.Event()
        self._stopping = False
        self._pace = Pace()
        self._keeper = threading.Thread(target=self._keep, name="socket-keeper", daemon=True)

    def start(self) -> None:
        """Open the first connection; the second follows by itself. Raises ``Unavailable``."""
        self._open()
        self._keeper.start()

    def stop(self) -> None:
        """Take nothing more, acknowledge what was taken, say goodbye."""
        with self._nothing_in_hand:
            self._stopping = True
            self._changed.set()
            self._nothing_in_hand.wait_for(lambda: not self._in_hand, timeout=FINISH_WITHIN)
        for line in self._all():
            line.socket.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def is_connected(self) -> bool:
        """Tell whether a connection is open that is not leaving and gave its last sign of life in time."""
        return not self._stopping and any(self._pace.holds(line) for line in self._all())

    # Connections

    def _all(self) -> list[Line]:
        with self._lock:
            return list(self._lines)

    def _keep(self) -> None:
        while not self._stopping:
            self._changed.clear()
            self._look()
            staying = sum(line.leaving is None for line in self._all())
            pause = 1.0
            if staying < self._pace.wanted(self._all()):
                pause = min(pause, self._pace.wait())
                if not pause:
                    self._try()
                    continue
            self._changed.wait(timeout=pause)

    def _look(self) -> None:
        for line in self._all():
            self._pace.judge(line, ended=False)
            if not line.look():
                log.warning("slack.connection_silent", seconds=round(time.monotonic() - line.socket.heard, 1))
                line.leaving = line.leaving or time.monotonic()
                line.socket.close()

    def _try(self) -> None:
        try:
            self._open()
        except Unavailable as away:
            again_in = self._pace.failed(away.retry_after)
            log.warning("slack.not_connected", problem=away.sentence, again_in=again_in)

    def _open(self) -> None:
        """Raises ``Unavailable``."""
        try:
            line = Line(
                dial(self._address(), tls=self._client.ssl, proxy=self._client.proxy, within=DIAL_WITHIN)
            )
        except Lost as lost:
            raise Unavailable(f"The connection to Slack could not be opened: {lost}.") from None
        with self._lock:
            if self._stopping:
                line.socket.close()
            self._lines.append(line)
        self._pace.opened()
        threading.Thread(target=self._listen, args=(line,), name="socket-reader", daemon=True).start()
        log.info("slack.connected", connections=len(self._all()))

    def _address(self) -> str:
        """Where to connect: one of Slack's hosts, or nowhere. Raises ``Unavailable``."""
        try:
            url = str(call(self._client.apps_connections_open, app_token=self._token).get("url") or "")
            return str(Destinations(self._client.base_url).socket(url))
        except Elsewhere:
            problem = (
                "The connection to Slack was not opened: its address leads to a host that is not Slack's."
            )
            raise Unavailable(problem) from None
        except Unavailable as refused:
            if refused.code not in REFUSED:
                raise
            mend = "Check SLACK_APP_TOKEN: an app-level token (xapp-…) with connections:write."
            raise Unavailable(
                f"Slack refused the connection ({refused.code}).", mend=mend, retryable=False
            ) from None

    # Payloads

    def _listen(self, line: Line) -> None:
        try:
            while (text := line.socket.receive()) is not None:
                self._receive(line, text, time.perf_counter())
        except Lost as lost:
            if not self._stopping:
                log.warning("slack.connection_lost", problem=str(lost))
        finally:
            with self._lock:
                self._lines.remove(line)
                self._pace.judge(line, ended=True)
            line.socket.close()
            self._changed.set()
            self._repeat(line)

    def _receive(self, line: Line, text: str, received: float) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            log.warning("slack.malformed", problem="no JSON object")
        elif message.get("type") == "disconnect":
            self._leave(line, str(message.get("reason") or ""))
        elif "envelope_id" in message:
            answer = partial(self._answer, line, message, received)
            self._do(answer, here=message.get("type") == "slash_commands")

    def _leave(self, line: Line, reason: str) -> None:
        log.info("slack.asked_to_leave", reason=reason)
        line.leaving = time.monotonic()
        with self._lock:
            if reason == "too_many_websockets":
                self._pace.crowded(line)
            self._pace.judge(line, ended=True)
        self._changed.set()
        self._do(partial(self._repeat, line))

    def _do(self, work: Callable[[], None], *, here: bool = False) -> None:
        """Do it on a thread of the pool, or ``here``: what waits for nothing is done before one has begun."""
        with self._lock:
            if self._stopping:
                return
            self._in_hand += 1
        if here:
            self._finish(work)
        else:
            self._pool.submit(self._finish, work)

    def _finish(self, work: Callable[[], None]) -> None:
        try:
            guarded(work)
        finally:
            with self._nothing_in_hand:
                self._in_hand -= 1
                self._nothing_in_hand.notify_all()

    def _answer(self, line: Line, envelope: dict[str, Any], received: float) -> None:
        retry = envelope.get("retry_attempt")
        headers = {"x-slack-retry-num": str(retry)} if retry else {}
        response = self._receiver.take(envelope.get("payload"), received, headers)
        # what cannot be read is not understood the fourth time, either
        if response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            told = response if response.status == HTTPStatus.OK else BoltResponse(status=200)
            self._acknowledge(line, _acknowledgement(str(envelope["envelope_id"]), told))

    def _acknowledge(self, line: Line, text: str) -> None:
        """Acknowledge on the payload's connection; if that is leaving or gone, on one that stays.

        Waiting for such a one is not for this thread, which may be the one that has to notice the end.
        """
        now = time.monotonic()
        if line.say(text, now) and line.leaving is None:
            return
        if not self._said_by_another(line, text, now):
            self._do(partial(self._say_elsewhere, line, text, now))

    def _repeat(self, line: Line) -> None:
        """Repeat what a closing connection may have lost; Slack takes it from any, and once."""
        with self._lock:
            owed = list(line.lately)
            line.lately.clear()
        for at, text in owed:
            if time.monotonic() - at < ACKNOWLEDGE_WITHIN and not self._stopping:
                self._say_elsewhere(line, text, at)

    def _say_elsewhere(self, line: Line, text: str, at: float) -> None:
        while not self._said_by_another(line, text, at):
            if self._stopping or time.monotonic() - at > ACKNOWLEDGE_WITHIN:
                log.warning("slack.acknowledgement_lost")
                return
            time.sleep(0.02)

    def _said_by_another(self, line: Line, text: str, at: float) -> bool:
        return any(
            other.say(text, at) for other in self._all() if other.leaving is None and other is not line
        )


def _acknowledgement(envelope_id: str, response: BoltResponse) -> str:
    if not response.body:
        return json.dumps({"envelope_id": envelope_id})
    is_json = response.headers.get("content-type", [""])[0].startswith("application/json")
    return json.dumps(
        {
            "envelope_id": envelope_id,
            "payload": json.loads(response.body) if is_json else {"text": response.body},
        }
    )
