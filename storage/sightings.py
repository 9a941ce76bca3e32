"""Keep the newest word of reports on each sender, with the import's event.

A report adds sightings and nothing else. Its event holds the shares of registered entries only; senders on
nobody's list stand in no event, and are pruned. An older report never overwrites what a newer one said.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, Connection, bindparam, column, func, insert, or_, select, true

from storage.database.inserting import insert_into
from storage.devices.reader import day_of
from storage.ledger import Entry
from storage.schema.device_tables import devices, reports, sightings

IMPORTED = "report_imported"
"""The kind of the event of an import."""

_STANDING = ("proposed", "active")


@dataclass(frozen=True, slots=True)
class NewReport:
    """One file that was understood. ``digest`` is of its bytes and of how it was read."""

    kind: str
    first_day: date | None
    last_day: date | None
    digest: str
    row_count: int
    tells_tls: bool
    """Whether it says which TLS version was spoken; one that does not moves ``last_seen`` alone."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """The newest word on one sender; shares in percent, unknown as ``None``."""

    sender: str
    tls10: float | None
    tls11: float | None
    tls12: float | None
    messages: int | None
    is_legacy: bool
    last_seen: date | None


@dataclass(frozen=True, slots=True)
class KeptReport:
    """The newest report of the admin centre, as far as its days are told."""

    first_day: date | None
    last_day: date | None
    imported_at: datetime


def is_known(connection: Connection, tenant_id: str, digest: str) -> bool:
    """Tell whether this very file was imported before, read in the same way."""
    query = select(reports.c.id).where(reports.c.tenant_id == tenant_id, reports.c.digest == digest)
    return connection.execute(query).first() is not None


def keep(
    entry: Entry,
    report: NewReport,
    seen: Sequence[Sighting],
    *,
    by: str,
    registered: Sequence[dict[str, object]],
) -> None:
    """Keep an unknown report, its senders and its event; ``registered`` goes into that."""
    as_of = report.last_day or entry.now.date()
    days = {
        name: day.isoformat() if day else None
        for name, day in (("first_day", report.first_day), ("last_day", report.last_day))
    }
    told = {"kind": report.kind, **days, "digest": report.digest, "row_count": report.row_count}
    entry.record(IMPORTED, by, {**told, "registered": list(registered)})
    row = {**told, "seq": entry.reader.head()[0], "imported_by": by, "imported_at": entry.now}
    new = insert(reports).values(tenant_id=entry.tenant_id, **row).returning(reports.c.id)
    number = entry.connection.execute(new).scalar_one()
    alike = {
        "tenant_id": entry.tenant_id,
        "report_id": number if report.tells_tls else None,
        "as_of": as_of.isoformat(),
        "imported_at": entry.now,
    }
    if seen:
        _keep_all(entry.connection, alike, seen, tells_tls=report.tells_tls)


def _keep_all(
    connection: Connection, alike: Mapping[str, Any], seen: Sequence[Sighting], *, tells_tls: bool
) -> None:
    """Keep every sighting by one statement: a row each costs more than everything else about an import."""
    rows = [
        (one.sender, one.tls10, one.tls11, one.tls12, one.messages, one.is_legacy, _day(one.last_seen))
        for one in seen
    ]
    same = [bindparam(name, value, sightings.c[name].type) for name, value in alike.items()]
    names = [*alike, *_TOLD]
    if connection.dialect.name == "sqlite":
        row = func.json_each(json.dumps(rows)).table_valued("value").c.value
        cells = [func.json_extract(row, f"$[{place}]") for place in range(len(_TOLD))]
        chosen = select(*same, *cells).where(true())  # or SQLite takes ON for the condition of a join
        new = insert_into(sightings, "sqlite").from_select(names, chosen)
        connection.execute(_upsert(new, func.max, tells_tls=tells_tls))
        return
    by_column = zip(_TOLD.items(), zip(*rows, strict=True), strict=True)
    columns = [bindparam(name, list(values), ARRAY(kind)) for (name, kind), values in by_column]
    listed = func.unnest(*columns).table_valued(
        *(column(name, kind) for name, kind in _TOLD.items()), name="told"
    )
    told = select(*same, *listed.render_derived().c)
    added = insert_into(sightings, "postgresql").from_select(names, told)
    connection.execute(_upsert(added, func.greatest, tells_tls=tells_tls))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


_TOLD: Mapping[str, Any] = {
    name: sightings.c[name].type
    for name in ("sender", "tls10", "tls11", "tls12", "messages", "is_legacy", "last_seen")
}
"""What a report tells of each sender, by column; the rest is alike for all."""


def _upsert(statement: Any, later: Any, *, tells_tls: bool) -> Any:
    """Let an older report overwrite nothing newer; ``later`` is the greater of two in SQL."""
    newer, table = statement.excluded, sightings.c
    last = later(
        func.coalesce(table.last_seen, newer.last_seen), func.coalesce(newer.last_seen, table.last_seen)
    )
    if not tells_tls:
        return statement.on_conflict_do_update(
            index_elements=["tenant_id", "sender"], set_={"last_seen": last}
        )
    told = ("report_id", "as_of", "imported_at", "tls10", "tls11", "tls12", "messages", "is_legacy")
    changed = {name: newer[name] for name in told} | {"last_seen": last}
    overtaken = or_(table.report_id.is_(None), newer.as_of >= table.as_of)
    return statement.on_conflict_do_update(
        index_elements=["tenant_id", "sender"], set_=changed, where=overtaken
    )


class SightingReader:
    """Reads one tenant's sightings over one connection."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    def newest_report(self, kind: str) -> KeptReport | None:
        """Return the report of this kind that speaks of the newest days; ``None`` where none was imported."""
        table, day = reports.c, func.coalesce(reports.c.last_day, "")
        query = select(table.first_day, table.last_day, table.imported_at)
        query = query.where(table.tenant_id == self._tenant_id, table.kind == kind).order_by(
            day.desc(), table.id.desc()
        )
        row = self._connection.execute(query.limit(1)).one_or_none()
        return KeptReport(day_of(row.first_day), day_of(row.last_day), row.imported_at) if row else None

    def newest_import(self) -> int:
        """Return the number of the newest event of an import; 0 where there was none."""
        query = select(func.max(reports.c.seq)).where(reports.c.tenant_id == self._tenant_id)
        return self._connection.execute(query).scalar_one() or 0

    def of(self, senders: Iterable[str] | None = None) -> dict[str, Sighting]:
        """Return sightings by address; ``None``: of all entries; unseen ones left out."""
        table, found = sightings.c, {}
        query = select(sightings).where(table.tenant_id == self._tenant_id)
        if senders is None:
            query = query.where(
                table.sender.in_(select(devices.c.sender).where(devices.c.tenant_id == self._tenant_id))
            )
        else:
            query = query.where(table.sender.in_(list(senders)))
        for row in self._connection.execute(query):
            shares = (row.tls10, row.tls11, row.tls12, row.messages, row.is_legacy)
            found[row.sender] = Sighting(row.sender, *shares, day_of(row.last_seen))
        return found

    def word_on(self, sender: str) -> dict[str, object] | None:
        """Return the newest word on a sender as an event keeps it, shares ``as_of`` a day; ``None``: none."""
        table = sightings.c
        query = select(sightings).where(table.tenant_id == self._tenant_id, table.sender == sender)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        as_of = row.as_of if row.report_id is not None else None
        shares = {name: getattr(row, name) for name in ("tls10", "tls11", "tls12", "messages")}
        return {"as_of": as_of, "last_seen": row.last_seen, **shares}

    def unregistered(self) -> int:
        """Return how many senders were still on old TLS in the newest word on them and are on nobody's list.

        An entry that has ended since the newest report was imported is no news of that report.
        """
        table, mine = sightings.c, sightings.c.tenant_id == self._tenant_id
        newest = (
            select(func.coalesce(func.max(table.as_of), ""))
            .where(mine, table.report_id.is_not(None))
            .scalar_subquery()
        )
        imported = (
            select(func.max(table.imported_at)).where(mine, table.report_id.is_not(None)).scalar_subquery()
        )
        entered = select(devices.c.sender).where(devices.c.tenant_id == self._tenant_id)
        listed, ended = (
            entered.where(devices.c.state.in_(_STANDING)),
            entered.where(devices.c.ended_at >= imported),
        )
        known = (table.sender.not_in(listed), table.sender.not_in(ended))
        query = select(func.count()).select_from(sightings)
        query = query.where(mine, table.is_legacy, table.as_of >= newest, *known)
        return self._connection.execute(query).scalar_one()
