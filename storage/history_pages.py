"""Pages of what was asked for, narrowed by state, kind, person and days: by key, never by offset or count.

Each page costs the same however long the record is: a filter is split into questions that one index answers
in the order of the numbers, and what they find is merged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import TypeAlias

from sqlalchemy import Connection, Select, bindparam, select

from storage import rows
from storage.integrity.damaged_rows import readable
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest
from storage.schema.tables import change_requests, decisions

CLOCKS_APART = timedelta(hours=1)
"""How far the clocks of two replicas may be apart: numbers follow the time of asking but for as much."""


VOTES_AT_ONCE, MOST_VOTES_AT_ONCE = 50, 5_000
"""Votes of a person that are looked through with one question, the first and the later ones."""

_Query: TypeAlias = Select[int]

_NUMBERED = (
    select(change_requests)
    .where(
        change_requests.c.tenant_id == bindparam("tenant"),
        change_requests.c.id.in_(bindparam("numbers", expanding=True, type_=change_requests.c.id.type)),
    )
    .order_by(change_requests.c.id.desc())
)
"""Built once: every page asks it, and building a statement costs more than running it."""


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which changes are wanted; what is empty or ``None`` narrows nothing."""

    states: frozenset[State] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    person: str | None = None
    """Slack id of whoever asked or voted."""
    since: datetime | None = None
    until: datetime | None = None
    """When they were asked for: from ``since`` on, before ``until``; aware UTC."""


EVERYTHING = HistoryFilter()


class HistoryPages:
    """Reads pages of one tenant's changes over one connection."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    def numbers(
        self, *, before: int | None = None, limit: int = 5, only: HistoryFilter = EVERYTHING
    ) -> list[int]:
        """Find the newest ``limit`` numbers below ``before`` that pass the filter, damaged rows too."""
        found: set[int] = set()
        for asked in self._by_state_and_kind(self._between(before, only), only):
            if only.person is None:
                found.update(self._newest(asked, limit))
            else:
                found.update(self._newest(asked.where(change_requests.c.requester_id == only.person), limit))
                found.update(self._voted_on(asked, only.person, before, limit))
        return sorted(found, reverse=True)[:limit]

    def requests(self, numbers: Sequence[int]) -> list[ChangeRequest]:
        """Read the changes with these numbers, newest first, without damaged rows."""
        wanted = {"tenant": self._tenant_id, "numbers": list(numbers)}
        return readable(self._connection, _NUMBERED, change_requests, rows.change_request, wanted)

    def _between(self, before: int | None, only: HistoryFilter) -> _Query:
        """Find what was asked for in these days below this number, by an index of days."""
        table = change_requests.c
        query = select(table.id).where(table.tenant_id == self._tenant_id)
        if before is not None:
            query = query.where(table.id < before)
        numbers = select(table.id).where(table.tenant_id == self._tenant_id).limit(1)
        if only.since is not None:
            early = numbers.where(table.created_at >= only.since - CLOCKS_APART).order_by(table.created_at)
            query = query.where(table.created_at >= only.since, table.id >= early.scalar_subquery())
        if only.until is not None:
            late = numbers.where(table.created_at < only.until + CLOCKS_APART).order_by(
                table.created_at.desc()
            )
            query = query.where(table.created_at < only.until, table.id <= late.scalar_subquery())
        return query

    def _by_state_and_kind(self, asked: _Query, only: HistoryFilter) -> Iterator[_Query]:
        """Ask once for each pair of state and kind: an index holds each pair's numbers in order."""
        table = change_requests.c
        if not only.kinds and not only.states:
            yield asked
        elif not only.kinds:
            yield from (asked.where(table.state == state.value) for state in only.states)
        else:
            for kind, state in product(only.kinds, only.states or State):
                yield asked.where(table.kind == kind.value, table.state == state.value)

    def _voted_on(self, asked: _Query, person: str, before: int | None, limit: int) -> list[int]:
        """Find the newest of these changes on which a person voted, along that person's votes."""
        found: list[int] = []
        table, size = decisions.c, VOTES_AT_ONCE
        mine = (
            select(table.request_id)
            .distinct()
            .where(table.tenant_id == self._tenant_id, table.person_id == person)
        )
        while len(found) < limit:
            below = mine if before is None else mine.where(table.request_id < before)
            newest = below.order_by(table.request_id.desc()).limit(size)
            numbers = self._connection.execute(newest).scalars().all()
            found += self._newest(asked.where(change_requests.c.id.in_(numbers)), limit)
            if len(numbers) < size:
                break
            before, size = numbers[-1], min(4 * size, MOST_VOTES_AT_ONCE)
        return found[:limit]

    def _newest(self, asked: _Query, limit: int) -> Sequence[int]:
        return (
            self._connection.execute(asked.order_by(change_requests.c.id.desc()).limit(limit)).scalars().all()
        )
