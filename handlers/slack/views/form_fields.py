"""Make the pieces of a form: the form itself, and fields for a text and for a day."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, DatePickerElement, InputBlock, PlainTextInputElement
from slack_sdk.models.views import View

from handlers.policy.forms import LONGEST


def form(
    callback: str, metadata: str, title: str, submit: str, blocks: Sequence[Block], *, close: str = "Cancel"
) -> View:
    """Make a form; ``metadata`` comes back with it."""
    return View(
        type="modal",
        callback_id=callback,
        private_metadata=metadata or None,
        title=title,
        submit=submit,
        close=close,
        blocks=blocks,
    )


def text_field(
    field: str,
    label: str,
    placeholder: str | None = None,
    *,
    most: int = LONGEST,
    multiline: bool | None = True,
    optional: bool = False,
    text: str = "",
    hint: str | None = None,
) -> InputBlock:
    """Ask for a text of at most so many characters; ``text`` stands in it at first."""
    element = PlainTextInputElement(
        action_id=field,
        multiline=multiline,
        max_length=most,
        placeholder=placeholder,
        initial_value=text or None,
    )
    return InputBlock(block_id=field, label=label, element=element, hint=hint, optional=optional)


def day_field(
    field: str, label: str, proposed: str | None = None, *, hint: str | None = None, optional: bool = False
) -> InputBlock:
    """Ask for a calendar day; ``proposed`` is chosen at first."""
    element = DatePickerElement(action_id=field, initial_date=proposed)
    return InputBlock(block_id=field, label=label, element=element, hint=hint, optional=optional)
