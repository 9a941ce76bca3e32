"""Take the opening of the App Home, and the shortcut: both show what can be done without a command."""

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, Respond

from handlers.queries.home import Homes
from handlers.slack.edge import BUSY, Edge, Reply
from handlers.slack.parsing import identity, person_of
from handlers.slack.views import home as view


class HomeOpened:
    """The listener for ``app_home_opened`` (docs.slack.dev/reference/events/app_home_opened)."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def listen(self, body: dict[str, Any]) -> None:
        """Have the page published; its other tab, the direct messages, is nobody's business.

        Raises ``Malformed``.
        """
        event = body.get("event")
        if isinstance(event, Mapping) and event.get("tab") == "home":
            self._edge.homes.opened(identity(event.get("user")), seen_hash(event))


class Shortcut:
    """The listener for the global shortcut: a small form with what is so and what can be done."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def listen(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        """Acknowledge and open the form within Slack's three seconds."""
        reply = Reply(self._edge, respond, person=person_of(body), channel="")
        ack()
        if not self._edge.do(reply, lambda: self._open(reply, body), urgent=True):
            self._edge.executor.follow(lambda: reply.say(BUSY))

    def open(self, body: Mapping[str, Any], respond: Respond) -> None:
        """Open the form once the shortcut is acknowledged. Raises ``Unavailable``."""
        self._open(Reply(self._edge, respond, person=person_of(body), channel=""), body)

    def _open(self, reply: Reply, body: Mapping[str, Any]) -> None:
        dispatch = self._edge.dispatch
        if reply.admits("shortcut", dispatch.may_read(reply.person)):
            self._edge.open_form(
                body, view.chooser(dispatch.query(Homes).page(reply.person), self._edge.zone)
            )


def seen_hash(told: Mapping[str, Any]) -> str:
    """Return the hash of the page that a person sees, from an event or payload; empty where it has none."""
    found = told.get("view")
    shown = found.get("hash") if isinstance(found, Mapping) and found.get("type") == "home" else None
    return shown if isinstance(shown, str) and len(shown) <= 200 else ""
