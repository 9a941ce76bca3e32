"""Make the Block Kit pieces everything is built of, checked by slack_sdk's own models."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

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
    """Draw a paragraph of our own words, already marked up; one too long for Slack ends in an ellipsis."""
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
    """Draw small print, one line each; what is too long for Slack ends in an ellipsis."""
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


POINTS, LABEL, TITLE = 20, 20, 50
"""Points of one chart, characters of a category and of a title."""

ROWS, ROWS_SHOWN = 100, 10
"""Rows of one table below its header, and of them those that stand on one of its pages."""

Cell: TypeAlias = Mapping[str, Any]


class Native(Block):
    """Send a block as it is spelled."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(type=str(fields["type"]))
        self._fields = dict(fields)

    def to_dict(self) -> dict[str, Any]:
        """Return the block as Slack takes it."""
        return dict(self._fields)


def bar_chart(title: str, points: Sequence[tuple[str, int]], *, x_label: str, y_label: str) -> Native:
    """Draw one bar for each of the last points: its own category, and a value of 0 or more.

    Raises ``ValueError`` where there is no point.
    """
    if not points:
        raise ValueError("a chart needs a point")
    shown = [(label[:LABEL], value) for label, value in points[-POINTS:]]
    data = [{"label": label, "value": value} for label, value in shown]
    axes = {
        "categories": [label for label, _ in shown],
        "x_label": x_label[:TITLE],
        "y_label": y_label[:TITLE],
    }
    chart = {"type": "bar", "series": [{"name": y_label[:LABEL], "data": data}], "axis_config": axes}
    return Native({"type": "data_visualization", "title": title[:TITLE], "chart": chart})


def data_table(caption: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Native:
    """Make a table that people sort, filter and page through, of as many rows as Slack takes."""
    table = [[cell(name) for name in header], *(list(row) for row in rows[:ROWS])]
    return Native({"type": "data_table", "caption": caption, "page_size": ROWS_SHOWN, "rows": table})


def cell(text: str) -> Cell:
    """Put text into a table, where Slack reads no mark-up; a dash for an empty one."""
    return {"type": "raw_text", "text": text or "-"}


def person_cell(person: str | None) -> Cell:
    """Put a person into a table, named as Slack names them to whoever looks; nobody as a dash."""
    if person is None:
        return cell("")
    part = {"type": "rich_text_section", "elements": [{"type": "user", "user_id": person}]}
    return {"type": "rich_text", "elements": [part]}


def number_cell(value: int) -> Cell:
    """Put a number into a table, which sorts by it."""
    return {"type": "raw_number", "value": value, "text": str(value)}
