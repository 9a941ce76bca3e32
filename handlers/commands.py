"""List what a person in Slack can ask of the bot to change something, as one frozen dataclass each.

Slack's edge makes them, the inbox keeps them as a kind and a payload of texts, ``handlers.dispatch`` hands
each to its use case. Kinds and payload keys are stored, and covered by each row's authenticator, so they stay
as they are: rows of earlier versions are still read. Must never judge who may do what.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Self, TypeAlias, get_args

from handlers.interaction import required
from handlers.policy.forms import CLIENTS, DAY, DEVICES, PROTOCOLS, REASON, TICKET, OptInForm
from handlers.register.commands import RegisterCommand
from handlers.stored_command import (
    ASKED_KIND,
    EMOJI,
    NUMBER,
    OWN_MESSAGE,
    VOTE,
    CommandKind,
    Payload,
    StoredCommand,
    kept,
    number,
)
from storage.lifecycle import Kind
from storage.messages.records import ReminderReply
from storage.records import MailProtocol, Vote


def _cast(text: str) -> Vote:
    """Read the vote of somebody who votes: a vote is taken back by a command of its own."""
    vote = Vote(text)
    if vote is Vote.TAKEN_BACK:
        raise ValueError("nobody casts this vote")
    return vote


@dataclass(frozen=True, slots=True)
class _Form(StoredCommand):
    """A filled form about the window; ``asked`` is the kind of change it asks for."""

    kind = CommandKind.OPT_IN
    asked: ClassVar[Kind]
    form: OptInForm

    def to_payload(self) -> dict[str, str]:
        """Return the fields of the form, each a text."""
        return {
            REASON: self.form.reason,
            CLIENTS: self.form.clients,
            PROTOCOLS: ",".join(self.form.protocols),
            DAY: self.form.day.isoformat(),
            ASKED_KIND: self.asked.value,
            **({DEVICES: ",".join(str(number) for number in self.form.devices)} if self.form.devices else {}),
            **({TICKET: self.form.ticket} if self.form.ticket else {}),
        }

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read the fields of the form. Raises ``ValueError``."""
        protocols = tuple(MailProtocol(name) for name in required(payload, PROTOCOLS).split(","))
        day = datetime.fromisoformat(required(payload, DAY)).date()
        reason, clients = required(payload, REASON), required(payload, CLIENTS)
        named = tuple(number(text) for text in payload[DEVICES].split(",")) if DEVICES in payload else ()
        ticket = required(payload, TICKET) if TICKET in payload else ""
        return cls(OptInForm(reason, clients, protocols, day, devices=named, ticket=ticket))


@dataclass(frozen=True, slots=True)
class AskOptIn(_Form):
    """Ask to opt in; a second person has to approve."""

    asked = Kind.OPT_IN


@dataclass(frozen=True, slots=True)
class AskExtension(_Form):
    """Ask for a later end of the window; a second person has to approve."""

    asked = Kind.EXTENSION


@dataclass(frozen=True, slots=True)
class ShortenWindow(_Form):
    """Give the window an earlier end, which holds at once."""

    asked = Kind.SHORTENING


@dataclass(frozen=True, slots=True)
class OptOut(StoredCommand):
    """Opt out at once; the reason may be empty, and a ticket is noted as it was typed."""

    kind = CommandKind.OPT_OUT
    reason: str = field(default="", metadata=kept(REASON, str))
    ticket: str | None = field(default=None, metadata=kept(TICKET, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutMessage(StoredCommand):
    """What a button or a reaction on a message asks for.

    ``request_id`` is ``None`` for a reaction, which is matched by its message; ``on_own_message`` tells
    whether Slack said that the bot wrote that one.
    """

    request_id: int | None = field(default=None, metadata=kept(NUMBER, number))
    on_own_message: bool = field(default=False, metadata=kept(OWN_MESSAGE, bool, lambda _: "yes"))


@dataclass(frozen=True, slots=True)
class CastVote(_AboutMessage):
    """Approve or reject a request."""

    kind = CommandKind.VOTE
    vote: Vote = field(metadata=kept(VOTE, _cast))


@dataclass(frozen=True, slots=True)
class TakeBackVote(_AboutMessage):
    """Take a vote back, by button or by removing the reaction that cast it."""

    kind = CommandKind.TAKE_BACK


@dataclass(frozen=True, slots=True)
class AnswerLookAlike(_AboutMessage):
    """Tell whoever reacted with ``emoji``, which looks like a vote, that it is none."""

    kind = CommandKind.LOOK_ALIKE
    emoji: str = field(metadata=kept(EMOJI, str))


@dataclass(frozen=True, slots=True)
class Withdraw(StoredCommand):
    """Take one's own request back."""

    kind = CommandKind.WITHDRAW
    request_id: int = field(metadata=kept(NUMBER, number))


@dataclass(frozen=True, slots=True)
class GiveReason(StoredCommand):
    """Say why a request was rejected."""

    kind = CommandKind.REASON
    request_id: int = field(metadata=kept(NUMBER, number))
    reason: str = field(metadata=kept(REASON, str))


@dataclass(frozen=True, slots=True)
class ClaimChange(StoredCommand):
    """Say that a change made outside the bot was one's own, and why."""

    kind = CommandKind.CLAIM
    request_id: int = field(metadata=kept(NUMBER, number))
    reason: str = field(metadata=kept(REASON, str))


@dataclass(frozen=True, slots=True)
class ReplyToReminder(StoredCommand):
    """Put a reminder off or call it done; ``notice_id`` is the number of its notice, which is no change."""

    kind = CommandKind.REPLY
    notice_id: int = field(metadata=kept(NUMBER, number))
    reply: ReminderReply = field(metadata=kept(VOTE, ReminderReply))

    @property
    def logged(self) -> Mapping[str, str]:
        """Name the notice as what it is."""
        return {"notice": str(self.notice_id), "reply": self.reply.value}


AboutMessage: TypeAlias = CastVote | TakeBackVote | AnswerLookAlike
"""What a reaction can ask for: without a number it is about the request whose message it stands on."""

Command: TypeAlias = (
    AskOptIn
    | AskExtension
    | ShortenWindow
    | OptOut
    | AboutMessage
    | Withdraw
    | GiveReason
    | ClaimChange
    | ReplyToReminder
    | RegisterCommand
)

_BY_KIND = {each.kind: each for each in get_args(Command)}


def command_of(kind: str, payload: Payload) -> Command:
    """Read a stored command, of this or an earlier version.

    Raises ``ValueError`` for what no version has written.
    """
    if (known := CommandKind(kind)) is CommandKind.OPT_IN:
        return _form_of(payload)
    command: Command = _BY_KIND[known].from_payload(payload)
    return command


def _form_of(payload: Payload) -> AskOptIn | AskExtension | ShortenWindow:
    """Read a filled form; one that does not say what it asks for asks for an opt-in."""
    match Kind(payload.get(ASKED_KIND, Kind.OPT_IN)):
        case Kind.OPT_IN:
            return AskOptIn.from_payload(payload)
        case Kind.EXTENSION:
            return AskExtension.from_payload(payload)
        case Kind.SHORTENING:
            return ShortenWindow.from_payload(payload)
        case other:
            raise ValueError(f"no form asks for {other}")
