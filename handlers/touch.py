"""One act of one person at Slack's edge, as the use cases see it: who, where, by which door, when."""

from dataclasses import dataclass
from datetime import datetime

from storage.records import Door


@dataclass(frozen=True, slots=True)
class Touch:
    """``key`` is the inbox key, unique per delivery; ``ts`` is the touched message, empty when none was."""

    item_id: int
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
