"""The record of every envelope sent to the bot, and of what came back."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

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
