"""Post private answers to Slack's ``response_url``s.

Bolt's ``respond`` opens a new connection for each answer, which costs more than everything else about it,
posts to whatever host the payload names, and follows redirects.
"""

import json
import ssl
from typing import Any

import structlog
from slack_sdk.web.base_client import BaseClient

from handlers.slack.client.destinations import Destinations, Elsewhere, Outward
from handlers.suggested import all_without_alias

log = structlog.get_logger(__name__)


class Answers:
    """Safe to share among threads. ``api_url`` is ``SLACK_API_URL``; the rest as for ``Outward``."""

    def __init__(
        self,
        api_url: str = BaseClient.BASE_URL,
        *,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        connections: int = 16,
    ) -> None:
        self._destinations = Destinations(api_url)
        self._outward = Outward(tls=tls, proxy=proxy, connections=connections)

    def post(self, url: str, message: dict[str, Any]) -> bool:
        """Post one message; whether Slack took it (404 after five uses or thirty minutes).

        Never raises for what comes back. To a host that is not Slack's nothing is sent: the answer then goes
        another way, through the Web API.
        """
        try:
            address = self._destinations.hook(url)
        except Elsewhere:
            log.warning(
                "slack.response_url_refused",
                problem="it leads to a host that is not Slack's; nothing was sent there",
            )
            return False
        return self._outward.message(address, json.dumps(all_without_alias(message)).encode()) == 200
