"""Spell charts and data tables as Slack draws them: extras beside a text that says the same.

slack_sdk 3.47 has no class for either, so they are spelled out. Where they are not known Slack answers
`invalid_blocks`.
Limits: docs.slack.dev/reference/block-kit/blocks/data-visualization-block and data-table-block.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from slack_sdk.models.blocks import Block

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
