"""Carry payloads to the bot: acknowledged within seconds; events are sent again, others never.

Slack waits 3 seconds for an ack and redelivers events up to 3 times, never slash commands or interactions
(docs.slack.dev/apis/events-api). Must never decide what a payload or an answer means.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from aiohttp import web

from bot.sandbox.shared.watched import Watched
from bot.sandbox.slack.deliveries import Delivery, Parcel
from bot.sandbox.slack.messages import JSON


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
