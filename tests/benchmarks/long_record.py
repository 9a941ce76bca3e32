"""Write a long record as the ledger would, in bulk: the same columns, and a chain that is valid."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import insert

from storage.chain import GENESIS
from storage.engine import Database
from storage.integrity.canonical import canonical, stamp
from storage.schema.tables import audit_events
from tests.storage.states import TENANT

_TOGETHER = 5000
"""Events that are inserted together."""


class LongRecord:
    """Takes events as ``storage.ledger.Entry.record`` does, and inserts them some thousand at a time.

    ``flush`` writes the last ones.
    """

    def __init__(self, database: Database, now: datetime) -> None:
        self.now = now
        self._database = database
        self._seq, self._head = 0, GENESIS
        self._waiting: list[dict[str, Any]] = []

    def record(
        self, kind: str, actor: str, payload: Mapping[str, object], request_id: int | None = None
    ) -> None:
        """Add one event at ``now``."""
        self._seq += 1
        row = {"seq": self._seq, "kind": kind, "actor": actor}
        hashed = {"tenant": TENANT, "at": stamp(self.now), "request": request_id, "prev": self._head}
        digest = sha256(canonical(row | hashed | {"payload": payload}).encode()).hexdigest()
        stored = {"tenant_id": TENANT, "at": self.now, "request_id": request_id, "prev_hash": self._head}
        self._waiting.append(row | stored | {"payload": canonical(payload), "hash": digest})
        self._head = digest
        if len(self._waiting) >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Insert what waits."""
        if not self._waiting:
            return
        with self._database.recording(TENANT) as connection:
            connection.execute(insert(audit_events), self._waiting)
        self._waiting.clear()
