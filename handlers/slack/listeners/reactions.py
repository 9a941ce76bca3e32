"""Keep reactions before Slack's event is acknowledged, so that an acknowledged vote is never lost.

When it cannot be kept the listener raises, Bolt does not acknowledge, and Slack sends the event again.
"""

from typing import Any

from handlers.slack.edge import Edge
from handlers.slack.parsing import reaction


class Reactions:
    """The listener for reactions added and removed."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def listen(self, body: dict[str, Any]) -> None:
        """Keep a reaction that decides, or looks like it, and hand it over; every other is ignored.

        Raises ``Unreachable``.
        """
        rule = self._edge.around.rule
        found = reaction(
            body,
            approve=rule.approve_emoji,
            reject=rule.reject_emoji,
            channels=self._edge.dispatch.channels,
            bot=self._edge.bot_user,
        )
        if found is None:
            return
        command, interaction = found
        kept = self._edge.dispatch.take(command, interaction)
        if kept is not None:
            self._edge.work(kept)
