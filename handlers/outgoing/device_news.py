"""What is told about devices beside their own messages: to an owner, to the operators, and when none is left, pure.

Kinds and the names of fields are stored, so they stay.
"""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from handlers.outgoing.announcement import Announcement


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceYours(Announcement):
    """To an owner: they answer for this entry from now on, says ``by``."""

    kind = "device_yours"
    device: int
    due: date
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDue(Announcement):
    """To an owner: what became of the device? ``days`` are left until its due day; below 0 it is over."""

    kind = "device_due"
    device: int
    name: str
    due: date
    days: int
    moves: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesUnanswered(Announcement):
    """To the operators: nobody says what became of these entries, and ``more``."""

    kind = "devices_unanswered"
    devices: tuple[int, ...]
    more: int
    mention: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesOrphaned(Announcement):
    """To the operators: these entries have no owner any more; ``by`` is the owner who said so, ``None`` where they have left."""

    kind = "devices_orphaned"
    devices: tuple[int, ...]
    more: int
    mention: tuple[str, ...]
    owner: str
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoneLeft(Announcement):
    """The last active entry has ended while opted in; the bot opts out in ``wait`` hours, or (``None``) asks for it.

    ``request`` is the opt-in or extension behind the window; ``KeepUntilTheEnd`` names it.
    """

    kind = "none_left"
    request: int
    device: int
    wait: int | None


DeviceNews: TypeAlias = DeviceYours | DeviceDue | DevicesUnanswered | DevicesOrphaned | NoneLeft
