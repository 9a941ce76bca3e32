"""Turn a Slack message into plain lines: the same sentences without mark-up and buttons."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from handlers.slack.command_text import unescape
from handlers.slack.views.blocks import Message
from handlers.slack.views.mrkdwn import QUOTE
from handlers.suggested import without_alias

_OURS = ((re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])"), r"\1"), (re.compile(r"`([^`\n]+)`"), r"\1"))
"""The marks in our own sentences before Slack's edge adds others: strong words, code."""

_MARKS = (
    (re.compile(r"<!date\^[^|>]*\|([^>]*)>"), r"\1"),
    (re.compile(r"<!subteam\^(S[A-Z0-9]+)>"), r"\1"),
    (re.compile(r"<(https?://[^|>]+)\|([^>]*)>"), r"\2 (\1)"),
    (re.compile(r":[a-z_]+: ?"), ""),
    *_OURS,
)
"""Dates, groups, links, emoji codes, strong words, code."""

_PERSON = re.compile(r"<@([UW][A-Z0-9]+)>")
Names = Callable[[str], str]
"""What stands for somebody's Slack id; ``str`` leaves it as it is."""


def plain(message: Message, name: Names = str) -> list[str]:
    """Return a message's lines; typed text as typed, people called by ``name``."""
    return [line for block in message.arguments().get("blocks", []) for line in _said(block, name)]


def unmarked(sentence: str) -> str:
    """Return one of our own sentences without the marks that only Slack shows as they are meant."""
    for pattern, words in _OURS:
        sentence = pattern.sub(words, sentence)
    return without_alias(sentence)


def _said(block: Mapping[str, Any], name: Names) -> Iterator[str]:
    if block["type"] == "actions":
        return
    texts = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
    for text in texts:
        if text:
            yield from (
                unescape(text["text"]) if text["type"] == "plain_text" else _spoken(text["text"], name)
            ).splitlines()


def _spoken(text: str, name: Names) -> str:
    text = _PERSON.sub(lambda found: name(found[1]), text)
    """Our own marks as they are meant; what people typed, which is quoted, as they typed it."""
    return "\n".join(
        unescape(line) if line.startswith(QUOTE) else _unmarked(line) for line in text.split("\n")
    )


def _unmarked(text: str) -> str:
    for pattern, words in _MARKS:
        text = pattern.sub(words, text)
    return unescape(without_alias(text))
