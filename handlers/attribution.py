"""Use case of naming who changed the setting outside the bot, when the audit log tells: minutes to a day later.

The search is repeated at growing intervals for a day. No match means unknown, not an intruder; the bot's own writes are left out.
"""

from datetime import timedelta

from handlers.context import Context
from handlers.owed import owe_card
from handlers.ports import Author, Lookups, Unavailable
from storage.errors import Conflict
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest

AGAIN = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=24),
)
"""Ages of a noticed change at which the audit log is searched again (records take 60 to 90 minutes, sometimes a day)."""

BEFORE = timedelta(hours=24)
"""How long before it was noticed a change may have been made: the bot may have been away."""


class Attribution:
    """Looks up authors of changes that were noticed as drift."""

    def __init__(self, context: Context, lookups: Lookups) -> None:
        self._context = context
        self._lookups = lookups

    def run(self) -> int:
        """Search for every noticed change that is due; returns how many."""
        now = self._context.now()
        with self._context.ledger.reading() as reader:
            noticed = reader.in_states({State.OBSERVED}, kinds=(Kind.OUTSIDE,))
        due = [change for change in noticed if change.retry_at is not None and change.retry_at <= now]
        for change in due:
            try:
                self._look(change)
            except Conflict:
                continue
        return len(due)

    def _look(self, change: ChangeRequest) -> None:
        now = self._context.now()
        try:
            authors = self._lookups.who_changed(change.created_at - BEFORE, now)
        except Unavailable:
            authors = []
        author = _match(change, authors)
        with self._context.ledger.recording(now) as entry:
            if author is not None:
                told = f"According to the audit log it was {author.name}, at {author.at.strftime('%-d %B %Y, %H:%M')} UTC."
                entry.attempt(change, "attributed", value=author.value, detail=told)
                found = entry.look_again(change, at=None)
                owe_card(entry, entry.say(found, detail=f"{change.detail} {told}"))
                return
            later = next((age for age in AGAIN if change.created_at + age > now), None)
            until = change.created_at + later if later else None
            entry.look_again(change, at=until)


def _match(change: ChangeRequest, authors: list[Author]) -> Author | None:
    """The newest foreign change to the value that was noticed, made before it was noticed."""
    candidates = [
        author for author in authors if not author.own and author.value is change.to_value and author.at <= change.created_at
    ]
    return candidates[-1] if candidates else None
