"""Find the tenant that an act is about before keeping it, and call that tenant's listener.

A command belongs to the tenant of its channel, or to the one it names first; a button's number leads to its
tenant, and a reaction's message. Must never guess: where no tenant is meant, nothing is done and the person
is told.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack, Respond

from handlers.interaction import Interaction
from handlers.slack.edge import BUSY, Reply
from handlers.slack.listeners import devices
from handlers.slack.listeners.by_tenant import ListenersByTenant, TenantListeners
from handlers.slack.listeners.commands import SUBCOMMANDS
from handlers.slack.listeners.fleet import FLEET, Fleet
from handlers.slack.listeners.home import seen_hash
from handlers.slack.listeners.mentions import INSTEAD, mention
from handlers.slack.parsing import Malformed, channel_of, first_field, identity, number, person_of, reaction
from handlers.slack.shared_edge import SharedEdge
from handlers.slack.views import card_buttons as cards
from handlers.slack.views import device_forms, help_and_history
from handlers.slack.views import devices as device_views
from handlers.slack.views.announcements import DONE, SNOOZE
from handlers.slack.views.mrkdwn import escape
from handlers.slack.views.signed import taken_apart, tenant_in_block
from handlers.suggested import Suggested

REQUESTS = frozenset(
    {
        *(cards.APPROVE, cards.REJECT, cards.WITHDRAW, cards.TAKE_BACK, cards.GIVE_REASON),
        *(cards.AGAIN, cards.EXTEND, cards.OPT_OUT_NOW, cards.IT_WAS_ME, cards.WHAT_IF, device_forms.KEEP),
    }
)
"""Buttons that carry the number of a change."""

NOTICES = frozenset({SNOOZE, DONE})
"""Buttons that carry the number of a message."""

DEVICES = frozenset(
    {
        *(*devices.BUTTONS, device_views.SHOW_DEVICE, device_views.CHANGE_DAY, device_views.CHANGE_OWNER),
        device_forms.NEED_LONGER,
    }
)
"""Buttons that carry the number of an entry of the register."""

ALL = "@all"
"""No alias, and what is typed by whoever means every tenant."""

_MENTION = re.compile(r"<@[UW][A-Z0-9]+\|([^>]*)>")

NOT_SERVED = (
    "This is about a tenant that the bot does not serve, so nothing was done. What is on record of it is "
    "kept; whoever runs the bot can tell more."
)
OTHERS_CHANNEL = (
    "Nothing was done: this channel is that of `@{alias}`, and no command for another tenant is taken in it."
)
WHICH = (
    "Which tenant? Put its name first, as in `/legacytls @{first} status`, or ask in its own channel. "
    "Yours: {all}."
)
NONE_OF_YOURS = (
    "Nothing was done: it is not said which tenant is meant, and none of them concerns you. In a tenant's "
    f"own channel {Suggested('help')} shows what can be asked for."
)
NOT_ALL = "No command is done for all tenants at once; `/legacytls fleet` shows them to fleet operators. "
MOST_NAMED = 50
"""Aliases that an answer names."""


class Router:
    """The listeners of a bot with several tenants."""

    def __init__(self, shared_edge: SharedEdge, by_tenant: ListenersByTenant, fleet: Fleet) -> None:
        self._shared_edge = shared_edge
        self._by_tenant = by_tenant
        self._fleet = fleet

    def command(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        """Hand a command to its tenant, without the alias."""
        text, channel = str(body.get("text") or "").strip(), str(body["channel_id"])
        first, rest = alias_in_front(text)
        here = self._by_tenant.in_channel(channel)
        named = self._by_tenant.called(first[1:]) if first.startswith("@") else None
        if first.lower() == FLEET:
            self._fleet.listen(ack, body, respond)
        elif first.startswith("@") and here is not None and named is not here:
            ack(OTHERS_CHANNEL.format(alias=here.signature.alias))
        elif named is not None:
            named.commands.listen(ack, {**body, "text": rest.strip()}, respond)
        elif here is not None:
            here.commands.listen(ack, body, respond)
        else:
            reply = self._shared_edge.reply(respond, person=str(body["user_id"]), channel=channel)
            self._ask_which(ack, reply, text)

    def click(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        """Hand a click to the tenant that its number leads to, or in whose message it was made.

        Raises ``Unreachable``.
        """
        listeners = self._of_click(body)
        if listeners is not None:
            listeners.clicks.listen(ack, _unsigned(body), respond)
            return
        reply = self._shared_edge.reply(respond, person=person_of(body), channel=channel_of(body))
        ack()
        self._not_served(reply)

    def submission(self, ack: Ack, body: dict[str, Any]) -> None:
        """Hand a form to the tenant for which it was opened."""
        if self._fleet.submitted(ack, body):
            return
        view = body["view"]
        tenant_id, rest = taken_apart(view.get("private_metadata"))
        listeners = self._by_tenant.of(tenant_id) if tenant_id else self._by_tenant.in_channel(rest)
        if listeners is not None:
            listeners.submissions.listen(ack, _unsigned(body))
            return
        field = first_field(view)
        ack(response_action="errors", errors={field: NOT_SERVED}) if field else ack()

    def reaction(self, body: dict[str, Any], respond: Respond) -> None:
        """Hand a reaction that decides to the tenant whose message it stands on. Raises ``Unreachable``.

        Where that one is not served any more, the person is told.
        """
        acted = self._decided(body)
        if acted is None:
            return
        whose = self._by_tenant.whose.at(acted.channel, acted.ts)
        listeners = self._by_tenant.of(whose) if whose else self._by_tenant.in_channel(acted.channel)
        if listeners is not None:
            listeners.reactions.listen(body)
        elif whose is not None:
            self._not_served(self._shared_edge.reply(respond, person=acted.person, channel=acted.channel))

    def _not_served(self, reply: Reply) -> None:
        if self._shared_edge.is_news(reply.person, "not served", NOT_SERVED, None):
            self._shared_edge.executor.follow(lambda: reply.say(NOT_SERVED), person=reply.person)

    def mention(self, body: dict[str, Any], respond: Respond) -> None:
        """Hand a mention to the tenant of its channel; elsewhere a member is answered for none."""
        found = mention(body, bot=self._shared_edge.bot_user)
        if found is None:
            return
        listeners = self._by_tenant.in_channel(found.channel)
        if listeners is not None:
            listeners.mentions.listen(body, respond)
            return
        reply = self._shared_edge.reply(
            respond, person=found.person, channel=found.channel, thread=found.thread
        )

        def answer() -> None:
            if self._shared_edge.people.member(found.person).allowed:
                reply.say(INSTEAD)

        self._shared_edge.executor.submit(answer, person=found.person)

    def home_opened(self, body: dict[str, Any]) -> None:
        """Have the page of all of a person's tenants published. Raises ``Malformed``."""
        event = body.get("event")
        if isinstance(event, Mapping) and event.get("tab") == "home":
            self._shared_edge.homes.opened(identity(event.get("user")), seen_hash(event))

    def shortcut(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        """Open the form of the person's one tenant; where there are several, tell how to choose."""
        reply = self._shared_edge.reply(respond, person=person_of(body), channel="")

        def open_or_ask() -> None:
            found = self._by_tenant.concerning(reply.person)
            if len(found) == 1:
                found[0].shortcut.open(body, respond)
            else:
                reply.say(_which(found))

        ack()
        if not self._shared_edge.do(reply, open_or_ask, urgent=True):
            self._shared_edge.executor.follow(lambda: reply.say(BUSY))

    def _ask_which(self, ack: Ack, reply: Reply, text: str) -> None:
        first, _ = alias_in_front(text)
        wrong = first if first.startswith("@") else ""

        def tell() -> None:
            if not reply.admits("which", self._shared_edge.people.member(reply.person)):
                return
            found = self._by_tenant.concerning(reply.person)
            if found and text.lower() in ("", "help"):
                one = found[0]
                reply.finish(
                    help_and_history.help_text(
                        one.edge.around.cloud, SUBCOMMANDS, one.signature.alias, which=_which(found)
                    )
                )
            else:
                reply.say(_unknown(wrong, found) + _which(found))

        if self._shared_edge.do(reply, tell):
            ack()
        else:
            ack(BUSY)

    def _of_click(self, body: Mapping[str, Any]) -> TenantListeners | None:
        actions = body.get("actions")
        action = (
            actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], Mapping) else {}
        )
        about = self._of_number(str(action.get("action_id")), str(action.get("value")))
        if about is not None:
            return self._by_tenant.of(about)
        view = body.get("view")
        carried = taken_apart(view.get("private_metadata"))[0] if isinstance(view, Mapping) else ""
        told = tenant_in_block(action.get("block_id")) or carried
        if told:
            return self._by_tenant.of(told)
        container = body.get("container")
        place = container.get("channel_id") if isinstance(container, Mapping) else None
        return self._by_tenant.in_channel(str(place or channel_of(body)))

    def _of_number(self, action: str, value: str) -> str | None:
        """Whose number it is; ``None`` where the button carries none, or nobody has it.

        Raises ``Unreachable``.
        """
        whose = self._by_tenant.whose
        ways: tuple[tuple[frozenset[str], Callable[[int], str | None]], ...] = (
            (REQUESTS, whose.of_request),
            (NOTICES, whose.of_notice),
            (DEVICES, whose.of_device),
        )
        look_up = next((way for buttons, way in ways if action in buttons), None)
        try:
            return look_up(number(value)) if look_up is not None else None
        except Malformed:
            return None

    def _decided(self, body: Mapping[str, Any]) -> Interaction | None:
        """Read a reaction that decides, or looks like it, wherever it stands."""
        event = body.get("event")
        item = event.get("item") if isinstance(event, Mapping) else None
        place = item if isinstance(item, Mapping) else {}
        channel = str(place.get("channel"))
        any_of_them = next(iter(self._by_tenant), None)
        if any_of_them is None:
            return None
        rule = any_of_them.edge.around.rule  # the emoji are the same for all
        emoji = {"approve": rule.approve_emoji, "reject": rule.reject_emoji}
        found = reaction(body, **emoji, channels=[channel], bot=self._shared_edge.bot_user)
        return found[1] if found is not None else None


def alias_in_front(text: str) -> tuple[str, str]:
    """Split the first word from the rest; an alias that is also a name arrives as a mention."""
    first, _, rest = text.partition(" ")
    mention = _MENTION.match(text)
    return (f"@{mention[1]}", text[mention.end() :]) if mention else (first, rest)


def _which(found: list[TenantListeners]) -> str:
    """Names the tenants that concern somebody."""
    aliases = [one.signature.alias for one in found]
    if not aliases:
        return NONE_OF_YOURS
    named = ", ".join(f"`@{alias}`" for alias in aliases[:MOST_NAMED])
    more = f" and {len(aliases) - MOST_NAMED} more" if len(aliases) > MOST_NAMED else ""
    return WHICH.format(first=aliases[0], all=f"{named}{more}")


def _unknown(wrong: str, found: list[TenantListeners]) -> str:
    """Say that an alias is none, and the nearest of those that concern the person."""
    if not wrong:
        return ""
    if wrong.lower() == ALL:
        return NOT_ALL
    aliases = {one.signature.alias.lower(): one.signature.alias for one in found}
    near = difflib.get_close_matches(wrong[1:].lower(), list(aliases), n=1)
    nearest = f"The nearest of yours is `@{aliases[near[0]]}`. " if near else ""
    return f"There is no tenant `{escape(wrong[:41])}`. {nearest}"


def _unsigned(body: Mapping[str, Any]) -> dict[str, Any]:
    """The payload with what a form carries beside its tenant."""
    view = body.get("view")
    if not isinstance(view, Mapping) or "private_metadata" not in view:
        return dict(body)
    return {**body, "view": {**view, "private_metadata": taken_apart(view["private_metadata"])[1]}}
