"""Turn Slack's payloads into what dispatch keeps; every shape is checked. Pure.

The actor comes from the verified payload only, never from message text. ``response_url`` and ``trigger_id``
are secrets of the moment: they are handed on, never kept.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from handlers import stored_command
from handlers.commands import AnswerLookAlike, CastVote, Command, TakeBackVote
from handlers.interaction import Interaction
from handlers.slack.emoji import bare, looks_like_a_decision, same_emoji
from storage.records import Door, Vote

BUTTONS = frozenset({"approve", "reject", "withdraw"})
"""What people type for what only the buttons on a request's message do."""


_ID = re.compile(r"[A-Za-z0-9]{1,32}")
"""The ids of people and channels as far as they are relied on: short and plain, so that every database can
keep them."""

_TOKEN = re.compile(r"[!-~]{1,200}")
"""The ids of events and views are only compared, and Slack promises no shape for them: whatever can be kept
is taken."""

_STAMP = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")


class Malformed(ValueError):
    """The payload is not of a shape Slack sends; nothing is done with it."""


def is_home(body: Mapping[str, Any]) -> bool:
    """Tell whether a press was on an App Home (docs.slack.dev, block_actions payload)."""
    return mapping_of(body, "view", default={}).get("type") == "home"


def reaction(
    body: Mapping[str, Any], *, approve: str, reject: str, channels: Collection[str], bot: str = ""
) -> tuple[Command, Interaction] | None:
    """Read a deciding or look-alike reaction in our channels; ``None`` for every other one.

    Raises ``Malformed``. Whether the message is the bot's own (user ``bot``) is kept too: it proves nothing,
    but then somebody waits for an answer.
    """
    event = mapping_of(body, "event")
    added = event.get("type") == "reaction_added"
    item = mapping_of(event, "item")
    name = text_of(event, "reaction")
    if item.get("type") != "message" or item.get("channel") not in list(channels):
        return None
    votes = ((approve, Vote.APPROVE), (reject, Vote.REJECT))
    vote = next((vote for emoji, vote in votes if same_emoji(name, emoji)), None)
    look_alike = vote is None and added and looks_like_a_decision(name) and event.get("item_user", bot) == bot
    if not look_alike and (vote is None or (not added and vote is Vote.REJECT)):
        return None
    interaction = Interaction(
        key=f"event:{token(body.get('event_id'))}",
        person=identity(event.get("user")),
        door=Door.REACTION,
        at=_happened(event, body),
        channel=identity(item.get("channel")),
        ts=stamped(item.get("ts")),
    )
    own = bool(bot) and event.get("item_user") == bot
    if vote is None:
        return AnswerLookAlike(bare(name), on_own_message=own), interaction
    return (CastVote(vote, on_own_message=own) if added else TakeBackVote(on_own_message=own)), interaction


def file_address(view: Mapping[str, Any], field: str) -> str:
    """Return the address of the one file of a form, for the bot's token alone. Raises ``Malformed``."""
    element = mapping_of(mapping_of(mapping_of(mapping_of(view, "state"), "values"), field), field)
    return text_of(first_of(element.get("files")), "url_private_download")


def values(view: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what was filled in, by block id: the text, the date, or the chosen options."""
    state = mapping_of(mapping_of(view, "state", default={}), "values", default={})
    filled: dict[str, list[str]] = {}
    for block_id, block in state.items():
        found = (
            [_chosen(element) for element in block.values() if isinstance(element, Mapping)]
            if isinstance(block, Mapping)
            else []
        )
        filled[str(block_id)] = [text for texts in found for text in texts]
    return filled


def at(stamp: object) -> datetime:
    """Return Slack's ``1700000000.123456`` as an instant. Raises ``Malformed``."""
    try:
        return datetime.fromtimestamp(float(stamped(stamp)), tz=UTC)
    except (ValueError, OverflowError, OSError) as wrong:
        raise Malformed("a time stamp is no number") from wrong


def stamped(found: object) -> str:
    """Return a time stamp as Slack writes it, which is also how it names a message. Raises ``Malformed``."""
    if isinstance(found, str) and _STAMP.fullmatch(found):
        return found
    raise Malformed("a time stamp is no number")


def identity(found: object) -> str:
    """Return the id of a person or a channel. Raises ``Malformed``."""
    if isinstance(found, str) and _ID.fullmatch(found):
        return found
    raise Malformed("an id is missing or none of Slack's")


def token(found: object) -> str:
    """Return the id of an event or a view, which is only ever compared. Raises ``Malformed``."""
    if isinstance(found, str) and _TOKEN.fullmatch(found):
        return found
    raise Malformed("an id is missing")


def trigger(body: Mapping[str, Any]) -> str:
    """Return what opens a form within three seconds; empty when Slack sent none."""
    return str(body.get("trigger_id") or "")


def first_field(view: object) -> str:
    """Return the form's first block id, for a sentence about all of it; empty without fields."""
    blocks = view.get("blocks") if isinstance(view, Mapping) else None
    for block in blocks if isinstance(blocks, list) else []:
        if (
            isinstance(block, Mapping)
            and block.get("type") == "input"
            and isinstance(block.get("block_id"), str)
        ):
            return str(block["block_id"])
    return ""


def number(text: str) -> int:
    """Return the number of a change or a reminder that a button carries. Raises ``Malformed``."""
    try:
        return stored_command.number(text)
    except ValueError as wrong:
        raise Malformed("a button carries no change number") from wrong


def invocation(body: Mapping[str, Any]) -> str:
    """Return what tells a command from all others, whose ``trigger_id`` and ``response_url`` are unique.

    A digest, since both are secrets of the moment. A copy that is sent again has the same.
    """
    spelled = json.dumps(body, sort_keys=True, default=str).encode("utf-8", "backslashreplace")
    return f"command:{hashlib.sha256(spelled).hexdigest()[:32]}"


def person_of(body: Mapping[str, Any]) -> str:
    """Return who sent an interaction. Raises ``Malformed``."""
    return identity(mapping_of(body, "user").get("id"))


def channel_of(body: Mapping[str, Any]) -> str:
    """Return where an interaction happened; empty where it has no channel. Raises ``Malformed``."""
    found = mapping_of(body, "channel", default={}).get("id")
    return identity(found) if found else ""


def _chosen(element: Mapping[str, Any]) -> list[str]:
    for key in ("value", "selected_date", "selected_user"):
        if isinstance(element.get(key), str):
            return [element[key]]
    one = element.get("selected_option")
    several = element.get("selected_options")
    options = [one] if isinstance(one, Mapping) else several if isinstance(several, list) else []
    return [
        option["value"]
        for option in options
        if isinstance(option, Mapping) and isinstance(option.get("value"), str)
    ]


def _happened(event: Mapping[str, Any], body: Mapping[str, Any]) -> datetime:
    """Return when a reaction changed: ``event_ts``, else ``event_time`` in whole seconds."""
    stamp = event.get("event_ts")
    return at(str(body.get("event_time")) if stamp is None else stamp)


def first_of(found: object) -> Mapping[str, Any]:
    """Return the first entry of a list. Raises ``Malformed`` unless it is an object."""
    if isinstance(found, list) and found and isinstance(found[0], Mapping):
        return found[0]
    raise Malformed("no action in the payload")


def mapping_of(
    body: Mapping[str, Any], key: str, *, default: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Return the object under ``key``; ``default``, where there is one, for none. Raises ``Malformed``."""
    found = body.get(key)
    if isinstance(found, Mapping):
        return found
    if default is not None and found is None:
        return default
    raise Malformed(f"{key} is missing")


def text_of(body: Mapping[str, Any], key: str) -> str:
    """Return the text under ``key``. Raises ``Malformed`` for none and for an empty one."""
    found = body.get(key)
    if isinstance(found, str) and found:
        return found
    raise Malformed(f"{key} is missing")
