"""Decide where the bot may post or connect when Slack, or a forged payload, names it, and reach it.

A ``response_url`` comes with a payload and is posted the live value, so a payload that only looks like
Slack's must not choose who reads it. Beside Slack's own hosts there is the host of ``SLACK_API_URL``, for a
gateway that stands in front of Slack; where that is this machine (the sandbox, a test), any port of it.

Nothing is redirected, and answers are read to a limit. Such an address is a secret of the moment: it is never
logged. A token is sent with a file's address only.
"""

import ssl
from collections.abc import Iterable
from typing import Any, Final

from slack_sdk import WebClient
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import HTTPError
from urllib3.util import make_headers, parse_url

from handlers.context.web_addresses import Address, taken_apart

HOOKS: Final = ("hooks.slack.com", "hooks.slack-gov.com")
"""Where ``response_url``s lead (docs.slack.dev/interactivity/handling-user-interaction). GovSlack runs under
slack-gov.com (api.slack-gov.com/gov-slack/about)."""

FILES: Final = ("files.slack.com", "files.slack-gov.com")
"""Where files are handed out (docs.slack.dev/reference/objects/file-object), and where
``files.getUploadURLExternal`` sends uploads to (``slack_sdk.WebClient.files_upload_v2``, step 2)."""

SOCKET_DOMAINS: Final = ("slack.com", "slack-gov.com", "slack-msgs.com")
"""Domains of Slack below which ``apps.connections.open`` names hosts, such as ``wss-primary.slack.com``
(docs.slack.dev/reference/methods/apps.connections.open); below ``slack-msgs.com`` in its older answers."""

USUAL_PORT: Final = 443


class Elsewhere(ValueError):
    """Refuse an address neither of Slack's nor of ``SLACK_API_URL``'s host, without repeating it."""


class Destinations:
    """Judges addresses for a bot whose ``SLACK_API_URL`` is ``api_url``."""

    def __init__(self, api_url: str) -> None:
        self._api = taken_apart(api_url)

    def hook(self, url: str) -> Address:
        """Take a ``response_url`` apart. Raises ``Elsewhere``."""
        address = _parts(url)
        return self._checked(address, {"https", "http"}, own=address.host in HOOKS)

    def upload(self, url: str) -> Address:
        """Take an ``upload_url`` apart. Raises ``Elsewhere``."""
        address = _parts(url)
        return self._checked(address, {"https", "http"}, own=address.host in FILES)

    def download(self, url: str) -> Address:
        """Take the ``url_private_download`` of a file apart, to which the token is sent.

        Raises ``Elsewhere``.
        """
        return self.upload(url)

    def socket(self, url: str) -> Address:
        """Take the address of a Socket Mode connection apart. Raises ``Elsewhere``."""
        address = _parts(url)
        return self._checked(address, {"wss", "ws"}, own=address.below(SOCKET_DOMAINS))

    def _checked(self, address: Address, schemes: set[str], *, own: bool) -> Address:
        slacks = own and address.encrypted and address.port == USUAL_PORT
        if address.scheme not in schemes or not (slacks or self._is_configured(address)):
            raise Elsewhere("the address is not one of Slack's")
        return address

    def _is_configured(self, address: Address) -> bool:
        if self._api.stays_here:
            return address.stays_here
        return (
            address.host == self._api.host
            and address.encrypted
            and address.port in {USUAL_PORT, self._api.port}
        )


def _parts(url: str) -> Address:
    try:
        return taken_apart(url)
    except ValueError:
        raise Elsewhere("the address is not one of Slack's") from None


PATIENCE: Final = 10.0
"""Seconds one post of a message may take, and each piece of an upload."""

UPLOAD_PATIENCE: Final = 60.0
"""Seconds that Slack may take to answer when a file has been sent."""

LARGEST_ANSWER: Final = 64 * 1024
"""Bytes that are read of an answer, of which only the status matters; a connection with more on it is
closed."""


class Outward:
    """Safe to share among threads.

    ``proxy`` is a URL with its scheme; ``tls`` is shared: loading the authorities is dear.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, proxy: str | None = None, connections: int = 16
    ) -> None:
        arguments: dict[str, Any] = {"maxsize": connections, "ssl_context": tls, "retries": False}
        self._direct = PoolManager(**arguments)
        self._outward = ProxyManager(**_through(proxy), **arguments) if proxy else self._direct

    @classmethod
    def of(cls, client: WebClient) -> "Outward":
        """Return the same TLS and the same proxy as a client of the Web API."""
        return cls(tls=client.ssl, proxy=client.proxy)

    def message(self, address: Address, body: bytes) -> int | None:
        """Post JSON and return the status; ``None`` when no answer came."""
        return self._post(
            address, body, {"Content-Type": "application/json;charset=utf-8"}, Timeout(total=PATIENCE)
        )

    def file(self, address: Address, content: bytes | Iterable[bytes], length: int) -> int | None:
        """Post ``length`` bytes of a file as they come; returns the status, ``None`` without an answer."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(length)}
        return self._post(address, content, headers, Timeout(connect=PATIENCE, read=UPLOAD_PATIENCE))

    def given(self, address: Address, token: str, most: int) -> tuple[int, bytes] | None:
        """Fetch a file's first ``most`` bytes by token, and the status; ``None`` without a whole answer."""
        way = self._direct if address.stays_here else self._outward
        headers, timeout = (
            {"Authorization": f"Bearer {token}"},
            Timeout(connect=PATIENCE, read=UPLOAD_PATIENCE),
        )
        try:
            answer = way.request(
                "GET", str(address), headers=headers, timeout=timeout, redirect=False, preload_content=False
            )
            content = answer.read(most, decode_content=False)
            answer.close()  # there may be more of it
        except (HTTPError, OSError, ValueError):
            return None
        return answer.status, content

    def _post(
        self, address: Address, body: bytes | Iterable[bytes], headers: dict[str, str], timeout: Timeout
    ) -> int | None:
        way = self._direct if address.stays_here else self._outward
        try:
            answer = way.request(
                "POST",
                str(address),
                body=body,
                headers=headers,
                timeout=timeout,
                redirect=False,
                preload_content=False,
            )
            _read_to_the_end(answer)
        except (HTTPError, OSError, ValueError):
            return None
        return answer.status


def _read_to_the_end(answer: BaseHTTPResponse) -> None:
    """So that the connection serves again; not unpacked, and no more than the limit."""
    left = LARGEST_ANSWER
    while left > 0:
        piece = answer.read(left, decode_content=False)
        if not piece:
            answer.release_conn()
            return
        left -= len(piece)
    answer.close()


def _through(proxy: str) -> dict[str, Any]:
    way = parse_url(proxy)
    headers = make_headers(proxy_basic_auth=way.auth) if way.auth else {}
    return {"proxy_url": way._replace(auth=None).url, "proxy_headers": headers}
