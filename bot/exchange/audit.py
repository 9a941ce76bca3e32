"""Who changed the setting, as the unified audit log records it.

Pure: rows in, typed changes out. A change that is not found is unknown, not an intrusion: records arrive
after 60 to 90 minutes and sometimes after a day. Shapes: rows from public write-ups of ``Set-*`` commands and
Microsoft's audit schema.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.exchange.client import KEY
from bot.exchange.details import clean
from bot.exchange.outcomes import instant, text
from storage.records import SettingValue

_VALUES: Final = {
    "true": SettingValue.OPTED_IN,
    "$true": SettingValue.OPTED_IN,
    "false": SettingValue.OPTED_OUT,
    "$false": SettingValue.OPTED_OUT,
    "": SettingValue.NOT_SET,
    "$null": SettingValue.NOT_SET,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One recorded ``Set-TransportConfig`` that named the setting.

    ``app_id``, ``client_app_id`` and ``object_id`` (the service principal's) tell the bot's own changes from
    others. ``value`` is ``None`` when what was set cannot be told, ``succeeded`` when the record does not
    say.
    """

    at: datetime
    user: str
    app_id: str | None
    object_id: str | None
    value: SettingValue | None
    succeeded: bool | None
    client_app_id: str | None = None
    record_id: str = ""
    """The id of the row in the audit log."""


def changes_in(rows: Iterable[Mapping[str, object]]) -> tuple[Change, ...]:
    """Read changes of the setting in rows of ``Search-UnifiedAuditLog``, oldest first, skipping bad ones."""
    changes: list[Change] = []
    for row in rows:
        record = _record(row.get("AuditData"))
        at = instant(record.get("CreationTime")) if record else None
        if record is not None and at is not None and (parameter := _parameter(record)) is not None:
            changes.append(_change(record, at, parameter))
    return tuple(sorted(changes, key=lambda change: change.at))


def unreadable(rows: Iterable[Mapping[str, object]]) -> int:
    """How many rows cannot be read, and so may hide a change of the setting."""
    records = [_record(row.get("AuditData")) for row in rows]
    return sum(
        record is None or instant(record.get("CreationTime")) is None or not text(record, "Id")
        for record in records
    )


def _record(data: object) -> Mapping[str, object] | None:
    if not isinstance(data, str):
        return None
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _parameter(record: Mapping[str, object]) -> Mapping[str, object] | None:
    """The parameter that names the setting; the same command changes thirty others."""
    listed = record.get("Parameters")
    for parameter in listed if isinstance(listed, list) else ():
        if isinstance(parameter, dict) and str(parameter.get("Name", "")).lower() == KEY.lower():
            return parameter
    return None


def _change(record: Mapping[str, object], at: datetime, parameter: Mapping[str, object]) -> Change:
    value = parameter.get("Value")
    return Change(
        at=at,
        user=clean(text(record, "UserId") or ""),
        app_id=text(record, "AppId"),
        object_id=text(record, "TokenObjectId"),
        value=_VALUES.get(str("" if value is None else value).strip().lower()),
        succeeded={"true": True, "false": False}.get((text(record, "ResultStatus") or "").lower()),
        client_app_id=text(record, "ClientAppId"),
        record_id=text(record, "Id") or "",
    )
