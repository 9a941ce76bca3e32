"""Say once that a database is not believed, hold what would opt in, and accept it on a person's word.

A backup that was put back, or a record without authenticators, holds every request; opting out never asks
here. What single rows were set aside is told too. Nothing is judged about a single request.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.context.context import Context
from handlers.outgoing import news
from handlers.outgoing.notices import enqueue_announcement, enqueue_card, enqueue_change
from storage.errors import Conflict
from storage.ledger import BOT, Entry, Ledger
from storage.lifecycle import UNSENT, WISHES, State
from storage.record.database_trust import ACCEPTED, Standing, Untrusted
from storage.record.key_adoption import Basis, take_over
from storage.records import Mistrust, Waiting

HELD = {
    Mistrust.RESTORED: "Waiting: the database looks like a backup that was put back, so nothing is sent.",
    Mistrust.NOT_AUTHENTIC: "Waiting: the record in the database is not authentic, so nothing is sent.",
    Mistrust.NOT_KEPT: (
        "Waiting: a backup that is put back could not be recognised at present, so nothing is sent."
    ),
}
"""What the card of an approved request says meanwhile."""

APART = timedelta(minutes=1)
"""Between two messages about rows of one table."""

STALE = (
    "The database was put back from a backup, so what was approved here may have been made already. Nothing "
    "was sent. Ask again if it is still needed."
)


class TrustWatch:
    """Look whether the database is the known one, and tell what is not believed; a job of the worker."""

    _told: frozenset[tuple[str, str]] = frozenset()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told_at: dict[str, datetime] = {}

    def watch(self) -> int:
        """Keep the newest head, or say why the record is not believed; never counts as work.

        Raises ``Unreachable``.
        """
        standing = self._context.standing
        if standing is not None:
            standing.keep()
            untrusted = standing.look()
            if untrusted is not None:
                self._tell(untrusted)
        self._tell_set_aside()
        return 0

    def _tell(self, untrusted: Untrusted) -> None:
        """Once for each head that was found: in the channel, and on the card of whatever is approved."""
        key, waiting = f"estranged:{untrusted.why}:{_what(untrusted)}", Waiting(untrusted.why)
        with self._context.ledger.reading() as reader:
            held = [
                request
                for request in reader.in_states({State.APPROVED}, kinds=WISHES)
                if request.waiting is not waiting
            ]
            if reader.messages.owed(key) and not held:
                return
        with self._context.ledger.recording(self._context.now()) as entry:
            enqueue_announcement(entry, key, _told(untrusted))
            for request in held:
                try:
                    enqueue_card(entry, entry.say(request, detail=HELD[untrusted.why], waiting=waiting))
                except Conflict:
                    continue  # it moved on meanwhile, and is looked at again
        self._context.wake_worker()

    def _tell_set_aside(self) -> None:
        """Tell of unbelieved rows, one message a table and minute, however many there are."""
        found, now = self._context.ledger.database.authenticity.unbelieved(), self._context.now()
        fresh = [
            row
            for row in found
            if (row.table, row.row) not in self._told and not self._was_told(row.table, now)
        ]
        if not fresh:
            return
        with self._context.ledger.recording(now) as entry:
            for table in sorted({row.table for row in fresh}):
                rows = [row for row in fresh if row.table == table]
                first = rows[0]
                told = news.SetAside(table=table, count=len(rows), row=first.row, why=first.doubt.value)
                enqueue_announcement(entry, f"set_aside:{table}:{first.row}:{first.doubt.name}", told)
        self._told |= {(row.table, row.row) for row in fresh}
        self._told_at |= {row.table: now for row in fresh}
        self._context.wake_worker()

    def _was_told(self, table: str, now: datetime) -> bool:
        """Whether a message about this table went out just now; a clock that was set back holds none up."""
        at = self._told_at.get(table)
        return at is not None and timedelta(0) <= now - at < APART


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What was done when a person accepted the database as it stands."""

    known: str
    """The newest head that was seen before, ``seq:hash``; empty when none was."""
    found: str
    """The newest head of the database that was accepted."""
    stale: tuple[int, ...]
    """The numbers of the requests that were made stale."""
    left: tuple[int, ...]
    """Those that were being sent when the copy was made: they are settled by reading."""


def accept(ledger: Ledger, standing: Standing, now: datetime) -> Acceptance | None:
    """Accept the database as it stands; ``None`` where nothing is in the way of that already.

    Every request that is not at Exchange becomes stale, as an event says. Raises ``Unreachable``.
    """
    untrusted = standing.look()
    if untrusted is None:
        return None
    if untrusted.why is Mistrust.NOT_AUTHENTIC or standing.seen_authenticated:
        take_over(ledger.database, ledger.tenant_id, now, Basis.PERSON)
    known = str(untrusted.known) if untrusted.known is not None else ""
    with ledger.recording(now) as entry:
        done = _accept(entry, known)
    standing.know_anew()
    return done


def _accept(entry: Entry, known: str) -> Acceptance:
    seq, digest = entry.reader.head()
    stale = [_stale(entry, request.id) for request in entry.reader.in_states(UNSENT, kinds=WISHES)]
    left = [request.id for request in entry.reader.in_states({State.APPLYING, State.UNCERTAIN}, kinds=WISHES)]
    found = f"{seq}:{digest}"
    entry.record(ACCEPTED, BOT, {"known": known, "head": found, "stale": stale, "left": left})
    enqueue_announcement(entry, f"{ACCEPTED}:{digest}", news.Accepted(stale=tuple(stale)))
    return Acceptance(known, found, tuple(stale), tuple(left))


def _stale(entry: Entry, number: int) -> int:
    enqueue_change(entry, entry.move(entry.reader.request(number), State.STALE, actor=BOT, detail=STALE))
    return number


def _told(untrusted: Untrusted) -> news.Untrusted:
    known = untrusted.known.seq if untrusted.known is not None else None
    return news.Untrusted(why=untrusted.why, detail=untrusted.detail, known=known, found=untrusted.found[0])


def _what(untrusted: Untrusted) -> str:
    """What the telling is about, so that it is told once: the head that is missing, or else what is wrong."""
    if untrusted.why is Mistrust.RESTORED and untrusted.known is not None:
        return untrusted.known.hash
    return untrusted.detail
