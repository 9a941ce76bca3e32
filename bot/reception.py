"""Takes one payload of Slack's to Bolt and brings back the acknowledgement, the same for both ways to reach the bot.

Who carries it has made sure that it is Slack's: by the app-level token's connection, or by the signature. It must never raise:
a payload of a shape that Slack does not send is refused, and everything else is Bolt's and the listeners' business.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_bolt import App, BoltRequest, BoltResponse

log = structlog.get_logger(__name__)

Noted = Callable[[str, float], None]
"""Told the kind of a payload and the seconds from its receipt until its acknowledgement could leave."""

_NO_HEADERS: Mapping[str, str] = {}


class Reception:
    """Hands payloads to ``app``, from any thread."""

    def __init__(self, app: App, noted: Noted) -> None:
        self._app = app
        self._noted = noted

    def take(self, payload: object, received: float, headers: Mapping[str, str] = _NO_HEADERS) -> BoltResponse:
        """Dispatch a payload that arrived at ``received`` (``time.perf_counter``); 400 when it is none of Slack's shapes."""
        if not isinstance(payload, dict):
            return _malformed("no object")
        try:
            # For Bolt, "socket_mode" means: parsed already, and known to come from Slack.
            request = BoltRequest(mode="socket_mode", body=payload, headers=dict(headers))
        except (AttributeError, KeyError, TypeError, ValueError) as wrong:
            return _malformed(type(wrong).__name__)
        response = self._app.dispatch(request)
        self._noted(kind_of(payload), time.perf_counter() - received)
        return response


def kind_of(payload: Mapping[str, Any]) -> str:
    """The kind of a payload in one of a few words, for counting."""
    if "command" in payload:
        return "command"
    kind = payload.get("type")
    return kind if kind in ("block_actions", "view_submission", "event_callback") else "other"


def _malformed(problem: str) -> BoltResponse:
    log.warning("slack.malformed", problem=problem)
    return BoltResponse(status=400, body="This is no payload of Slack's.")
