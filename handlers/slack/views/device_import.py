"""Draw the form that takes a report or a list; its block ids are ``FILE`` and two days."""

from slack_sdk.models.blocks import InputBlock
from slack_sdk.models.blocks.block_elements import FileInputElement
from slack_sdk.models.views import View

from handlers.slack.views import forms
from handlers.slack.views.blocks import small

IMPORT = "form_device_import"
FILE, FIRST_DAY, LAST_DAY = "file", "from", "to"

REPORT_ADDS = (
    "A report adds what was seen of senders and nothing else: no entry is added, moved or ended by it."
)
LIST_ADDS = (
    "Of a list every row is proposed by you, or none where one is wrong; what stands already stays as it is."
)


def form(*, channel: str) -> View:
    """Ask for one file and the days it speaks of; ``channel`` is where it was asked."""
    hint = (
        "The SMTP AUTH clients report, a download of Entra's sign-ins (CSV or JSON), one saved message, or a "
        "list of devices (CSV, the columns of `legacytls devices --csv`); at most 25 MB."
    )
    file = InputBlock(
        block_id=FILE, label="File", element=FileInputElement(action_id=FILE, max_files=1), hint=hint
    )
    first = forms.day_field(FIRST_DAY, "First day of the report", optional=True)
    last = forms.day_field(LAST_DAY, "Last day of the report", optional=True)
    blocks = [file, first, last, *small([REPORT_ADDS, LIST_ADDS])]
    return forms.form(IMPORT, channel, "Import a file", "Import", blocks)
