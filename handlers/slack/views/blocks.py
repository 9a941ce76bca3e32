"""Make the Block Kit pieces everything is built of, checked by slack_sdk's own models."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    SectionBlock,
)

from handlers.slack.views.mrkdwn import SECTION, fitted, quotation

QUOTED = 300
"""Characters of what somebody typed where only its beginning is shown."""


@dataclass(frozen=True)
class Message:
    """A message for Slack: ``text`` for notifications and screen readers, ``blocks`` for everybody else.

    ``native`` are the same with charts and data tables, for a Slack that draws those; empty where it has
    none.
    """

    text: str
    blocks: Sequence[Block] = ()
    native: Sequence[Block] = ()

    def arguments(self, *, native: bool = False) -> dict[str, Any]:
        """Return the arguments of ``chat.postMessage`` and its relatives.

        Raises when a limit of Slack is exceeded.
        """
        if native and self.native:
            return {"text": self.text, "blocks": [block.to_dict() for block in self.native]}
        return {"text": self.text, "blocks": self._drawn} if self.blocks else {"text": self.text}

    @cached_property
    def _drawn(self) -> list[dict[str, Any]]:
        """Spell blocks out once, however many people get the message: it costs more than sending."""
        return [block.to_dict() for block in self.blocks]


def header(text: str) -> HeaderBlock:
    """Return a headline; plain text, at most 150 characters."""
    return HeaderBlock(text=text[:150])


def section(text: str) -> SectionBlock:
    """A paragraph of our own words, already marked up; what is too long for Slack ends in an ellipsis."""
    return SectionBlock(text=MarkdownTextObject(text=fitted(text, SECTION), verbatim=True))


def typed(label: str, text: str) -> list[Block]:
    """Quote all a person typed under a label: nothing in it can pass for the bot's own words.

    Every line is quoted, whatever breaks the lines; ``&``, ``<`` and ``>`` are escaped, so that nobody is
    mentioned and no link is made. Stars and the like may show as bold: inside the quotation.
    """
    return [section(f"*{label}*"), *(section(part) for part in quotation(text))] if text.strip() else []


def quoted(label: str, text: str, *, limit: int = QUOTED) -> list[Block]:
    """Quote the first ``limit`` characters a person typed, on one line under a label.

    A word is taken to have nine of them, so that short ones do not fill the screen either.
    """
    words = text.split()
    line = " ".join(words[: limit // 9])
    whole = len(words) <= limit // 9 and len(line) <= limit
    return typed(label, line if whole else f"{line[:limit]}…")


def small(lines: Iterable[str]) -> list[Block]:
    """Small print, one line each; what is too long for Slack ends in an ellipsis."""
    return [
        ContextBlock(elements=[MarkdownTextObject(text=fitted(line, SECTION), verbatim=True)])
        for line in lines
        if line
    ]


def divider() -> DividerBlock:
    """Return a thin line."""
    return DividerBlock()


def actions(*buttons: ButtonElement) -> ActionsBlock:
    """Return a row of buttons."""
    return ActionsBlock(elements=list(buttons))


def button(
    text: str, action: str, value: int, *, style: str | None = None, confirm: ConfirmObject | None = None
) -> ButtonElement:
    """Return a button that carries the number of a change and nothing else."""
    return ButtonElement(text=text, action_id=action, value=str(value), style=style, confirm=confirm)
