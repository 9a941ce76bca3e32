"""Describe the register: its values, and which state of an entry may follow which. Frozen, typed, pure.

Every instant is an aware UTC ``datetime``; a due day is a calendar day of the configured zone, the last one
on which the entry is not overdue. Who may cause a move is policy's business, one floor up.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from storage.records import MailProtocol


class DeviceState(StrEnum):
    """Where an entry stands; the words are those people read."""

    PROPOSED = "proposed"
    """Somebody says that this device still needs old TLS; nobody else has agreed yet."""
    ACTIVE = "active"
    """A second person has agreed, with the change that names it or by accepting it."""
    REPLACED = "replaced"
    """The device is gone, or speaks TLS 1.2 by now."""
    WITHDRAWN = "withdrawn"
    """It was taken back: it should not have been on the list."""
    REFUSED = "refused"


STANDING = frozenset({DeviceState.PROPOSED, DeviceState.ACTIVE})
"""States in which an entry counts as a device that still needs old TLS."""

ENDED = frozenset(DeviceState) - STANDING
"""States that nothing leaves: an ended entry is proposed anew, under another number."""

DEVICE_MOVES: dict[tuple[DeviceState, DeviceState], str] = {
    (
        DeviceState.PROPOSED,
        DeviceState.ACTIVE,
    ): "the change that names it was applied, or another approver accepted it",
    (DeviceState.PROPOSED, DeviceState.REFUSED): "an approver refused it",
    (DeviceState.PROPOSED, DeviceState.WITHDRAWN): "taken back",
    (DeviceState.PROPOSED, DeviceState.REPLACED): "replaced before anybody agreed",
    (DeviceState.ACTIVE, DeviceState.REPLACED): "replaced",
    (DeviceState.ACTIVE, DeviceState.WITHDRAWN): "taken back",
}
"""Every permitted move and the reason people are given for it."""


def may_move_device(before: DeviceState, after: DeviceState) -> bool:
    """Tell whether ``after`` may follow ``before``."""
    return (before, after) in DEVICE_MOVES


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
