"""Describe what is owed and where it stands in Slack: frozen, typed, without any database or Slack shape."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    """How a message that is owed reaches people. Kept as ``notices.kind``, so that the words stay."""

    CARD = "card"
    """A request's message in the channel."""
    THREAD = "thread"
    DEVICE = "device"
    """One entry of the register, in the thread of the week's message about devices."""
    """The reply in the thread of a request's message that holds what the message itself has no room for."""
    CHANNEL = "channel"
    """An announcement in the channel."""
    REMINDER = "reminder"
    """An announcement that was posted already, to be drawn again because somebody answered it or what it is
    about is over."""
    PERSONAL = "personal"
    """An announcement to one person, owed until it arrives, holds no more or cannot reach them, say because
    they left."""
    OUTCOME = "outcome"
    """How a request stands, to whoever asked or decided."""
    ANSWER = "answer"
    """An answer to one person, where they acted or by direct message."""
    ASK_REASON = "ask_reason"
    """Likewise, with a button that asks for the reason of a rejection."""


class ReminderReply(StrEnum):
    """What somebody answered to a reminder: tell it again later, or never again."""

    SNOOZED = "snoozed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message owed. ``facts`` is what the message needs beyond the request's own row."""

    id: int
    tenant_id: str
    kind: NoticeKind
    key: str
    request_id: int | None
    recipient: str | None
    """A Slack user id for a private message, ``None`` for the configured channel."""
    channel: str | None
    """Where an ephemeral answer belongs; ``None`` for a direct message."""
    facts: Mapping[str, str]
    tries: int
    created_at: datetime
    claimed_until: int = field(default=0, compare=False)
    """By the database's clock; while it stands unchanged, the notice is the claimant's."""


@dataclass(frozen=True, slots=True)
class ReminderAnswer:
    """What one person answered to one reminder of a series. Never altered."""

    series: str
    key: str
    """The reminder that was answered: the key of its notice."""
    reply: ReminderReply
    person_id: str
    until: datetime | None
    """Until when it is put off; ``None`` when it is done."""


@dataclass(frozen=True, slots=True)
class Card:
    """One copy of a request's message in Slack and the row version it was last drawn from."""

    request_id: int
    channel: str
    ts: str
    drawn_version: int
