"""Describe what is owed and where it stands in Slack: frozen, typed, without any database or Slack shape."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from storage.messages.notice_kind import NoticeKind


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
