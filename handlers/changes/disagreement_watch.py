"""Find what disagrees with the record, tell it once, and set it aside before it is acted on.

What is about to be sent is compared once more in its own transaction
(``handlers.changes.record_disagreements``); this look is for everything else that would wait, block a
place or be said untruly meanwhile.
"""

import time
from collections.abc import Callable

from handlers.changes.opt_out import OptOuts
from handlers.changes.record_disagreements import set_aside, stop, tell, tell_elsewhere
from handlers.context.context import Context
from handlers.outgoing.news import GuardsMissing, Subject
from handlers.outgoing.notices import enqueue_announcement
from storage.integrity import row_comparison
from storage.integrity.row_comparison import WHOLE, Difference
from storage.ledger import BOT, Entry
from storage.lifecycle import UNSENT, Kind, State
from storage.record.suspect_rows import Survey, Suspect, give_up, survey

EVERY = 10.0
"""Seconds between two looks."""

NAMED = 5
"""Names in one sentence; the record and ``legacytls verify`` have all."""
"""Names in one sentence; the record and ``legacytls verify`` have all."""

_SENT = (State.APPLYING, State.UNCERTAIN)


class Watch:
    """Looks every few seconds; safe on every replica.

    ``note`` is told in a sentence what is wrong, or ``None``.
    """

    def __init__(
        self,
        context: Context,
        optouts: OptOuts,
        note: Callable[[str | None], None],
    ) -> None:
        self._context = context
        self._optouts = optouts
        self._note = note
        self._next = 0.0

    def run(self) -> int:
        """Look, if it is time; never counts as work found. Raises ``Unreachable``."""
        if time.monotonic() < self._next:
            return 0
        self.look()
        self._next = time.monotonic() + EVERY  # where it fails, the worker has it rest
        return 0

    def look(self) -> None:
        """Look now: without a lock first, since most of the time there is nothing."""
        tenant_id = self._context.ledger.tenant_id
        with self._context.ledger.database.read() as connection:
            found, told = survey(connection, tenant_id), row_comparison.guards_missed(connection, tenant_id)
        met = self._met(found)
        if not found.is_clean or told or met:
            with self._context.ledger.recording(self._context.now()) as entry:
                found = survey(entry.connection, tenant_id)
                self._act(entry, found, met)
            self._context.wake_worker()
        self._note(self._sentence(found, met))

    def _met(self, found: Survey) -> list[Difference]:
        """Damaged rows that were met anywhere since the last look, but for those that are found here."""
        here = {str(suspect.number) for suspect in found.suspects}
        rows = self._context.ledger.database.damaged.take()
        return [
            Difference(table, row, WHOLE)
            for table, row in rows
            if table != "change_requests" or row not in here
        ]

    def _act(self, entry: Entry, found: Survey, met: list[Difference]) -> None:
        self._guards(entry, found.guards)
        for suspect in found.suspects:
            self._suspect(entry, suspect)
        tell_elsewhere(entry, found.elsewhere)
        for difference in met:
            tell(entry, Subject.UNREADABLE, f"{difference.table}:{difference.row}", [difference])
        for difference in found.damaged:
            tell(entry, Subject.UNREADABLE, f"{difference.table}:{difference.row}", [difference])
            give_up(entry, difference.table, int(difference.row))

    def _suspect(self, entry: Entry, suspect: Suspect) -> None:
        """End what would be acted on by its row alone; sent changes and opt-outs go on by the record."""
        request = entry.reader.find(suspect.number)
        agrees_on_state = suspect.state == suspect.told.request.get("state")
        if request is None:
            self._put_aside(entry, suspect)
        elif request.kind is Kind.OPT_OUT and request.state not in _SENT:
            tell(entry, Subject.GOES_ON, f"{request.id}", suspect.differences, request.id)
        elif request.state in UNSENT:
            stop(entry, request, suspect.differences)
        elif agrees_on_state:
            tell(entry, Subject.GOES_ON, f"{request.id}", suspect.differences, request.id)
        else:
            self._put_aside(entry, suspect)

    def _put_aside(self, entry: Entry, suspect: Suspect) -> None:
        """An opt-out that was on record is asked for once more by the bot: it is never stopped."""
        set_aside(entry, suspect.number, suspect.differences)
        told = suspect.told.request
        if told.get("kind") == Kind.OPT_OUT and told.get("state") in {State.APPROVED, *_SENT}:
            self._optouts.open_again(
                entry, f"The row of opt-out #{suspect.number} in the database is damaged."
            )

    @staticmethod
    def _guards(entry: Entry, gone: tuple[str, ...]) -> None:
        """The record says which guards were missed last; a change of that is recorded and told."""
        if list(gone) == row_comparison.guards_missed(entry.connection, entry.tenant_id):
            return
        entry.record("guards", BOT, {"missing": list(gone)})
        told = GuardsMissing(missing=", ".join(gone[:NAMED]), more=max(0, len(gone) - NAMED))
        enqueue_announcement(entry, f"guards:{entry.reader.head()[0]}", told)

    def _sentence(self, found: Survey, met: list[Difference]) -> str | None:
        """What is wrong now; what was ended over it is said for a day."""
        said = []
        if found.guards:
            said.append(
                f"Guards of the record are missing: {', '.join(found.guards[:NAMED])}. Nothing is opted in "
                "or extended."
            )
        places = [str(place) for suspect in found.suspects for place in suspect.differences]
        places += [str(place) for place in (*found.elsewhere, *found.damaged, *met)]
        with self._context.ledger.database.read() as connection:
            places += row_comparison.lately_disagreed(
                connection, self._context.ledger.tenant_id, self._context.now()
            )
        if places:
            named = "; ".join(list(dict.fromkeys(places))[:NAMED])
            said.append(
                f"The database does not agree with the record: {named}. `legacytls verify` names every row."
            )
        return " ".join(said) or None
