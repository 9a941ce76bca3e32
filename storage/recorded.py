"""What the record itself says where a row may say something else: what ought to be, and until when a request was asked for."""

from datetime import datetime

from sqlalchemy import Connection

from storage import believing
from storage.believing import Disbelieved, Told
from storage.damaged import Damaged
from storage.records import Baseline, SettingValue


def instant(spelled: object) -> datetime | None:
    """The instant that ``canonical.stamp`` spelled; ``None`` for none. Raises ``Damaged``."""
    if spelled is None:
        return None
    if not isinstance(spelled, str):
        raise Damaged("not an instant")
    try:
        found = datetime.fromisoformat(spelled)
    except ValueError as none:
        raise Damaged("not an instant") from none
    if found.tzinfo is None:
        raise Damaged("an instant must be aware")
    return found


def recorded_baseline(told: Told, row: Baseline | None) -> Baseline | None:
    """The row where it agrees with the newest such event, else what that event says; the row where it says nothing.

    Earlier versions did not record since when: the row's word counts as far as it agrees, else the time of the event.
    """
    try:
        value, end = SettingValue(told.payload["value"]), instant(told.payload["window_end"])
        since = instant(told.payload.get("since"))
    except (KeyError, ValueError):
        return row
    agrees = row is not None and (row.value, row.window_end, row.request_id) == (value, end, told.request_id)
    if agrees and row is not None and since in (None, row.since):
        return row
    return Baseline(value=value, since=since or datetime.fromisoformat(told.at), request_id=told.request_id, window_end=end)


def recorded_end(connection: Connection, tenant_id: str, request_id: int) -> datetime | None:
    """Until when a request was asked for, by the event that opened it; ``None`` without an end, or without such an event."""
    try:
        events = believing.of_request(connection, tenant_id, request_id)
        opened = next((event for event in events if event.kind == "request_opened"), None)
        return instant(opened.payload.get("window_end")) if opened else None
    except (Disbelieved, Damaged):
        return None
