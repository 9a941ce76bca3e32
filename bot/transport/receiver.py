"""Take one payload of Slack's to Bolt and return the acknowledgement, for either way in.

Who carries it has made sure that it is Slack's: by the app-level token's connection, or by the signature. It
must never raise: a payload of a shape that Slack does not send is refused, and everything else is Bolt's and
the listeners' business.
"""

import re
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from slack_bolt import App, BoltRequest, BoltResponse

from storage.database.correlation import correlated

log = structlog.get_logger(__name__)

NEWS = ("app_rate_limited",)
"""What Slack tells and nobody has to act upon (docs.slack.dev, apis/events-api, rate limiting): with no event
in it."""

MOST_SORTS = 100
"""Sorts of unheard payloads that are logged at most."""

Noted = Callable[[str, float], None]
"""Told the kind of a payload and the seconds from its receipt until its acknowledgement could leave."""

_NO_HEADERS: Mapping[str, str] = {}

_BOLTS_OWN = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What Bolt raises while it looks for a listener, over shapes that Slack never sends; what listeners raise,
it hands on."""

_KINDS: Mapping[str, type] = {
    "type": str, "command": str, "text": str, "user_id": str, "channel_id": str, "response_url": str,
    "trigger_id": str, "actions": list, "event": dict, "view": dict, "user": dict, "team": dict,
    "channel": dict, "container": dict,
}  # fmt: skip


_SORT = re.compile(r"[a-z][a-z0-9_.]{0,63}")
"""How Slack spells its types (docs.slack.dev, the list of events); whatever else stands there is not
logged."""


def _sort(said: object) -> str:
    return said if isinstance(said, str) and _SORT.fullmatch(said) else "(none of Slack's)" if said else ""


class Receiver:
    """Hands payloads to ``app``, from any thread."""

    def __init__(self, app: App, noted: Noted) -> None:
        self._app = app
        self._noted = noted
        self._seen: set[tuple[str, str]] = set()
        """Sorts of payload that nobody listens to, as far as they were logged."""

    def take(
        self, payload: object, received: float, headers: Mapping[str, str] = _NO_HEADERS
    ) -> BoltResponse:
        """Dispatch a payload received at this ``time.perf_counter``; 400 when its shape is unknown."""
        if not isinstance(payload, dict):
            return _malformed("no object")
        if payload.get("type") in NEWS:
            return self._unheard(payload)
        odd = odd_field(payload)
        if odd:
            return _malformed(odd)
        try:
            with correlated():
                return self._dispatch(payload, received, headers)
        except _BOLTS_OWN as wrong:
            return _malformed(type(wrong).__name__)

    def _dispatch(self, payload: dict[str, Any], received: float, headers: Mapping[str, str]) -> BoltResponse:
        # For Bolt, "socket_mode" means: parsed already, and known to come from Slack.
        response = self._app.dispatch(BoltRequest(mode="socket_mode", body=payload, headers=dict(headers)))
        if response.status == HTTPStatus.NOT_FOUND:
            return self._unheard(payload)
        kind, seconds = kind_of(payload), time.perf_counter() - received
        self._noted(kind, seconds)
        if kind != "command":  # which decides nothing by itself, and comes in bursts
            log.info("slack.acknowledged", kind=kind, status=response.status, seconds=round(seconds, 3))
        return response

    def _unheard(self, payload: Mapping[str, Any]) -> BoltResponse:
        """Acknowledge what nobody listens to: left alone, Slack would send it again four times.

        Each sort is logged once.
        """
        event = payload.get("event")
        sort = (_sort(payload.get("type")), _sort(event.get("type")) if isinstance(event, dict) else "")
        if sort not in self._seen and len(self._seen) < MOST_SORTS:
            self._seen.add(sort)
            log.info("slack.unheard", kind=sort[0], name=sort[1])
        return BoltResponse(status=200)


def odd_field(payload: Mapping[str, Any]) -> str:
    """Name the first field of a kind that Slack never sends and Bolt fails on; empty if none."""
    for name, kind in _KINDS.items():
        found = payload.get(name)
        if found is not None and not isinstance(found, kind):
            return name
    event = payload.get("event")
    if payload.get("type") == "event_callback" and not (
        isinstance(event, dict) and isinstance(event.get("type"), str)
    ):
        return "event"
    if isinstance(event, dict) and not isinstance(event.get("function", {}), dict):
        return "event.function"
    actions = payload.get("actions", [{}])
    return "" if actions and isinstance(actions[0], dict) else "actions"


def kind_of(payload: Mapping[str, Any]) -> str:
    """Return the kind of a payload in one of a few words, for counting."""
    if "command" in payload:
        return "command"
    kind = payload.get("type")
    return kind if kind in ("block_actions", "view_submission", "event_callback") else "other"


def _malformed(problem: str) -> BoltResponse:
    log.warning("slack.malformed", problem=problem)
    return BoltResponse(status=400, body="This is no payload of Slack's.")
