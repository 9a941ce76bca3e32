"""Answer what holds: the value that ought to be, the rule, the organisation, the settings.

Where a row does not agree with the record, the record counts.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from storage import rows
from storage.integrity import believing, comparing
from storage.integrity.damaged import DAMAGE, is_damage, one, readable
from storage.integrity.recorded import recorded_baseline, recorded_end
from storage.lifecycle import State
from storage.records import Baseline, ChangeRequest, KeptRule
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
        told = believing.newest(self._connection, self._tenant_id, "baseline")
        return recorded_baseline(told, row) if told is not None else row

    def approved_end(self, request: ChangeRequest) -> datetime | None:
        """Return when this change's window ends as asked and approved, by the record."""
        return recorded_end(self._connection, self._tenant_id, request.id)

    def organization(self) -> str | None:
        """Return the organisation that answered first, by the record before the row."""
        told = believing.newest(self._connection, self._tenant_id, "organization")
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
        return bool(comparing.rule_differences(self._connection, self._tenant_id))

    def agrees(self, request: ChangeRequest) -> bool:
        """Tell whether a request is as its events say."""
        return not comparing.request_differences(self._connection, self._tenant_id, request.id)[0]

    def was_sent(self, request: ChangeRequest) -> bool:
        """Tell whether it is on record that a change was sent and is not settled yet."""
        _, told = comparing.request_differences(self._connection, self._tenant_id, request.id)
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
