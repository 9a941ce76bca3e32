"""Hold messages of the simulated Slack, and its one way to refuse: a code and words for developers."""

import marshal
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack.cast import APP_ID, BOT_ID, BOT_USER, TEAM_ID


class SlackError(Exception):
    """Refuse by Slack's code (``channel_not_found``); ``details`` are further fields of the answer.

    ``messages`` end up in ``response_metadata.messages``. People acting in the sandbox get the same refusal
    as an exception.
    """

    def __init__(self, code: str, *, messages: Sequence[str] = (), **details: object) -> None:
        super().__init__(": ".join([code, *messages]))
        self.code = code
        self.messages = tuple(messages)
        self.details = details

    def as_answer(self) -> dict[str, object]:
        """Return the body of the Web API's answer, always sent with HTTP status 200."""
        answer: dict[str, object] = {"ok": False, "error": self.code, **self.details}
        if self.messages:
            answer["response_metadata"] = {"messages": list(self.messages)}
        return answer


JSON = dict[str, Any]


def copied(shown: Any) -> Any:
    """Copy what is JSON by writing and reading it, four times as fast as ``copy.deepcopy``.

    Whoever waits for a message looks often.
    """
    return marshal.loads(marshal.dumps(shown))  # noqa: S302 - our own bytes


@dataclass(slots=True)
class Content:
    """What a message says; ``None`` keeps what was there when a message is revised."""

    text: str | None = None
    blocks: list[JSON] | None = None


@dataclass(slots=True)
class Message:
    """One message. Its time stamp is its identity within the channel."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[JSON]
    ephemeral_to: str | None = None
    """The only person who sees it; nobody can react to it, and no method of the Web API finds it."""
    thread_ts: str | None = None
    metadata: JSON | None = None
    files: list[JSON] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited: str | None = None
    """When it was last changed, as a time stamp."""
    earlier: list[list[JSON]] = field(default_factory=list)
    """Blocks it had before: a slow screen still shows them, and what is pressed there arrives."""

    def is_visible_to(self, user: str | None) -> bool:
        """Tell whether ``user`` sees it; ``None`` stands for the sandbox itself, which sees all."""
        return user is None or self.ephemeral_to in {None, user}

    def revise(self, content: Content, at: str) -> None:
        """Take over what ``content`` names; blocks that are not named stay, as in ``chat.update``."""
        if content.blocks is not None:
            self.earlier.append(self.blocks)
            self.blocks = content.blocks
        if content.text is not None:
            self.text = content.text
        self.edited = at

    def as_slack(self) -> JSON:
        """Return the ``message`` object of Web API answers and of ``block_actions``."""
        message: JSON = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "team": TEAM_ID,
        }
        if self.user == BOT_USER:
            message |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.edited:
            message["edited"] = {"user": self.user, "ts": self.edited}
        if self.reactions:
            message["reactions"] = [
                reaction | {"count": len(reaction["users"])} for reaction in self._reactions()
            ]
        named = {
            "blocks": self.blocks,
            "thread_ts": self.thread_ts,
            "metadata": self.metadata,
            "files": self.files,
        }
        return message | {name: value for name, value in named.items() if value}

    def as_page(self) -> JSON:
        """For the page and for tests."""
        shown: JSON = {
            "ts": self.ts,
            "user": self.user,
            "text": self.text,
            "blocks": list(self.blocks),
            "reactions": self._reactions(),
            "edited": self.edited is not None,
            "ephemeral": self.ephemeral_to is not None,
        }
        named = {
            "ephemeral_to": self.ephemeral_to,
            "thread_ts": self.thread_ts,
            "metadata": self.metadata,
            "files": self.files,
        }
        return shown | {name: value for name, value in named.items() if value}

    def _reactions(self) -> list[JSON]:
        return [{"name": name, "users": list(users)} for name, users in self.reactions.items() if users]
