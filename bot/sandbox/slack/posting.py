"""How the bot's words become messages: what ``chat.*``, an ack and a response_url have in common."""

import copy
import json
from typing import Any

from bot.sandbox.slack.blockkit import identified, message_problems
from bot.sandbox.slack.cast import BOT_USER
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.messages import JSON, Content, Message
from bot.sandbox.slack.workspace import Workspace

LONGEST_TEXT = 40_000


def content(workspace: Workspace, given: JSON) -> Content:
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


def respond(workspace: Workspace, given: JSON, *, channel: str, user: str, original: Message | None) -> None:
    """Do what an ack's payload or a post to a response_url asks for. Raises like ``content``.

    An answer is ephemeral unless it says ``in_channel``. Without ``replace_original`` it is a new message; a
    slash command has no original, so there it always is one (bolt-js #2287, bolt-python #1268).
    """
    if given.get("delete_original"):
        if original is not None:
            workspace.remove(original)
        return
    said = content(workspace, given)
    if given.get("replace_original") and original is not None:
        workspace.revise(original, Content(said.text or "", said.blocks or []))
        return
    to = None if given.get("response_type") == "in_channel" else user
    workspace.post(channel, BOT_USER, said, ephemeral_to=to, thread_ts=given.get("thread_ts"))
