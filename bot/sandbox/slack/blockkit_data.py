"""Hold Slack's rules for charts and data tables, which messages alone may hold.

Source: docs.slack.dev/reference/block-kit/blocks/data-visualization-block and data-table-block; that a
message holds at most two charts was found by others and stands nowhere.
"""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.blockkit_shapes import (
    Check,
    anything,
    array,
    both,
    integer,
    one_of,
    problem,
    shaped,
    string,
    variant,
)

MOST_CHARTS = 2


def _number(value: object, at: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield problem("must be a number", at)


_POINT = shaped({"label": string(20), "value": _number})
_SERIES = shaped({"name": string(20), "data": array(_POINT, 20)})
_AXES = shaped({"categories": array(string(20), 20)}, {"x_label": string(50), "y_label": string(50)})


def _fitting(chart: object, at: str) -> Iterator[str]:
    """Find series without one point for each category, and categories or names that repeat."""
    if not isinstance(chart, dict):
        return
    categories = _named(chart.get("axis_config"), "categories")
    if len(set(categories)) != len(categories):
        yield problem("categories must be unique", f"{at}/axis_config/categories")
    series = [each for each in _list(chart.get("series")) if isinstance(each, dict)]
    if len({str(each.get("name")) for each in series}) != len(series):
        yield problem("series names must be unique", f"{at}/series")
    for index, each in enumerate(series):
        labels = [point.get("label") for point in _list(each.get("data")) if isinstance(point, dict)]
        if sorted(map(str, labels)) != sorted(map(str, categories)):
            yield problem("labels must match the categories", f"{at}/series/{index}/data")


_PLOTTED = both(
    shaped({"type": one_of("line", "bar", "area"), "series": array(_SERIES, 6), "axis_config": _AXES}),
    _fitting,
)
_PIE = shaped({"type": one_of("pie"), "segments": array(_POINT, 6)})
_DRAWN = variant({"pie": _PIE, **dict.fromkeys(("line", "bar", "area"), _PLOTTED)})

CHART: Check = shaped({"type": anything, "title": string(50), "chart": _DRAWN}, {"block_id": string(255)})

_RAW: dict[str, Check] = {
    "raw_text": shaped({"type": anything, "text": string(3000)}),
    "raw_number": shaped({"type": anything, "value": _number, "text": string(3000)}),
}
_CELL = variant({**_RAW, "rich_text": anything})


def _even(table: object, at: str) -> Iterator[str]:
    """Find rows of another length, and rich text in the head."""
    rows = [
        row for row in _list(table.get("rows") if isinstance(table, dict) else None) if isinstance(row, list)
    ]
    if len({len(row) for row in rows}) > 1:
        yield problem("all rows must have the same length", f"{at}/rows")
    for index, cell in enumerate(rows[0] if rows else ()):
        yield from variant(_RAW)(cell, f"{at}/rows/0/{index}")


DATA_TABLE: Check = both(
    shaped(
        {"type": anything, "caption": string(3000), "rows": array(array(_CELL, 20), 201, least=2)},
        {"block_id": string(255), "page_size": integer(1, 100), "row_header_column_index": integer(0, 19)},
    ),
    _even,
)


def too_many_charts(blocks: object) -> Iterator[str]:
    """Say what Slack says of more charts in one message than it takes."""
    charts = [
        block
        for block in _list(blocks)
        if isinstance(block, dict) and block.get("type") == "data_visualization"
    ]
    if len(charts) > MOST_CHARTS:
        yield problem(f"no more than {MOST_CHARTS} data_visualization blocks allowed", "/blocks")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _named(value: Any, field: str) -> list[Any]:
    return _list(value.get(field)) if isinstance(value, dict) else []
