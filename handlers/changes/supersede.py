"""Supersede what is less safe: opt-ins by an opt-out, extensions by an earlier end, if not yet sent.

What is superseded is never sent, or never sent again.
"""

from handlers.outgoing.notices import enqueue_change
from storage.ledger import BOT, Entry
from storage.lifecycle import UNSENT, WISHES, Kind, State
from storage.records import ChangeRequest


def supersede_unsent(entry: Entry, by: ChangeRequest) -> None:
    """Where an opt-out is born: what is not at Exchange ends here, and its requester hears."""
    for request in entry.reader.in_states(UNSENT, kinds=WISHES):
        _supersede(entry, request, by)


def supersede_extensions(entry: Entry, by: ChangeRequest) -> None:
    """Supersede an extension not made yet where its window is given an earlier end."""
    for request in entry.reader.in_states(UNSENT, kinds=(Kind.EXTENSION,)):
        _supersede(entry, request, by)


def supersede_overtaken(entry: Entry, request: ChangeRequest) -> bool:
    """Supersede before sending again: an opt-out may have come while Exchange did not process it."""
    later = entry.reader.opt_out_after(request.id) if request.kind is not Kind.OPT_OUT else None
    if later is not None:
        _supersede(entry, request, later)
    return later is not None


def _supersede(entry: Entry, request: ChangeRequest, by: ChangeRequest) -> None:
    detail = f"Opt-out #{by.id} came later and wins."
    if by.kind is Kind.SHORTENING:
        detail = f"#{by.id} came later and wins: the opt-in ends earlier."
    enqueue_change(entry, entry.move(request, State.SUPERSEDED, actor=by.requester_id or BOT, detail=detail))
