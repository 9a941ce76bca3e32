"""List what is told about devices: to an owner, to operators, and when none is left. Pure.

Kinds and the names of fields are stored, so they stay.
"""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from handlers.calendar.milestone import spelled
from handlers.outgoing.announcement import Announcement
from storage.devices.records import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceYours(Announcement):
    """To an owner: they answer for this entry from now on, says ``by``."""

    kind = "device_yours"
    device: int
    due: date
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesYours(Announcement):
    """To an owner: they answer for these entries, and ``more``, from now on, says ``by``, who sent a list."""

    kind = "devices_yours"
    devices: tuple[int, ...]
    more: int
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
class DevicesWeekly(Announcement):
    """Tell the channel weekly, while a device is active, how many there are and where that leads.

    ``devices`` are the entries that need somebody, each with a message in its thread, and there are ``more``.
    """

    kind = "devices_weekly"
    monday: date
    active: int
    overdue: int
    orphaned: int
    pace: str
    devices: tuple[int, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesUnanswered(Announcement):
    """To the operators: nobody says what became of these entries, and ``more``."""

    kind = "devices_unanswered"
    devices: tuple[int, ...]
    more: int
    mention: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesOrphaned(Announcement):
    """Tell operators that these entries have no owner; ``by`` who said so, ``None``: they have left."""

    kind = "devices_orphaned"
    devices: tuple[int, ...]
    more: int
    mention: tuple[str, ...]
    owner: str
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoneLeft(Announcement):
    """Tell that the last active entry ended; opting out in ``wait`` hours, ``None``: people are asked.

    ``request`` is the opt-in or extension behind the window; ``KeepUntilTheEnd`` names it.
    """

    kind = "none_left"
    request: int
    device: int
    wait: int | None


DeviceNews: TypeAlias = (
    DeviceYours | DevicesYours | DeviceDue | DevicesWeekly | DevicesUnanswered | DevicesOrphaned | NoneLeft
)


def how_it_stands(device: Device) -> str:
    """Say how an entry stands, in place of the buttons under a message about it that was answered.

    Names nothing typed.
    """
    if device.has_ended:
        return f"{device.name} is {device.state.value}."
    if device.owner_id is None:
        return f"{device.name} has no owner now."
    if device.asked_due is not None:
        asked, holds = spelled(device.asked_due), spelled(device.due)
        return f"{asked} is asked for {device.name}. Until that is agreed to, {holds} holds."
    return f"{device.name} is @{device.owner_id}'s and due on {spelled(device.due)}."
