"""Says in the first line of a message whose it is, where the bot serves several tenants.

Also puts the tenant's id into the ids of rows of buttons and of forms: what a button does that carries no
number is done in the tenant whose message it stands in. That is an address, and no state: who may do what is
judged anew.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.slack.views.mrkdwn import SECTION, escape
from handlers.suggested import with_alias

HEADER = 150
"""Characters that Slack takes in a header."""

AT, END = "@", "\n"
"""What stands before the tenant's id in that of a row of buttons, and behind it in what a form carries."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Return a tenant's alias and the warning its messages show; empty where there is none."""

    alias: str
    tenant_id: str
    warning: str = ""

    @property
    def line(self) -> str:
        """What is added to the first line, escaped for Slack."""
        return f"{self.alias} · ⚠ {escape(self.warning)}" if self.warning else self.alias


def signed(arguments: Mapping[str, Any], by: Signature | None, *, elsewhere: bool = False) -> dict[str, Any]:
    """Return a message's arguments with the tenant in its first line; unchanged where there is one tenant.

    ``elsewhere`` than in its own channel the commands that are suggested name the tenant.
    """
    told = dict(arguments)
    if by is None:
        return told
    if elsewhere:
        told = addressed(told, by.alias)
    told["text"] = _first_line(str(told.get("text") or ""), by.line)
    if told.get("blocks"):
        told["blocks"] = signed_blocks(told["blocks"], by)
    return told


def signed_form(view: Mapping[str, Any], by: Signature | None) -> dict[str, Any]:
    """Return a form with the tenant above its fields and in what comes back with it."""
    told = dict(view)
    if by is None:
        return told
    told["private_metadata"] = f"{by.tenant_id}{END}{told.get('private_metadata') or ''}"
    told["blocks"] = [_line(by), *marked(told.get("blocks") or [], by.tenant_id)]
    return told


def marked(blocks: list[dict[str, Any]], tenant_id: str) -> list[dict[str, Any]]:
    """Return the blocks with the tenant's id in that of each row of buttons that has none."""
    return [
        block | {"block_id": f"{place}{AT}{tenant_id}"}
        if block.get("type") == "actions" and not block.get("block_id")
        else block
        for place, block in enumerate(blocks)
    ]


def tenant_in_block(block_id: object) -> str:
    """Return the tenant's id in that of a row of buttons; empty where there is none."""
    return block_id.rpartition(AT)[2] if isinstance(block_id, str) and AT in block_id else ""


def taken_apart(private: object) -> tuple[str, str]:
    """Return the tenant's id that a form carries (empty: none), and what else it carries."""
    tenant_id, end, rest = str(private or "").partition(END)
    return (tenant_id, rest) if end else ("", tenant_id)


def signed_blocks(blocks: list[dict[str, Any]], by: Signature) -> list[dict[str, Any]]:
    """Return the blocks with the tenant in the first of them, and in the ids of rows of buttons."""
    first, *rest = marked(copy.deepcopy(blocks), by.tenant_id)
    if first.get("type") == "header":
        text = first["text"]
        suffix = f" · {by.alias} · ⚠ {by.warning}" if by.warning else f" · {by.alias}"
        text["text"] = f"{text['text'][: HEADER - len(suffix)]}{suffix}"
        return [first, *rest]
    if first.get("type") == "section" and isinstance(first.get("text"), dict):
        text = first["text"]
        longer = _first_line(text["text"], f"*{by.line}*")
        if len(longer) <= SECTION:
            text["text"] = longer
            return [first, *rest]
    return [_line(by), first, *rest]


def addressed(told: Any, alias: str) -> Any:
    """Return texts with the alias in each command that they suggest; the rest as it is."""
    if isinstance(told, list):
        return [addressed(one, alias) for one in told]
    if not isinstance(told, dict):
        return told
    return {
        name: _with_alias(value, alias)
        if name == "text" and isinstance(value, str)
        else addressed(value, alias)
        for name, value in told.items()
    }


def _with_alias(text: str, alias: str) -> str:
    longer = with_alias(text, alias)
    return longer if len(longer) <= SECTION else text


def _line(by: Signature) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": f"*{by.line}*", "verbatim": True}]}


def _first_line(text: str, added: str) -> str:
    line, end, rest = text.partition("\n")
    return f"{line} · {added}{end}{rest}"
