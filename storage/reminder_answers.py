"""What people answered to a reminder, kept with its audit event; one answer a message, for ever."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from storage.errors import Conflict
from storage.integrity.canonical import stamp
from storage.ledger import Entry
from storage.messages.records import ReminderReply
from storage.schema.tables import reminder_answers


def keep_answer(
    entry: Entry, *, series: str, key: str, reply: ReminderReply, person_id: str, until: datetime | None
) -> None:
    """Record that somebody put the reminder with this key off ``until`` then, or called it done.

    Raises ``Conflict`` when it was answered already.
    """
    values = {"series": series, "key": key, "reply": reply.value, "person_id": person_id, "until": until}
    row = insert(reminder_answers).values(tenant_id=entry.tenant_id, answered_at=entry.now, **values)
    try:
        with entry.connection.begin_nested():
            entry.connection.execute(row)
    except IntegrityError as answered:
        raise Conflict("somebody has answered this reminder already") from answered
    payload = {"series": series, "key": key, "reply": reply.value, "until": stamp(until) if until else None}
    entry.record("reminder_answered", person_id, payload)
