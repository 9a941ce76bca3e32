"""Tell whose ledger has work, over all tenants at once: one question a duty.

Each answer names at least every tenant for whom the duty is due, by an index of what is open alone; the duty
itself asks again.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from storage.engine import Database
from storage.integrity.damaged_rows import any_bytes
from storage.lifecycle import State
from storage.messages.records import NoticeKind
from storage.records import SettingValue
from storage.schema.tables import (
    ATTRIBUTABLE,
    OPEN_STATES,
    OWED,
    WAITING,
    baselines,
    change_requests,
    inbox,
    notices,
    observations,
)

_ON_THEIR_WAY = (State.APPROVED, State.APPLYING, State.UNCERTAIN)


class Pending:
    """The questions; each returns the tenants' ids and raises ``Unreachable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def changes(self) -> list[str]:
        """Return who has a change that is to be made, or whose outcome is to be found out."""
        states = change_requests.c.state.in_(_ON_THEIR_WAY)
        return self._tenants(select(change_requests.c.tenant_id).where(OPEN_STATES, states))

    def messages(self, kinds: Collection[NoticeKind]) -> list[str]:
        """Return to whose people a message of these kinds is owed."""
        return self._tenants(select(notices.c.tenant_id).where(OWED, notices.c.kind.in_(list(kinds))))

    def deliveries(self) -> list[str]:
        """Return whose people did something that nobody has dealt with."""
        return self._tenants(select(inbox.c.tenant_id).where(WAITING))

    def authors(self, now: datetime) -> list[str]:
        """Return who has a change made outside the bot whose author is to be looked up at ``now``."""
        return self._tenants(
            select(change_requests.c.tenant_id).where(ATTRIBUTABLE, change_requests.c.retry_at <= now)
        )

    def ending(self, now: datetime) -> list[str]:
        """Return for whom a request or a window is over at ``now``, as the rows say."""
        late = select(change_requests.c.tenant_id).where(OPEN_STATES, change_requests.c.expires_at <= now)
        opted_in = baselines.c.value == SettingValue.OPTED_IN.value
        over = select(baselines.c.tenant_id).where(opted_in, baselines.c.window_end <= now)
        return [*self._tenants(late), *self._tenants(over)]

    def unexpected(self) -> list[str]:
        """Return whose newest reading is not what ought to be: it asks for a second one, seconds later."""
        table = observations.c
        newest = (
            select(table.value)
            .where(table.tenant_id == baselines.c.tenant_id)
            .order_by(table.id.desc())
            .limit(1)
        )
        return self._tenants(
            select(baselines.c.tenant_id).where(newest.scalar_subquery() != baselines.c.value)
        )

    def _tenants(self, query: Select[Any]) -> list[str]:
        # a damaged id is nobody's, and hides no other
        with self._database.read() as connection, any_bytes(connection):
            return list(connection.execute(query.distinct()).scalars())
