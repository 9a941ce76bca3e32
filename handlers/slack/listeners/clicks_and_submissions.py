"""Keep, acknowledge and hand over clicks and submitted forms.

A click that cannot be kept is told so at once.
"""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from slack_bolt import Ack, Respond

from handlers.commands import (
    AskExtension,
    AskOptIn,
    CastVote,
    ClaimChange,
    Command,
    GiveReason,
    OptOut,
    ReplyToReminder,
    ShortenWindow,
    TakeBackVote,
    Withdraw,
)
from handlers.interaction import Interaction
from handlers.policy.forms import (
    CLIENTS,
    DAY,
    DEVICES,
    PROTOCOLS,
    REASON,
    TICKET,
    OptInForm,
    WrongForm,
    judge_opt_in,
    text_problem,
    ticket_problem,
)
from handlers.policy.new_requests import no_later_end
from handlers.ports import Unavailable
from handlers.register.commands import ImportFile
from handlers.slack.edge import NOT_KNOWN, NOT_KNOWN_FORM, NOT_RECORDED, Edge, Reply
from handlers.slack.listeners import devices
from handlers.slack.listeners.home import seen_hash
from handlers.slack.listeners.show_buttons import Shown
from handlers.slack.parsing import (
    Malformed,
    at,
    channel_of,
    first_field,
    first_of,
    identity,
    is_home,
    mapping_of,
    number,
    person_of,
    stamped,
    text_of,
    token,
    values,
)
from handlers.slack.views import request_forms
from handlers.slack.views.announcements import DONE, SNOOZE
from handlers.slack.views.card_buttons import (
    APPROVE,
    REJECT,
    TAKE_BACK,
    WITHDRAW,
)
from storage.engine import Unreachable
from storage.inbox import NotKnown
from storage.messages.records import ReminderReply
from storage.records import Door, MailProtocol, Vote

BUTTONS: Mapping[str, Callable[[int], Command]] = {
    APPROVE: lambda number: CastVote(Vote.APPROVE, request_id=number),
    REJECT: lambda number: CastVote(Vote.REJECT, request_id=number),
    WITHDRAW: Withdraw,
    TAKE_BACK: lambda number: TakeBackVote(request_id=number),
    SNOOZE: lambda number: ReplyToReminder(number, ReminderReply.SNOOZED),
    DONE: lambda number: ReplyToReminder(number, ReminderReply.DONE),
    **devices.BUTTONS,
    **devices.ANSWERS,
}
"""The buttons that decide something, by action id: the command, made of the number that the button
carries."""


class Clicks:
    """The listener for every button."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._shown = Shown(edge)

    def listen(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        """Keep the click, acknowledge it, hand it over."""
        found = press(body, now=self._edge.around.now())
        if found is None:
            self._shown.show(ack, body, respond)
            return
        command, interaction = found
        reply = Reply(self._edge, respond, person=interaction.person, channel=interaction.channel)
        try:
            kept = self._edge.dispatch.take(command, interaction)
        except Unreachable as away:
            ack()
            told = NOT_KNOWN if isinstance(away, NotKnown) else NOT_RECORDED
            self._edge.executor.follow(lambda: reply.say(told))
            return
        ack()
        if kept is not None:
            then = partial(self._ask_reason, command, body)

            def afterwards(rejected: bool) -> None:
                then(rejected=rejected)
                devices.show_anew(self._edge, reply, command, interaction)

            self._edge.work(kept, afterwards, over=seen_hash(body))

    def _ask_reason(self, command: Command, body: dict[str, Any], *, rejected: bool) -> None:
        if rejected and isinstance(command, CastVote) and command.request_id is not None:
            # the answer to the rejection carries a button for the same form
            with contextlib.suppress(Unavailable):
                self._shown.open_reason(body, command.request_id)


def press(body: Mapping[str, Any], *, now: datetime) -> tuple[Command, Interaction] | None:
    """Read a click on one of our buttons; ``None`` for a button that only asks for something to be shown.

    ``now`` stands in where Slack does not say when. Where it happened is told by ``container`` or, in older
    shapes, by ``channel`` and ``message``. Raises ``Malformed``.
    """
    action = first_of(body.get("actions"))
    name = text_of(action, "action_id")
    if name not in BUTTONS:
        return None
    container = mapping_of(body, "container", default={})
    person, about = person_of(body), number(text_of(action, "value"))
    stamp, moment = _clicked(action, body, now)
    shown_at = container.get("message_ts") or mapping_of(body, "message", default={}).get("ts")
    interaction = Interaction(
        key=f"action:{person}:{stamp}:{name}:{about}",
        person=person,
        door=Door.BUTTON,
        at=moment,
        channel=identity(container.get("channel_id")) if container.get("channel_id") else channel_of(body),
        ts=stamped(shown_at) if shown_at else "",
        on_home=is_home(body),
    )
    return BUTTONS[name](about), interaction


def _clicked(action: Mapping[str, Any], body: Mapping[str, Any], now: datetime) -> tuple[str, datetime]:
    """What tells this click from every other, and when it was made.

    The trigger's own id is a secret, its digest is none.
    """
    stamp = action.get("action_ts")
    if stamp is not None:
        return stamped(stamp), at(stamp)
    trigger = text_of(body, "trigger_id").encode("utf-8", "backslashreplace")
    return hashlib.sha256(trigger).hexdigest()[:32], now


class Submissions:
    """The listener for every submitted form."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def listen(self, ack: Ack, body: dict[str, Any]) -> None:
        """Judge the form, keep it, acknowledge; mistakes return into the form with all that was typed."""
        view = body["view"]
        try:
            command, interaction = self._command(view), self._interaction(body, view)
        except WrongForm as wrong:
            ack(response_action="errors", errors=wrong.errors)
            return
        except Unreachable:
            ack(response_action="errors", errors={first_field(view) or REASON: NOT_RECORDED.replace("*", "")})
            return
        try:
            kept = self._edge.dispatch.take(command, interaction)
        except Unreachable as away:
            told = NOT_KNOWN_FORM if isinstance(away, NotKnown) else NOT_RECORDED.replace("*", "")
            ack(response_action="errors", errors={first_field(view) or REASON: told})
            return
        ack()
        if kept is not None:
            done = threading.Event()
            slow = isinstance(command, ImportFile)
            self._edge.work(kept, lambda rejected: done.set(), urgent=not slow)
            if isinstance(command, AskOptIn | AskExtension):
                self._edge.say_if_slow(interaction.person, interaction.channel, done.is_set)

    def _interaction(self, body: dict[str, Any], view: dict[str, Any]) -> Interaction:
        about_device = devices.channel_in(view)
        metadata = str(view.get("private_metadata") or "") if about_device is None else about_device
        # then it is that change's number
        is_about_a_change = view.get("callback_id") in (request_forms.REJECTION, request_forms.CLAIM)
        return Interaction(
            key=f"view:{token(view.get('id'))}",
            person=person_of(body),
            door=Door.COMMAND,
            at=self._edge.around.now(),
            channel=identity(metadata) if metadata and not is_about_a_change else "",
        )

    def _command(self, view: dict[str, Any]) -> Command:
        filled = {field: found for field, found in values(view).items() if found}
        metadata = str(view.get("private_metadata") or "")
        match view.get("callback_id"):
            case request_forms.OPT_IN:
                return AskOptIn(self._judge(filled, None))
            case request_forms.EXTENSION:
                return self._another_end(filled)
            case request_forms.OPT_OUT:
                return _opt_out(filled)
            case request_forms.REJECTION:
                return GiveReason(number(metadata), _reason(filled, needed=True))
            case request_forms.CLAIM:
                return ClaimChange(number(metadata), _reason(filled, needed=True))
            case _:
                command = devices.submitted(self._edge, view)
                if command is None:
                    raise Malformed("no form of ours")
                return command

    def _another_end(self, filled: dict[str, list[str]]) -> AskExtension | ShortenWindow:
        present_end, extension = (
            self._edge.dispatch.requests.present_end(),
            self._edge.dispatch.requests.open_extension(),
        )
        form = self._judge(filled, present_end, no_later_end(extension) if extension and present_end else "")
        if present_end is not None and form.window_end(self._edge.zone) < present_end:
            return ShortenWindow(form)
        return AskExtension(form)

    def _judge(
        self, filled: dict[str, list[str]], later_than: datetime | None, no_later: str = ""
    ) -> OptInForm:
        context = self._edge.around
        known = {protocol.value for protocol in MailProtocol}
        return judge_opt_in(
            reason="".join(filled.get(REASON, [])),
            clients="".join(filled.get(CLIENTS, [])),
            protocols=[name for name in filled.get(PROTOCOLS, []) if name in known],
            day="".join(filled.get(DAY, [])),
            rule=context.rule,
            now=context.now(),
            zone=context.zone,
            later_than=later_than,
            devices=[number(text) for text in filled.get(DEVICES, [])],
            no_later_end=no_later,
            removals=context.calendar.removals(context.cloud.name, context.today()),
            ticket="".join(filled.get(TICKET, [])).strip() if context.tickets.pattern else "",
            tickets=context.tickets,
        )


def _opt_out(filled: dict[str, list[str]]) -> OptOut:
    """No pattern of tickets keeps anybody from opting out.

    Raises ``WrongForm`` for what cannot be recorded.
    """
    reason, ticket = _reason(filled, needed=False), "".join(filled.get(TICKET, [])).strip()
    if problem := ticket_problem(ticket):
        raise WrongForm({TICKET: problem})
    return OptOut(reason, ticket or None)


def _reason(filled: dict[str, list[str]], *, needed: bool) -> str:
    """The typed reason of the smaller forms. Raises ``WrongForm``."""
    text = "".join(filled.get(REASON, []))
    problem = (
        text_problem(text, "Write a sentence, so that the record says why.") if needed or text.strip() else ""
    )
    if problem:
        raise WrongForm({REASON: problem})
    return text
