"""A job of the worker: lets go of old readings and deliveries, an hour apart and a batch at a time."""

from datetime import timedelta

from handlers.ports import Clock
from storage.engine import Database
from storage.messages.records import NoticeKind
from storage.retention import prune

EVERY = timedelta(hours=1)
"""Between two looks when nothing is left to be removed."""

PASSING = frozenset(NoticeKind) - {NoticeKind.CHANNEL}
"""Kinds of messages whose keys cannot come again: each belongs to one act, or is owed together with one of
the channel's.

The channel's announcements stay, because each is made once: by their keys the bot knows what it has told.
"""


def prune_batch(database: Database, tenant_id: str, *, keep: timedelta, clock: Clock) -> int:
    """Remove one batch of what is older than ``keep``; returns how many rows went. Raises ``Unreachable``."""
    return prune(database, tenant_id, before=clock() - keep, kinds=PASSING)
