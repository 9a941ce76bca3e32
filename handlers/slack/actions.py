"""Clicks and submitted forms: kept, acknowledged, handed over. A click that cannot be kept is told so at once."""

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from slack_bolt import Ack, Respond

from handlers.desk import NotKnown
from handlers.forms import CLIENTS, DAY, PROTOCOLS, REASON, OptInForm, WrongForm, judge_opt_in, text_problem
from handlers.ports import Unavailable
from handlers.slack import forms, modals, replies
from handlers.slack.announcements import DONE, SNOOZE
from handlers.slack.cards import AGAIN, APPROVE, EXTEND, GIVE_REASON, IT_WAS_ME, OPT_OUT_NOW, REJECT, TAKE_BACK, WITHDRAW
from handlers.slack.edge import BUSY, NOT_KNOWN, NOT_KNOWN_FORM, NOT_RECORDED, UNKNOWN_BUTTON, Edge, Reply
from handlers.slack.parsing import (
    Act,
    Malformed,
    channel_of,
    first_field,
    identity,
    number,
    person_of,
    press,
    token,
    trigger,
    values,
)
from storage.engine import Unreachable
from storage.lifecycle import Kind
from storage.records import Door, MailProtocol, ReminderReply, Vote

KINDS = {
    APPROVE: ("vote", Vote.APPROVE.value),
    REJECT: ("vote", Vote.REJECT.value),
    WITHDRAW: ("withdraw", ""),
    TAKE_BACK: ("take_back", ""),
    SNOOZE: ("reply", ReminderReply.SNOOZED.value),
    DONE: ("reply", ReminderReply.DONE.value),
}
"""The buttons that decide something: inbox kind, and the vote or reply."""


class Clicks:
    """The listener for every button."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def listen(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        """Keep the click, acknowledge it, hand it over."""
        act = press(body, kinds=KINDS, now=self._edge.desk.context.now())
        if act is None:
            self._show(ack, body, respond)
            return
        reply = Reply(self._edge, respond, person=act.person, channel=act.channel)
        try:
            item = self._edge.desk.take(act.kind, act.key, act.payload)
        except Unreachable as away:
            ack()
            told = NOT_KNOWN if isinstance(away, NotKnown) else NOT_RECORDED
            self._edge.crew.follow(lambda: reply.say(told))
            return
        ack()
        if item is not None:
            self._edge.work(item, lambda rejected: self._ask_reason(act, body, rejected=rejected))

    def _show(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        action = body["actions"][0]
        edge, reply = self._edge, Reply(self._edge, respond, person=person_of(body), channel=channel_of(body))
        ways: dict[str, Callable[[int], None]] = {
            GIVE_REASON: lambda value: self._give_reason(reply, body, value),
            IT_WAS_ME: lambda value: self._it_was_me(reply, body, value),
            replies.HISTORY_PAGE: lambda value: self._page(reply, value),
            AGAIN: lambda value: forms.wish(edge, reply, body, Kind.OPT_IN, earlier=value),
            EXTEND: lambda value: forms.wish(edge, reply, body, Kind.EXTENSION, earlier=value),
            OPT_OUT_NOW: lambda value: forms.opt_out(edge, reply, body, earlier=value),
        }
        name = str(action.get("action_id"))
        job = self._form_opener(name, reply, body)
        if name in ways:
            value = int(number(str(action.get("value"))))
            job = partial(ways[name], value)
        ack()
        if job is None:
            edge.crew.follow(lambda: reply.say(UNKNOWN_BUTTON))
        elif not edge.do(reply, job, urgent=name not in (replies.HISTORY_PAGE, replies.OPEN_HISTORY)):
            edge.crew.follow(lambda: reply.say(BUSY))

    def _form_opener(self, name: str, reply: Reply, body: dict[str, Any]) -> Callable[[], None] | None:
        """What a button about no change does: it opens a form, or history; ``None`` for every other button."""
        if name == replies.OPEN_OPT_OUT:
            return partial(forms.opt_out, self._edge, reply, body)
        if name == replies.OPEN_HISTORY:
            return partial(self._page, reply, None)
        kind = next((kind for kind, action in replies.OPEN_FORM.items() if action == name), None)
        return partial(forms.wish, self._edge, reply, body, kind, unread=True) if kind else None

    def _it_was_me(self, reply: Reply, body: dict[str, Any], request_id: int) -> None:
        verdict = self._edge.desk.context.people.operator_or_approver(reply.person)
        if verdict.allowed:
            self._edge.open_form(trigger(body), modals.claim(request_id))
        else:
            reply.refuse("claim", verdict, request_id)

    def _give_reason(self, reply: Reply, body: dict[str, Any], request_id: int) -> None:
        verdict = self._edge.desk.reasons.may_give(request_id, reply.person)
        if verdict.allowed:
            self._open_reason(body, request_id)
        else:
            reply.refuse("reason", verdict, request_id)

    def _page(self, reply: Reply, before: int | None) -> None:
        verdict = self._edge.desk.may_read(reply.person)
        if not verdict.allowed:
            reply.refuse("history", verdict)
            return
        reply.finish(replies.history(self._edge.desk.history.page(before=before), self._edge.zone))

    def _ask_reason(self, act: Act, body: dict[str, Any], *, rejected: bool) -> None:
        if rejected:
            with contextlib.suppress(Unavailable):  # the answer to the rejection carries a button for the same form
                self._open_reason(body, int(act.payload["request"]))

    def _open_reason(self, body: dict[str, Any], request_id: int) -> None:
        self._edge.open_form(trigger(body), modals.rejection(request_id))


_REASONS = {modals.REJECTION: "reason", modals.CLAIM: "claim"}
"""The forms that ask for nothing but a reason: inbox kind."""


class Submissions:
    """The listener for every submitted form."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def listen(self, ack: Ack, body: dict[str, Any]) -> None:
        """Judge the form purely, keep it, acknowledge; mistakes go back into the form with nothing typed lost."""
        view = body["view"]
        try:
            act = self._act(body, view)
        except WrongForm as wrong:
            ack(response_action="errors", errors=wrong.errors)
            return
        except Unreachable:
            ack(response_action="errors", errors={first_field(view) or REASON: NOT_RECORDED.replace("*", "")})
            return
        try:
            item = self._edge.desk.take(act.kind, act.key, act.payload)
        except Unreachable as away:
            told = NOT_KNOWN_FORM if isinstance(away, NotKnown) else NOT_RECORDED.replace("*", "")
            ack(response_action="errors", errors={first_field(view) or REASON: told})
            return
        ack()
        if item is not None:
            done = threading.Event()
            self._edge.work(item, lambda rejected: done.set())
            if act.kind == "opt_in":
                self._edge.say_if_slow(act.person, act.channel, done.is_set)

    def _act(self, body: dict[str, Any], view: dict[str, Any]) -> Act:
        filled = {field: found for field, found in values(view).items() if found}
        payload = {
            "person": person_of(body),
            "door": Door.COMMAND.value,
            "at": self._edge.desk.context.now().isoformat(),
        }
        kind = str(view.get("callback_id"))
        metadata = str(view.get("private_metadata") or "")
        if kind in (modals.OPT_IN, modals.EXTENSION):
            later_than = self._edge.desk.requests.present_end() if kind == modals.EXTENSION else None
            form = self._judge(filled, later_than)
            shorter = later_than is not None and form.window_end(self._edge.desk.context.zone) < later_than
            payload |= _spelled(form) | {"kind": Kind.SHORTENING.value if shorter else kind}
            payload |= {"channel": identity(metadata) if metadata else ""}
            kind = "opt_in"
        elif kind == modals.OPT_OUT:
            payload |= {"reason": _reason(filled, needed=False), "channel": identity(metadata) if metadata else ""}
        elif kind in _REASONS:
            payload |= {"reason": _reason(filled, needed=True), "request": number(metadata)}
            kind = _REASONS[kind]
        else:
            raise Malformed("no form of ours")
        return Act(kind=kind, key=f"view:{token(view.get('id'))}", payload=payload)

    def _judge(self, filled: dict[str, list[str]], later_than: datetime | None) -> OptInForm:
        context = self._edge.desk.context
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
            removals=context.calendar.removals(context.cloud.name, context.today()),
        )


def _reason(filled: dict[str, list[str]], *, needed: bool) -> str:
    """The typed reason of the smaller forms. Raises ``WrongForm``."""
    text = "".join(filled.get(REASON, []))
    problem = text_problem(text, "Write a sentence, so that the record says why.") if needed or text.strip() else ""
    if problem:
        raise WrongForm({REASON: problem})
    return text


def _spelled(form: OptInForm) -> dict[str, str]:
    return {
        "reason": form.reason,
        "clients": form.clients,
        "protocols": ",".join(form.protocols),
        "day": form.day.isoformat(),
    }
