"""Do what buttons do that decide nothing: they show something, or open a form."""

from collections.abc import Callable
from functools import partial
from typing import Any

from slack_bolt import Ack, Respond

from handlers.slack.edge import BUSY, UNKNOWN_BUTTON, Edge, Reply
from handlers.slack.listeners import devices, what_if
from handlers.slack.listeners.commands import open_opt_out, open_request
from handlers.slack.parsing import (
    channel_of,
    number,
    person_of,
)
from handlers.slack.views import help_and_history, request_forms
from handlers.slack.views.card_buttons import (
    AGAIN,
    EXTEND,
    GIVE_REASON,
    IT_WAS_ME,
    OPT_OUT_NOW,
    WHAT_IF,
)
from storage.lifecycle import Kind

READS = frozenset({help_and_history.HISTORY_PAGE, help_and_history.OPEN_HISTORY, WHAT_IF}) | devices.READS
"""The buttons that only show something: nothing that leads to a change waits for them."""


class Shown:
    """What is shown to whoever presses such a button."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def show(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        """Acknowledge a press, and do what it asks for once that has left."""
        action = body["actions"][0]
        edge, reply = self._edge, Reply(self._edge, respond, person=person_of(body), channel=channel_of(body))
        ways: dict[str, Callable[[int], None]] = {
            GIVE_REASON: lambda value: self._give_reason(reply, body, value),
            IT_WAS_ME: lambda value: self._it_was_me(reply, body, value),
            help_and_history.HISTORY_PAGE: lambda value: self._page(reply, value),
            AGAIN: lambda value: open_request(edge, reply, body, Kind.OPT_IN, earlier=value),
            EXTEND: lambda value: open_request(edge, reply, body, Kind.EXTENSION, earlier=value),
            WHAT_IF: lambda value: what_if.press(edge, reply, value),
            OPT_OUT_NOW: lambda value: open_opt_out(edge, reply, body, earlier=value),
            **devices.shown(edge, reply, body),
        }
        name = str(action.get("action_id"))
        job = self._form_opener(name, reply, body)
        if name in ways:
            value = number(str(action.get("value")))
            job = partial(ways[name], value)
        ack()
        if job is None:
            edge.executor.follow(lambda: reply.say(UNKNOWN_BUTTON))
        elif not edge.do(reply, job, urgent=name not in READS):
            edge.executor.follow(lambda: reply.say(BUSY))

    def _form_opener(self, name: str, reply: Reply, body: dict[str, Any]) -> Callable[[], None] | None:
        """Do what a button about no change does, a form or history; ``None`` for other buttons."""
        if name == help_and_history.OPEN_OPT_OUT:
            return partial(open_opt_out, self._edge, reply, body)
        if name == help_and_history.OPEN_HISTORY:
            return partial(self._page, reply, None)
        kind = next((kind for kind, action in help_and_history.OPEN_FORM.items() if action == name), None)
        if kind:
            return partial(open_request, self._edge, reply, body, kind, unread=True)
        return devices.opener(self._edge, reply, body, name)

    def _it_was_me(self, reply: Reply, body: dict[str, Any], request_id: int) -> None:
        if reply.admits("claim", self._edge.dispatch.claims.may_claim(reply.person), request_id):
            self._edge.open_form(body, request_forms.claim(request_id))

    def _give_reason(self, reply: Reply, body: dict[str, Any], request_id: int) -> None:
        if reply.admits("reason", self._edge.dispatch.reasons.may_give(request_id, reply.person), request_id):
            self.open_reason(body, request_id)

    def _page(self, reply: Reply, before: int | None) -> None:
        if reply.admits("history", self._edge.dispatch.may_read(reply.person)):
            reply.finish(
                help_and_history.history(self._edge.dispatch.history.page(before=before), self._edge.zone)
            )

    def open_reason(self, body: dict[str, Any], request_id: int) -> None:
        """Open the form for the reason of a rejection. Raises ``Unavailable``."""
        self._edge.open_form(body, request_forms.rejection(request_id))
