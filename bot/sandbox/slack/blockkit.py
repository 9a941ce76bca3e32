"""Check Block Kit as Slack does: which blocks may stand where, required fields and limits.

The SDK checks its own models only; whoever sends plain dicts learns of a mistake from Slack's
``invalid_blocks``, and here from the same. Must never be laxer than Slack where it is strict; where Slack's
own rule is not known, it accepts.
"""

from collections.abc import Callable, Iterator
from typing import Any

from bot.sandbox.slack.blockkit_elements import (
    CHART,
    CHOSEN,
    CLICKED,
    DATA_TABLE,
    IMAGE,
    TYPED,
    plain,
    text,
    too_many_charts,
)
from bot.sandbox.slack.blockkit_shapes import (
    Check,
    anything,
    array,
    boolean,
    both,
    either,
    one_of,
    problem,
    shaped,
    string,
    variant,
)
from bot.sandbox.slack.messages import JSON

MESSAGE_BLOCKS = 50
MODAL_BLOCKS = 100


def _block(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    return shaped({"type": anything, **required}, {"block_id": string(255), **(optional or {})})


BLOCKS: dict[str, Check] = {
    "section": both(
        _block(
            {},
            {
                "text": text(3000),
                "fields": array(text(2000), 10),
                "accessory": variant({**CLICKED, **CHOSEN, "image": IMAGE}),
                "expand": boolean,
            },
        ),
        either("text", "fields"),
    ),
    "header": _block({"text": plain(150)}),
    "divider": _block({}),
    "context": _block(
        {"elements": array(variant({"image": IMAGE, "plain_text": text(3000), "mrkdwn": text(3000)}), 10)}
    ),
    "actions": _block({"elements": array(variant({**CLICKED, **CHOSEN}), 25)}),
    "input": _block(
        {"label": plain(2000), "element": variant({**CHOSEN, **TYPED})},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "image": both(
        _block(
            {"alt_text": string(2000)},
            {"image_url": string(3000), "slack_file": anything, "title": plain(2000)},
        ),
        either("image_url", "slack_file"),
    ),
    "rich_text": _block({"elements": array(anything, 1000)}),
}
"""Blocks for both surfaces."""

MESSAGE_ONLY: dict[str, Check] = {
    "markdown": _block({"text": string(12_000)}),
    "table": _block({"rows": array(array(anything, 20), 100)}, {"column_settings": array(anything, 20)}),
    "data_table": DATA_TABLE,
    "data_visualization": CHART,
    **dict.fromkeys(
        ("file", "video", "alert", "card", "carousel", "container", "plan", "task_card"), anything
    ),
}
"""Blocks for messages; those whose rules are not known well enough are let through."""

_MESSAGE = array(variant({**BLOCKS, **MESSAGE_ONLY}), MESSAGE_BLOCKS, least=0)

_MODAL = shaped(
    {"type": one_of("modal"), "title": plain(24), "blocks": array(variant(BLOCKS), MODAL_BLOCKS)},
    {
        "submit": plain(24),
        "close": plain(24),
        "private_metadata": string(3000, least=0),
        "callback_id": string(255, least=0),
        "external_id": string(255, least=0),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)


_HOME = shaped(
    {"type": one_of("home"), "blocks": array(variant(BLOCKS), MODAL_BLOCKS)},
    {
        "private_metadata": string(3000, least=0),
        "callback_id": string(255, least=0),
        "external_id": string(255, least=0),
    },
)


def message_problems(blocks: object) -> list[str]:
    """Return what Slack would refuse in the blocks of a message; empty when nothing."""
    return [*_MESSAGE(blocks, "/blocks"), *_repeated(blocks, "/blocks"), *too_many_charts(blocks)]


def view_problems(view: object) -> list[str]:
    """Return what Slack would refuse in a modal or an App Home; empty when nothing."""
    is_home = isinstance(view, dict) and view.get("type") == "home"
    found = list((_HOME if is_home else _MODAL)(view, "/view"))
    if isinstance(view, dict):
        found += _repeated(view.get("blocks"), "/view/blocks")
        inputs = [block for block in _dicts(view.get("blocks")) if block.get("type") == "input"]
        if inputs and view.get("submit") is None and not is_home:
            found.append(problem("missing required field: submit", "/view"))
    return found


def elements_of(block: JSON) -> list[JSON]:
    """Return the elements of a block that a person can press, choose in or type into."""
    held = [block.get("accessory"), block.get("element"), *(block.get("elements") or [])]
    return [
        element
        for element in held
        if isinstance(element, dict) and element.get("type") in {**CLICKED, **CHOSEN, **TYPED}
    ]


def identified(blocks: list[JSON], number: Callable[[], int]) -> list[JSON]:
    """Fill in every missing ``block_id`` and ``action_id`` in place, as Slack does."""
    for block in blocks:
        block.setdefault("block_id", f"b{number():x}")
        for element in elements_of(block):
            element.setdefault("action_id", f"a{number():x}")
    return blocks


def _dicts(value: Any) -> list[JSON]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _repeated(blocks: Any, at: str) -> Iterator[str]:
    """A ``block_id`` is unique in its message or view, an ``action_id`` in its block."""
    seen: set[str] = set()
    for index, block in enumerate(_dicts(blocks)):
        identity = block.get("block_id")
        if identity in seen:
            yield problem(f"`block_id` {identity} already exists", f"{at}/{index}/block_id")
        seen |= {identity} if isinstance(identity, str) else set()
        yield from _repeated_actions(block, f"{at}/{index}")


def _repeated_actions(block: JSON, at: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, element in enumerate(_dicts(block.get("elements"))):
        identity = element.get("action_id")
        if identity in seen:
            yield problem(f"`action_id` {identity} already exists", f"{at}/elements/{index}/action_id")
        seen |= {identity} if isinstance(identity, str) else set()
