"""The form that takes a report for the register, and what is answered. Block ids are ``FILE``, ``FIRST_DAY`` and ``LAST_DAY``."""

from slack_sdk.models.blocks import DatePickerElement, InputBlock
from slack_sdk.models.blocks.block_elements import FileInputElement
from slack_sdk.models.views import View

from handlers.register.import_words import imported_lines
from handlers.register.imports import Imported
from handlers.slack.views.blocks import Message, section, small
from handlers.slack.views.mrkdwn import escape

IMPORT = "form_device_import"
FILE, FIRST_DAY, LAST_DAY = "file", "from", "to"


def form(*, channel: str) -> View:
    """One file, known by its content, and the days it speaks of. ``channel`` is where it was asked."""
    hint = "The SMTP AUTH clients report, a download of Entra's sign-ins (CSV or JSON) or one saved message; at most 25 MB."
    file = InputBlock(block_id=FILE, label="Report", element=FileInputElement(action_id=FILE, max_files=1), hint=hint)
    return View(
        type="modal",
        callback_id=IMPORT,
        private_metadata=channel,
        title="Import a report",
        submit="Import",
        close="Cancel",
        blocks=[
            file,
            _day(FIRST_DAY, "First day of the report"),
            _day(LAST_DAY, "Last day of the report"),
            *small(["A report adds what was seen of senders and nothing else: no entry is added, moved or ended by it."]),
        ],
    )


def imported(found: Imported) -> Message:
    """What a report says, held against the register: the same lines as at the command line."""
    text = escape("\n".join(imported_lines(found)))
    return Message(text=text, blocks=[section(text)])


def _day(field: str, label: str) -> InputBlock:
    return InputBlock(block_id=field, label=label, element=DatePickerElement(action_id=field), optional=True)
