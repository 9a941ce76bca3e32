"""Return what the record says where a row may differ: what ought to be, and until when."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from storage.integrity import believing, replay
from storage.integrity.believing import Disbelieved, Told
from storage.integrity.damaged import Damaged
from storage.lifecycle import State
from storage.records import Baseline, SettingValue

LATELY = timedelta(days=1)
"""For how long what was found is said where nobody has to look for it."""

_NEVER_MADE = frozenset(
    {State.PENDING, State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.STALE, State.SUPERSEDED}
)


def instant(spelled: object) -> datetime | None:
    """Return the instant that ``canonical.stamp`` spelled; ``None`` for none. Raises ``Damaged``."""
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
    """Return the row where the newest such event agrees or is missing, else the event's word.

    Earlier versions did not record since when: the row's word counts as far as it agrees, else the time of
    the event.
    """
    try:
        value, end = SettingValue(told.payload["value"]), instant(told.payload["window_end"])
        since = instant(told.payload.get("since"))
    except (KeyError, ValueError):
        return row
    agrees = row is not None and (row.value, row.window_end, row.request_id) == (value, end, told.request_id)
    if agrees and row is not None and since in (None, row.since):
        return row
    return Baseline(
        value=value,
        since=since or datetime.fromisoformat(told.at),
        request_id=told.request_id,
        window_end=end,
    )


def recorded_end(connection: Connection, tenant_id: str, request_id: int) -> datetime | None:
    """Return until when a request was approved, by events; ``None``: no end, or not opened."""
    try:
        told = replay.replay(believing.of_request(connection, tenant_id, request_id), request_id)
        return (
            instant(told.request.get("window_end"))
            if told.opened and told.request["state"] not in _NEVER_MADE
            else None
        )
    except (Disbelieved, Damaged):
        return None


def guards_missed(connection: Connection, tenant_id: str) -> list[str]:
    """Return the guards that were missing when this was recorded last; none where it never was."""
    told = believing.newest(connection, tenant_id, "guards")
    gone = told.payload.get("missing") if told is not None else None
    return [str(name) for name in gone] if isinstance(gone, list) else []


def lately_disagreed(connection: Connection, tenant_id: str, now: datetime) -> list[str]:
    """The places that were recorded last as disagreeing with the record, if that is less than a day ago."""
    told = believing.newest(connection, tenant_id, "disagreed")
    if told is None or now - datetime.fromisoformat(told.at) >= LATELY:
        return []
    places = told.payload.get("places")
    return [str(place) for place in places] if isinstance(places, list) else []
