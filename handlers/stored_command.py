"""Keep a command in the inbox as a kind and a payload of texts, and read it back.

Kinds and payload keys are stored, and covered by each row's authenticator, so they stay as they are: rows of
earlier versions are still read. Must never judge who may do what.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeAlias

from handlers.interaction import required

Payload: TypeAlias = Mapping[str, str]

NUMBER, VOTE, EMOJI, ASKED_KIND, OWN_MESSAGE = "request", "vote", "emoji", "kind", "ours"
"""Keys of stored payloads, beside the fields of the forms. A reply to a reminder keeps the number of its
notice and what was replied under the first two."""

MOST_DIGITS = 9
"""Digits of the largest number of a change or a notice that is read."""


class CommandKind(StrEnum):
    """The kind of a stored command, also what a refusal of it is recorded under."""

    OPT_IN = "opt_in"
    """Also what asks for another end of the window: the payload tells which."""
    OPT_OUT = "opt_out"
    VOTE = "vote"
    TAKE_BACK = "take_back"
    LOOK_ALIKE = "look_alike"
    WITHDRAW = "withdraw"
    REASON = "reason"
    CLAIM = "claim"
    REPLY = "reply"
    ADD_DEVICE = "add_device"
    CHANGE_DAY = "change_day"
    NEED_LONGER = "need_longer"
    CHANGE_OWNER = "change_owner"
    REPLACED = "replaced"
    WITHDRAW_DEVICE = "withdraw_device"
    ACCEPT_DEVICE = "accept_device"
    REFUSE_DEVICE = "refuse_device"
    NOT_MINE = "not_mine"
    KEEP_UNTIL_END = "keep_until_end"
    IMPORT_DEVICES = "import_devices"


def number(text: str) -> int:
    """Read the number of a change or a notice.

    Raises ``ValueError`` for anything but one to nine digits above zero.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) > 0):
        raise ValueError("this is no number of a change or a notice")
    return int(text)


def kept(key: str, read: Callable[[str], object], write: Callable[[Any], str] = str) -> Mapping[str, Any]:
    """Describe a field: its key in the payload, how it becomes text and is read back."""
    return {"key": key, "read": read, "write": write}


@dataclass(frozen=True, slots=True)
class StoredCommand:
    """What all commands have in common: fields that say by ``kept`` how they are stored."""

    kind: ClassVar[CommandKind]

    @property
    def logged(self) -> Mapping[str, str]:
        """What a log line tells of it beside its kind; never a typed text."""
        return {name: text for name, text in self.to_payload().items() if name in (NUMBER, VOTE)}

    def to_payload(self) -> dict[str, str]:
        """Return its part of an inbox row's payload; what is ``None`` or ``False`` is left out."""
        values = ((one.metadata, getattr(self, one.name)) for one in fields(self))
        return {
            how["key"]: how["write"](value)
            for how, value in values
            if value is not None and value is not False
        }

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read what ``to_payload`` of this or an earlier version wrote.

        Raises ``ValueError`` for anything else.
        """
        present = (one for one in fields(cls) if one.default is MISSING or one.metadata["key"] in payload)
        return cls(
            **{one.name: one.metadata["read"](required(payload, one.metadata["key"])) for one in present}
        )
