"""What one person's App Home needs, read in one statement, and what it was first seen to show.

One statement, because the page is drawn for everybody who opens the app, and a database may be far away:
several selects stand side by side in it, told apart by ``part``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    FromClause,
    Select,
    Subquery,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from storage import rows
from storage.devices.reader import device_of
from storage.devices.records import Device, DeviceState
from storage.errors import Conflict
from storage.integrity import believed_events
from storage.integrity.authenticity import authenticity_of
from storage.integrity.believed_events import Disbelieved
from storage.integrity.damaged_rows import DAMAGE, is_damage
from storage.integrity.row_comparison import recorded_baseline
from storage.ledger import Entry
from storage.ledger_reader import Reader
from storage.lifecycle import OPEN, WISHES
from storage.records import Baseline, ChangeRequest, Decision, Observation
from storage.schema.device_tables import IS_STANDING, devices
from storage.schema.tables import audit_events, baselines, change_requests, decisions, observations, rules
from storage.schema.work_tables import homes

T = TypeVar("T")

MOST_DEVICES = 20
"""Devices of the person's that are read, the next due first; the others are counted."""

MOST_AWAITED = 50
"""Devices read on which something waits for an approver; some may not be for this person."""

MOST_OWN = 10
"""Requests of the person's own that are read, the newest ones."""

_SINGLE, _OPEN, _OWN, _VOTES, _DEVICES, _AWAITED = _PARTS = range(6)


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest request that somebody's Home had with its buttons, by its content, and since when it did."""

    request_id: int
    digest: str
    shown_at: datetime


@dataclass(frozen=True, slots=True)
class HomeRows:
    """What is on record for one person's page."""

    baseline: Baseline | None
    seen: Observation | None
    """The newest reading that has a value."""
    newest: Observation | None
    """The newest reading, or failure of one."""
    rule_digest: str | None
    """Of the rule recorded last."""
    request: ChangeRequest | None
    """The open opt-in or extension."""
    votes: tuple[Decision, ...]
    """On that."""
    own: tuple[ChangeRequest, ...]
    """What the person asked for, newest first."""
    shown: Shown | None
    devices: tuple[Device, ...] = ()
    """What they answer for on the register, the next due first."""
    device_count: int = 0
    """How many these are in all."""
    awaited: tuple[Device, ...] = ()
    """Entries that are proposed, or for which a later day was asked for, from today on; the soonest day
    first."""


def home_rows(reader: Reader, tenant_id: str, person_id: str, today: date) -> HomeRows:
    """Read everything for one person in one round trip; ``today`` is the day in the operator's zone."""
    connection = reader.connection
    statement, places = _statement(tenant_id, person_id, today)
    found = [_Parted(tuple(row), places) for row in connection.execute(statement)]
    single = next(row for row in found if row.part == _SINGLE)
    return HomeRows(
        baseline=_baseline(connection, tenant_id, single),
        seen=_made(single, "seen", rows.observation),
        newest=_made(single, "newest", rows.observation),
        rule_digest=single.of("rule").digest,
        request=next(_each(found, _OPEN, "open", rows.change_request), None),
        votes=tuple(_each(found, _VOTES, "vote", rows.decision)),
        own=tuple(_each(found, _OWN, "own", rows.change_request)),
        shown=_made(single, "shown", lambda row: Shown(row.request_id, row.digest, row.shown_at)),
        devices=tuple(_each(found, _DEVICES, "device", device_of)),
        device_count=max((row.of("device").owned for row in found if row.part == _DEVICES), default=0) or 0,
        awaited=tuple(_each(found, _AWAITED, "awaited", device_of)),
    )


def shown_to(connection: Connection, tenant_id: str, person_id: str) -> Shown | None:
    """Return what somebody's Home was first seen to show, for whoever judges a press on it."""
    mine = select(homes).where(homes.c.tenant_id == tenant_id, homes.c.person_id == person_id)
    row = connection.execute(mine).one_or_none()
    return Shown(row.request_id, row.digest, row.shown_at) if row is not None else None


def keep_shown(entry: Entry, person_id: str, shown: Shown) -> None:
    """Keep what somebody's Home shows from now on; one row a person.

    Raises ``Conflict`` where another process does the same.
    """
    values = {"request_id": shown.request_id, "digest": shown.digest, "shown_at": shown.shown_at}
    mine = (
        update(homes)
        .where(homes.c.tenant_id == entry.tenant_id, homes.c.person_id == person_id)
        .values(**values)
    )
    if entry.connection.execute(mine).rowcount == 0:
        try:
            entry.connection.execute(
                insert(homes).values(tenant_id=entry.tenant_id, person_id=person_id, **values)
            )
        except IntegrityError as taken:
            raise Conflict("another process published this page in the same moment") from taken


_Places = Mapping[str, Mapping[str, int]]
"""Where the columns of each source stand in a row."""


@dataclass(frozen=True, slots=True)
class _Parted:
    """One row of the statement."""

    values: tuple[Any, ...]
    places: _Places

    @property
    def part(self) -> int:
        """Which select it is of."""
        return int(self.values[0])

    def of(self, source: str) -> Any:
        """Return the columns of one source, by their names."""
        return SimpleNamespace(**{name: self.values[place] for name, place in self.places[source].items()})


def _statement(tenant_id: str, person_id: str, today: date) -> tuple[Select[Any], _Places]:
    """One row for what there is one of, and a row for each request and vote."""
    request = change_requests.c
    mine = request.tenant_id == tenant_id
    is_open = (
        mine,
        request.state.in_([state.value for state in OPEN]),
        request.kind.in_([kind.value for kind in WISHES]),
    )
    own = (
        select(change_requests)
        .where(mine, request.requester_id == person_id)
        .order_by(request.id.desc())
        .limit(MOST_OWN)
    )
    votes = select(decisions).where(decisions.c.request_id.in_(select(request.id).where(*is_open)))
    told = believed_events.events_of(tenant_id).where(believed_events.of_kind("baseline"))
    told = told.order_by(audit_events.c.seq.desc()).limit(1)
    seen = select(homes).where(homes.c.tenant_id == tenant_id, homes.c.person_id == person_id)
    first_open = select(change_requests).where(*is_open).order_by(request.id).limit(1)
    readable = _readings(tenant_id).where(observations.c.value.is_not(None))
    newest_rule = (
        select(rules.c.digest).where(rules.c.tenant_id == tenant_id).order_by(rules.c.id.desc()).limit(1)
    )
    sources: dict[str, tuple[int, Subquery]] = {
        "baseline": (_SINGLE, select(baselines).where(baselines.c.tenant_id == tenant_id).subquery()),
        "told": (_SINGLE, told.subquery()),
        "seen": (_SINGLE, readable.subquery()),
        "newest": (_SINGLE, _readings(tenant_id).subquery()),
        "rule": (_SINGLE, newest_rule.subquery()),
        "shown": (_SINGLE, seen.subquery()),
        "open": (_OPEN, first_open.subquery()),
        "own": (_OWN, own.subquery()),
        "vote": (_VOTES, votes.subquery()),
        "device": (_DEVICES, _owned(tenant_id, person_id).subquery()),
        "awaited": (_AWAITED, _awaited(tenant_id, today).subquery()),
    }
    return _joined(sources)


def _joined(sources: Mapping[str, tuple[int, Subquery]]) -> tuple[Select[Any], _Places]:
    """Join each source to its part, and tell at which place each of its columns comes."""
    parts = union_all(*(select(literal(part).label("part")) for part in _PARTS)).subquery()
    joined: FromClause = parts
    for part, source in sources.values():
        joined = joined.outerjoin(source, parts.c.part == part)
    columns: list[Any] = [parts.c.part]
    places: dict[str, dict[str, int]] = {name: {} for name in sources}
    for name, (_, source) in sources.items():
        for column in source.c:
            places[name][column.name] = len(columns)
            columns.append(column.label(f"{name}_{column.name}"))
    return select(*columns).select_from(joined), places


def _owned(tenant_id: str, person_id: str) -> Select[Any]:
    """The standing entries of one owner, each with how many there are."""
    mine = (devices.c.tenant_id == tenant_id, devices.c.owner_id == person_id, IS_STANDING)
    return (
        select(devices, func.count().over().label("owned"))
        .where(*mine)
        .order_by(devices.c.due, devices.c.id)
        .limit(MOST_DEVICES)
    )


def _awaited(tenant_id: str, today: date) -> Select[Any]:
    """Return standing entries with a day from today on that waits for an approver."""
    day = func.coalesce(devices.c.asked_due, devices.c.due)
    waits = or_(devices.c.state == DeviceState.PROPOSED.value, devices.c.asked_due.is_not(None))
    mine = (devices.c.tenant_id == tenant_id, IS_STANDING, waits, day >= today.isoformat())
    return select(devices).where(*mine).order_by(day, devices.c.id).limit(MOST_AWAITED)


def _readings(tenant_id: str) -> Select[Any]:
    return (
        select(observations)
        .where(observations.c.tenant_id == tenant_id)
        .order_by(observations.c.id.desc())
        .limit(1)
    )


def _baseline(connection: Connection, tenant_id: str, row: _Parted) -> Baseline | None:
    """As ``Reader.baseline``: where the row does not agree with the record, the record counts."""
    kept, event = _made(row, "baseline", rows.baseline), row.of("told")
    if event.seq is None:
        return kept
    try:
        told = believed_events.believed(tenant_id, event, authenticity_of(connection))
    except Disbelieved:
        return Reader(connection, tenant_id).baseline()
    return recorded_baseline(told, kept)


def _each(found: Iterable[_Parted], part: int, name: str, made: Callable[[Any], T]) -> Iterator[T]:
    each = (_made(row, name, made) for row in found if row.part == part)
    return (one for one in each if one is not None)


def _made(row: _Parted, name: str, made: Callable[[Any], T]) -> T | None:
    """What a source holds; ``None`` where there is none, or where it cannot be read."""
    columns = row.of(name)
    if all(value is None for value in vars(columns).values()):
        return None
    try:
        return made(columns)
    except DAMAGE as damage:
        if not is_damage(damage):
            raise
        return None
