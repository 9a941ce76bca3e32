"""Check Block Kit's composition objects, interactive elements, charts and data tables: fields and limits.

Limits are those of slack_sdk's models (3.47) and docs.slack.dev/reference/block-kit (for charts and tables:
data-visualization-block, data-table-block); where both say nothing, of Slack's answers as people report them.
"""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.blockkit_shapes import (
    Check,
    Shape,
    anything,
    array,
    boolean,
    both,
    either,
    integer,
    one_of,
    pattern,
    problem,
    shaped,
    string,
    variant,
)

ACTION_ID = string(255)
DATE = pattern(r"\d{4}-\d{2}-\d{2}", "YYYY-MM-DD")
TIME = pattern(r"([01]\d|2[0-3]):[0-5]\d", "HH:mm")
SOME_ID = string(255)


def plain(most: int) -> Check:
    """Return a ``plain_text`` object; an empty one is refused, as Slack does."""
    return variant({"plain_text": shaped({"type": anything, "text": string(most)}, {"emoji": boolean})})


def text(most: int) -> Check:
    """Return a ``plain_text`` or ``mrkdwn`` object."""
    return variant(
        {
            "plain_text": shaped({"type": anything, "text": string(most)}, {"emoji": boolean}),
            "mrkdwn": shaped({"type": anything, "text": string(most)}, {"verbatim": boolean}),
        }
    )


CONFIRM = shaped(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)


def option(label: Check, **more: Check) -> Check:
    """Return one choice; its value at most 150 characters."""
    return shaped({"text": label, "value": string(150)}, {"description": plain(75), **more})


CHOICE = option(plain(75))
RICH_CHOICE = option(text(75), description=text(75))
CHOICES = {"options": array(CHOICE, 100)}
GROUPS = {"option_groups": array(shaped({"label": plain(75), **CHOICES}), 100)}
SEVERAL = {"max_selected_items": integer(1, 1000)}


def choices_of(element: dict[str, Any]) -> list[Any]:
    """Return all options of an element, those inside groups included."""
    groups = element.get("option_groups") or []
    grouped = [choice for group in groups if isinstance(group, dict) for choice in group.get("options") or []]
    return [*(element.get("options") or []), *grouped]


def initial_among_options(element: Any, at: str) -> Iterator[str]:
    """Yield a finding where what is chosen at first is none of the options, letter by letter."""
    if not isinstance(element, dict):
        return
    chosen = element.get("initial_options") or [element.get("initial_option")]
    offered = choices_of(element)
    if any(each is not None and each not in offered for each in chosen):
        yield problem("initial option must exactly match one of the options", at)


def _element(required: Shape | None = None, optional: Shape | None = None, *more: Check) -> Check:
    """An interactive element: every one may have an ``action_id`` and take the focus."""
    fields = {"action_id": ACTION_ID, "focus_on_load": boolean, **(optional or {})}
    return both(shaped({"type": anything, **(required or {})}, fields), *more)


def _select(optional: Shape, *more: Check) -> Check:
    return _element({}, {"placeholder": plain(150), "confirm": CONFIRM, **optional}, *more)


def _picker(**optional: Check) -> Check:
    return _element({}, {"confirm": CONFIRM, **optional})


def _chooser(most: int, initial: Shape) -> Check:
    return _element(
        {"options": array(RICH_CHOICE, most)}, {"confirm": CONFIRM, **initial}, initial_among_options
    )


def _typed(required: Shape | None = None, **optional: Check) -> Check:
    return _element(required, {"placeholder": plain(150), "dispatch_action_config": anything, **optional})


def _ids(kind: str) -> dict[str, Check]:
    """Both select menus over people, conversations or channels."""
    filters = {"filter": anything, "default_to_current_conversation": boolean}
    return {
        f"{kind}s_select": _select({f"initial_{kind}": SOME_ID, "response_url_enabled": boolean, **filters}),
        f"multi_{kind}s_select": _select({f"initial_{kind}s": array(SOME_ID, 100), **SEVERAL, **filters}),
    }


BUTTON = _element(
    {"text": plain(75)},
    {
        "value": string(2000, least=0),
        "url": string(3000),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)

CLICKED: dict[str, Check] = {
    "button": BUTTON,
    "overflow": _element({"options": array(option(plain(75), url=string(3000)), 5)}, {"confirm": CONFIRM}),
}
"""Elements that act at once and keep no value."""

CHOSEN: dict[str, Check] = {
    "static_select": _select(
        {**CHOICES, **GROUPS, "initial_option": CHOICE},
        either("options", "option_groups"),
        initial_among_options,
    ),
    "multi_static_select": _select(
        {**CHOICES, **GROUPS, **SEVERAL, "initial_options": array(CHOICE, 100)},
        either("options", "option_groups"),
        initial_among_options,
    ),
    **_ids("user"),
    **_ids("conversation"),
    **_ids("channel"),
    "datepicker": _picker(initial_date=DATE, placeholder=plain(150)),
    "timepicker": _picker(initial_time=TIME, placeholder=plain(150), timezone=string(100)),
    "datetimepicker": _picker(initial_date_time=integer(1_000_000_000, 9_999_999_999)),
    "checkboxes": _chooser(10, {"initial_options": array(RICH_CHOICE, 10)}),
    "radio_buttons": _chooser(10, {"initial_option": RICH_CHOICE}),
}
"""Elements that keep a value and may stand anywhere."""

TYPED: dict[str, Check] = {
    "plain_text_input": _typed(
        initial_value=string(3000, least=0),
        multiline=boolean,
        min_length=integer(0, 3000),
        max_length=integer(1, 3000),
    ),
    "number_input": _typed(
        {"is_decimal_allowed": boolean},
        initial_value=string(100),
        min_value=string(100),
        max_value=string(100),
    ),
    "email_text_input": _typed(initial_value=string(3000)),
    "url_text_input": _typed(initial_value=string(3000)),
    "file_input": _element({}, {"filetypes": array(string(30), 100), "max_files": integer(1, 10)}),
}
"""Elements that stand in an input block only."""

IMAGE = shaped(
    {"type": anything, "alt_text": string(2000)}, {"image_url": string(3000), "slack_file": anything}
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
