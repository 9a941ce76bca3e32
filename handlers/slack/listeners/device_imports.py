"""Take ``/legacytls devices import``: a form's file, fetched and read by the use case."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from handlers.policy.forms import WrongForm
from handlers.register.commands import ImportFile
from handlers.register.report_imports import REVERSED
from handlers.slack.edge import Edge, Reply
from handlers.slack.parsing import Malformed, file_address, values
from handlers.slack.views import device_import


def opened(edge: Edge, reply: Reply, body: Mapping[str, Any]) -> None:
    """Open the form for whoever may put devices on the register. Raises ``Unavailable``."""
    if reply.admits("import_devices", edge.dispatch.register.may_add(reply.person)):
        edge.open_form(body, device_import.form(channel=reply.channel))


def submitted(form: Mapping[str, Any]) -> ImportFile:
    """Return the command of a submitted form. Raises ``WrongForm`` and ``Malformed``."""
    filled = values(form)
    try:
        days = ["".join(filled.get(field, [])) for field in (device_import.FIRST_DAY, device_import.LAST_DAY)]
        first, last = (date.fromisoformat(day) if day else None for day in days)
    except ValueError as wrong:
        raise Malformed("a day of the report is none") from wrong
    if first and last and first > last:
        raise WrongForm({device_import.LAST_DAY: REVERSED})
    return ImportFile(address=file_address(form, device_import.FILE), first_day=first, last_day=last)
