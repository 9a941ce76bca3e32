"""The unified audit log of the simulated tenant: who ran ``Set-TransportConfig``, visible only after a delay.

Row shape as in public samples of ExchangeAdmin records. How Exchange names an app-only caller is not known
from any public sample: here ``UserId`` is ``ServicePrincipal_<object id>``, so match by ``AppId`` or
``TokenObjectId`` instead.
"""

import json
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

POWERSHELL_APP_ID = "fb78d390-0c51-40cd-8e17-fdbfab77341b"
"""Public client id of Microsoft's Exchange Online PowerShell module."""

RECORD_TYPES = {"exchangeadmin": 1}
ADMIN, SERVICE_PRINCIPAL = 2, 6


@dataclass(frozen=True, slots=True)
class Actor:
    """Who ran a cmdlet, in the audit log's words."""

    user_id: str
    app_id: str = POWERSHELL_APP_ID
    object_id: str | None = None
    user_type: int = ADMIN


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded cmdlet."""

    at: datetime
    operation: str
    actor: Actor
    parameters: Mapping[str, object]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Search:
    """What ``Search-UnifiedAuditLog`` was asked; empty sequences and ``None`` do not filter."""

    start: datetime
    end: datetime
    record_type: str | None = None
    operations: Sequence[str] = ()
    user_ids: Sequence[str] = ()
    limit: int = 100

    def wants(self, entry: Entry) -> bool:
        """Tell whether ``entry`` answers the search.

        As in the real service, a record type that names nothing gives no rows, and so does a start equal to
        the end.
        """
        return (
            self.start <= entry.at <= self.end
            and self.start < self.end
            and (self.record_type is None or self.record_type.lower() in RECORD_TYPES)
            and (not self.operations or entry.operation.lower() in {name.lower() for name in self.operations})
            and (not self.user_ids or entry.actor.user_id.lower() in {name.lower() for name in self.user_ids})
        )


class AuditLog:
    """Entries in the order they happened; thread-safe."""

    def __init__(self, organization: str, tenant_id: str) -> None:
        self._organization = organization
        self._tenant_id = tenant_id
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Record ``entry``."""
        with self._lock:
            self._entries.append(entry)

    def rows(self, search: Search, *, now: datetime, latency: timedelta) -> list[dict[str, object]]:
        """Result rows, newest first, of the entries that are ``latency`` old by ``now``."""
        with self._lock:
            found = [entry for entry in self._entries if entry.at + latency <= now and search.wants(entry)]
        shown = sorted(found, key=lambda entry: entry.at, reverse=True)[: search.limit]
        return [self._row(entry, index, len(found)) for index, entry in enumerate(shown, start=1)]

    def _row(self, entry: Entry, index: int, count: int) -> dict[str, object]:
        return {
            "RecordType": "ExchangeAdmin",
            "CreationDate@data.type": "System.DateTime",
            "CreationDate": entry.at.strftime("%Y-%m-%dT%H:%M:%S.0000000Z"),
            "UserIds": entry.actor.user_id,
            "Operations": entry.operation,
            "AuditData": json.dumps(self._audit_data(entry), separators=(",", ":")),
            "ResultIndex@data.type": "System.Int32",
            "ResultIndex": index,
            "ResultCount@data.type": "System.Int32",
            "ResultCount": count,
            "Identity": entry.id,
            "IsValid": True,
            "ObjectState": "Unchanged",
        }

    def _audit_data(self, entry: Entry) -> dict[str, object]:
        actor = entry.actor
        data: dict[str, object] = {
            "AppAccessContext": {
                "IssuedAtTime": entry.at.strftime("%Y-%m-%dT%H:%M:%S"),
                "UniqueTokenId": entry.id[:8],
            },
            "CreationTime": entry.at.strftime("%Y-%m-%dT%H:%M:%S"),
            "Id": entry.id,
            "Operation": entry.operation,
            "OrganizationId": self._tenant_id,
            "RecordType": RECORD_TYPES["exchangeadmin"],
            "ResultStatus": "True",
            "UserKey": actor.object_id or actor.user_id,
            "UserType": actor.user_type,
            "Version": 1,
            "Workload": "Exchange",
            "ClientIP": "203.0.113.10:19823",
            "ObjectId": f"{self._organization}\\Transport Settings",
            "UserId": actor.user_id,
            "AppId": actor.app_id,
            "ClientAppId": "",
            "ExternalAccess": False,
            "OrganizationName": self._organization,
            "OriginatingServer": "CH3PR10MB7864 (15.20.6813.027)",
            "Parameters": [{"Name": name, "Value": _text(value)} for name, value in entry.parameters.items()],
            "SessionId": "",
        }
        if actor.object_id is not None:
            data |= {"TokenObjectId": actor.object_id, "TokenTenantId": self._tenant_id}
        return data


def _text(value: object) -> str:
    return "" if value is None else str(value)
