"""Posts private answers to Slack's ``response_url``s, over connections that are kept open.

Bolt's ``respond`` opens a new connection for each answer, which costs more than everything else about it. A ``response_url`` is a
secret of the moment: it is used here and never logged.
"""

import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from urllib3 import HTTPResponse, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import HTTPError
from urllib3.util import make_headers, parse_url

from handlers.loopback import is_loopback

PATIENCE = 10.0
"""Seconds one post may take."""


class Answers:
    """Safe to share among threads. ``proxy`` is a URL with its scheme; ``tls`` is shared: loading the authorities is dear."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, proxy: str | None = None, connections: int = 16) -> None:
        arguments: dict[str, Any] = {
            "maxsize": connections, "ssl_context": tls, "timeout": Timeout(total=PATIENCE), "retries": False,
        }  # fmt: skip
        self._direct = PoolManager(**arguments)
        self._outward = ProxyManager(**_through(proxy), **arguments) if proxy else self._direct

    def post(self, url: str, message: dict[str, Any]) -> bool:
        """Post one message; whether Slack took it (404 after five uses or thirty minutes). Never raises for what comes back."""
        way = self._direct if is_loopback(urlsplit(url).hostname or "") else self._outward
        body = json.dumps(message).encode()
        try:
            answer = way.request("POST", url, body=body, headers={"Content-Type": "application/json;charset=utf-8"})
        except (HTTPError, OSError, ValueError):
            return False
        assert isinstance(answer, HTTPResponse)
        return answer.status == 200


def _through(proxy: str) -> dict[str, Any]:
    way = parse_url(proxy)
    headers = make_headers(proxy_basic_auth=way.auth) if way.auth else {}
    return {"proxy_url": way._replace(auth=None).url, "proxy_headers": headers}
