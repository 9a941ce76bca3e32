"""Tell layouts apart by their shapes: the blocks, fields and elements of a surface; have Slack judge them.

``blocks.validate`` needs no scope, posts nothing, and answers what is wrong as ``errors``, each with a
pointer and a message (docs.slack.dev/reference/methods/blocks.validate).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_sdk.errors import SlackApiError

from handlers.ports import Unavailable
from handlers.slack.client.calls import call
from handlers.slack.client.web_api import SlackWebClient
from handlers.suggested import all_without_alias


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold a layout: ``body`` is for ``blocks.validate``; a refused ``native`` one is replaced."""

    name: str
    body: Mapping[str, Any]
    native: bool = False

    @property
    def surface(self) -> str:
        """``message``, ``modal`` or ``home``."""
        view = self.body.get("view")
        return str(view["type"]) if view else "message"

    @property
    def shapes(self) -> frozenset[tuple[str, str]]:
        """Return the surface and each block's shape: its type, fields, and those of its elements."""
        blocks = self.body["view"]["blocks"] if "view" in self.body else self.body["blocks"]
        return frozenset((self.surface, shape_of(block)) for block in blocks)


def shape_of(block: object) -> str:
    """Return the fields of a block and of all that it holds, without their texts."""
    if isinstance(block, Mapping):
        parts = (f"{key}={_word(key, value)}" for key, value in sorted(block.items()) if key not in _FREE)
        return f"{{{' '.join(parts)}}}"
    if isinstance(block, list):
        return f"[{' '.join(sorted({shape_of(each) for each in block}))}]"
    return "."


_FREE = frozenset(
    {
        "action_id",
        "block_id",
        "value",
        "initial_date",
        "max_length",
        "initial_value",
        "initial_options",
        "optional",
    }
)
"""Fields whose presence Slack does not judge together with others."""


def _word(key: str, value: object) -> str:
    return str(value) if key in ("type", "style", "emoji", "verbatim", "multiline") else shape_of(value)


def shapes_of(layouts: Iterable[Layout]) -> frozenset[tuple[str, str]]:
    """Return every shape in these layouts, with its surface."""
    return frozenset().union(*(layout.shapes for layout in layouts))


WRONG = frozenset({"invalid_blocks", "invalid_message", "invalid_view"})
"""Slack's codes for a layout that it would not take."""

SHOWN = 3
"""Mistakes of one layout that are told."""


def mistakes(client: SlackWebClient, layout: Layout) -> list[str]:
    """Return what Slack would refuse in a layout, where and why; empty where it would take it.

    Raises ``Unavailable`` where Slack does not judge.
    """
    refused: list[SlackApiError] = []

    def ask() -> object:
        try:
            return client.api_call("blocks.validate", json=all_without_alias(dict(layout.body)))
        except SlackApiError as error:
            refused.append(error)
            raise

    try:
        call(partial(ask))
    except Unavailable as away:
        if away.code not in WRONG or not refused:
            raise
        return _told(refused[0])
    return []


def _told(error: SlackApiError) -> list[str]:
    found = error.response.get("errors")
    told = [
        f"{one.get('pointer') or '/'}: {one.get('message') or one.get('code')}"
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict)
    ]
    return told[:SHOWN] or ["Slack does not say where"]
