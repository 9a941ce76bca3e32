"""What the use cases know of one interaction, a single act of one person in Slack: who, where, by which door, when."""

from dataclasses import dataclass
from datetime import datetime

from storage.inbox import Item
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

    @property
    def answers_in(self) -> str:
        """Where the private answer belongs: the channel of a click, nothing (a direct message) after a reaction."""
        return "" if self.door is Door.REACTION else self.channel


def interaction_of(item: Item) -> Interaction | None:
    """The act that a delivery tells of; ``None`` for one that no listener of ours can have written."""
    try:
        return Interaction(
            key=item.key,
            person=item.payload["person"],
            door=Door(item.payload["door"]),
            at=datetime.fromisoformat(item.payload["at"]),
            channel=item.payload.get("channel", ""),
            ts=item.payload.get("ts", ""),
        )
    except (KeyError, ValueError):
        return None
