"""Hold the simulated workspace: people, channels, messages, reactions, and reported errors.

State only, safe to use from any thread; it speaks no HTTP and knows nothing of the bot behind the token.
Refusals are ``SlackError`` with Slack's own codes.
"""

import copy
import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.sandbox.shared.watched import Watched
from bot.sandbox.slack import cast
from bot.sandbox.slack.cast import BOT_USER, Channel, Group, Member
from bot.sandbox.slack.messages import JSON, Content, Message, SlackError


class Workspace(Watched):
    """Everything people see.

    ``clock`` is what the page shows as now, and what messages and events are stamped with.
    """

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.clock = clock
        self._members = {member.id: member for member in cast.members()}
        self._channels = {channel.id: channel for channel in cast.channels()}
        self._groups = {group.id: group for group in cast.groups()}
        self._messages: dict[str, list[Message]] = {channel: [] for channel in self._channels}
        self._notices: dict[str, str] = {}
        self._last_ts = 0
        self._numbers = itertools.count(1)

    # People

    def members(self) -> list[Member]:
        """Everybody, the bot last."""
        with self._lock:
            return list(self._members.values())

    def member(self, user: str) -> Member:
        """Raises ``user_not_found``."""
        with self._lock:
            if user not in self._members:
                raise SlackError("user_not_found")
            return self._members[user]

    def alter(self, user: str, **changes: Any) -> None:
        """Change what ``users.info`` says of somebody: ``alter("U0BOB", deleted=True)``."""
        with self.changing():
            self._members[user] = replace(self.member(user), **changes)

    def groups(self) -> list[Group]:
        """Return all user groups."""
        with self._lock:
            return copy.deepcopy(list(self._groups.values()))

    def regroup(self, group: str, members: Iterable[str]) -> None:
        """Replace the members of a user group; a new id makes a new group."""
        with self.changing():
            known = self._groups.get(group) or Group(group, group, group.lower(), [])
            self._groups[group] = replace(known, members=list(members))

    # Channels

    def channels(self) -> list[Channel]:
        """Return all channels, direct messages included."""
        with self._lock:
            return list(self._channels.values())

    def channel(self, channel: str) -> Channel:
        """Raises ``channel_not_found``."""
        with self._lock:
            if channel not in self._channels:
                raise SlackError("channel_not_found")
            return self._channels[channel]

    def entered(self, channel: str, user: str) -> Channel:
        """Return the channel, if ``user`` is in it.

        Raises ``channel_not_found``, ``not_in_channel`` or ``is_archived``.
        """
        found = self.channel(channel)
        if user not in found.members:
            raise SlackError("not_in_channel" if found.person is None else "channel_not_found")
        if found.is_archived:
            raise SlackError("is_archived")
        return found

    def direct(self, user: str) -> Channel:
        """Return the direct messages between ``user`` and the bot.

        Raises ``user_not_found`` or ``cannot_dm_bot``.
        """
        if self.member(user).is_bot:
            raise SlackError("cannot_dm_bot")
        return self.channel(f"D{user[1:]}")

    def add_channel(self, channel: Channel) -> None:
        """Open a channel that nothing has been said in."""
        with self.changing():
            self._channels[channel.id] = channel
            self._messages[channel.id] = []

    def rearrange(self, channel: str, **changes: Any) -> None:
        """Change a channel: ``rearrange("C0CHANGES", is_ext_shared=True)`` or ``members={...}``."""
        with self.changing():
            self._channels[channel] = replace(self.channel(channel), **changes)

    # Messages

    def stamp(self) -> str:
        """Return a new time stamp: the clock's present, but unique and later than the one before."""
        with self._lock:
            self._last_ts = max(self._last_ts + 1, int(self.clock().timestamp() * 1_000_000))
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def post(self, channel: str, user: str, content: Content, **more: Any) -> Message:
        """Add a message and return it; ``more`` are further fields of ``Message``."""
        with self.changing():
            message = Message(
                self.stamp(), self.channel(channel).id, user, content.text or "", content.blocks or [], **more
            )
            self._messages[channel].append(message)
        return message

    def message(self, channel: str, ts: str, *, seen_by: str | None = None) -> Message:
        """Return the message, an ephemeral one only for who sees it.

        Raises ``channel_not_found`` or ``message_not_found``.
        """
        with self._lock:
            for message in self._messages[self.channel(channel).id]:
                if message.ts == ts and message.ephemeral_to in {None, seen_by}:
                    return message
        raise SlackError("message_not_found")

    def revise(self, message: Message, content: Content) -> None:
        """Change what a message says."""
        with self.changing():
            message.revise(content, self.stamp())

    def remove(self, message: Message) -> None:
        """Delete a message; a second time changes nothing."""
        with self.changing():
            self._messages[message.channel] = [
                kept for kept in self._messages[message.channel] if kept is not message
            ]

    def messages(self, channel: str, seen_by: str | None = None) -> list[JSON]:
        """List what ``seen_by`` sees of the channel, oldest first; ``None`` sees ephemeral messages too.

        The list and each message are the caller's own; a block is the workspace's, and nobody changes one:
        whoever waits looks at all of them many times.
        """
        with self._lock:
            found = self._messages[self.channel(channel).id]
            return [message.as_page() for message in found if message.is_visible_to(seen_by)]

    def react(self, message: Message, user: str, name: str) -> None:
        """Add a reaction. Raises ``already_reacted``."""
        with self.changing():
            users = message.reactions.setdefault(name, [])
            if user in users:
                raise SlackError("already_reacted")
            users.append(user)

    def unreact(self, message: Message, user: str, name: str) -> None:
        """Take a reaction back. Raises ``no_reaction``."""
        with self.changing():
            if user not in message.reactions.get(name, []):
                raise SlackError("no_reaction")
            message.reactions[name].remove(user)

    # What went wrong, told to one person

    def notice(self, user: str) -> str | None:
        """Return what Slack's client last told this person went wrong."""
        with self._lock:
            return self._notices.get(user)

    def tell(self, user: str, notice: str | None) -> None:
        """Show a notice to one person; ``None`` takes it away."""
        if self.notice(user) != notice:
            with self.changing():
                self._notices.pop(user, None)
                if notice is not None:
                    self._notices[user] = notice

    # Words and numbers

    def number(self) -> int:
        """Return a number never handed out before, for ids."""
        return next(self._numbers)

    def describe(self) -> str:
        """Return all messages and notices, for a failed wait."""
        with self._lock:
            lines = [
                f"{channel.id} #{channel.name}" + self._listed(channel.id)
                for channel in self._channels.values()
            ]
            return "\n".join([*lines, f"notices: {self._notices}"])

    def _listed(self, channel: str) -> str:
        lines = (
            f"\n  {message.ts} {'bot' if message.user == BOT_USER else message.user}"
            f"{' (only for ' + message.ephemeral_to + ')' if message.ephemeral_to else ''}: {message.text!r}"
            f" {json.dumps(message.blocks)[:1500]} {message.reactions or ''}"
            for message in self._messages[channel]
        )
        return "".join(lines)
