"""Post one signed event to the operator's receiver, never following a redirect; return its answer."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import requests
from standardwebhooks import Webhook

from bot.exchange.answer_details import retry_after
from bot.exchange.http.session import NotPublic, Wire
from bot.exchange.http.transport import content_of
from handlers.context.web_addresses import taken_apart
from storage.integrity.canonical import canonical
from storage.record.export import Event

CONTENT_TYPE = "application/cloudevents+json"


def event_id(event: Event) -> str:
    """The id of an event for ever: ``<tenant id>:<seq>``."""
    return f"{event['tenant']}:{event['seq']}"


def body_of(event: Event) -> str:
    """The body that is posted; the same event makes the same bytes."""
    return canonical(
        {
            "specversion": "1.0",
            "id": event_id(event),
            "source": f"legacytls/{event['tenant']}",
            "type": f"legacytls.{event['kind']}",
            "time": event["at"],
            "datacontenttype": "application/json",
            "data": event,
        }
    )


PATIENCE: Final = 15.0
"""Seconds one post may take, its answer included (Standard Webhooks: 15 to 30)."""

PRIVATE_SETTING: Final = "LEGACYTLS_EVENTS_PRIVATE"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one post.

    ``status`` is ``None`` when no answer came; ``retry_after`` in seconds, as it was asked for.
    """

    status: int | None
    retry_after: float | None = None
    not_public: bool = False
    """Whether nothing was sent, because the receiver has no public address."""

    @property
    def taken(self) -> bool:
        """Whether the event need not be sent again."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def gone(self) -> bool:
        """Whether the receiver says that it wants nothing any more."""
        return self.status == HTTPStatus.GONE

    @property
    def problem(self) -> str:
        """Why it was not taken, for people; nothing of what the receiver wrote."""
        if self.not_public:
            return f"it has no public address; if it stands in your own network, set {PRIVATE_SETTING}=true"
        if self.status is None:
            return "it gave no answer"
        if HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST:
            return f"it redirects (status {self.status}), which is never followed"
        return f"it answered with status {self.status}"


class Receiver:
    """One receiver: its address, and the secret that it knows the bot by.

    ``private``: it may have an address that is not public.
    """

    def __init__(self, url: str, secret: str, *, private: bool = False) -> None:
        self._url = str(taken_apart(url))
        self._webhook = Webhook(secret)
        self._wire = Wire(public_only=not private)
        self._wire.take_no_cookies()
        self.origin = taken_apart(url).origin
        """Scheme, host and port, which people may see."""

    def post(self, event: Event, now: datetime) -> Answer:
        """Post one event, once. Never raises."""
        body, number = body_of(event), event_id(event)
        headers = {
            "Content-Type": CONTENT_TYPE,
            "User-Agent": "legacytls",
            "webhook-id": number,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(number, now.astimezone(UTC), body),
        }
        try:
            with self._wire.post(
                self._url, data=body.encode(), headers=headers, timeout=PATIENCE, stream=True
            ) as answer:
                content_of(answer)
                return Answer(
                    answer.status_code, retry_after(answer.headers.get("Retry-After", ""), now, math.inf)
                )
        except NotPublic:
            return Answer(None, not_public=True)
        except (requests.RequestException, OSError):
            return Answer(None)
