"""Answer about messages: what was owed, where it stands, and what people answered.

It never sends anything: ``storage.messages.outbox`` hands out what is owed, and notes what became of it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, func, select

from storage.integrity.authenticity import authenticity_of
from storage.integrity.damaged_rows import one, readable
from storage.messages.records import Card, Notice, NoticeKind, ReminderAnswer
from storage.rows import record, texts
from storage.schema.tables import cards, notices, permalinks, reminder_answers


def notice_of(row: Row[Any]) -> Notice:
    """Return one row of ``notices``. Raises ``Damaged``."""
    return record(Notice, row, facts=texts(row.facts))


def reminder_answer_of(row: Row[Any]) -> ReminderAnswer:
    """Return one row of ``reminder_answers``."""
    return record(ReminderAnswer, row)


def card_of(row: Row[Any]) -> Card:
    """Return one row of ``cards``."""
    return record(Card, row, drawn_version=int(row.drawn_version))


_MINE = notices.c.tenant_id == bindparam("tenant")
_OWED = select(notices.c.id).where(_MINE, notices.c.key == bindparam("key"))
_ANNOUNCED = select(notices).where(_MINE, notices.c.what == bindparam("what"))
_NEWEST_ANNOUNCED = _ANNOUNCED.order_by(notices.c.id.desc()).limit(5)
_ANSWERED = reminder_answers.c
_SERIES = (_ANSWERED.tenant_id == bindparam("tenant"), _ANSWERED.series == bindparam("series"))
_ANSWERS = select(reminder_answers).where(*_SERIES).order_by(reminder_answers.c.id)
_OF_REQUEST = (cards.c.request_id == bindparam("request"), cards.c.tenant_id == bindparam("tenant"))
_CARDS = select(cards).where(*_OF_REQUEST)
"""Built once: they are asked with nearly every act, and building a statement costs more than running it."""


class MessageReader:
    """Reads one tenant's messages over one connection, inside or outside a transaction."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._checked = authenticity_of(connection).checked

    def owed(self, key: str) -> bool:
        """Tell whether a notice with this key was ever owed."""
        return self._connection.execute(_OWED, {"tenant": self._tenant_id, "key": key}).first() is not None

    def told_at(self, key: str) -> datetime | None:
        """Return when the notice with this key arrived; ``None`` while it is owed, or where it never was."""
        query = select(notices.c.delivered_at).where(
            notices.c.tenant_id == self._tenant_id, notices.c.key == key
        )
        return self._connection.execute(query).scalar_one_or_none()

    def is_unsent(self, key: str) -> bool:
        """Tell whether the notice with this key is still to be sent."""
        mine = (
            notices.c.tenant_id == self._tenant_id,
            notices.c.key == key,
            notices.c.delivered_at.is_(None),
        )
        return self._connection.execute(select(notices.c.id).where(*mine)).first() is not None

    def corrected(self, request_id: int) -> bool:
        """Tell whether a change that was given up as failed was said to have shown up after all."""
        return self.owed(f"correction:{request_id}")

    def notice(self, number: int) -> Notice | None:
        """Return the message owed that has this number; ``None`` when there is none."""
        query = select(notices).where(notices.c.tenant_id == self._tenant_id, notices.c.id == number)
        return one(self._connection, query, notices, self._checked(notices, notice_of))

    def posted_at(self, number: int) -> tuple[str, str] | None:
        """Channel and ``ts`` of a delivered message; ``None`` when it is not known to have arrived."""
        table = notices.c
        query = select(table.posted_channel, table.posted_ts).where(
            table.tenant_id == self._tenant_id, table.id == number
        )
        row = self._connection.execute(query).one_or_none()
        return (row.posted_channel, row.posted_ts) if row and row.posted_channel and row.posted_ts else None

    def posted_as(self, key: str) -> tuple[int, str, str] | None:
        """Number, channel and ``ts`` of the delivered message with this key; ``None`` when there is none."""
        table = notices.c
        query = select(table.id, table.posted_channel, table.posted_ts)
        mine = (table.tenant_id == self._tenant_id, table.key == key, table.posted_ts.is_not(None))
        row = self._connection.execute(query.where(*mine)).one_or_none()
        return (row.id, row.posted_channel, row.posted_ts) if row else None

    def reminder_answers(self, series: str) -> list[ReminderAnswer]:
        """Return what people answered to the reminders of one series, oldest first."""
        mine = {"tenant": self._tenant_id, "series": series}
        return readable(self._connection, _ANSWERS, reminder_answers, reminder_answer_of, mine)

    def newest_announcement(self, what: str) -> dict[str, str] | None:
        """Return the facts of the newest announcement about this, which are authenticated."""
        mine, believed = (
            {"tenant": self._tenant_id, "what": what},
            self._checked(notices, notice_of),
        )
        found = readable(self._connection, _NEWEST_ANNOUNCED, notices, believed, mine)
        return next((dict(notice.facts) for notice in found if notice.facts.get("what") == what), None)

    def delivered_announcements(self, what: str, limit: int) -> list[tuple[Notice, str, str]]:
        """Return announcements about this that arrived, newest first, with channel and ``ts``."""
        table = notices.c
        query = select(notices).where(
            table.tenant_id == self._tenant_id, table.what == what, table.posted_ts.is_not(None)
        )
        believed = self._checked(
            notices, lambda row: (notice_of(row), str(row.posted_channel), str(row.posted_ts))
        )
        return readable(self._connection, query.order_by(table.id.desc()).limit(limit), notices, believed)

    def told_after(self, request_id: int | None, kinds: Collection[NoticeKind]) -> list[Notice]:
        """Return messages of these kinds owed after the first about a change; ``None``: all."""
        table = notices.c
        first = (
            select(func.coalesce(func.min(table.id), 0))
            .where(table.request_id == request_id)
            .scalar_subquery()
        )
        query = select(notices).where(
            table.tenant_id == self._tenant_id, table.kind.in_(list(kinds)), table.id > first
        )
        return readable(
            self._connection, query.order_by(table.id), notices, self._checked(notices, notice_of)
        )

    def cards(self, request_id: int) -> list[Card]:
        """Return every known copy of a request's message in Slack; what is not authentic is none."""
        about = {"request": request_id, "tenant": self._tenant_id}
        return readable(self._connection, _CARDS, cards, self._checked(cards, card_of), about)

    def permalinks(self, numbers: Collection[int]) -> dict[int, str]:
        """Return where the messages of these requests are found in Slack, as far as it is known."""
        table = permalinks.c
        query = select(table.request_id, table.link).where(
            table.tenant_id == self._tenant_id, table.request_id.in_(list(numbers))
        )
        return {row.request_id: row.link for row in self._connection.execute(query)}

    def card_at(self, channel: str, ts: str) -> Card | None:
        """Return the request's message at this place in Slack, if it is one of ours."""
        place = (cards.c.channel == channel, cards.c.ts == ts, cards.c.tenant_id == self._tenant_id)
        return one(self._connection, select(cards).where(*place), cards, self._checked(cards, card_of))

    def card_channels(self) -> frozenset[str]:
        """Every channel in which a request's message stands: one look into the index for each channel."""
        found: list[str] = []
        while True:
            beyond = (cards.c.tenant_id == self._tenant_id, cards.c.channel > (found[-1] if found else ""))
            channel = self._connection.execute(select(func.min(cards.c.channel)).where(*beyond)).scalar()
            if channel is None:
                return frozenset(found)
            found.append(channel)

    def first_sent(
        self, request_id: int, kind: NoticeKind, since: datetime
    ) -> datetime | Literal["nothing owed"] | None:
        """Return when a request's first message of a kind since ``since`` arrived or was given up.

        ``None``: not yet.
        """
        table = notices.c
        owed = (
            table.tenant_id == self._tenant_id,
            table.request_id == request_id,
            table.kind == kind,
            table.created_at >= since,
        )
        row = self._connection.execute(select(func.count(), func.min(table.delivered_at)).where(*owed)).one()
        first: datetime | None = row[1]
        return first if row[0] else "nothing owed"

    def announced_at(self, channel: str, ts: str) -> bool:
        """Tell whether a message of ours that is no request's own stands at this place."""
        table = notices.c
        place = (table.tenant_id == self._tenant_id, table.posted_channel == channel, table.posted_ts == ts)
        return self._connection.execute(select(table.id).where(*place)).first() is not None

    def announcement_at(self, channel: str, ts: str, *, kind: NoticeKind = NoticeKind.CHANNEL) -> int | None:
        """Return the number of the channel message of ours, such as a reminder, that stands at this place."""
        table = notices.c
        place = (table.tenant_id == self._tenant_id, table.posted_channel == channel, table.posted_ts == ts)
        found: int | None = self._connection.execute(
            select(table.id).where(*place, table.kind == kind)
        ).scalar()
        return found
