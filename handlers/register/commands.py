"""List the commands about the register; ``handlers.commands`` has the others and reads all.

Kinds and payload keys are stored, and stay as they are. Must never judge who may do what.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from handlers.stored_command import NUMBER, CommandKind, StoredCommand, kept, number
from storage.records import MailProtocol

DEVICE, SENDER, SITE, OWNER, PROTOCOL, PLAN = "device", "sender", "site", "owner", "protocol", "plan"
REASON, DUE = "reason", "due"
"""Keys of the payloads, and the fields of the forms; those of ``devices --json``. An act on an entry keeps
its number, without the D, under the key of every number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDevice(StoredCommand):
    """Propose a device for the register: what, whose, why it needs old TLS, and until which day."""

    kind = CommandKind.ADD_DEVICE
    device: str = field(metadata=kept(DEVICE, str))
    sender: str = field(metadata=kept(SENDER, str))
    site: str = field(default="", metadata=kept(SITE, str))
    owner: str = field(metadata=kept(OWNER, str))
    """Slack id."""
    protocol: MailProtocol = field(metadata=kept(PROTOCOL, MailProtocol))
    reason: str = field(metadata=kept(REASON, str))
    plan: str = field(metadata=kept(PLAN, str))
    due: date = field(metadata=kept(DUE, date.fromisoformat, date.isoformat))


@dataclass(frozen=True, slots=True)
class _AboutDevice(StoredCommand):
    """An act on the entry with this number."""

    device_id: int = field(metadata=kept(NUMBER, number))

    @property
    def logged(self) -> Mapping[str, str]:
        """Name the entry as what it is."""
        return {"device": str(self.device_id)}


@dataclass(frozen=True, slots=True)
class _AnotherDay(_AboutDevice):
    due: date = field(metadata=kept(DUE, date.fromisoformat, date.isoformat))
    reason: str = field(metadata=kept(REASON, str))


@dataclass(frozen=True, slots=True)
class ChangeDay(_AnotherDay):
    """Move the due day: an earlier one holds at once, a later one is asked for.

    The reason may be empty for an earlier one.
    """

    kind = CommandKind.CHANGE_DAY


@dataclass(frozen=True, slots=True)
class NeedLonger(_AnotherDay):
    """Answer a reminder with a later day, and why; else the same."""

    kind = CommandKind.NEED_LONGER


@dataclass(frozen=True, slots=True)
class ChangeOwner(_AboutDevice):
    """Give an entry, or an orphan, to somebody else."""

    kind = CommandKind.CHANGE_OWNER
    owner: str = field(metadata=kept(OWNER, str))


@dataclass(frozen=True, slots=True)
class Replaced(_AboutDevice):
    """Say that the device is gone, or speaks TLS 1.2 by now."""

    kind = CommandKind.REPLACED


@dataclass(frozen=True, slots=True)
class WithdrawDevice(_AboutDevice):
    """Take an entry back that should not have been on the register."""

    kind = CommandKind.WITHDRAW_DEVICE


@dataclass(frozen=True, slots=True)
class AcceptDevice(_AboutDevice):
    """Agree, as a second person, to a proposed entry or to a later due day."""

    kind = CommandKind.ACCEPT_DEVICE


@dataclass(frozen=True, slots=True)
class RefuseDevice(_AboutDevice):
    """Refuse a proposed entry, or a later due day."""

    kind = CommandKind.REFUSE_DEVICE


@dataclass(frozen=True, slots=True)
class NotMine(_AboutDevice):
    """Say, as its owner, that one does not answer for it."""

    kind = CommandKind.NOT_MINE


@dataclass(frozen=True, slots=True)
class KeepUntilTheEnd(StoredCommand):
    """Keep the window to its end without devices; ``request_id`` is the change that set it."""

    kind = CommandKind.KEEP_UNTIL_END
    request_id: int = field(metadata=kept(NUMBER, number))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile(StoredCommand):
    """Import a file: a report, or a list of devices. The days are those that a report speaks of."""

    kind = CommandKind.IMPORT_DEVICES
    address: str = field(metadata=kept("file", str))
    """Where Slack hands it out: to the bot's token and to nobody without one."""
    first_day: date | None = field(default=None, metadata=kept("from", date.fromisoformat, date.isoformat))
    last_day: date | None = field(default=None, metadata=kept("to", date.fromisoformat, date.isoformat))


AboutDevice: TypeAlias = (
    ChangeDay | NeedLonger | ChangeOwner | Replaced | WithdrawDevice | AcceptDevice | RefuseDevice | NotMine
)
"""Whatever is done to one entry."""

RegisterCommand: TypeAlias = AddDevice | AboutDevice | KeepUntilTheEnd | ImportFile
