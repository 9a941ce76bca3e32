"""Find rows that cannot be read or do not agree with the record among what is open or owed; set them aside.

Looking changes nothing; every question is answered by an index. A request that is set aside leaves an event.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select, update

from storage import inbox, rows
from storage.integrity import row_comparison
from storage.integrity.damaged_rows import split
from storage.integrity.replay import Replay
from storage.integrity.row_comparison import Difference
from storage.ledger import BOT, Entry
from storage.lifecycle import OPEN, SETTLED, State
from storage.messages.reader import notice_of
from storage.schema import guards
from storage.schema.tables import change_requests, notices
from storage.schema.tables import inbox as deliveries

AT_ONCE = 200
"""Rows of messages and deliveries looked through at a time, oldest first."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One open request that does not agree with the record, or cannot be read."""

    number: int
    state: str
    """As it is stored; perhaps none that there is."""
    differences: tuple[Difference, ...]
    told: Replay


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found; all empty where nothing is wrong."""

    guards: tuple[str, ...] = ()
    """The names of missing guards."""
    suspects: tuple[Suspect, ...] = ()
    elsewhere: tuple[Difference, ...] = ()
    """In what ought to be, the rule, and the kept organisation: what an opt-in is judged by."""
    damaged: tuple[Difference, ...] = ()
    """Messages and deliveries that cannot be read."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return self == Survey()


def survey(connection: Connection, tenant_id: str) -> Survey:
    """Look; ask inside a recording transaction for an answer that holds."""
    return Survey(
        guards=tuple(guards.missing(connection)),
        suspects=tuple(_suspects(connection, tenant_id)),
        elsewhere=tuple(elsewhere(connection, tenant_id)),
        damaged=tuple(_damaged(connection, tenant_id)),
    )


def elsewhere(connection: Connection, tenant_id: str) -> list[Difference]:
    """Differences of what every opt-in is judged by, whichever it is."""
    looks: Iterable[Callable[[Connection, str], list[Difference]]] = (
        row_comparison.baseline_differences,
        row_comparison.rule_differences,
        row_comparison.organization_differences,
    )
    return [difference for look in looks for difference in look(connection, tenant_id)]


def _suspects(connection: Connection, tenant_id: str) -> Iterator[Suspect]:
    for number, state in _open(connection, tenant_id):
        mine = select(change_requests).where(change_requests.c.id == number)
        found, _ = split(connection, mine, change_requests, rows.change_request)
        differences, told = row_comparison.request_differences(connection, tenant_id, number)
        if differences or not found:
            yield Suspect(number, state, tuple(differences), told)


def _open(connection: Connection, tenant_id: str) -> list[tuple[int, str]]:
    """Numbers and states of what is open, or in a state that there is not."""
    table = change_requests.c
    states = [*OPEN, *_unknown_states(connection, tenant_id)]
    query = select(table.id, table.state).where(table.tenant_id == tenant_id, table.state.in_(states))
    return sorted((row.id, str(row.state)) for row in connection.execute(query))


def _unknown_states(connection: Connection, tenant_id: str) -> list[str]:
    """One look into the index for each state there is; what is settled is not passed through."""
    table, found = change_requests.c, [""]
    while True:
        beyond = select(func.min(table.state)).where(table.tenant_id == tenant_id, table.state > found[-1])
        state = connection.execute(beyond).scalar()
        if state is None:
            return [each for each in found if each and each not in set(State)]
        found.append(state)


def _damaged(connection: Connection, tenant_id: str) -> Iterator[Difference]:
    looks: tuple[tuple[Table, Any, Callable[[Row[Any]], object]], ...] = (
        (notices, notices.c.delivered_at.is_(None), notice_of),
        (deliveries, deliveries.c.done_at.is_(None), inbox.item),
    )
    for table, waiting, made in looks:
        query = (
            select(table).where(table.c.tenant_id == tenant_id, waiting).order_by(table.c.id).limit(AT_ONCE)
        )
        for (number,) in split(connection, query, table, made)[1]:
            yield Difference(table.name, str(number), row_comparison.WHOLE)


_DAMAGED = "its row cannot be read, so it was set aside"


def set_aside(entry: Entry, number: int, *, detail: str) -> None:
    """End a request by its number alone: its row cannot be read, or disagrees.

    It becomes *stale* whatever state it stood in, one that there is not included; a settled one stays as it
    is.
    """
    table = change_requests.c
    mine = (
        table.id == number,
        table.tenant_id == entry.tenant_id,
        table.state.not_in([state.value for state in SETTLED]),
    )
    before = entry.connection.execute(select(table.state).where(*mine)).scalar()
    if before is None:
        return
    ended = update(change_requests).where(*mine).values(
        state=State.STALE.value, detail=detail, settled_at=entry.now, retry_at=None, version=table.version + 1
    )  # fmt: skip
    entry.connection.execute(ended)
    told = {"from": str(before), "to": State.STALE.value, "detail": detail}
    entry.record("moved", BOT, told, number)


def give_up(entry: Entry, table: str, number: int) -> None:
    """Settle an unreadable message or delivery: it will never be sent or handled."""
    if table == notices.name:
        mine = (notices.c.id == number, notices.c.tenant_id == entry.tenant_id)
        entry.connection.execute(
            update(notices).where(*mine).values(delivered_at=entry.now, problem=_DAMAGED)
        )
    elif table == deliveries.name:
        entry.connection.execute(
            update(deliveries)
            .where(deliveries.c.id == number, deliveries.c.tenant_id == entry.tenant_id)
            .values(done_at=entry.now)
        )
