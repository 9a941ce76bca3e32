"""Post messages, and answer the Web API methods about them: ``chat.*`` and ``reactions.get``."""

import copy
import json
from collections.abc import Callable
from typing import Any

from bot.sandbox.slack.api import Arguments, Method
from bot.sandbox.slack.blockkit import identified, message_problems
from bot.sandbox.slack.cast import BOT_USER
from bot.sandbox.slack.messages import JSON, Content, Message, SlackError
from bot.sandbox.slack.workspace import Workspace

LONGEST_TEXT = 40_000


def content_of(workspace: Workspace, given: JSON) -> Content:
    """``text`` and ``blocks`` of a request, checked.

    Raises ``no_text``, ``msg_too_long``, ``invalid_blocks_format`` or ``invalid_blocks`` with what is wrong.
    """
    text, blocks = given.get("text"), _decoded(given.get("blocks"))
    if not text and not blocks:
        raise SlackError("no_text")
    if text is not None and len(str(text)) > LONGEST_TEXT:
        raise SlackError("msg_too_long")
    if blocks is None:
        return Content(text)
    if problems := message_problems(blocks):
        plain = [problem.removeprefix("[ERROR] ") for problem in problems]
        raise SlackError("invalid_blocks", messages=problems, errors=plain)
    return Content(text, identified(copy.deepcopy(blocks), workspace.number))


def _decoded(blocks: Any) -> Any:
    """Blocks arrive as JSON inside a form, or as they are inside a JSON body.

    Raises ``invalid_blocks_format``.
    """
    if isinstance(blocks, str):
        try:
            blocks = json.loads(blocks)
        except ValueError:
            raise SlackError("invalid_blocks_format") from None
    if blocks is not None and not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    return blocks


def respond_with(
    workspace: Workspace, given: JSON, *, channel: str, user: str, original: Message | None
) -> None:
    """Do what an ack's payload or a post to a response_url asks for. Raises like ``content``.

    An answer is ephemeral unless it says ``in_channel``. Without ``replace_original`` it is a new message; a
    slash command has no original, so there it always is one (bolt-js #2287, bolt-python #1268).
    """
    if given.get("delete_original"):
        if original is not None:
            workspace.remove(original)
        return
    said = content_of(workspace, given)
    if given.get("replace_original") and original is not None:
        workspace.revise(original, Content(said.text or "", said.blocks or []))
        return
    to = None if given.get("response_type") == "in_channel" else user
    workspace.post(channel, BOT_USER, said, ephemeral_to=to, thread_ts=given.get("thread_ts"))


WRITE = ("chat:write",)


class Chat:
    """``base`` gives the workspace's own address."""

    def __init__(self, workspace: Workspace, *, base: Callable[[], str]) -> None:
        self._workspace = workspace
        self._base = base

    def methods(self) -> dict[str, Method]:
        """Return what this module answers."""
        return {
            "chat.postMessage": Method(self._post, WRITE),
            "chat.postEphemeral": Method(self._post_ephemeral, WRITE),
            "chat.update": Method(self._update, WRITE),
            "chat.delete": Method(self._delete, WRITE),
            "chat.getPermalink": Method(self._permalink),
            "reactions.get": Method(self._reactions, ("reactions:read",)),
        }

    def _post(self, arguments: Arguments) -> JSON:
        """Post to a channel, or to a person by id, which opens the direct messages."""
        channel = self._destination(arguments.need("channel"))
        content = content_of(self._workspace, arguments.given)
        thread, metadata = arguments.text("thread_ts") or None, arguments.decoded("metadata")
        message = self._workspace.post(channel, BOT_USER, content, thread_ts=thread, metadata=metadata)
        return {"channel": channel, "ts": message.ts, "message": message.as_slack()}

    def _post_ephemeral(self, arguments: Arguments) -> JSON:
        channel = self._workspace.entered(arguments.need("channel"), BOT_USER)
        user = arguments.need("user")
        if user not in channel.members:
            raise SlackError("user_not_in_channel")
        content = content_of(self._workspace, arguments.given)
        thread = arguments.text("thread_ts") or None
        message = self._workspace.post(channel.id, BOT_USER, content, ephemeral_to=user, thread_ts=thread)
        return {"message_ts": message.ts}

    def _update(self, arguments: Arguments) -> JSON:
        message = self._own(arguments, "cant_update_message")
        self._workspace.revise(message, content_of(self._workspace, arguments.given))
        return {
            "channel": message.channel,
            "ts": message.ts,
            "text": message.text,
            "message": message.as_slack(),
        }

    def _delete(self, arguments: Arguments) -> JSON:
        message = self._own(arguments, "cant_delete_message")
        self._workspace.remove(message)
        return {"channel": message.channel, "ts": message.ts}

    def _permalink(self, arguments: Arguments) -> JSON:
        """A link that leads to the page: nothing in the sandbox points off this machine."""
        message = self._workspace.message(arguments.need("channel"), arguments.need("message_ts"))
        link = f"{self._base()}/archives/{message.channel}/p{message.ts.replace('.', '')}"
        return {"channel": message.channel, "permalink": link}

    def _reactions(self, arguments: Arguments) -> JSON:
        """The whole message, as docs.slack.dev/reference/methods/reactions.get has it."""
        channel = self._workspace.entered(arguments.need("channel"), BOT_USER)
        message = self._workspace.message(channel.id, arguments.need("timestamp"))
        return {"type": "message", "channel": channel.id, "message": message.as_slack()}

    def _destination(self, channel: str) -> str:
        if channel.startswith(("U", "W")):
            try:
                return self._workspace.direct(channel).id
            except SlackError:
                raise SlackError("channel_not_found") from None
        return self._workspace.entered(channel, BOT_USER).id

    def _own(self, arguments: Arguments, refusal: str) -> Message:
        """The bot's message that is meant; an ephemeral one is never found."""
        channel = self._workspace.channel(arguments.need("channel"))
        message = self._workspace.message(channel.id, arguments.need("ts"))
        if message.user != BOT_USER:
            raise SlackError(refusal)
        return message
