"""Keep what was last found of each endpoint and TLS version by one conditional UPDATE.

Only what an endpoint was seen to do counts as an outcome; a probe that could not tell leaves the last one as
it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.integrity.damaged_rows import readable
from storage.schema.work_tables import probes


class Kept(StrEnum):
    """What an outcome is beside the last one known."""

    FIRST = "first"
    CHANGED = "changed"
    SAME = "same"
    """The same, or none, or older than the last one."""


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """What is known of one TLS version at one endpoint."""

    host: str
    port: int
    tls: str
    accepted: bool | None
    """Whether it was taken when last seen; ``None``: it could never be told."""
    since: datetime | None
    """When it was first seen so."""
    seen_at: datetime | None
    """When it was last seen so."""
    tried_at: datetime
    """When it was last probed, with whatever outcome."""


def known_versions(connection: Connection, tenant_id: str) -> list[KnownVersion]:
    """Return all that is known of a tenant's endpoints, by host, port and version."""
    table = probes.c
    query = select(probes).where(table.tenant_id == tenant_id).order_by(table.host, table.port, table.tls)
    return readable(
        connection,
        query,
        probes,
        lambda row: KnownVersion(
            row.host, row.port, row.tls, row.accepted, row.since, row.seen_at, row.tried_at
        ),
    )


def keep_version(
    connection: Connection,
    tenant_id: str,
    *,
    host: str,
    port: int,
    tls: str,
    accepted: bool | None,
    at: datetime,
) -> Kept:
    """Keep what a probe found and tell what it is beside the last outcome; an older probe changes nothing."""
    table = probes.c
    key: dict[str, str | int] = {"tenant_id": tenant_id, "host": host, "port": port, "tls": tls}
    mine = update(probes).where(*(table[name] == value for name, value in key.items()), table.tried_at <= at)
    if accepted is None:
        if not connection.execute(mine.values(tried_at=at)).rowcount:
            _add(connection, {**key, "tried_at": at})
        return Kept.SAME
    known = {"accepted": accepted, "since": at, "seen_at": at, "tried_at": at}
    if connection.execute(mine.where(table.accepted != accepted).values(**known)).rowcount:
        return Kept.CHANGED
    if connection.execute(mine.where(table.accepted == accepted).values(tried_at=at, seen_at=at)).rowcount:
        return Kept.SAME
    is_first = connection.execute(mine.values(**known)).rowcount or _add(connection, {**key, **known})
    return Kept.FIRST if is_first else Kept.SAME


def _add(connection: Connection, row: Mapping[str, object]) -> bool:
    """Add what is first known of a version; ``False`` where there is a row, of a newer probe."""
    try:
        with connection.begin_nested():
            connection.execute(insert(probes).values(**row))
    except IntegrityError:
        return False
    return True
