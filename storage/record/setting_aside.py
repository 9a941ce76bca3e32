"""Puts aside rows that nothing can be done with: they end, keep no place and hold nothing up.

A request leaves an event.
"""

from sqlalchemy import select, update

from storage.ledger import BOT, Entry
from storage.lifecycle import SETTLED, State
from storage.schema.tables import change_requests, inbox, notices

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
    elif table == inbox.name:
        entry.connection.execute(
            update(inbox)
            .where(inbox.c.id == number, inbox.c.tenant_id == entry.tenant_id)
            .values(done_at=entry.now)
        )
