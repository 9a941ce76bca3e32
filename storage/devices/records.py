"""Describe the register's values: frozen, typed, without any database or Slack shape.

Every instant is an aware UTC ``datetime``; a due day is a calendar day of the configured zone, the last one
on which the device may need old TLS.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from storage.devices.lifecycle import ENDED, STANDING, DeviceState
from storage.records import MailProtocol


class DeviceAct(StrEnum):
    """What was done to an entry. Its event is ``device_`` and this word."""

    ADDED = "added"
    MOVED = "moved"
    """The due day was moved at once: to an earlier one, or while the entry is only proposed."""
    LONGER_ASKED = "longer_asked"
    """A later due day was asked for; it holds once another approver accepts it."""
    LONGER_ACCEPTED = "longer_accepted"
    LONGER_REFUSED = "longer_refused"
    ACTIVATED = "activated"
    """The change that names it was applied."""
    ACCEPTED = "accepted"
    """An approver accepted it while the tenant is opted in."""
    REFUSED = "refused"
    OWNER_CHANGED = "owner_changed"
    ORPHANED = "orphaned"
    """Nobody answers for it any more: its owner said so, or left."""
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"

    @property
    def event(self) -> str:
        """The kind of the event that records it."""
        return f"device_{self.value}"


DEVICE_EVENTS = frozenset(act.event for act in DeviceAct)
"""The kinds of event that the entries of the register are folded from."""


@dataclass(frozen=True, slots=True)
class NewDevice:
    """Hold what is known of a device when proposed; only owner and due day change later."""

    device: str
    sender: str
    """The mail address it sends as, in small letters."""
    site: str
    """Where it stands; may be empty."""
    protocol: MailProtocol
    reason: str
    """Why it cannot speak TLS 1.2."""
    plan: str
    owner_id: str
    """Slack id of the one person who answers for it."""
    due: date


@dataclass(frozen=True, slots=True)
class Device:
    """One entry of the register, as it stands. Its number is read ``D12``."""

    id: int
    tenant_id: str
    device: str
    sender: str
    site: str
    protocol: MailProtocol
    reason: str
    plan: str
    proposer_id: str
    proposer_enterprise_id: str | None
    """The proposer's id in the whole organisation (Enterprise Grid), as Slack told it then; ``None``: outside
    of one."""
    created_at: datetime
    owner_id: str | None
    """``None``: an orphan, shown until it has an owner."""
    due: date
    due_by: str
    """Who set the due day that holds."""
    asked_due: date | None
    """A later due day that waits for an approver; ``None`` where none was asked for."""
    asked_by: str | None
    state: DeviceState
    version: int
    """Counts the acts on it."""
    moves: int
    """How often its due day was moved."""
    active_at: datetime | None
    ended_at: datetime | None
    changed_at: datetime
    """When it was acted on last: whoever pressed a button before saw something else."""

    @property
    def name(self) -> str:
        """Its number, as people read it."""
        return f"D{self.id}"

    @property
    def is_standing(self) -> bool:
        """Whether it counts as a device that still needs old TLS."""
        return self.state in STANDING

    @property
    def has_ended(self) -> bool:
        """Whether it is off the list for good."""
        return self.state in ENDED

    def is_overdue(self, today: date) -> bool:
        """Tell whether it still stands though its due day is over."""
        return self.is_standing and self.due < today


@dataclass(frozen=True, slots=True)
class RecordedAct:
    """One act on an entry. Never altered."""

    device_id: int
    seq: int
    """Number of the event that records it."""
    act: DeviceAct
    person_id: str
    """Who did it: a Slack id, or the bot."""
    at: datetime
    due_before: date | None
    due_after: date | None
    """The due day that holds since then, or that was asked for."""
    why: str
    request_id: int | None
    """The change that names it, where that is the cause."""
