"""Read and record what ought to be: the baseline, the rule, the organisation, the settings.

Where a row does not agree with the record, the record counts. What is recorded leaves an audit event, but for
a reading, which may be pruned. Nobody's right to act is judged here.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Row, String, bindparam, func, insert, literal_column, select, update

from storage import rows
from storage.chain import BOT
from storage.engine import Database
from storage.integrity import believed_events, row_comparison
from storage.integrity.authenticity import authenticity_of
from storage.integrity.canonical import canonical, stamp
from storage.integrity.damaged_rows import DAMAGE, is_damage, one, readable
from storage.integrity.row_comparison import recorded_baseline, recorded_end
from storage.lifecycle import State
from storage.readings.runs import UNBROKEN, keep_reading
from storage.records import Baseline, ChangeRequest, KeptRule, Observation
from storage.schema.tables import SETTINGS, audit_events, baselines, organizations, rules

_BASELINE = select(baselines).where(baselines.c.tenant_id == bindparam("tenant"))
_RULES = select(rules).where(rules.c.tenant_id == bindparam("tenant")).order_by(rules.c.id.desc()).limit(2)
"""Built once: they are read with nearly every act, and building a statement costs more than running it."""


class HoldingReader:
    """Reads what holds for one tenant over one connection, inside or outside a transaction."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    def baseline(self) -> Baseline | None:
        """Return what the live value ought to be; ``None`` before the first reading.

        Where the row does not agree with the record, the record counts: the end of a window is not moved by a
        row.
        """
        row = one(self._connection, _BASELINE, baselines, rows.baseline, {"tenant": self._tenant_id})
        told = believed_events.newest(self._connection, self._tenant_id, "baseline")
        return recorded_baseline(told, row) if told is not None else row

    def approved_end(self, request: ChangeRequest) -> datetime | None:
        """Return when this change's window ends as asked and approved, by the record."""
        return recorded_end(self._connection, self._tenant_id, request.id)

    def organization(self) -> str | None:
        """Return the organisation that answered first, by the record before the row."""
        told = believed_events.newest(self._connection, self._tenant_id, "organization")
        if told is not None and isinstance(told.payload.get("name"), str):
            return str(told.payload["name"])
        query = select(organizations.c.name).where(organizations.c.tenant_id == self._tenant_id)
        return self._connection.execute(query).scalar()

    def rule(self) -> KeptRule | None:
        """Return the rule recorded last."""
        mine = {"tenant": self._tenant_id}
        newest = readable(self._connection, _RULES, rules, lambda row: (row.digest, row.since), mine)
        return KeptRule(*newest[0], is_first=len(newest) == 1) if newest else None

    def rule_disagrees(self) -> bool:
        """Tell whether the newest row of the rules is not the rule that was recorded last."""
        return bool(row_comparison.rule_differences(self._connection, self._tenant_id))

    def agrees(self, request: ChangeRequest) -> bool:
        """Tell whether a request is as its events say."""
        return not row_comparison.request_differences(self._connection, self._tenant_id, request.id)[0]

    def was_sent(self, request: ChangeRequest) -> bool:
        """Tell whether it is on record that a change was sent and is not settled yet."""
        _, told = row_comparison.request_differences(self._connection, self._tenant_id, request.id)
        return told.request.get("state") in (State.APPLYING, State.UNCERTAIN)

    def settings(self) -> Mapping[str, object]:
        """Return the settings recorded last, by name; empty when none ever were."""
        query = select(audit_events.c.payload).where(audit_events.c.tenant_id == self._tenant_id, SETTINGS)
        try:
            newest = self._connection.execute(query.order_by(audit_events.c.seq.desc()).limit(1)).scalar()
            return dict(json.loads(newest)["settings"]) if newest else {}
        except DAMAGE as damage:
            if not is_damage(damage):
                raise
            return {}


class Record(Protocol):
    """Appends one audit event to the transaction's record."""

    def __call__(
        self, kind: str, actor: str, payload: Mapping[str, object], request_id: int | None = None
    ) -> str:
        """Return the chain's new head."""


class HoldingWriter:
    """Says what holds in one ledger transaction.

    ``now`` is the caller's clock, ``record`` the transaction's own.
    """

    def __init__(
        self,
        connection: Connection,
        tenant_id: str,
        now: datetime,
        record: Record,
        *,
        unbroken: timedelta = UNBROKEN,
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._now = now
        self._record = record
        self._unbroken = unbroken
        self._known = HoldingReader(connection, tenant_id)

    def observe(self, observation: Observation) -> None:
        """Keep one reading (or the failure of one), in the run that it goes on with.

        Readings are no audit events.
        """
        keep_reading(self._connection, self._tenant_id, observation, unbroken=self._unbroken)

    def set_baseline(self, baseline: Baseline, *, why: str) -> None:
        """Say what the live value ought to be from now on."""
        values = {
            "value": baseline.value.value,
            "since": baseline.since,
            "request_id": baseline.request_id,
            "window_end": baseline.window_end,
        }
        mine = update(baselines).where(baselines.c.tenant_id == self._tenant_id).values(**values)
        if self._connection.execute(mine).rowcount == 0:
            self._connection.execute(insert(baselines).values(tenant_id=self._tenant_id, **values))
        end = stamp(baseline.window_end) if baseline.window_end else None
        payload = {
            "value": baseline.value.value,
            "window_end": end,
            "since": stamp(baseline.since),
            "why": why,
        }
        self._record("baseline", BOT, payload, baseline.request_id)

    def keep_organization(self, name: str) -> None:
        """Keep the first answer's organisation, to be compared with every later one."""
        if self._known.organization() is None:
            self._connection.execute(insert(organizations).values(tenant_id=self._tenant_id, name=name))
            self._record("organization", BOT, {"name": name})

    def keep_rule(self, digest: str, body: Mapping[str, object]) -> None:
        """Record the rule that holds from now on."""
        values = {"digest": digest, "body": canonical(body), "since": self._now}
        self._connection.execute(insert(rules).values(tenant_id=self._tenant_id, **values))
        self._record("rule", BOT, {"digest": digest, "body": body})


AT_ONCE = 500
"""Tenants that one question is about."""

_TENANTS = bindparam("tenants", expanding=True, type_=String())
_LAST_RULES = select(func.max(rules.c.id)).where(rules.c.tenant_id.in_(_TENANTS)).group_by(rules.c.tenant_id)
_KEPT_RULES = select(rules).where(rules.c.id.in_(_LAST_RULES))


def _last(kind: Any) -> Any:
    """The newest event of one kind of each tenant."""
    of = (audit_events.c.tenant_id.in_(_TENANTS), kind)
    last = select(audit_events.c.tenant_id, func.max(audit_events.c.seq).label("seq")).where(*of)
    newest = last.group_by(audit_events.c.tenant_id).subquery()
    found = (audit_events.c.tenant_id == newest.c.tenant_id, audit_events.c.seq == newest.c.seq)
    return believed_events.ANYBODYS.add_columns(audit_events.c.tenant_id).where(*found)


_RULES_SAID, _SETTINGS_SAID = _last(audit_events.c.kind == literal_column("'rule'")), _last(SETTINGS)
"""Built once: building a statement costs more than running it."""


@dataclass(frozen=True, slots=True)
class KeptSettings:
    """The digest of the rule that was recorded last, and the settings; ``None`` where none are on record."""

    digest: str
    settings: Mapping[str, object] | None


def kept_settings(database: Database, tenants: Sequence[str]) -> dict[str, KeptSettings]:
    """Return what is on record of these tenants. Raises ``Unreachable``."""
    found: dict[str, KeptSettings] = {}
    for first in range(0, len(tenants), AT_ONCE):
        with database.read() as connection:
            found |= _kept(connection, tenants[first : first + AT_ONCE])
    return found


def _kept(connection: Connection, tenants: Collection[str]) -> dict[str, KeptSettings]:
    """A damaged row makes none of these known: then each is looked at by itself."""
    asked = {"tenants": list(tenants)}
    try:
        rows = {row.tenant_id: row for row in connection.execute(_KEPT_RULES, asked)}
        rule_events = {row.tenant_id: row for row in connection.execute(_RULES_SAID, asked)}
        settings = {row.tenant_id: _settings(row) for row in connection.execute(_SETTINGS_SAID, asked)}
        agreeing = [one for one, row in rows.items() if _agrees(connection, row, rule_events.get(one))]
    except DAMAGE as damage:
        if not is_damage(damage):
            raise
        return {}
    return {one: KeptSettings(rows[one].digest, settings.get(one)) for one in agreeing}


def _agrees(connection: Connection, row: Row[Any], event: Row[Any] | None) -> bool:
    """Whether the row of a rule is as the newest believed event says."""
    if event is None:
        return False
    with suppress(believed_events.Disbelieved):
        told = believed_events.believed(row.tenant_id, event, authenticity_of(connection))
        said = (told.payload.get("digest"), canonical(told.payload.get("body")), told.at)
        return (row.digest, row.body, stamp(row.since)) == said
    return False


def _settings(event: Row[Any]) -> Mapping[str, object]:
    return dict(json.loads(event.payload)["settings"])
