"""Turn what a person chose, typed or presses into what Slack sends; refuse what Slack's client refuses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.blockkit import elements_of
from bot.sandbox.slack.blockkit_elements import choices_of
from bot.sandbox.slack.messages import JSON, Message

REQUIRED = "Please complete this required field."

KEYS = {
    "plain_text_input": "value", "number_input": "value", "email_text_input": "value",
    "url_text_input": "value", "static_select": "selected_option", "radio_buttons": "selected_option",
    "overflow": "selected_option", "multi_static_select": "selected_options",
    "checkboxes": "selected_options", "users_select": "selected_user", "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation", "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel", "multi_channels_select": "selected_channels",
    "datepicker": "selected_date", "timepicker": "selected_time", "datetimepicker": "selected_date_time",
    "file_input": "files",
}  # fmt: skip
"""Element type -> the key under which Slack sends its value."""

FORMS = {
    "datepicker": (r"\d{4}-\d{2}-\d{2}", "Please enter a date."),
    "timepicker": (r"\d{2}:\d{2}", "Please enter a time."),
    "number_input": (r"-?\d+(\.\d+)?", "Please enter a number."),
    "email_text_input": (r"[^@\s]+@[^@\s]+", "Please enter a valid email address."),
    "url_text_input": (r"https?://\S+", "Please enter a valid URL."),
}


def initial(element: JSON) -> JSON:
    """Return the state of an element that nobody has touched."""
    key = KEYS[element["type"]]
    first = "initial_value" if key == "value" else key.replace("selected_", "initial_")
    return {"type": element["type"], key: element.get(first, _empty(key))}


def chosen(element: JSON, given: Any) -> JSON:
    """Return the state after a person chose or typed ``given``: option values, ids, dates or text.

    Raises ``LookupError``.
    """
    key = KEYS[element["type"]]
    if given is None or given in ("", []):
        return {"type": element["type"], key: _empty(key)}
    if key == "selected_option":
        return {"type": element["type"], key: _option(element, given)}
    if key == "selected_options":
        return {"type": element["type"], key: [_option(element, value) for value in given]}
    return {"type": element["type"], key: given}


def initial_values(blocks: list[JSON]) -> JSON:
    """``state.values`` of blocks that nobody has touched."""
    values: JSON = {}
    for block in blocks:
        for element in elements_of(block):
            if element["type"] in KEYS and element["type"] != "overflow":
                values.setdefault(block["block_id"], {})[element["action_id"]] = initial(element)
    return values


def complaints(blocks: list[JSON], values: JSON) -> dict[str, str]:
    """Return what Slack's client says before it sends a form, by block id; empty when it would send."""
    return {
        block["block_id"]: said
        for block in blocks
        if block["type"] == "input"
        for said in _complaint(block, values)
    }


def _complaint(block: JSON, values: JSON) -> Iterator[str]:
    element = block["element"]
    value = values[block["block_id"]][element["action_id"]][KEYS[element["type"]]]
    form, sentence = FORMS.get(element["type"], ("", ""))
    if value in (None, "", []):
        if not block.get("optional"):
            yield REQUIRED
    elif form and not re.fullmatch(form, str(value)):
        yield sentence
    elif element["type"] == "plain_text_input":
        yield from _length(element, value)


def _length(element: JSON, value: str) -> Iterator[str]:
    least, most = element.get("min_length") or 0, element.get("max_length") or 3000
    if len(value) < least:
        yield f"Please use at least {least} characters."
    elif len(value) > most:
        yield f"Please use at most {most} characters."


def _empty(key: str) -> list[Any] | None:
    return [] if key.endswith("s") else None


def _option(element: JSON, value: str) -> dict[str, Any]:
    offered = {option["value"]: dict(option) for option in choices_of(element)}
    if value not in offered:
        raise LookupError(f"no option {value!r} in {element['action_id']!r}, which has {list(offered)}")
    return offered[value]


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
