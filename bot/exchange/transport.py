"""Carries one command to the admin API and brings back what came: status, headers and raw bytes, or how far it got.

Judges nothing but the connection. The token goes to the service itself only: redirects are followed by hand, for reads alone,
and never out of the service. What came back is read raw, because Exchange labels 4 KiB of NUL bytes as gzip in the very
answer that matters most (a missing role), and ``requests`` then loses the status.
"""

import json
import math
import zlib
from collections.abc import Mapping
from http import HTTPStatus
from time import monotonic
from typing import Final
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from bot.exchange.clouds import stays_here
from bot.exchange.received import Answer, Silence
from bot.exchange.wire import Wire, was_sent

SIZE_LIMIT: Final = 2 * 1024 * 1024
CALL_LIMIT: Final = 60.0
REDIRECTS: Final = 3
_REDIRECTING: Final = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
_GZIP: Final = b"\x1f\x8b"


class _Bearer(AuthBase):
    """Puts the token on the request; its presence keeps ``~/.netrc`` out, and its repr tells nothing."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """Posts to one admin API, given as an origin (``https://host``), over one kept-alive session; safe to share among threads."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._base = origin
        self._wire = Wire()

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

        After ``begin_by`` (monotonic clock) nothing is sent, not even over a connection that took until then to open.
        ``follow`` sends it again to where a redirect inside the service points; without it a redirect is the answer.
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
        """Close the connections; a call in flight ends by itself."""
        self._wire.close()

    def _once(
        self, url: str, body: bytes, auth: AuthBase, headers: Mapping[str, str], *, until: float, begin_by: float
    ) -> Answer | Silence:
        given = {**headers, "Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        remaining = until - monotonic()
        if remaining <= 0:
            return Silence.NOT_SENT
        try:
            response = self._wire.request(
                "POST", url, data=body, headers=given, auth=auth, stream=True, timeout=remaining, begin_by=begin_by
            )
        except (requests.RequestException, HTTPError, OSError, ValueError) as failure:  # ValueError: a header that cannot be one
            return _silence(failure)
        with response:
            content, complete = _content(response)
        whole = complete and (bool(content) or _says_its_length(response))
        return Answer(response.status_code, response.headers, content, whole)

    def _onward(self, url: str, answer: Answer | Silence) -> str | None:
        """Where to post again, or ``None`` when this is the answer: no redirect, or one that leads out of the service."""
        if not isinstance(answer, Answer) or answer.status not in _REDIRECTING:
            return None
        location = answer.headers.get("Location", "")
        return _inside(self._origin, url, location) if location else None

    def _settle_on(self, url: str, answer: Answer | Silence) -> None:
        """Keep to the regional host that answered, and return to the front door when that host is not there."""
        if isinstance(answer, Answer) and answer.status < HTTPStatus.MULTIPLE_CHOICES:
            self._base = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        elif answer is Silence.NOT_SENT:
            self._base = self._origin


def _silence(failure: Exception) -> Silence:
    if was_sent():
        return Silence.LOST
    return Silence.UNTRUSTED if isinstance(failure, requests.exceptions.SSLError) else Silence.NOT_SENT


def _inside(origin: str, url: str, location: str) -> str | None:
    """Where ``location`` points when that belongs to the service at ``origin``, port 446 made 443; ``None`` for anywhere else.

    Some tenants are sent on to ``<prefix>.outlook.office365.com``, and the front door is known to name its inner port 446.
    On loopback another port is another program, so there nothing but the very same origin counts.
    """
    try:
        target = urljoin(url, location)
        home, there = urlsplit(origin), urlsplit(target)
        host, port = there.hostname or "", there.port
    except ValueError:
        return None
    if stays_here(origin):
        return target if (there.scheme, there.netloc) == (home.scheme, home.netloc) else None
    at_home = home.hostname or ""
    belongs = host == at_home or host.endswith(f".{at_home}")
    if there.scheme != "https" or not belongs or port not in {None, 443, 446, home.port} or "@" in there.netloc:
        return None
    kept = f":{port}" if port == home.port and port is not None else ""
    return urlunsplit(("https", host + kept, there.path, there.query, ""))


def _says_its_length(response: requests.Response) -> bool:
    """Whether an empty body is known to be meant: without a length it may as well have broken off within the headers."""
    named = {"Content-Length", "Transfer-Encoding"} & {name.title() for name in response.headers}
    return bool(named) or response.status_code in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


def _content(response: requests.Response) -> tuple[bytes, bool]:
    """The body and whether it is whole; the time limit stands in the connection itself."""
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
    """Undo gzip where the bytes, not the header, say so; more than the limit counts as broken off."""
    if not content.startswith(_GZIP):
        return content, True
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(content, SIZE_LIMIT)
    except zlib.error:
        return content, False
    return plain, inflater.eof
