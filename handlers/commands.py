"""The commands: what a person in Slack can ask of the bot so that something changes, one frozen dataclass each.

Slack's edge makes them, the inbox keeps them as a kind and a payload of texts, ``handlers.dispatch`` hands each to its use case.
Kinds and payload keys are stored, and covered by each row's authenticator, so they stay as they are: rows of earlier versions
are still read. Must never judge who may do what.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeAlias

from handlers.interaction import required
from handlers.policy.forms import CLIENTS, DAY, PROTOCOLS, REASON, OptInForm
from storage.lifecycle import Kind
from storage.records import MailProtocol, ReminderReply, Vote

Payload: TypeAlias = Mapping[str, str]

NUMBER, VOTE, EMOJI, ASKED_KIND, OWN_MESSAGE = "request", "vote", "emoji", "kind", "ours"
"""Keys of stored payloads, beside the fields of the forms. A reply to a reminder keeps the number of its notice and what was
replied under the first two."""

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


def number(text: str) -> int:
    """Read the number of a change or a notice. Raises ``ValueError`` for anything but one to nine digits above zero."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) > 0):
        raise ValueError("this is no number of a change or a notice")
    return int(text)


def _cast(text: str) -> Vote:
    """Read the vote of somebody who votes: a vote is taken back by a command of its own."""
    vote = Vote(text)
    if vote is Vote.TAKEN_BACK:
        raise ValueError("nobody casts this vote")
    return vote


def _kept(key: str, read: Callable[[str], object], write: Callable[[Any], str] = str) -> Mapping[str, Any]:
    """Say of a field under which key of the payload it is kept, and how it becomes a text and is read back."""
    return {"key": key, "read": read, "write": write}


@dataclass(frozen=True, slots=True)
class _Command:
    """What all commands have in common: fields that say by ``_kept`` how they are stored."""

    kind: ClassVar[CommandKind]

    @property
    def logged(self) -> Mapping[str, str]:
        """What a log line tells of it beside its kind; never a typed text."""
        return {name: text for name, text in self.to_payload().items() if name in (NUMBER, VOTE)}

    def to_payload(self) -> dict[str, str]:
        """Return its part of an inbox row's payload; what is ``None`` or ``False`` is left out."""
        values = ((one.metadata, getattr(self, one.name)) for one in fields(self))
        return {how["key"]: how["write"](value) for how, value in values if value is not None and value is not False}

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read what ``to_payload`` of this or an earlier version wrote. Raises ``ValueError`` for anything else."""
        present = (one for one in fields(cls) if one.default is MISSING or one.metadata["key"] in payload)
        return cls(**{one.name: one.metadata["read"](required(payload, one.metadata["key"])) for one in present})


@dataclass(frozen=True, slots=True)
class _Form(_Command):
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
        }

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read the fields of the form. Raises ``ValueError``."""
        protocols = tuple(MailProtocol(name) for name in required(payload, PROTOCOLS).split(","))
        day = datetime.fromisoformat(required(payload, DAY)).date()
        reason, clients = required(payload, REASON), required(payload, CLIENTS)
        return cls(OptInForm(reason=reason, clients=clients, protocols=protocols, day=day))


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
class OptOut(_Command):
    """Opt out at once; the reason may be empty."""

    kind = CommandKind.OPT_OUT
    reason: str = field(default="", metadata=_kept(REASON, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutMessage(_Command):
    """What a button or a reaction on a message asks for.

    ``request_id`` is ``None`` for a reaction, which is matched by its message; ``on_own_message`` tells whether Slack said that
    the bot wrote that one.
    """

    request_id: int | None = field(default=None, metadata=_kept(NUMBER, number))
    on_own_message: bool = field(default=False, metadata=_kept(OWN_MESSAGE, bool, lambda _: "yes"))


@dataclass(frozen=True, slots=True)
class CastVote(_AboutMessage):
    """Approve or reject a request."""

    kind = CommandKind.VOTE
    vote: Vote = field(metadata=_kept(VOTE, _cast))


@dataclass(frozen=True, slots=True)
class TakeBackVote(_AboutMessage):
    """Take a vote back, by button or by removing the reaction that cast it."""

    kind = CommandKind.TAKE_BACK


@dataclass(frozen=True, slots=True)
class AnswerLookAlike(_AboutMessage):
    """Tell whoever reacted with ``emoji``, which looks like a vote, that it is none."""

    kind = CommandKind.LOOK_ALIKE
    emoji: str = field(metadata=_kept(EMOJI, str))


@dataclass(frozen=True, slots=True)
class Withdraw(_Command):
    """Take one's own request back."""

    kind = CommandKind.WITHDRAW
    request_id: int = field(metadata=_kept(NUMBER, number))


@dataclass(frozen=True, slots=True)
class GiveReason(_Command):
    """Say why a request was rejected."""

    kind = CommandKind.REASON
    request_id: int = field(metadata=_kept(NUMBER, number))
    reason: str = field(metadata=_kept(REASON, str))


@dataclass(frozen=True, slots=True)
class ClaimChange(_Command):
    """Say that a change made outside the bot was one's own, and why."""

    kind = CommandKind.CLAIM
    request_id: int = field(metadata=_kept(NUMBER, number))
    reason: str = field(metadata=_kept(REASON, str))


@dataclass(frozen=True, slots=True)
class ReplyToReminder(_Command):
    """Put a reminder off or call it done; ``notice_id`` is the number of its notice, which is no change."""

    kind = CommandKind.REPLY
    notice_id: int = field(metadata=_kept(NUMBER, number))
    reply: ReminderReply = field(metadata=_kept(VOTE, ReminderReply))

    @property
    def logged(self) -> Mapping[str, str]:
        """Name the notice as what it is."""
        return {"notice": str(self.notice_id), "reply": self.reply.value}


AboutMessage: TypeAlias = CastVote | TakeBackVote | AnswerLookAlike
"""What a reaction can ask for: without a number it is about the request whose message it stands on."""

Command: TypeAlias = (
    AskOptIn | AskExtension | ShortenWindow | OptOut | AboutMessage | Withdraw | GiveReason | ClaimChange | ReplyToReminder
)


def command_of(kind: str, payload: Payload) -> Command:
    """Read a stored command, of this or an earlier version. Raises ``ValueError`` for what no version has written."""
    match CommandKind(kind):
        case CommandKind.OPT_IN:
            return _form_of(payload)
        case CommandKind.OPT_OUT:
            return OptOut.from_payload(payload)
        case CommandKind.VOTE:
            return CastVote.from_payload(payload)
        case CommandKind.TAKE_BACK:
            return TakeBackVote.from_payload(payload)
        case CommandKind.LOOK_ALIKE:
            return AnswerLookAlike.from_payload(payload)
        case CommandKind.WITHDRAW:
            return Withdraw.from_payload(payload)
        case CommandKind.REASON:
            return GiveReason.from_payload(payload)
        case CommandKind.CLAIM:
            return ClaimChange.from_payload(payload)
        case CommandKind.REPLY:
            return ReplyToReminder.from_payload(payload)


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
