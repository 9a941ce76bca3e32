"""The answers of owners to their reminders, and of operators to the news that no device is left.

Who may do what is judged by the use case; before a form opens it is asked.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from handlers.commands import Command
from handlers.register.commands import KeepUntilTheEnd, NeedLonger
from handlers.slack.edge import Edge, Reply
from handlers.slack.listeners import devices
from handlers.slack.views import device_answers

BUTTONS: Mapping[str, Callable[[int], Command]] = {**devices.BUTTONS, device_answers.KEEP: KeepUntilTheEnd}
"""The buttons about devices that do something, by action id."""


def shown(edge: Edge, reply: Reply, body: Mapping[str, Any]) -> dict[str, Callable[[int], None]]:
    """Return what the buttons about an entry do that show something or open a form."""
    return {
        **devices.shown(edge, reply, body),
        device_answers.NEED_LONGER: partial(_open_longer, edge, reply, body),
    }


def submitted(edge: Edge, form: Mapping[str, Any]) -> Command | None:
    """Return the command of a submitted form about devices; ``None`` for another form.

    Raises ``WrongForm`` and ``Malformed``.
    """
    if form.get("callback_id") != device_answers.LONGER:
        return devices.submitted(edge, form)
    return devices.another_day(edge, form, NeedLonger)


def channel_in(form: Mapping[str, Any]) -> str | None:
    """Return where the answer to an entry's form goes, empty: no channel; ``None``: another form."""
    if form.get("callback_id") != device_answers.LONGER:
        return devices.channel_in(form)
    return devices.about(str(form.get("private_metadata") or ""))[1]


def _open_longer(edge: Edge, reply: Reply, body: Mapping[str, Any], about: int) -> None:
    command = NeedLonger(about, date.max, "")  # which day is chosen in the form
    devices.open_about(edge, reply, body, command, device_answers.longer)
