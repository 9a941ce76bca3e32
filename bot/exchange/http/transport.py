"""Carry one command to the admin API; bring back status, headers and bytes, or how far it got.

Judges nothing but the connection. The token goes to the service itself only: redirects are followed by hand,
for reads alone, and never out of the service. What came back is read raw, because Exchange labels 4 KiB of
NUL bytes as gzip in the very answer that matters most (a missing role), and ``requests`` then loses the
status.
"""

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from time import monotonic
from typing import Final

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from bot.exchange.http.session import Wire, was_sent
from bot.exchange.retries import CALL_LIMIT
from handlers.context.web_addresses import onward, taken_apart


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said.

    ``body`` is inflated where it truly was gzip; ``complete`` is false when it broke off.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True


class Silence(StrEnum):
    """Why there is no answer, as far as it matters later."""

    NOT_SENT = "not_sent"
    """No connection: nothing can have been processed."""
    UNTRUSTED = "untrusted"
    """No TLS connection with a certificate that verifies: nothing was sent, and trying again does not
    help."""
    LOST = "lost"
    """Sent at least in part, and then a time-out, a reset or gibberish: what happened is unknown."""


SIZE_LIMIT: Final = 2 * 1024 * 1024
"""Bytes of an answer, after it was unpacked: 199 KiB of gzip can be 1 GiB of text."""

_GZIP: Final = b"\x1f\x8b"


def content_of(response: requests.Response) -> tuple[bytes, bool]:
    """Read a streamed body and tell whether it is whole; more than ``SIZE_LIMIT`` bytes is broken off.

    The time limit stands in the connection itself. Gzip is undone where the bytes, not the header, say so.
    """
    content = bytearray()
    try:
        while len(content) <= SIZE_LIMIT:
            piece = response.raw.read(SIZE_LIMIT + 1 - len(content), decode_content=False)
            if not piece:
                return _inflated(bytes(content))
            content += piece
    except (HTTPError, OSError):
        return bytes(content), False
    return bytes(content[:SIZE_LIMIT]), False


def _inflated(content: bytes) -> tuple[bytes, bool]:
    if not content.startswith(_GZIP):
        return content, True
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(content, SIZE_LIMIT)
    except zlib.error:
        return content, False
    return plain, inflater.eof


REDIRECTS: Final = 3
HTTPS: Final = 443
INNER_PORT: Final = 446
_REDIRECTING: Final = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)


class _Bearer(AuthBase):
    """Puts the token on the request; its presence keeps ``~/.netrc`` out, and its repr tells nothing."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """Post to one admin API (``https://host``) over one kept-alive session; threads may share it.

    ``connections`` are a session that is shared with other tenants, and keeps no cookie.
    """

    def __init__(self, origin: str, connections: Wire | None = None) -> None:
        self._origin = origin
        self._base = origin
        self._wire, self._owns_wire = connections or Wire(), connections is None

    def post(
        self,
        path: str,
        payload: object,
        *,
        token: str,
        headers: Mapping[str, str],
        timeout: float = CALL_LIMIT,
        begin_by: float = math.inf,
        follow: bool,
    ) -> Answer | Silence:
        """Post ``payload`` as JSON and wait at most ``timeout`` seconds for the whole answer. Never raises.

        After ``begin_by`` (monotonic clock) nothing is sent, not even over a connection that took until then
        to open. ``follow`` sends it again to where a redirect inside the service points; without it a
        redirect is the answer.
        """
        until = monotonic() + timeout
        body = json.dumps(payload, separators=(",", ":")).encode()
        url, auth = self._base + path, _Bearer(token)
        answer = self._once(url, body, auth, headers, until=until, begin_by=begin_by)
        for _ in range(REDIRECTS):
            target = self._onward(url, answer) if follow else None
            if target is None:
                break
            url = target
            answer = self._once(url, body, auth, headers, until=until, begin_by=begin_by)
        self._settle_on(url, answer)
        return answer

    def close(self) -> None:
        """Close the connections, if they are its own; a call in flight ends by itself."""
        if self._owns_wire:
            self._wire.close()

    def _once(
        self,
        url: str,
        body: bytes,
        auth: AuthBase,
        headers: Mapping[str, str],
        *,
        until: float,
        begin_by: float,
    ) -> Answer | Silence:
        given = {
            **headers,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        remaining = until - monotonic()
        if remaining <= 0:
            return Silence.NOT_SENT
        try:
            response = self._wire.request(
                "POST",
                url,
                data=body,
                headers=given,
                auth=auth,
                stream=True,
                timeout=remaining,
                begin_by=begin_by,
            )
        # ValueError: a header that cannot be one
        except (requests.RequestException, HTTPError, OSError, ValueError) as failure:
            return _silence(failure)
        with response:
            content, complete = content_of(response)
        whole = complete and (bool(content) or _says_its_length(response))
        return Answer(response.status_code, response.headers, content, whole)

    def _onward(self, url: str, answer: Answer | Silence) -> str | None:
        """Return where to post again; ``None`` when this is the answer or it leads out of the service."""
        if not isinstance(answer, Answer) or answer.status not in _REDIRECTING:
            return None
        location = answer.headers.get("Location", "")
        return _inside(self._origin, url, location) if location else None

    def _settle_on(self, url: str, answer: Answer | Silence) -> None:
        """Keep to the regional host that answered; go back to the front door when it is not reachable."""
        if isinstance(answer, Answer) and answer.status < HTTPStatus.MULTIPLE_CHOICES:
            self._base = taken_apart(url).origin
        elif answer is Silence.NOT_SENT:
            self._base = self._origin


def _silence(failure: Exception) -> Silence:
    if was_sent():
        return Silence.LOST
    return Silence.UNTRUSTED if isinstance(failure, requests.exceptions.SSLError) else Silence.NOT_SENT


def _inside(origin: str, url: str, location: str) -> str | None:
    """Return where ``location`` points within the service, port 446 made 443; ``None`` for elsewhere.

    Some tenants are sent on to ``<prefix>.outlook.office365.com``, one name below the front door's own, which
    is known to name its inner port 446. On loopback another port is another program, so there nothing but the
    very same origin counts.
    """
    try:
        home, there = taken_apart(origin), onward(taken_apart(url), location)
    except ValueError:
        return None
    if home.stays_here:
        return str(there) if there.origin == home.origin else None
    prefix, _, parent = there.host.partition(".")
    belongs = there.host == home.host or (prefix and parent == home.host)
    if there.scheme != "https" or not belongs or there.port not in {HTTPS, INNER_PORT, home.port}:
        return None
    return str(replace(there, port=home.port if there.port == home.port else HTTPS))


def _says_its_length(response: requests.Response) -> bool:
    """Tell whether an empty body is complete: without a length it may have broken off in the headers."""
    named = {"Content-Length", "Transfer-Encoding"} & {name.title() for name in response.headers}
    return bool(named) or response.status_code in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
