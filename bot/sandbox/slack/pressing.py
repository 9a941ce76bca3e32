"""Finding what a person means to press, and wording it as the one entry of ``actions``."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.blockkit import elements_of
from bot.sandbox.slack.inputs import KEYS, chosen
from bot.sandbox.slack.messages import JSON, Message

SHOWN = {"type", "action_id", "text", "value", "style", "url"}
"""Fields of an element that Slack sends along; ``placeholder``, ``confirm`` and options stay at home."""


@dataclass(frozen=True, slots=True)
class Press:
    """Return the pressed element, its block, and what was chosen or typed (``None`` for a button)."""

    block_id: str
    element: JSON
    state: JSON | None

    def as_action(self, action_ts: str) -> JSON:
        """Return the entry of ``actions``."""
        shown: JSON = {name: given for name, given in self.element.items() if name in SHOWN}
        return {**shown, "block_id": self.block_id, **(self.state or {}), "action_ts": action_ts}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person says they press.

    ``value`` tells buttons with the same ``action_id`` apart, or is the text typed.
    """

    action_id: str
    block_id: str | None = None
    value: str | None = None
    selected: Any = None

    def on(self, message: Message) -> Press:
        """Find it on a message, as it is now or as it was: a person's screen may be behind.

        Raises ``LookupError``.
        """
        for blocks in (message.blocks, *reversed(message.earlier)):
            for press in self._found(blocks):
                return press
        raise LookupError(f"{self} is not on {message.as_page()}")

    def among(self, *shown: list[JSON]) -> Press:
        """Find it in the blocks of a view, as it is now or as it was. Raises ``LookupError``."""
        for blocks in shown:
            for press in self._found(blocks):
                return press
        raise LookupError(f"{self} is not in {shown[0]}")

    def _found(self, blocks: list[JSON]) -> Iterator[Press]:
        for block in blocks:
            for element in elements_of(block):
                if element["action_id"] == self.action_id and self.block_id in {None, block["block_id"]}:
                    if element["type"] in KEYS:
                        yield Press(block["block_id"], element, chosen(element, self._given()))
                    elif self.value in {None, element.get("value")}:
                        yield Press(block["block_id"], element, None)

    def _given(self) -> Any:
        return self.value if self.selected is None else self.selected
