"""Web API methods about messages: ``chat.*`` and ``reactions.get``."""

from collections.abc import Callable

from bot.sandbox.slack import posting
from bot.sandbox.slack.api import Arguments, Method
from bot.sandbox.slack.cast import BOT_USER
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.messages import JSON, Message
from bot.sandbox.slack.workspace import Workspace

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
        content = posting.content(self._workspace, arguments.given)
        thread, metadata = arguments.text("thread_ts") or None, arguments.decoded("metadata")
        message = self._workspace.post(channel, BOT_USER, content, thread_ts=thread, metadata=metadata)
        return {"channel": channel, "ts": message.ts, "message": message.as_slack()}

    def _post_ephemeral(self, arguments: Arguments) -> JSON:
        channel = self._workspace.entered(arguments.need("channel"), BOT_USER)
        user = arguments.need("user")
        if user not in channel.members:
            raise SlackError("user_not_in_channel")
        content = posting.content(self._workspace, arguments.given)
        thread = arguments.text("thread_ts") or None
        message = self._workspace.post(channel.id, BOT_USER, content, ephemeral_to=user, thread_ts=thread)
        return {"message_ts": message.ts}

    def _update(self, arguments: Arguments) -> JSON:
        message = self._own(arguments, "cant_update_message")
        self._workspace.revise(message, posting.content(self._workspace, arguments.given))
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
