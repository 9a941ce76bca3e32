"""Describe one act of one person in Slack for the use cases: who, where, by which door, when.

What was asked for is a command (``handlers.commands``). Both are kept together in one row of the inbox.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from storage.records import Door


@dataclass(frozen=True, slots=True)
class Interaction:
    """``key`` is the inbox key, unique per delivery; ``ts`` is the message acted on, empty when none was."""

    key: str
    person: str
    door: Door
    at: datetime
    channel: str = ""
    ts: str = ""
    on_home: bool = False
    """Whether it was done on the person's App Home, which is no message."""

    @property
    def answers_in(self) -> str:
        """Return where the answer belongs: a click's channel; empty (direct message) after a reaction."""
        return "" if self.door is Door.REACTION else self.channel

    def to_payload(self) -> dict[str, str]:
        """Return its part of an inbox row's payload; the key has a column of its own."""
        place = {"channel": self.channel, "ts": self.ts}
        said = {name: text for name, text in place.items() if text}
        where = {"home": "yes"} if self.on_home else {}
        return {"person": self.person, "door": self.door.value, "at": self.at.isoformat(), **said, **where}

    @classmethod
    def from_payload(cls, key: str, payload: Mapping[str, str]) -> "Interaction":
        """Read what ``to_payload`` of this or an earlier version wrote.

        Raises ``ValueError`` for anything else.
        """
        at = datetime.fromisoformat(required(payload, "at"))
        if at.tzinfo is None:
            raise ValueError("the time of an interaction has no zone")
        return cls(
            key=key,
            person=required(payload, "person"),
            door=Door(required(payload, "door")),
            at=at,
            channel=payload.get("channel", ""),
            ts=payload.get("ts", ""),
            on_home="home" in payload,
        )


def required(payload: Mapping[str, str], name: str) -> str:
    """Return one value of a payload. Raises ``ValueError`` where it is missing."""
    if name not in payload:
        raise ValueError(f"the payload has no {name}")
    return payload[name]
