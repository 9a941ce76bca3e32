"""Keep what Slack delivered before it is acknowledged, so that no event is lost.

The key is Slack's own (event id, action time, view id): a redelivery finds its row and is told apart. No
secret goes in: ``response_url`` and ``trigger_id`` are never stored.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Executable, Row, bindparam, select, update

from storage.database.clock import database_clock, is_over
from storage.database.correlation import caused
from storage.database.inserting import insert_into
from storage.database.troubles import Trouble
from storage.engine import Database, Unreachable
from storage.integrity.authenticity import SET_ASIDE
from storage.integrity.canonical import canonical
from storage.integrity.damaged_rows import one, split
from storage.rows import texts
from storage.schema.tables import inbox

LOOKED_THROUGH = 4096
"""Waiting items among which everybody's turn is found."""

_PERSON = re.compile(r'"person":"([^"\\]{1,64})"')
"""Who acted, as the canonical payload spells it: for the order alone, so that no row has to be readable for
it."""

CLAIM_MS = 8_000
"""How long one worker may keep an item before another takes it up: people wait for what a process died over.

Whoever is slower than that loses nothing: of two who handle an item, the first to record it has done so
alone.
"""

BEGUN = "begun"
"""The kind of a row that asks for nothing: it only keeps that something was begun."""

_IDS = bindparam("ids", expanding=True, type_=inbox.c.id.type)
_MINE = inbox.c.tenant_id == bindparam("tenant")
_FREE = (inbox.c.done_at.is_(None), _MINE, is_over(inbox.c.claimed_until, CLAIM_MS))
_WAITING = select(inbox.c.id, inbox.c.payload).where(*_FREE).order_by(inbox.c.id).limit(LOOKED_THROUGH)
_CLAIMED = {"claimed_until": database_clock() + CLAIM_MS}
_CLAIM = update(inbox).where(*_FREE, inbox.c.id.in_(_IDS)).values(_CLAIMED).returning(inbox.c.id)
_TAKEN = select(inbox).where(inbox.c.id.in_(_IDS)).order_by(inbox.c.id)
"""Built once: every tick and every act asks them, and building a statement costs more than running it."""


@cache
def _keep(dialect: str) -> Executable:
    new = insert_into(inbox, dialect).values(_CLAIMED)
    return new.on_conflict_do_nothing(index_elements=["tenant_id", "key"]).returning(inbox.c.id)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that somebody did in Slack, waiting to be judged."""

    id: int
    key: str
    kind: str
    payload: Mapping[str, str]
    received_at: datetime
    correlation_id: str | None = None


NOTHING_WRITTEN = frozenset(
    {Trouble.LOCKED, Trouble.SILENT, Trouble.UNRESOLVED, Trouble.READ_ONLY, Trouble.TOO_SILENT}
)
"""After these it is for sure that nothing was kept: looking it up would only hold up who owes an answer."""


class NotKnown(Unreachable):
    """Whether a delivery was kept cannot be told: the database went away while it was written."""


class Inbox:
    """One tenant's inbox."""

    def __init__(self, database: Database, tenant_id: str) -> None:
        self._database = database
        self._tenant_id = tenant_id

    def put(
        self, key: str, kind: str, payload: Mapping[str, str], *, now: datetime, patience: float
    ) -> Item | None:
        """Keep one delivery, already claimed by the caller; ``None`` when it is known.

        Raises ``Unreachable`` when it was not kept, and ``NotKnown`` when even that cannot be found out.
        """
        try:
            return self._insert(key, kind, payload, now, patience)
        except Unreachable as lost:
            if lost.trouble in NOTHING_WRITTEN:
                raise
            return self._look_up(key, lost)

    def _insert(
        self, key: str, kind: str, payload: Mapping[str, str], now: datetime, patience: float
    ) -> Item | None:
        delivered = {
            "tenant_id": self._tenant_id,
            "key": key,
            "kind": kind,
            "payload": canonical(dict(payload)),
            "received_at": now,
        }
        proof = self._database.authenticity.sign(inbox, delivered)
        row = delivered | {"authenticator": proof} | caused()
        with self._database.write(patience=patience, quick=True) as connection:
            item_id = connection.execute(_keep(connection.dialect.name), row).scalar()
        if item_id is None:
            return None
        return Item(id=item_id, key=key, kind=kind, payload=dict(payload), received_at=now, **caused())

    def _look_up(self, key: str, lost: Unreachable) -> Item:
        """Find a delivery whose commit was not answered: it may be kept all the same.

        Raises ``lost`` where it is not.
        """
        try:
            kept = self.kept(key)
        except Unreachable:
            raise NotKnown(str(lost)) from lost
        if kept is None:
            raise lost
        return kept

    def note(self, key: str, *, now: datetime) -> bool:
        """Keep that something was begun which must not be begun twice; ``False`` when that is on record.

        Raises ``engine.Busy``. For what is not taken up again after a crash: whoever asked asks once more. It
        is pruned with the deliveries.
        """
        begun = {
            "tenant_id": self._tenant_id,
            "key": key,
            "kind": BEGUN,
            "payload": "{}",
            "received_at": now,
            "done_at": now,
            "claimed_until": 0,
            **caused(),
        }
        with self._database.write() as connection:
            once = insert_into(inbox, connection.dialect.name).values(begun)
            kept = once.on_conflict_do_nothing(index_elements=["tenant_id", "key"]).returning(inbox.c.id)
            return connection.execute(kept).scalar() is not None

    def kept(self, key: str) -> Item | None:
        """The delivery with this key, done or not: what became of a ``put`` whose commit was not answered.

        ``None`` when there is none that the bot itself wrote.
        """
        mine = (inbox.c.tenant_id == self._tenant_id, inbox.c.key == key)
        with self._database.read(quick=True) as connection:
            return one(
                connection,
                select(inbox).where(*mine),
                inbox,
                self._database.authenticity.checked(inbox, item),
            )

    def put_off(self, item: Item, *, ms: int) -> None:
        """Put an item off for ``ms`` milliseconds, ``CLAIM_MS`` at most."""
        mine = update(inbox).where(
            inbox.c.id == item.id, inbox.c.tenant_id == self._tenant_id, inbox.c.done_at.is_(None)
        )
        with self._database.write() as connection:
            connection.execute(mine.values(claimed_until=database_clock() + ms))

    def claim_waiting(self, now: datetime, *, limit: int = 16) -> list[Item]:
        """Take unfinished, unclaimed items in people's turns: leftovers of a process that died.

        A row that the bot did not write is set aside instead: it is marked as done, with why, and nothing is
        done because of it.
        """
        mine = {"tenant": self._tenant_id}
        with self._database.read() as connection:
            free = [(row.id, row.payload) for row in connection.execute(_WAITING, mine)]
        waiting = _in_turns(free)[:limit]
        if not waiting:
            return []
        with self._database.write() as connection:
            taken = connection.execute(_CLAIM, mine | {"ids": waiting}).scalars().all()
            believed = self._database.authenticity.checked(inbox, item)
            found, others = split(connection, _TAKEN, inbox, believed, {"ids": taken})
            for (number,) in others:
                aside = update(inbox).where(inbox.c.id == number)
                connection.execute(aside.values(done_at=now, problem=SET_ASIDE))
        return found


def _in_turns(waiting: Sequence[tuple[int, str]]) -> list[int]:
    """The ids of waiting rows: every person's first, then every person's second, and so on."""
    had: Counter[str] = Counter()
    turns = []
    for number, payload in waiting:
        found = _PERSON.search(payload)
        person = found.group(1) if found else ""
        turns.append((had[person], number))
        had[person] += 1
    return [number for _, number in sorted(turns)]


def item(row: Row[Any]) -> Item:
    """Return one row of ``inbox``. Raises ``Damaged``, and ``ValueError`` where its payload is no JSON."""
    return Item(row.id, row.key, row.kind, texts(row.payload), row.received_at, row.correlation_id)
