"""Use case of saying no: every refusal is put on record, however often it is provoked, without letting anybody flood the record.

Whoever may do nothing can still click all day, and each event makes the chain longer for ever. So the same act of the same person
on the same change is recorded once a minute: that it was tried, by whom, when and why it was refused is all there, how often in
that minute is not. It is looked up in the record's own end, so that a restart or a second replica changes nothing.
"""

from datetime import timedelta

import structlog

from handlers.context import Context
from storage.engine import Unreachable
from storage.ledger import Entry

log = structlog.get_logger(__name__)

WITHIN = timedelta(minutes=1)
"""How long a recorded refusal speaks for its repetitions."""

LOOK_BACK = 64
"""Events looked through. Should more have been added within the minute, a repetition is one among many."""

PATIENCE = 1.0
"""Seconds the answer may be held up by the database."""


class Refusals:
    """Records what was refused before anything was begun."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def keep(self, person: str, what: str, because: str, request_id: int | None = None) -> None:
        """Put one refusal on record. One that cannot be recorded is logged, and the person is answered all the same."""
        try:
            with self._context.ledger.recording(self._context.now(), patience=PATIENCE) as entry:
                record_refusal(entry, person, what, because, request_id)
        except Unreachable as away:
            log.warning("refusal.not_recorded", person=person, what=what, problem=str(away))


def record_refusal(entry: Entry, person: str, what: str, because: str, request_id: int | None = None) -> None:
    """Add one refusal to the record, unless the same one was added a moment ago."""
    last = entry.reader.head()[0]
    for event in entry.reader.events(after=max(0, last - LOOK_BACK), limit=LOOK_BACK):
        same = (event.kind, event.actor, event.request_id) == ("refused", person, request_id) and event.payload.get(
            "what"
        ) == what
        if same and timedelta() <= entry.now - event.at < WITHIN:
            return
    entry.record("refused", person, {"what": what, "because": because}, request_id)
