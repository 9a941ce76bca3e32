"""Carry payloads to the bot and record what came back: events are sent again, others never.

Slack waits 3 seconds for an ack and redelivers events up to 3 times, never slash commands or interactions
(docs.slack.dev/apis/events-api). Must never decide what a payload or an answer means.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from bot.sandbox.shared.watched import Watched
from bot.sandbox.slack.messages import JSON

Kind = Literal["slash_commands", "interactive", "events_api"]


@dataclass(slots=True)
class Delivery:
    """One envelope on one connection; a redelivery is another one."""

    envelope_id: str
    kind: Kind
    payload: JSON
    connection: int
    """The number of the connection that it was sent on, from 1, in the order they were opened."""
    retry_attempt: int = 0
    retry_reason: str = ""
    acked_after: float | None = None
    """Seconds from sending to the ack, which is recorded even when it came too late; ``None`` while there is
    none."""
    answer: JSON | None = None
    """The payload of the ack, if it had one."""
    sent_at: float = field(default_factory=time.monotonic)

    def as_envelope(self) -> JSON:
        """Return what goes over the wire. Only events tell about retries."""
        retries = (
            {"retry_attempt": self.retry_attempt, "retry_reason": self.retry_reason}
            if self.kind == "events_api"
            else {}
        )
        return {
            "envelope_id": self.envelope_id,
            "type": self.kind,
            "accepts_response_payload": self.kind != "events_api",
            "payload": self.payload,
            **retries,
        }


def _nothing(_: object) -> None:
    """Do nothing: events have nobody who waits for their answer."""


@dataclass(slots=True)
class Parcel:
    """Something to be delivered, however many envelopes it takes."""

    kind: Kind
    payload: JSON
    answered: Callable[[JSON], None] = _nothing
    """Called once with the payload of an ack that came in time (empty when it had none)."""
    failed: Callable[[str], None] = _nothing
    """Called once with ``operation_timeout`` or ``dispatch_failed`` when no ack came in time."""
    retry_attempt: int = 0
    settled: threading.Event = field(default_factory=threading.Event)
    """Set after ``answered`` or ``failed`` returned."""

    def answer(self, payload: JSON) -> None:
        """Hand over the ack."""
        try:
            self.answered(payload)
        finally:
            self.settled.set()

    def fail(self, reason: str) -> None:
        """Hand over the failure."""
        try:
            self.failed(reason)
        finally:
            self.settled.set()


class Carrier:
    """One way to the bot. ``redelivery`` holds the pauses, in seconds, before an event is sent again."""

    def __init__(self, watched: Watched, *, ack_within: float, redelivery: Sequence[float]) -> None:
        self.ack_within = ack_within
        self._watched = watched
        self._redelivery = tuple(redelivery)
        self._deliveries: list[Delivery] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def connections(self) -> int:
        """How many ways to the bot take payloads."""
        raise NotImplementedError

    @property
    def deliveries(self) -> list[Delivery]:
        """Every envelope or request sent, oldest first."""
        return list(self._deliveries)

    def send(self, parcel: Parcel) -> Parcel:
        """Deliver ``parcel``, from any thread; returns at once."""
        if self._loop is None:
            raise RuntimeError("the simulated Slack is not started")
        self._loop.call_soon_threadsafe(self._spawn, parcel)
        return parcel

    async def _attempt(self, parcel: Parcel, attempt: int) -> JSON:
        """Send once and wait for the ack.

        Raises ``TimeoutError``, or ``ConnectionError`` when the bot cannot be reached.
        """
        raise NotImplementedError

    def _sent(self, delivery: Delivery) -> None:
        with self._watched.changing():
            self._deliveries.append(delivery)

    def _acknowledged(self, delivery: Delivery, answer: JSON | None) -> None:
        with self._watched.changing():
            delivery.acked_after = time.monotonic() - delivery.sent_at
            delivery.answer = answer

    async def _begin(self, _app: web.Application) -> None:
        self._loop = asyncio.get_running_loop()

    async def _end(self, _app: web.Application) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, parcel: Parcel) -> None:
        self._start(self._carry(parcel), parcel.settled.set)

    def _start(self, work: Coroutine[Any, Any, None], ended: Callable[[], None] = lambda: None) -> None:
        """Run ``work`` beside everything else; ``ended`` is called however it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: ended())

    async def _carry(self, parcel: Parcel) -> None:
        pauses = (0.0, *self._redelivery) if parcel.kind == "events_api" else (0.0,)
        reason = ""
        for attempt, pause in enumerate(pauses, start=parcel.retry_attempt):
            await asyncio.sleep(pause)
            try:
                parcel.answer(await self._attempt(parcel, attempt))
            except TimeoutError:
                reason = "operation_timeout"
            except ConnectionError:
                reason = "dispatch_failed"
            else:
                return
        parcel.fail(reason)
