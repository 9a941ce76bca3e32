"""Name who changed the setting outside the bot, when the audit log tells: after minutes to a day.

The search is repeated at growing intervals for a day. No match means unknown, not an intruder; the bot's own
writes are left out.
"""

from datetime import datetime, timedelta

from handlers.changes.conflicts import Look
from handlers.context.context import Context
from handlers.outgoing.notices import enqueue_card
from handlers.policy.days import spelled_instant
from handlers.ports import Author, Lookups, Unavailable
from storage.records import ChangeRequest

AGAIN = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=24),
)
"""Ages of a noticed change at which the audit log is searched again (records take 60 to 90 minutes, sometimes
a day)."""

BEFORE = timedelta(hours=24)
"""How long before it was noticed a change may have been made, where no earlier reading says: the bot may have
been away."""

SLACK = timedelta(minutes=5)
"""By how much the last reading of the earlier value may be behind: its domain controller may not have known
yet."""

OWN = (timedelta(minutes=-1), timedelta(minutes=15))
"""From when to when, counted from its sending, a row may be a write of the bot's own: clocks differ, writes
get stuck."""

RECENT = 50
"""Changes that are looked through for writes of the bot's own."""


class Attribution:
    """Looks up authors of changes that were noticed as drift."""

    def __init__(self, context: Context, lookups: Lookups) -> None:
        self._context = context
        self._lookups = lookups

    def is_due(self) -> bool:
        """Tell whether a search is due; only reads."""
        return bool(self._due())

    def run(self) -> int:
        """Search for every noticed change that is due; returns how many. Raises ``Stuck``."""
        look = Look()
        for request in self._due():
            with look.at(request):
                self._look(request)
        return look.moved()

    def _due(self) -> list[ChangeRequest]:
        with self._context.ledger.reading() as reader:
            return reader.attributable(self._context.now())

    def _look(self, change: ChangeRequest) -> None:
        now, trouble = self._context.now(), ""
        since, writes = self._known(change)
        try:
            authors = self._lookups.who_changed(since, now)
        except Unavailable as away:
            authors, trouble = [], f" {away.sentence}"
        author = _match(change, authors, writes)
        later = next((age for age in AGAIN if change.created_at + age > now), None)
        with self._context.ledger.recording(now) as entry:
            if author is not None:
                told = _naming(author)
                entry.attempt(change, "attributed", value=author.value, detail=told)
            elif later is None:
                told = f"The audit log did not tell within a day, so it is not known who it was.{trouble}"
            else:
                entry.look_again(change, at=change.created_at + later)
                return
            found = entry.look_again(change, at=None)
            enqueue_card(entry, entry.say(found, detail=f"{change.detail} {told}"))

    def _known(self, change: ChangeRequest) -> tuple[datetime, list[ChangeRequest]]:
        """Since when it may have been made, and what the bot itself has sent lately."""
        with self._context.ledger.reading() as reader:
            seen = (
                reader.readings.last_seen_as(change.from_value, change.created_at)
                if change.from_value
                else None
            )
            writes = [request for request in reader.page(limit=RECENT) if request.sent_at is not None]
        return (seen.at - SLACK if seen else change.created_at - BEFORE), writes


def _match(change: ChangeRequest, authors: list[Author], writes: list[ChangeRequest]) -> Author | None:
    """The newest foreign change to the value that was noticed, made before it was noticed."""
    candidates = [
        author
        for author in authors
        if author.value is change.to_value
        and author.at <= change.created_at + SLACK
        and not _is_our_write(author, writes)
    ]
    return candidates[-1] if candidates else None


def _is_our_write(author: Author, writes: list[ChangeRequest]) -> bool:
    """Match by app and time; by time alone where the bot does not know its own ids."""
    first, last = OWN
    return author.own is not False and any(
        write.sent_at is not None
        and write.to_value is author.value
        and first <= author.at - write.sent_at <= last
        for write in writes
    )


def _naming(author: Author) -> str:
    told = f"According to the audit log it was {author.name}, at {spelled_instant(author.at)}."
    if author.own:
        told += (
            " That is the bot's own app, but the bot sent nothing then: find out who else uses its "
            "credential."
        )
    return told
