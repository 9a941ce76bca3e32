"""Which tenant a number, a message or a person belongs to, asked over all tenants at once.

Numbers of changes, entries and messages run through all tenants, so each leads to one of them. Nothing else
of a tenant is told here.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select, union

from storage.engine import Database
from storage.schema.device_tables import IS_STANDING
from storage.schema.tables import cards, change_requests, devices, notices


class Whose:
    """The questions; each raises ``Unreachable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_request(self, number: int) -> str | None:
        """Return the id of the tenant that has this change request; ``None`` where nobody has it."""
        return self._one(select(change_requests.c.tenant_id).where(change_requests.c.id == number))

    def of_device(self, number: int) -> str | None:
        """Return whose entry of the register this is; ``None`` where it is nobody's."""
        return self._one(select(devices.c.tenant_id).where(devices.c.id == number))

    def of_notice(self, number: int) -> str | None:
        """Return whose message has this number; ``None`` where it is nobody's."""
        return self._one(select(notices.c.tenant_id).where(notices.c.id == number))

    def at(self, channel: str, ts: str) -> str | None:
        """Return whose message stands at this place in Slack; ``None`` where it is not known."""
        return self._one(select(cards.c.tenant_id).where(cards.c.channel == channel, cards.c.ts == ts))

    def having(self, person_id: str, tenants: Collection[str]) -> frozenset[str]:
        """Return those of ``tenants`` in which a person has asked for a change, or answers for a device."""
        asked, owned = change_requests.c, devices.c
        mine = select(asked.tenant_id).where(
            asked.tenant_id.in_(list(tenants)), asked.requester_id == person_id
        )
        theirs = select(owned.tenant_id).where(
            owned.tenant_id.in_(list(tenants)), owned.owner_id == person_id, IS_STANDING
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(union(mine, theirs)).scalars())

    def _one(self, query: Select[Any]) -> str | None:
        with self._database.read(quick=True) as connection:
            found: str | None = connection.execute(query).scalar_one_or_none()
        return found
