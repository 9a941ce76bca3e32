"""What a message or a form says, as a person reads it in its channel: every text in it, in order, with its
buttons and fields."""

import re
from collections.abc import Iterator
from typing import Any

from handlers.suggested import without_alias

JSON = dict[str, Any]

LINKED = re.compile(r"<http[^|>]+\|(#\d+)>")
"""The number of a change, with the link to its message."""


def words(shown: JSON) -> str:
    """All text of a message or a view, a line each; the fallback text first."""
    return "\n".join(dict.fromkeys(_texts(shown)))


def begins(text: str, word: str) -> bool:
    """Whether a text's first words are these; a sign may stand before them."""
    return re.match(rf"\W*{re.escape(word)}", text) is not None


def body(message: JSON) -> str:
    """The text of the blocks alone, without the fallback."""
    return "\n".join(_texts({"blocks": message["blocks"]}))


def buttons(message: JSON) -> dict[str, JSON]:
    """The buttons of a message by ``action_id``."""
    rows = (block["elements"] for block in message["blocks"] if block["type"] == "actions")
    return {element["action_id"]: element for row in rows for element in row}


def fields(view: JSON) -> dict[str, JSON]:
    """The input blocks of a form by block id."""
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


def typed(view: JSON) -> dict[str, Any]:
    """What is filled into a form, by block id."""
    filled = {}
    for block_id, elements in view["state"]["values"].items():
        (element,) = elements.values()
        chosen = next(value for key, value in element.items() if key != "type")
        filled[block_id] = [option["value"] for option in chosen] if isinstance(chosen, list) else chosen
    return filled


def _texts(shown: object) -> Iterator[str]:
    if isinstance(shown, list):
        for part in shown:
            yield from _texts(part)
    elif isinstance(shown, dict):
        for key in ("title", "text", "label", "hint", "fields", "elements", "element", "blocks"):
            found = shown.get(key)
            if isinstance(found, str):
                yield without_alias(LINKED.sub(r"\1", found))
            else:
                yield from _texts(found)
