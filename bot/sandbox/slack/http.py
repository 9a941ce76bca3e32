"""Slack's other way to the bot: signed requests to the bot's own address.

Follows docs.slack.dev/apis/events-api/using-http-request-urls. Commands and interactions come as forms,
events as JSON; the body of the answer is the ack's payload, and an answer other than 2xx is no ack. Must
never decide what a payload or an answer means.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Sequence
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from bot.sandbox.shared.watched import Watched
from bot.sandbox.slack.cast import SIGNING_SECRET
from bot.sandbox.slack.deliveries import Carrier, Delivery, Parcel
from bot.sandbox.slack.messages import JSON

LOOK_EVERY = 0.1
"""Seconds between two looks whether the bot answers; Slack's check of the certificate is what it is asked."""
FORM = "application/x-www-form-urlencoded"


class HttpDelivery(Carrier):
    """Posts to ``target``, the bot's Request URL."""

    def __init__(
        self,
        watched: Watched,
        target: str,
        *,
        ack_within: float = 3.0,
        redelivery: Sequence[float] = (0.0, 60.0, 300.0),
    ) -> None:
        super().__init__(watched, ack_within=ack_within, redelivery=redelivery)
        self._target = target
        self._session: aiohttp.ClientSession | None = None
        self._reached = False

    def mount(self, app: web.Application) -> None:
        """Begin and end with the server."""
        app.on_startup.append(self._begin)
        app.on_shutdown.append(self._end)

    @property
    def connections(self) -> int:
        """1 while the bot answers, else 0."""
        return int(self._reached)

    async def _begin(self, app: web.Application) -> None:
        await super()._begin(app)
        self._session = aiohttp.ClientSession(trust_env=False)
        self._start(self._look())

    async def _end(self, app: web.Application) -> None:
        await super()._end(app)
        if self._session is not None:
            await self._session.close()

    async def _look(self) -> None:
        assert self._session is not None
        while True:
            reached = False
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with asyncio.timeout(1), self._session.get(f"{self._target}?ssl_check=1") as answer:
                    reached = answer.status == web.HTTPOk.status_code
            if reached is not self._reached:
                self._reached = reached
                self._watched.touch()
            await asyncio.sleep(LOOK_EVERY)

    async def _attempt(self, parcel: Parcel, attempt: int) -> JSON:
        assert self._session is not None
        reason = "http_timeout" if attempt else ""
        delivery = Delivery(secrets.token_hex(16), parcel.kind, parcel.payload, 0, attempt, reason)
        self._sent(delivery)
        body, kind = written(delivery)
        try:
            async with (
                asyncio.timeout(self.ack_within),
                self._session.post(
                    self._target, data=body, headers=signed(body, kind) | retries(delivery)
                ) as answer,
            ):
                text = await answer.text()
                if not answer.ok:
                    raise ConnectionError(f"the bot answered {answer.status}")
        except aiohttp.ClientError as error:
            raise ConnectionError(str(error)) from None
        payload = said(answer.content_type, text)
        self._acknowledged(delivery, payload or None)
        return payload


def written(delivery: Delivery) -> tuple[bytes, str]:
    """Return the body of the request and its content type."""
    if delivery.kind == "events_api":
        return json.dumps(delivery.payload).encode(), "application/json"
    if delivery.kind == "interactive":
        return urlencode({"payload": json.dumps(delivery.payload)}).encode(), FORM
    return urlencode(delivery.payload).encode(), FORM


def signed(body: bytes, kind: str) -> dict[str, str]:
    """Return the headers that show whose request it is, at this moment."""
    stamp = str(int(time.time()))
    digest = hmac.new(
        SIGNING_SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256
    ).hexdigest()
    return {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def retries(delivery: Delivery) -> dict[str, str]:
    """Return what a redelivered event says of itself."""
    if not delivery.retry_attempt:
        return {}
    return {"X-Slack-Retry-Num": str(delivery.retry_attempt), "X-Slack-Retry-Reason": delivery.retry_reason}


def said(kind: str, text: str) -> JSON:
    """Return the payload of an ack: JSON as it is, other text as a message, nothing as nothing."""
    if not text.strip():
        return {}
    if kind == "application/json" or text.lstrip().startswith("{"):
        decoded: JSON = json.loads(text)
        return decoded
    return {"text": text}
