"""Take ``/legacytls devices``, the buttons about devices, also under reminders, and the forms behind them.

Showing is for every full member. Whoever may not do something is told why by the use case; before a form
opens it is asked.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from slack_sdk.models.views import View

from handlers.commands import Command
from handlers.interaction import Interaction
from handlers.policy.forms import WrongForm
from handlers.register.commands import (
    DEVICE,
    DUE,
    OWNER,
    PLAN,
    PROTOCOL,
    REASON,
    SENDER,
    SITE,
    AboutDevice,
    AcceptDevice,
    ChangeDay,
    ChangeOwner,
    ImportFile,
    KeepUntilTheEnd,
    NeedLonger,
    NotMine,
    RefuseDevice,
    Replaced,
    WithdrawDevice,
)
from handlers.register.device_pages import Which
from handlers.register.forms import AnotherDay, judge_another_day, judge_device
from handlers.register.report_imports import REVERSED
from handlers.slack.edge import Edge, Reply
from handlers.slack.parsing import Malformed, file_address, identity, number, values
from handlers.slack.views import device_forms
from handlers.slack.views import devices as view
from handlers.suggested import Suggested
from storage.errors import NoSuchDevice

BUTTONS: Mapping[str, Callable[[int], Command]] = {
    view.REPLACED: Replaced,
    view.WITHDRAW_DEVICE: WithdrawDevice,
    view.ACCEPT_DEVICE: AcceptDevice,
    view.REFUSE_DEVICE: RefuseDevice,
    view.NOT_MINE: NotMine,
}
"""The buttons that do something to the entry whose number they carry."""

ANSWERS: Mapping[str, Callable[[int], Command]] = {device_forms.KEEP: KeepUntilTheEnd}
"""The button under the news that no device is left; it carries the number of a change."""

READS = frozenset({view.SHOW_DEVICE, *view.FIRST_PAGE, *view.NEXT_PAGE})
"""The buttons that only show something."""

NOT_UNDERSTOOD = (
    f"This is no device of the register and no list: {Suggested('devices')} shows all, `devices D12` one, "
    "`devices mine`, `devices overdue` and `devices orphans` a part, and `devices add` puts one on the "
    "register."
)

NO_OWNER = "Choose the person who answers for it."


def command(edge: Edge, reply: Reply, body: Mapping[str, Any]) -> None:
    """Answer the command of somebody who may read. Raises ``Unavailable`` and ``NoSuchDevice``."""
    words = str(body.get("text") or "").lower().split()[1:]
    ways: dict[str, Callable[[], None]] = {
        "add": partial(_open_add, edge, reply, body),
        "import": partial(_open_import, edge, reply, body),
        **{which.value: partial(_list, edge, reply, which) for which in Which},
    }
    word = " ".join(words) or Which.ALL.value
    if word in ways:
        ways[word]()
        return
    try:
        about = number(word.removeprefix("d"))
    except Malformed:
        reply.say(NOT_UNDERSTOOD)
    else:
        _show(edge, reply, about)


def opener(edge: Edge, reply: Reply, body: Mapping[str, Any], name: str) -> Callable[[], None] | None:
    """Do what a button about no entry does, a list or the form; ``None`` for other buttons."""
    if name == view.ADD_DEVICE:
        return partial(_open_add, edge, reply, body)
    which = view.FIRST_PAGE.get(name)
    return partial(_admitted, edge, reply, partial(_list, edge, reply, which)) if which else None


def shown(edge: Edge, reply: Reply, body: Mapping[str, Any]) -> dict[str, Callable[[int], None]]:
    """Do what buttons on an entry do that show something of it or open a form about it."""
    pages = {action: partial(_next, edge, reply, which) for action, which in view.NEXT_PAGE.items()}
    return {
        view.SHOW_DEVICE: lambda about: _admitted(edge, reply, partial(_show, edge, reply, about)),
        view.CHANGE_DAY: partial(_open_day, edge, reply, body),
        view.CHANGE_OWNER: partial(_open_owner, edge, reply, body),
        device_forms.NEED_LONGER: partial(_open_longer, edge, reply, body),
        **pages,
    }


def show_anew(edge: Edge, reply: Reply, done: Command, interaction: Interaction) -> None:
    """Show an entry once more to whoever pressed on an older message, where that did not count."""
    if isinstance(done, AcceptDevice | RefuseDevice):
        found = edge.dispatch.register.pages.overtaken(done.device_id, interaction)
        if found is not None:
            reply.finish(view.entry(found, interaction.person))


def submitted(edge: Edge, form: Mapping[str, Any]) -> Command | None:
    """Return the command of a submitted form about devices; ``None`` for another form.

    Raises ``WrongForm`` and ``Malformed``.
    """
    filled = {field: "".join(found) for field, found in values(form).items()}
    private = str(form.get("private_metadata") or "")
    context = edge.around
    rule, now, zone = context.rule, context.now(), context.zone
    match form.get("callback_id"):
        case device_forms.ADD:
            fields = (DEVICE, SENDER, SITE, OWNER, PROTOCOL, REASON, PLAN, DUE)
            return judge_device(
                **{field: filled.get(field, "") for field in fields}, rule=rule, now=now, zone=zone
            )
        case device_forms.DAY:
            return _another_day(edge, form, ChangeDay)
        case device_forms.LONGER:
            return _another_day(edge, form, NeedLonger)
        case device_forms.NEW_OWNER:
            if not filled.get(OWNER):
                raise WrongForm({OWNER: NO_OWNER})
            return ChangeOwner(about(private)[0], identity(filled[OWNER]))
        case device_forms.IMPORT:
            return _import(form)
        case _:
            return None


def channel_in(form: Mapping[str, Any]) -> str | None:
    """Return where the answer to an entry's form goes, empty: no channel; ``None``: another form."""
    if form.get("callback_id") not in (device_forms.DAY, device_forms.NEW_OWNER, device_forms.LONGER):
        return None
    return about(str(form.get("private_metadata") or ""))[1]


def about(private: str) -> tuple[int, str]:
    """Return the number and the channel that a form carries. Raises ``Malformed``."""
    found, _, channel = private.partition(" ")
    return number(found), identity(channel) if channel else ""


def _another_day(edge: Edge, form: Mapping[str, Any], asked: type[AnotherDay]) -> AnotherDay:
    """Return the command of a form that asks for another due day. Raises ``WrongForm`` and ``Malformed``."""
    filled, context = {field: "".join(found) for field, found in values(form).items()}, edge.around
    number, _ = about(str(form.get("private_metadata") or ""))
    try:
        device = edge.dispatch.register.pages.entry(number).device
    except NoSuchDevice as unknown:
        raise WrongForm({DUE: str(unknown)}) from unknown
    due, reason = filled.get(DUE, ""), filled.get(REASON, "")
    rule, now, zone = context.rule, context.now(), context.zone
    return judge_another_day(asked, device, due=due, reason=reason, rule=rule, now=now, zone=zone)


def _import(form: Mapping[str, Any]) -> ImportFile:
    """Return the command of a submitted import. Raises ``WrongForm`` and ``Malformed``."""
    filled = values(form)
    try:
        days = ["".join(filled.get(field, [])) for field in (device_forms.FIRST_DAY, device_forms.LAST_DAY)]
        first, last = (date.fromisoformat(day) if day else None for day in days)
    except ValueError as wrong:
        raise Malformed("a day of the report is none") from wrong
    if first and last and first > last:
        raise WrongForm({device_forms.LAST_DAY: REVERSED})
    return ImportFile(address=file_address(form, device_forms.FILE), first_day=first, last_day=last)


def _admitted(edge: Edge, reply: Reply, job: Callable[[], None]) -> None:
    if reply.admits("devices", edge.dispatch.may_read(reply.person)):
        job()


def _list(edge: Edge, reply: Reply, which: Which) -> None:
    reply.finish(view.page(edge.dispatch.register.pages.page(which, reply.person)))


def _next(edge: Edge, reply: Reply, which: Which, after: int) -> None:
    pages = edge.dispatch.register.pages
    _admitted(edge, reply, lambda: reply.finish(view.page(pages.page(which, reply.person, after=after))))


def _show(edge: Edge, reply: Reply, about: int) -> None:
    reply.finish(view.entry(edge.dispatch.register.pages.entry(about), reply.person))


def _open_add(edge: Edge, reply: Reply, body: Mapping[str, Any]) -> None:
    if reply.admits("add_device", edge.dispatch.register.may_add(reply.person)):
        days = edge.dispatch.register.pages.due_days()
        edge.open_form(body, device_forms.add(channel=reply.channel, days=days, zone=edge.zone.key))


def _open_import(edge: Edge, reply: Reply, body: Mapping[str, Any]) -> None:
    if reply.admits("import_devices", edge.dispatch.register.may_add(reply.person)):
        edge.open_form(body, device_forms.import_form(channel=reply.channel))


def _open_day(edge: Edge, reply: Reply, body: Mapping[str, Any], about: int) -> None:
    command = ChangeDay(about, date.max, "")  # which day is chosen in the form
    _open_about(edge, reply, body, command, device_forms.change_day)


def _open_longer(edge: Edge, reply: Reply, body: Mapping[str, Any], about: int) -> None:
    command = NeedLonger(about, date.max, "")  # which day is chosen in the form
    _open_about(edge, reply, body, command, device_forms.longer)


def _open_owner(edge: Edge, reply: Reply, body: Mapping[str, Any], about: int) -> None:
    _open_about(edge, reply, body, ChangeOwner(about, ""), device_forms.change_owner)


def _open_about(
    edge: Edge, reply: Reply, body: Mapping[str, Any], command: AboutDevice, drawn: Callable[..., View]
) -> None:
    """Open a form about an entry for whoever may do what it asks for; others are told why not.

    Raises ``Unavailable`` and ``NoSuchDevice``.
    """
    verdict = edge.dispatch.register.may_act(command, reply.person)
    if reply.admits(command.kind.value, verdict):
        device = edge.dispatch.register.pages.entry(command.device_id).device
        edge.open_form(body, drawn(device, channel=reply.channel))
