"""Turn people's acts into what Slack sends to the bot, and its answers into what people see.

All methods may be called from any thread but the server's own. Refusals of the workspace are ``SlackError``,
things that are not there ``LookupError``. Must never tell the bot anything that Slack would not.
"""

import copy
import re
from collections.abc import Callable, Collection
from functools import partial

from bot.sandbox.slack import inputs, payloads
from bot.sandbox.slack.cast import BOT_USER, Channel
from bot.sandbox.slack.chat import respond_with
from bot.sandbox.slack.deliveries import Carrier, Parcel
from bot.sandbox.slack.inputs import Wanted
from bot.sandbox.slack.messages import JSON, Content, SlackError
from bot.sandbox.slack.modals import Modals, View
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.workspace import Workspace

PATIENCE_SECONDS = 60.0
"""Longer than any ack may take; reached only when the server stops meanwhile."""

_PERSON_NAMED = re.compile(r"(?<![\w@.<])@([\w.-]+)")
"""A person's name as people type it: with ``should_escape`` Slack sends ``<@id|name>`` instead."""

_BOT_NAMED = re.compile(r"(?<![\w@.<])@legacytls\b", re.IGNORECASE)
"""The bot's name as people type it; Slack's client sends its id instead."""

NO_ANSWER = {"operation_timeout": "We had some trouble connecting. Try again?"}
"""What a form shows when the bot did not acknowledge it in time."""


class Interactions:
    """People's hands.

    ``base`` gives the workspace's own address, ``command`` is the one slash command that exists. ``scopes``
    are those of the bot token: without ``app_mentions:read`` it hears of no mention.
    """

    def __init__(
        self,
        workspace: Workspace,
        modals: Modals,
        carrier: Carrier,
        urls: ResponseUrls,
        *,
        base: Callable[[], str],
        command: str,
        scopes: Collection[str],
    ) -> None:
        self._workspace = workspace
        self._modals = modals
        self._carrier = carrier
        self._urls = urls
        self._base = base
        self._command = command
        self._scopes = scopes
        self._events: dict[str, JSON] = {}

    def command(self, as_: str, text: str, channel: str) -> None:
        """Send a slash command; an unknown one never reaches the bot.

        What comes of it is seen in the channel or as a notice.
        """
        person, where = self._workspace.member(as_), self._workspace.entered(channel, as_)
        self._workspace.tell(as_, None)
        name = text.split(maxsplit=1)[0] if text.strip() else text
        if name != self._command:
            self._workspace.tell(as_, f"{name} is not a valid command.")
            return
        url = self._base() + self._urls.mint(where.id, as_)
        text = _PERSON_NAMED.sub(self._mentioned, text)
        payload = payloads.slash_command(
            person, where, text, trigger_id=self._modals.trigger(as_), response_url=url
        )
        answered = partial(self._answer_command, as_, where.id)
        self._carrier.send(Parcel("slash_commands", payload, answered, partial(self._failed, as_, name)))

    def say(self, as_: str, text: str, channel: str) -> None:
        """Post a plain message.

        Without a history scope the bot learns of it only where it mentions the bot in its channel.
        """
        where = self._workspace.entered(channel, as_)
        typed = _BOT_NAMED.sub(f"<@{BOT_USER}>", text)
        message = self._workspace.post(where.id, as_, Content(typed))
        is_heard = "app_mentions:read" in self._scopes and where.person is None and BOT_USER in where.members
        if is_heard and f"<@{BOT_USER}>" in typed:
            team = self._workspace.member(as_).team_id
            self._tell_of(payloads.mention_event(message, team=team, event_ts=message.ts), where)

    def press(self, as_: str, channel: str | None, ts: str, wanted: Wanted) -> None:
        """Press or choose something on a message, or in a view when ``ts`` is the id of one."""
        self._workspace.tell(as_, None)
        in_view = ts.startswith("V")
        payload = (
            self._pressed_view(as_, ts, wanted)
            if in_view
            else self._pressed_message(as_, channel or "", ts, wanted)
        )
        self._carrier.send(Parcel("interactive", payload, failed=partial(self._failed, as_, "That")))

    def open_home(self, as_: str) -> None:
        """Open the app's Home: the bot is told and may publish it."""
        where = self._workspace.direct(as_)
        event = payloads.home_event(
            self._workspace.member(as_), where, self._modals.home(as_), event_ts=self._workspace.stamp()
        )
        self._tell_of(event, where)

    def shortcut(self, as_: str, callback_id: str) -> None:
        """Use a global shortcut, from the menu of the message box or the search."""
        self._workspace.tell(as_, None)
        person, trigger = self._workspace.member(as_), self._modals.trigger(as_)
        payload = payloads.shortcut(
            person, callback_id=callback_id, trigger_id=trigger, action_ts=self._workspace.stamp()
        )
        self._carrier.send(Parcel("interactive", payload, failed=partial(self._failed, as_, "The shortcut")))

    def submit(self, as_: str, view_id: str, values: JSON, *, whole: bool = False) -> dict[str, str] | None:
        """Fill in a form by block id, send it off, wait for the answer.

        What is not named is as it was, or empty if ``whole``. Returns what is wrong by block id, as found by
        Slack's client or the bot, or ``NO_ANSWER`` without an ack in time; ``None`` when all is well.
        """
        view = self._modals.view(view_id, user=as_)
        self._workspace.tell(as_, None)
        filled = _filled(view, values, whole=whole)
        errors = inputs.complaints(view.definition["blocks"], filled)
        self._modals.fill(view, filled, errors or None)
        if errors:
            return errors
        payload = payloads.view_submission(
            self._workspace.member(as_), view, trigger_id=self._modals.trigger(as_)
        )
        parcel = Parcel(
            "interactive", payload, partial(self._answer_form, view), partial(self._form_failed, view)
        )
        self._carrier.send(parcel).settled.wait(PATIENCE_SECONDS)
        return view.errors

    def close_view(self, as_: str, view_id: str) -> None:
        """Give a form up; the bot is told only if the view asked for it."""
        view = self._modals.view(view_id, user=as_)
        self._modals.close(view)
        if view.definition.get("notify_on_close"):
            self._carrier.send(Parcel("interactive", payloads.view_closed(self._workspace.member(as_), view)))

    def react(self, as_: str, channel: str, ts: str, name: str, *, remove: bool = False) -> str | None:
        """Add or take back a reaction; returns the event's id, ``None`` if the bot is not in the channel."""
        message = self._workspace.message(self._workspace.entered(channel, as_).id, ts)
        (self._workspace.unreact if remove else self._workspace.react)(message, as_, name)
        where = self._workspace.channel(message.channel)
        if BOT_USER not in where.members:
            return None
        kind = "reaction_removed" if remove else "reaction_added"
        return self._tell_of(
            payloads.reaction_event(kind, as_, name, message, event_ts=self._workspace.stamp()), where
        )

    def _tell_of(self, event: JSON, channel: Channel) -> str:
        """Deliver an event to the bot; returns its id."""
        event_id = f"Ev{self._workspace.number():09X}"
        self._events[event_id] = payloads.event_callback(
            event, event_id=event_id, is_ext_shared=channel.is_ext_shared
        )
        self._carrier.send(Parcel("events_api", self._events[event_id]))
        return event_id

    def replay(self, event_id: str) -> None:
        """Deliver an event once more, as after a lost ack. Raises ``LookupError``."""
        self._carrier.send(Parcel("events_api", self._events[event_id], retry_attempt=1))

    # Payloads

    def _pressed_view(self, as_: str, view_id: str, wanted: Wanted) -> JSON:
        view = self._modals.view(view_id, user=as_)
        press = wanted.among(view.definition["blocks"], *view.earlier)
        if press.state is not None:
            values = copy.deepcopy(view.values)
            values.setdefault(press.block_id, {})[wanted.action_id] = press.state
            self._modals.fill(view, values, view.errors)
        action = press.as_action(self._workspace.stamp())
        trigger = self._modals.trigger(as_)
        return payloads.block_actions_in_view(
            self._workspace.member(as_), view, action=action, trigger_id=trigger
        )

    def _pressed_message(self, as_: str, channel: str, ts: str, wanted: Wanted) -> JSON:
        where = self._workspace.entered(channel, as_)
        message = self._workspace.message(channel, ts, seen_by=as_)
        press = wanted.on(message)
        values = inputs.initial_values(message.blocks)
        if press.state is not None:
            values.setdefault(press.block_id, {})[wanted.action_id] = press.state
        return payloads.block_actions_on_message(
            self._workspace.member(as_),
            where,
            message,
            action=press.as_action(self._workspace.stamp()),
            values=values,
            trigger_id=self._modals.trigger(as_),
            response_url=self._base() + self._urls.mint(channel, as_, message),
        )

    # Answers

    def _failed(self, as_: str, what: str, reason: str) -> None:
        self._workspace.tell(as_, f'{what} failed with the error "{reason}".')

    def _mentioned(self, typed: re.Match[str]) -> str:
        named = (
            person
            for person in self._workspace.members()
            if person.name == typed[1].lower() and not person.is_bot
        )
        return next((f"<@{person.id}|{person.name}>" for person in named), typed[0])

    def _answer_command(self, as_: str, channel: str, answer: JSON) -> None:
        """The ack of a command may carry a message."""
        if not answer:
            return
        try:
            respond_with(self._workspace, answer, channel=channel, user=as_, original=None)
        except SlackError as error:
            self._failed(as_, self._command, str(error))

    def _form_failed(self, view: View, reason: str) -> None:
        self._modals.fill(view, view.values, dict(NO_ANSWER))
        self._failed(view.user, "The form", reason)

    def _answer_form(self, view: View, answer: JSON) -> None:
        """Apply the ack's ``response_action``: errors by block id, another view, or all closed."""
        try:
            match answer.get("response_action"):
                case "errors":
                    self._modals.fill(view, view.values, dict(answer.get("errors") or {}))
                case "update":
                    self._modals.update(view, answer.get("view"))
                case "push":
                    self._modals.open(view.user, answer.get("view"), upon=view)
                case "clear":
                    self._modals.clear(view.user)
                case _:
                    self._modals.close(view)
        except SlackError as error:
            self._form_failed(view, str(error))


def _filled(view: View, values: JSON, *, whole: bool) -> JSON:
    """``state.values`` with what the person filled in.

    Raises ``LookupError`` for a block that the form does not have.
    """
    filled: JSON = copy.deepcopy(view.values)
    fields = {
        block["block_id"]: block["element"] for block in view.definition["blocks"] if block["type"] == "input"
    }
    for block_id, given in ({**dict.fromkeys(fields), **values} if whole else values).items():
        if block_id not in fields:
            raise LookupError(f"no field {block_id!r} in the form, which has {list(fields)}")
        element = fields[block_id]
        filled[block_id][element["action_id"]] = inputs.chosen(element, given)
    return filled
