"""Tell the rule and the settings on record of many tenants at once, where rows and events agree.

For a start with thousands of tenants, most of them unchanged: who is not told here is looked at alone.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, String, bindparam, func, literal_column, select

from storage.engine import Database
from storage.integrity import believing
from storage.integrity.authenticity import authenticity_of
from storage.integrity.canonical import canonical, stamp
from storage.integrity.damaged import DAMAGE, is_damage
from storage.schema.tables import SETTINGS, audit_events, rules

AT_ONCE = 500
"""Tenants that one question is about."""

_TENANTS = bindparam("tenants", expanding=True, type_=String())
_LAST_RULES = select(func.max(rules.c.id)).where(rules.c.tenant_id.in_(_TENANTS)).group_by(rules.c.tenant_id)
_RULES = select(rules).where(rules.c.id.in_(_LAST_RULES))


def _last(kind: Any) -> Any:
    """The newest event of one kind of each tenant."""
    of = (audit_events.c.tenant_id.in_(_TENANTS), kind)
    last = select(audit_events.c.tenant_id, func.max(audit_events.c.seq).label("seq")).where(*of)
    newest = last.group_by(audit_events.c.tenant_id).subquery()
    found = (audit_events.c.tenant_id == newest.c.tenant_id, audit_events.c.seq == newest.c.seq)
    return believing.ANYBODYS.add_columns(audit_events.c.tenant_id).where(*found)


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
        rows = {row.tenant_id: row for row in connection.execute(_RULES, asked)}
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
    with suppress(believing.Disbelieved):
        told = believing.believed(row.tenant_id, event, authenticity_of(connection))
        said = (told.payload.get("digest"), canonical(told.payload.get("body")), told.at)
        return (row.digest, row.body, stamp(row.since)) == said
    return False


def _settings(event: Row[Any]) -> Mapping[str, object]:
    return dict(json.loads(event.payload)["settings"])
