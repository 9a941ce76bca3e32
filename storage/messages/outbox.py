"""Keep owed messages in the transaction of what they tell; deliver them at least once.

Claims last seconds and are taken by one conditional UPDATE against the database's own clock, so that two
replicas never post the same notice in the same moment. Sending is not an audit event: it would queue every
post behind the hash chain.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from storage.database.clock import database_clock, is_over
from storage.database.inserting import insert_into
from storage.engine import Database
from storage.integrity.authenticity import SET_ASIDE, authenticity_of
from storage.integrity.canonical import canonical
from storage.integrity.damaged_rows import DAMAGE, is_damage, split
from storage.messages.reader import notice_of
from storage.messages.records import Card, Notice, NoticeKind
from storage.schema.tables import cards, notices, permalinks

CLAIM_MS = 30_000
"""How long one sender may keep a notice; longer than Slack's own time limit per call."""

_NOW, _LIMIT = bindparam("now", type_=notices.c.due_at.type), bindparam("limit", type_=Integer())
_NUMBERS = bindparam("numbers", expanding=True, type_=notices.c.id.type)
_BORN_LATER = and_(notices.c.due_at == notices.c.created_at, notices.c.created_at > _NOW)
"""Owed by a clock that is ahead, or was set back since."""
_DUE = (
    notices.c.delivered_at.is_(None),
    notices.c.tenant_id == bindparam("tenant"),
    or_(notices.c.due_at <= _NOW, _BORN_LATER),
    notices.c.kind.in_(bindparam("kinds", expanding=True, type_=notices.c.kind.type)),
    is_over(notices.c.claimed_until, CLAIM_MS),
)


def _sooner(of: Any, *, newest_first: bool) -> tuple[ColumnElement[Any], ...]:
    """Order by when messages are due; of those that waited for the same moment, what was tried least."""
    if newest_first:
        return of.due_at.desc(), of.tries, of.id.desc()
    return of.due_at, of.tries, of.id


def _free(*, newest_first: bool) -> Select[int]:
    table = notices.c
    order = _sooner(table, newest_first=newest_first)
    turn = func.row_number().over(partition_by=table.recipient, order_by=order).label("turn")
    owed = select(table.id, table.due_at, table.tries, turn).where(*_DUE).subquery().c
    sooner = _sooner(owed, newest_first=newest_first)
    return select(owed.id).order_by(owed.turn, *sooner).limit(_LIMIT)


_ANY_DUE = select(notices.c.id).where(*_DUE).limit(1)
_OLDEST_FIRST, _NEWEST_FIRST = _free(newest_first=False), _free(newest_first=True)
_CLAIMED = {"claimed_until": database_clock() + CLAIM_MS}
_CLAIM = update(notices).where(*_DUE, notices.c.id.in_(_NUMBERS)).values(_CLAIMED).returning(notices.c.id)
_ONE = update(notices).where(notices.c.id == bindparam("number"))
_UNSETTLED = _ONE.where(notices.c.delivered_at.is_(None))
_AS_CLAIMED = _UNSETTLED.where(notices.c.claimed_until == bindparam("claimed", type_=BigInteger()))
_RENEW = _AS_CLAIMED.values(_CLAIMED).returning(notices.c.id)
_NUMBERED = select(notices).where(notices.c.id.in_(_NUMBERS)).order_by(notices.c.tries, notices.c.id)
"""What was tried least goes first: what fails again and again must not be all that is ever tried."""
_CARD = update(cards).where(cards.c.channel == bindparam("at_channel"), cards.c.ts == bindparam("at_ts"))
_OLDER_CARD = _CARD.where(cards.c.drawn_version < bindparam("older_than"))
_CARD_AS_SEEN = _CARD.where(cards.c.drawn_version == bindparam("seen")).returning(cards.c.ts)
"""Built once: every tick of the sender asks them, and building a statement costs more than running it."""


@cache
def _owe(dialect: str) -> Executable:
    new = insert_into(notices, dialect).on_conflict_do_nothing(index_elements=["tenant_id", "key"])
    return new.returning(notices.c.id)


@cache
def _new_card(dialect: str) -> Executable:
    new = insert_into(cards, dialect).on_conflict_do_nothing(index_elements=["channel", "ts"])
    return new.returning(cards.c.ts)


class OutboxWriter:
    """Owes messages in one ledger transaction."""

    def __init__(self, connection: Connection, tenant_id: str, now: datetime) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._now = now
        self._authenticity = authenticity_of(connection)
        self.has_owed = False
        """Whether a message was owed that was not known before."""

    def owe(
        self,
        kind: NoticeKind,
        key: str,
        *,
        request_id: int | None = None,
        recipient: str | None = None,
        channel: str | None = None,
        facts: Mapping[str, str] | None = None,
        due_at: datetime | None = None,
    ) -> bool:
        """Owe one message; the same ``key`` is owed once for ever. Tells whether it is new."""
        said = {
            "tenant_id": self._tenant_id,
            "kind": str(kind),
            "key": key,
            "request_id": request_id,
            "recipient": recipient,
            "channel": channel,
            "facts": canonical(dict(facts or {})),
            "created_at": self._now,
        }
        proof, what = self._authenticity.sign(notices, said), (facts or {}).get("what")
        fresh = {"due_at": due_at or self._now, "tries": 0, "claimed_until": 0}
        owe, beside = _owe(self._connection.dialect.name), {"authenticator": proof, "what": what}
        is_new = self._connection.execute(owe, said | fresh | beside).first() is not None
        self.has_owed = self.has_owed or is_new
        return is_new

    def awaits(self, kind: NoticeKind, request_id: int, facts: Mapping[str, str]) -> bool:
        """Tell whether a message of exactly these ``facts`` is owed and not yet claimed."""
        table = notices.c
        same = (table.kind == kind, table.request_id == request_id, table.facts == canonical(dict(facts)))
        idle = (table.tenant_id == self._tenant_id, table.delivered_at.is_(None), table.claimed_until == 0)
        return self._connection.execute(select(table.id).where(*same, *idle).limit(1)).first() is not None


class Outbox:
    """The sender's view of one tenant's outbox."""

    def __init__(self, database: Database, tenant_id: str) -> None:
        self._database = database
        self._tenant_id = tenant_id

    def is_due(self, now: datetime, *, kinds: Collection[NoticeKind]) -> bool:
        """Tell whether ``claim`` would find any; only reads."""
        with self._database.read() as connection:
            return connection.execute(_ANY_DUE, self._due(now, kinds)).first() is not None

    def claim(
        self, now: datetime, *, kinds: Collection[NoticeKind], limit: int = 16, newest_first: bool = False
    ) -> list[Notice]:
        """Claim due notices of these kinds: every recipient's oldest, then every second, and so on.

        With ``newest_first`` it is everybody's newest, and of those the newest: so of two senders one gets to
        what was owed just now, however much is owed to others, or to the same person from before. What was
        tried least comes first, and of that the oldest.
        """
        due, free = self._due(now, kinds), _NEWEST_FIRST if newest_first else _OLDEST_FIRST
        with self._database.read() as connection:
            found = connection.execute(free, due | {"limit": limit}).scalars().all()
        if not found:
            return []
        with self._database.write() as connection:
            taken = connection.execute(_CLAIM, due | {"numbers": found}).scalars().all()
            return self._ours(connection, taken, now)

    def renew(self, notice: Notice, now: datetime) -> Notice | None:
        """Renew a claim for its whole time; ``None`` when taken over, settled or altered."""
        with self._database.write() as connection:
            kept = connection.execute(_RENEW, _as_claimed(notice)).scalars().all()
            return next(iter(self._ours(connection, kept, now)), None)

    def delivered(
        self, notice: Notice, *, now: datetime, channel: str | None = None, ts: str | None = None
    ) -> None:
        """Note that a message arrived, and where; it did, whoever holds the claim by now."""
        arrived = {"delivered_at": now, "posted_channel": channel, "posted_ts": ts, "problem": None}
        with self._database.write() as connection:
            connection.execute(_UNSETTLED, arrived | {"number": notice.id})

    def postponed(self, notice: Notice, *, due_at: datetime, problem: str) -> None:
        """Note that sending failed; the notice stays owed and is due again at ``due_at``."""
        self._settle(notice, due_at=due_at, tries=notice.tries + 1, problem=problem, claimed_until=0)

    def put_off(self, notice: Notice, *, until: datetime) -> None:
        """Keep a message for later without a try: nothing has failed."""
        self._settle(notice, due_at=until, claimed_until=0)

    def abandoned(self, notice: Notice, *, now: datetime, problem: str) -> None:
        """Give a message up for good; ``problem`` keeps why."""
        self._settle(notice, delivered_at=now, problem=problem)

    def posted(self, request_id: int, kind: NoticeKind, recipient: str | None) -> list[tuple[str, str]]:
        """Channel and ``ts`` of every delivered message of one kind about one request to one person."""
        table = notices.c
        about = (table.request_id == request_id, table.kind == kind, table.tenant_id == self._tenant_id)
        arrived = (table.recipient == recipient, table.posted_ts.is_not(None))
        query = select(table.posted_channel, table.posted_ts).where(*about, *arrived)
        with self._database.read() as connection:
            return [(row.posted_channel, row.posted_ts) for row in connection.execute(query)]

    def keep_card(self, card: Card, *, seen: int | None = None) -> bool:
        """Remember one copy of a request's message and the version it shows; never lowers a version.

        ``seen`` is the version that stood here before the drawing, ``None`` for a new copy. Tells whether it
        still stood: if not, somebody else drew this copy in the meantime, and which drawing came last is not
        known.
        """
        drawn = {"at_channel": card.channel, "at_ts": card.ts, "drawn_version": card.drawn_version}
        with self._database.write() as connection:
            if seen is None:
                kept = connection.execute(_new_card(connection.dialect.name), self._new_card(card)).first()
            else:
                kept = connection.execute(_CARD_AS_SEEN, drawn | {"seen": seen}).first()
            if kept is None:
                connection.execute(_OLDER_CARD, drawn | {"older_than": card.drawn_version})
        return kept is not None

    def keep_permalink(self, request_id: int, link: str) -> None:
        """Remember where the newest copy of a request's message is found in Slack."""
        row = {"request_id": request_id, "tenant_id": self._tenant_id, "link": link}
        with self._database.write() as connection:
            new = insert_into(permalinks, connection.dialect.name).values(row)
            connection.execute(new.on_conflict_do_update(index_elements=["request_id"], set_={"link": link}))

    def forget_card(self, channel: str, ts: str) -> None:
        """A copy of a request's message was deleted in Slack, and another one stands."""
        place = (cards.c.tenant_id == self._tenant_id, cards.c.channel == channel, cards.c.ts == ts)
        with self._database.write() as connection:
            connection.execute(delete(cards).where(*place))

    def oldest_owed(self, now: datetime) -> datetime | None:
        """Return when the oldest undelivered due or failed notice was created; ``None``: none."""
        table = notices.c
        owed = (
            table.tenant_id == self._tenant_id,
            table.delivered_at.is_(None),
            or_(table.due_at <= now, table.tries > 0),
        )
        query = select(func.min(table.created_at)).where(*owed)
        with self._database.read() as connection:
            try:
                return connection.execute(query).scalar()
            except DAMAGE as damage:
                if not is_damage(damage):
                    raise
                return None  # of a row that cannot be read, and is set aside

    def problem(self, kinds: Collection[NoticeKind]) -> str | None:
        """Return why the oldest owed notice of these kinds failed; ``None`` where it did not."""
        table = notices.c
        owed = (table.tenant_id == self._tenant_id, table.delivered_at.is_(None), table.kind.in_(list(kinds)))
        query = select(table.problem).where(*owed, table.problem.is_not(None)).order_by(table.id).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).scalar()

    def _ours(self, connection: Connection, numbers: Sequence[int], now: datetime) -> list[Notice]:
        """Those of these messages that the bot itself owes.

        Any other is settled unsent, so that it holds up nothing.
        """
        believed = self._database.authenticity.checked(notices, notice_of)
        found, others = split(connection, _NUMBERED, notices, believed, {"numbers": numbers})
        for (number,) in others:
            connection.execute(_ONE, {"number": number, "delivered_at": now, "problem": SET_ASIDE})
        return found

    def _due(self, now: datetime, kinds: Collection[NoticeKind]) -> dict[str, object]:
        return {"tenant": self._tenant_id, "now": now, "kinds": list(kinds)}

    def _new_card(self, card: Card) -> dict[str, object]:
        place = {
            "tenant_id": self._tenant_id,
            "channel": card.channel,
            "ts": card.ts,
            "request_id": card.request_id,
        }
        proof = self._database.authenticity.sign(cards, place)
        return {**place, "drawn_version": card.drawn_version, "authenticator": proof}

    def _settle(self, notice: Notice, **values: object) -> None:
        """Settle nothing when somebody else has taken the notice over: they know better."""
        with self._database.write() as connection:
            connection.execute(_AS_CLAIMED, _as_claimed(notice) | values)


def _as_claimed(notice: Notice) -> dict[str, object]:
    """Name a notice, provided its claim still stands and nobody has settled it."""
    return {"number": notice.id, "claimed": notice.claimed_until}
