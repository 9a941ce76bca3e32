"""What the bot sends while journeys are played: no block may be of a shape that Slack is not asked about."""

from typing import Any

from bot.sandbox.slack import chat, modals
from bot.sandbox.slack.blockkit import message_problems, view_problems
from handlers.slack.layouts.layout import Layout


class Sent:
    """Every shape that the simulated Slack has been sent, with its surface; ``watch`` has them noted."""

    def __init__(self) -> None:
        self.shapes: set[tuple[str, str]] = set()

    def watch(self, monkeypatch: Any) -> None:
        """Note what is judged: each message, form and page, before it is shown."""
        monkeypatch.setattr(chat, "message_problems", self._message)
        monkeypatch.setattr(modals, "view_problems", self._view)

    def _message(self, blocks: object) -> list[str]:
        problems = message_problems(blocks)
        if not problems:
            self.shapes |= Layout("sent", {"blocks": blocks}).shapes
        return problems

    def _view(self, view: object) -> list[str]:
        problems = view_problems(view)
        if not problems:
            self.shapes |= Layout("sent", {"view": view}).shapes
        return problems
