"""Ask an RFC 3161 service for a time stamp of some bytes; check the answer before returning it."""

from datetime import timedelta
from typing import Final

import requests
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from bot.exchange.http.session import NotPublic, Wire
from bot.exchange.http.transport import content_of
from bot.stream.timestamp_tokens import WrongToken, read_token
from handlers.context.web_addresses import taken_apart
from handlers.ports import Clock, TimeStamp, Unavailable

PATIENCE: Final = 20.0
"""Seconds that the service may take, its whole answer included."""

LARGEST: Final = 64 * 1024
"""Bytes of an answer: a token with its chain has some thousands."""

OFF: Final = timedelta(minutes=10)
"""By how much its time may differ from this machine's: one that differs more proves another time than the one
it was asked at."""

PRIVATE_SETTING: Final = "LEGACYTLS_TIMESTAMP_PRIVATE"


class TimeStampService:
    """Implements ``handlers.ports.TimeStamps`` over HTTP (RFC 3161, 3.4).

    ``private``: it may have an address that is not public.
    """

    def __init__(self, url: str, *, clock: Clock, private: bool = False) -> None:
        self._url = str(taken_apart(url))
        self._clock = clock
        self._wire = Wire(public_only=not private)
        self._wire.take_no_cookies()

    def stamp(self, data: bytes) -> TimeStamp:
        """Have some bytes stamped; only their hash is sent. Raises ``Unavailable``."""
        request = (
            TimestampRequestBuilder()
            .data(data)
            .hash_algorithm(HashAlgorithm.SHA256)
            .cert_request(cert_request=True)
            .build()
        )
        answer = self._posted(request.as_bytes())
        try:
            token = read_token(answer, data, nonce=request.nonce)
        except WrongToken as wrong:
            raise Unavailable(f"The time-stamping service's answer is of no use: {wrong}.") from wrong
        if abs(token.at - self._clock()) > OFF:
            raise Unavailable("The time-stamping service names another time than this machine's clock.")
        return TimeStamp(token=answer, at=token.at, authority=token.authority, verified=token.verified)

    def _posted(self, body: bytes) -> bytes:
        headers = {
            "Content-Type": "application/timestamp-query",
            "Accept": "application/timestamp-reply",
            "User-Agent": "legacytls",
        }
        try:
            with self._wire.post(
                self._url, data=body, headers=headers, timeout=PATIENCE, stream=True
            ) as answer:
                content, whole = content_of(answer)
        except NotPublic:
            raise Unavailable(
                "The time-stamping service has no public address; if it stands in your own network, set "
                f"{PRIVATE_SETTING}=true."
            ) from None
        except (requests.RequestException, OSError):
            raise Unavailable("The time-stamping service gave no answer.") from None
        if answer.status_code != requests.codes.ok:
            raise Unavailable(f"The time-stamping service answered with status {answer.status_code}.")
        if not whole or len(content) > LARGEST:
            raise Unavailable("The time-stamping service's answer is not whole, or far too long.")
        return content
