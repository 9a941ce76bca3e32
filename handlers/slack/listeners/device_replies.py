"""The answers of owners to their reminders, and of operators to the news that no device is left.

Who may do what is judged by the use case; before a form opens it is asked.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from handlers.commands import Command
from handlers.policy.forms import WrongForm
from handlers.register.commands import DUE, REASON, KeepUntilTheEnd, NeedLonger
from handlers.register.forms import judge_longer
from handlers.slack.edge import Edge, Reply
from handlers.slack.listeners import devices
from handlers.slack.parsing import values
from handlers.slack.views import device_answers
from storage.database.errors import NoSuchDevice

BUTTONS: Mapping[str, Callable[[int], Command]] = {**devices.BUTTONS, device_answers.KEEP: KeepUntilTheEnd}
"""The buttons about devices that do something, by action id."""


def shown(edge: Edge, reply: Reply, body: Mapping[str, Any]) -> dict[str, Callable[[int], None]]:
    """What the buttons about an entry do that show something or open a form."""
    return {
        **devices.shown(edge, reply, body),
        device_answers.NEED_LONGER: partial(_open_longer, edge, reply, body),
    }


def submitted(edge: Edge, form: Mapping[str, Any]) -> Command | None:
    """The command of a submitted form about devices; ``None`` for another form.

    Raises ``WrongForm`` and ``Malformed``.
    """
    if form.get("callback_id") != device_answers.LONGER:
        return devices.submitted(edge, form)
    filled = {field: "".join(found) for field, found in values(form).items()}
    context, (about, _) = edge.around, _about(form)
    try:
        device = edge.dispatch.register.pages.entry(about).device
    except NoSuchDevice as unknown:
        raise WrongForm({DUE: str(unknown)}) from unknown
    due, reason = filled.get(DUE, ""), filled.get(REASON, "")
    return judge_longer(
        device, due=due, reason=reason, rule=context.rule, now=context.now(), zone=context.zone
    )


def channel_in(form: Mapping[str, Any]) -> str | None:
    """Return where the answer to an entry's form goes, empty: no channel; ``None``: another form."""
    return _about(form)[1] if form.get("callback_id") == device_answers.LONGER else devices.channel_in(form)


def _about(form: Mapping[str, Any]) -> tuple[int, str]:
    return devices.about(str(form.get("private_metadata") or ""))


def _open_longer(edge: Edge, reply: Reply, body: Mapping[str, Any], about: int) -> None:
    command = NeedLonger(about, date.max, "")  # which day is chosen in the form
    verdict = edge.dispatch.register.may_act(command, reply.person)
    if not verdict.allowed:
        reply.refuse(command.kind.value, verdict)
        return
    device = edge.dispatch.register.pages.entry(about).device
    edge.open_form(body, device_answers.longer(device, channel=reply.channel))
