"""Carry MSAL's calls: to the authority alone, within one sign-in's time, with no answer but Entra's."""

import io
import json
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import requests

from bot.exchange.answer_details import retry_after
from bot.exchange.auth import entra_refusals
from bot.exchange.clouds import MICROSOFT_AUTHORITIES
from bot.exchange.http.session import Wire
from bot.exchange.http.transport import SIZE_LIMIT, content_of
from handlers.context.web_addresses import Address, taken_apart


class Gibberish(requests.RequestException):
    """An answer that is no JSON object where only that makes sense."""


class Elsewhere(requests.RequestException):
    """An address in Entra's answer that is not Entra's: the credential is not sent there."""


class EntraWire(Wire):
    """Limit the time of all calls of one MSAL sign-in, and keep the last refusal for its code.

    ``authority`` is where to sign in: MSAL takes the address to which it sends the credential from an answer,
    so each one is judged here. ``None`` for a managed identity, whose endpoint the environment names.
    """

    def __init__(self, authority: str | None, connections: Wire | None = None) -> None:
        super().__init__(surroundings=authority is not None, shared=connections)
        self.headers["Accept-Encoding"] = "identity"
        # MSAL copies both to the session of its own that it makes for Service Fabric
        self.hooks["response"].append(_bounded)
        self._until = 0.0
        self._authority = taken_apart(authority) if authority is not None else None
        self.status = 0
        self.code: int | None = None
        self.retry_after: float | None = None

    def begin(self, seconds: float) -> None:
        """Start a sign-in that may take so long.

        What is known of the last answer stays: MSAL may give that answer again.
        """
        self._until = monotonic() + seconds

    def request(
        self, method: str | bytes, url: str | bytes, *arguments: Any, **named: Any
    ) -> requests.Response:
        """Make one call of the sign-in, and keep its status and refusal.

        Raises ``requests.RequestException``.
        """
        remaining = self._until - monotonic()
        if remaining <= 0:
            raise requests.Timeout("the sign-in took too long")
        address = self._judged(url if isinstance(url, str) else url.decode())
        response = super().request(
            method, str(address), *arguments, **(named | {"timeout": remaining, "stream": True})
        )
        failed = response.status_code >= 400
        self.status = response.status_code
        self.code = entra_refusals.code_in(response.text) if failed else None
        self.retry_after = (
            retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC)) if failed else None
        )
        if response.status_code < 300 or (self._authority is not None and response.status_code < 500):
            _must_be_object(response)
        return response

    def _judged(self, url: str) -> Address:
        """The parts of an address that may have the credential. Raises ``Elsewhere``."""
        try:
            address = taken_apart(url)
        except ValueError:
            raise Elsewhere("the answer names no plain web address") from None
        if self._authority is not None and not belongs_to(address, self._authority):
            raise Elsewhere("the answer names a host that is not the authority's")
        return address


def belongs_to(address: Address, authority: Address) -> bool:
    """Tell whether an address belongs to the authority: its own host, or another of Microsoft's hosts.

    Microsoft's name each other: a tenant of its government clouds, or an older name of the same service.
    Those in China are another company's, 21Vianet's.
    """
    if not address.encrypted:
        return False
    if authority.stays_here:
        return address.stays_here
    both = {address.host, authority.host}
    known = both <= MICROSOFT_AUTHORITIES and len({host.endswith(".cn") for host in both}) == 1
    return address.port == authority.port and (known or address.host == authority.host)


def _bounded(response: requests.Response, *_: object, **__: object) -> requests.Response:
    """Read an answer to the limit, unpacked, before anybody reads it whole or follows it elsewhere.

    Raises ``Gibberish`` beyond the limit and for a redirect, ``requests.ConnectionError`` for what broke off.
    """
    with response:
        if response.is_redirect:
            raise Gibberish("the answer is a redirect")
        content, whole = content_of(response)
    if not whole and len(content) < SIZE_LIMIT:
        raise requests.ConnectionError("the answer broke off")
    if not whole:
        raise Gibberish("the answer is larger than any of Entra's")
    response.raw = io.BytesIO(content)
    response.headers.pop("Content-Encoding", None)
    return response


def _must_be_object(response: requests.Response) -> None:
    """Raises ``Gibberish``: MSAL would log the text, and half a token answer holds a whole token."""
    try:
        found = json.loads(response.text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Gibberish("the answer is no JSON object")
