"""Block Kit's limits and shapes: what is at the limit passes, one more is refused, and the SDK's own models
agree."""

import copy
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models import blocks as kit
from slack_sdk.models.views import View

from bot.sandbox.slack.blockkit import message_problems, view_problems
from bot.sandbox.slack.simulation import Slack

Json = dict[str, Any]


def _plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def _mrkdwn(length: int) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def _option(number: int = 0, *, text: int = 5, value: int = 5) -> Json:
    return {"text": _plain(text), "value": f"{number:05}"[:value].ljust(value, "x")}


def _button(number: int = 0, **more: Any) -> Json:
    return {"type": "button", "action_id": f"a{number}", "text": _plain(5), **more}


def _actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def _confirm(title: int = 5, text: int = 5, button: int = 5) -> Json:
    return {"title": _plain(title), "text": _mrkdwn(text), "confirm": _plain(button), "deny": _plain(5)}


def _select(count: int = 1, **more: Any) -> Json:
    return {
        "type": "static_select",
        "action_id": "s",
        "options": [_option(number) for number in range(count)],
        **more,
    }


def _image(length: int) -> Json:
    return {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "x" * length}


def _chart(
    points: int = 1, *, label: int = 3, title: int = 5, categories: int | None = None, series: int = 1
) -> Json:
    names = [
        f"{number:03}".ljust(label, "x") for number in range(points if categories is None else categories)
    ]
    data = [{"label": f"{number:03}".ljust(label, "x"), "value": number} for number in range(points)]
    plotted = [{"name": f"s{number}", "data": data} for number in range(series)]
    chart = {"type": "bar", "series": plotted, "axis_config": {"categories": names}}
    return {"type": "data_visualization", "title": "x" * title, "chart": chart}


def _table(rows: int = 2, columns: int = 2, **more: Any) -> Json:
    cells = [[{"type": "raw_text", "text": "x"}] * columns for _ in range(rows)]
    return {"type": "data_table", "caption": "x", "rows": cells, **more}


AT_THE_LIMIT = [
    ("categories", lambda over: _chart(1, label=20 + over) | {"title": "x"}),
    ("chart title", lambda over: _chart(title=50 + over)),
    ("series", lambda over: _chart(series=6 + over)),
    ("table rows", lambda over: _table(201 + over)),
    ("section text", lambda over: {"type": "section", "text": _mrkdwn(3000 + over)}),
    ("section fields", lambda over: {"type": "section", "fields": [_mrkdwn(5)] * (10 + over)}),
    ("a field", lambda over: {"type": "section", "fields": [_mrkdwn(2000 + over)]}),
    ("header", lambda over: {"type": "header", "text": _plain(150 + over)}),
    ("context elements", lambda over: {"type": "context", "elements": [_mrkdwn(5)] * (10 + over)}),
    ("actions", lambda over: _actions(*[_button(number) for number in range(25 + over)])),
    ("button text", lambda over: _actions(_button(text=_plain(75 + over)))),
    ("button value", lambda over: _actions(_button(value="x" * (2000 + over)))),
    ("button url", lambda over: _actions(_button(url="x" * (3000 + over)))),
    (
        "action_id",
        lambda over: _actions({"type": "button", "action_id": "x" * (255 + over), "text": _plain(5)}),
    ),
    ("block_id", lambda over: {"type": "divider", "block_id": "x" * (255 + over)}),
    ("confirm title", lambda over: _actions(_button(confirm=_confirm(title=100 + over)))),
    ("confirm text", lambda over: _actions(_button(confirm=_confirm(text=300 + over)))),
    ("confirm button", lambda over: _actions(_button(confirm=_confirm(button=30 + over)))),
    ("options", lambda over: _actions(_select(100 + over))),
    ("option text", lambda over: _actions(_select(options=[_option(text=75 + over)]))),
    ("option value", lambda over: _actions(_select(options=[_option(value=150 + over)]))),
    ("placeholder", lambda over: _actions(_select(placeholder=_plain(150 + over)))),
    (
        "overflow",
        lambda over: _actions(
            {"type": "overflow", "options": [_option(number) for number in range(5 + over)]}
        ),
    ),
    ("image alt", lambda over: _image(2000 + over)),
    (
        "input label",
        lambda over: {"type": "input", "label": _plain(2000 + over), "element": {"type": "datepicker"}},
    ),
    (
        "input hint",
        lambda over: {"type": "input", "label": _plain(5), "hint": _plain(2000 + over), "element": _select()},
    ),
]


@pytest.mark.parametrize(("what", "block"), AT_THE_LIMIT, ids=[what for what, _ in AT_THE_LIMIT])
def test_one_more_than_the_limit_is_refused(what: str, block: Any) -> None:
    assert message_problems([block(0)]) == []
    problem, *_ = message_problems([block(1)])
    assert problem.startswith(("[ERROR] must be less than ", "[ERROR] no more than "))
    assert "[json-pointer:/blocks/0" in problem


def test_a_message_holds_fifty_blocks_and_a_modal_a_hundred() -> None:
    dividers = [{"type": "divider"} for _ in range(101)]
    assert message_problems(dividers[:50]) == []
    assert message_problems(dividers[:51]) == ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]
    assert view_problems(_modal(blocks=dividers[:100])) == []
    assert view_problems(_modal(blocks=dividers)) == [
        "[ERROR] no more than 100 items allowed [json-pointer:/view/blocks]"
    ]


def _modal(**more: Any) -> Json:
    return {"type": "modal", "title": _plain(5), "blocks": [{"type": "divider"}], **more}


@pytest.mark.parametrize(
    ("field", "at_most", "one_more"),
    [
        ("title", _plain(24), _plain(25)),
        ("submit", _plain(24), _plain(25)),
        ("close", _plain(24), _plain(25)),
        ("private_metadata", "x" * 3000, "x" * 3001),
        ("callback_id", "x" * 255, "x" * 256),
    ],
)
def test_the_frame_of_a_modal_has_limits_too(field: str, at_most: Any, one_more: Any) -> None:
    assert view_problems(_modal(**{field: at_most})) == []
    (problem,) = view_problems(_modal(**{field: one_more}))
    assert f"[json-pointer:/view/{field}" in problem


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"type": "section"}, "must define either `text` or `fields` [json-pointer:/blocks/0]"),
        ({"type": "section", "text": "bare"}, "must provide an object [json-pointer:/blocks/0/text]"),
        (
            {"type": "section", "text": _mrkdwn(0)},
            "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            {"type": "section", "text": _mrkdwn(5), "foo": 1},
            "invalid additional property: foo [json-pointer:/blocks/0]",
        ),
        (
            {"type": "header", "text": _mrkdwn(5)},
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
        ({"type": "header"}, "missing required field: text [json-pointer:/blocks/0]"),
        ({"type": "heading", "text": _plain(5)}, "unsupported type: heading [json-pointer:/blocks/0/type]"),
        (_actions(), "no less than 1 items allowed [json-pointer:/blocks/0/elements]"),
        (
            _actions(_button(style="loud")),
            "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (
            _actions({"type": "button", "action_id": "a"}),
            "missing required field: text [json-pointer:/blocks/0/elements/0]",
        ),
        (
            _actions(_button(1), _button(1)),
            "`action_id` a1 already exists [json-pointer:/blocks/0/elements/1/action_id]",
        ),
        (
            _actions({"type": "plain_text_input", "action_id": "a"}),
            "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
        ),
        (
            _actions({"type": "static_select", "action_id": "a"}),
            "must define either `options` or `option_groups` [json-pointer:/blocks/0/elements/0]",
        ),
        (
            _actions(_select(initial_option=_option(7))),
            "initial option must exactly match one of the options [json-pointer:/blocks/0/elements/0]",
        ),
        (
            _actions({"type": "datepicker", "initial_date": "24.12.2026"}),
            "must be in the format YYYY-MM-DD [json-pointer:/blocks/0/elements/0/initial_date]",
        ),
        ({"type": "input", "element": _select()}, "missing required field: label [json-pointer:/blocks/0]"),
        ("text", "must provide an object [json-pointer:/blocks/0]"),
    ],
)
def test_a_wrong_shape_is_named_with_its_place(block: Any, problem: str) -> None:
    assert message_problems([block]) == [f"[ERROR] {problem}"]


def test_a_block_id_is_unique_and_an_action_id_within_its_block_only() -> None:
    twice = [{"type": "divider", "block_id": "same"}, {"type": "divider", "block_id": "same"}]
    assert message_problems(twice) == [
        "[ERROR] `block_id` same already exists [json-pointer:/blocks/1/block_id]"
    ]
    assert message_problems([_actions(_button(1)), _actions(_button(1))]) == []


def test_a_form_needs_a_way_to_send_it() -> None:
    fields = [
        {"type": "input", "label": _plain(5), "element": {"type": "plain_text_input", "action_id": "a"}}
    ]
    assert view_problems(_modal(blocks=fields)) == [
        "[ERROR] missing required field: submit [json-pointer:/view]"
    ]
    assert view_problems(_modal(blocks=fields, submit=_plain(4))) == []


def test_a_table_belongs_into_a_message_only() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert message_problems([table]) == []
    assert view_problems(_modal(blocks=[table])) == [
        "[ERROR] unsupported type: table [json-pointer:/view/blocks/0/type]"
    ]


def test_everything_wrong_is_told_at_once_and_nothing_is_posted(slack: Slack, client: WebClient) -> None:
    blocks = [{"type": "header", "text": _plain(151)}, _actions(_button(text=_plain(76)))]
    with pytest.raises(SlackApiError) as refusal:
        client.chat_postMessage(channel="C0CHANGES", text="x", blocks=copy.deepcopy(blocks))
    answer = refusal.value.response
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {error}" for error in answer["errors"]]
    assert answer["errors"] == [
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        "must be less than 76 characters [json-pointer:/blocks/1/elements/0/text/text]",
    ]
    assert slack.messages("C0CHANGES") == []


def test_what_the_sdks_models_produce_is_accepted() -> None:
    options = [kit.Option(text=name, value=name, description=f"about {name}") for name in ("smtp", "pop3")]
    plain = [kit.Option(text=name, value=name) for name in ("smtp", "pop3")]
    confirm = kit.ConfirmObject(title="Sure?", text="It is *live*.", confirm="Yes", deny="No", style="danger")
    blocks = [
        kit.HeaderBlock(text="Change request #12"),
        kit.SectionBlock(
            text="*Why*",
            fields=["a", "b"],
            accessory=kit.ButtonElement(text="More", action_id="more", value="12"),
        ),
        kit.ContextBlock(
            elements=[
                kit.MarkdownTextObject(text="since yesterday"),
                kit.ImageElement(image_url="x", alt_text="y"),
            ]
        ),
        kit.DividerBlock(),
        kit.ActionsBlock(
            elements=[
                kit.ButtonElement(
                    text="Approve", action_id="approve", style="primary", confirm=confirm, value="12"
                ),
                kit.StaticSelectElement(
                    placeholder="Pick", action_id="pick", options=options, initial_option=options[0]
                ),
                kit.OverflowMenuElement(action_id="rest", options=plain),
                kit.DatePickerElement(action_id="day", initial_date="2026-12-24"),
                kit.CheckboxesElement(action_id="which", options=options),
                kit.RadioButtonsElement(action_id="one", options=options),
                kit.UserSelectElement(placeholder="Owner", action_id="owner"),
            ]
        ),
    ]
    assert message_problems([block.to_dict() for block in blocks]) == []
    form = View(
        type="modal", title="Opt in", submit="Ask", close="Cancel", callback_id="opt_in",
        private_metadata="{}",
        blocks=[
            kit.InputBlock(label="Why",
                element=kit.PlainTextInputElement(action_id="it", multiline=True, max_length=500)),
            kit.InputBlock(label="Until", element=kit.DatePickerElement(action_id="it"),
                hint="24:00 of this day", optional=True),
            kit.InputBlock(label="Many", element=kit.StaticMultiSelectElement(action_id="it", options=plain)),
            kit.InputBlock(label="Number",
                element=kit.NumberInputElement(action_id="it", is_decimal_allowed=False)),
        ],
    )  # fmt: skip
    assert view_problems(form.to_dict()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        [_chart(21)],
        [_chart(2, categories=1)],
        [_chart()] * 3,
        [_table(1)],
        [_table(page_size=0)],
        [_table() | {"rows": [[{"type": "raw_text", "text": "x"}], [{"type": "raw_text", "text": "x"}] * 2]}],
        [_table() | {"rows": [[{"type": "rich_text", "elements": []}], [{"type": "raw_text", "text": "x"}]]}],
        [_table() | {"caption": None}],
    ],
)
def test_charts_and_tables_of_another_shape_are_refused(wrong: list[Json]) -> None:
    assert message_problems(wrong)
    assert view_problems({"type": "home", "blocks": [_chart()]})
