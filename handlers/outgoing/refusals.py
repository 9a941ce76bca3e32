"""Record every refusal, however often it is provoked, without letting anybody flood the record.

Whoever may do nothing can still click all day, and each event makes the chain longer for ever. So the same
act of the same person on the same change is recorded once a minute: that it was tried, by whom, when and why
it was refused is all there, how often in that minute is not. It is looked up in the record's own end, so that
a restart or a second replica changes nothing.
"""

from datetime import datetime, timedelta

import structlog

from handlers.context.context import Context
from handlers.suggested import without_alias
from storage.engine import Unreachable
from storage.ledger import Entry
from storage.ledger_reader import Reader

log = structlog.get_logger(__name__)

WITHIN = timedelta(minutes=1)
"""How long a recorded refusal speaks for its repetitions."""

PATIENCE = 1.0
"""Seconds the answer may be held up by the database."""


class Refusals:
    """Records what was refused before anything was begun."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def keep(self, person: str, what: str, because: str, request_id: int | None = None) -> bool:
        """Put one refusal on record; tells whether the person is to be answered, which a repetition is not.

        One that cannot be recorded is logged, and the person is answered all the same.
        """
        try:
            with self._context.ledger.reading() as reader:  # a repetition takes no lock
                if is_repeated(reader, person, what, because, request_id, now=self._context.now()):
                    return False
            with self._context.ledger.recording(self._context.now(), patience=PATIENCE) as entry:
                return record_refusal(entry, person, what, because, request_id)
        except Unreachable as away:
            log.warning("refusal.not_recorded", person=person, what=what, problem=str(away))
            return True


def record_refusal(entry: Entry, person: str, what: str, because: str, request_id: int | None = None) -> bool:
    """Add one refusal to the record, unless the same one was added a moment ago; tells whether it is new."""
    if is_repeated(entry.reader, person, what, because, request_id, now=entry.now):
        return False
    entry.record("refused", person, {"what": what, "because": without_alias(because)}, request_id)
    return True


def is_repeated(
    reader: Reader, person: str, what: str, because: str, request_id: int | None, *, now: datetime
) -> bool:
    """Tell whether the same person was refused the same for the same reason within the minute."""
    because = without_alias(because)
    return any(
        event.request_id == request_id
        and event.payload.get("what") == what
        and event.payload.get("because") == because
        and timedelta() <= now - event.at < WITHIN
        for event in reader.newest_events("refused", person)
    )
