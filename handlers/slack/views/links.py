"""Turn every ``#12`` of a message into a link to that request's message, where its place is known.

The fallback text keeps the plain number. What people typed is left alone, and so is whatever stands within a
mention, a link or code.
"""

import copy
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from handlers.context.web_addresses import is_loopback
from handlers.slack.views.mrkdwn import QUOTE, SECTION
from storage.engine import Unreachable
from storage.ledger import Ledger

Find = Callable[[Collection[int]], Mapping[int, str]]
"""Looks up the permalinks of these requests."""

_PARTS = re.compile(r"(<[^>]*>|```.*?```|`[^`]*`)", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w&#/|])#(\d{1,9})\b")
_SLACKS = (".slack.com", ".slack-gov.com")


def nowhere(numbers: Collection[int]) -> Mapping[int, str]:
    """Return no permalink: none is known."""
    return {}


def finder(ledger: Ledger) -> Find:
    """Look permalinks up in a ledger; none is known while the database does not answer."""
    return partial(_found, ledger)


def _found(ledger: Ledger, numbers: Collection[int]) -> Mapping[int, str]:
    try:
        with ledger.reading() as reader:
            return reader.messages.permalinks(numbers)
    except Unreachable:
        return {}


def linked(arguments: Mapping[str, Any], find: Find) -> dict[str, Any]:
    """Return a message's arguments with its numbers linked; one of text alone gets a block for that."""
    told = dict(arguments)
    blocks = told.get("blocks") or [
        {"type": "section", "text": {"type": "mrkdwn", "text": told["text"], "verbatim": True}}
    ]
    numbers = {int(found) for text in _texts(blocks) for found in _NUMBER.findall(text["text"])}
    known = {number: link for number, link in find(numbers).items() if is_slacks(link)} if numbers else {}
    if not known:
        return told
    told["blocks"] = copy.deepcopy(blocks)
    for text in _texts(told["blocks"]):
        longer = "\n".join(_line(line, known) for line in text["text"].split("\n"))
        text["text"] = longer if len(longer) <= SECTION else text["text"]
    return told


def is_slacks(link: str) -> bool:
    """Tell whether a permalink leads to Slack or this machine: the database may be altered."""
    try:
        address = urlsplit(link)
    except ValueError:
        return False
    host, plain = address.hostname or "", not re.search(r"[\s|<>]", link)
    to_slack = address.scheme == "https" and host.endswith(_SLACKS)
    return plain and (to_slack or (address.scheme == "http" and is_loopback(host)))


def _line(line: str, known: Mapping[int, str]) -> str:
    if line.startswith(QUOTE):
        return line
    parts = _PARTS.split(line)
    return "".join(
        part if index % 2 else _NUMBER.sub(lambda found: _link(found, known), part)
        for index, part in enumerate(parts)
    )


def _link(found: re.Match[str], known: Mapping[int, str]) -> str:
    link = known.get(int(found[1]))
    return f"<{link}|{found[0]}>" if link else found[0]


def _texts(found: object) -> Iterator[dict[str, Any]]:
    """Every text in which Slack reads mark-up, buttons and their confirmations aside."""
    if isinstance(found, dict):
        if found.get("type") == "mrkdwn":
            yield found
        elif found.get("type") != "button":
            for inner in found.values():
                yield from _texts(inner)
    elif isinstance(found, list):
        for inner in found:
            yield from _texts(inner)
