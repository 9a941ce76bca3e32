"""Domain controllers agree late: what one answers may be what was true before a change that is known already.

``WhenChangedUTC`` moves on any change of the transport configuration, so the later one tells of the two readings which is newer.
Only times of Exchange's are compared with each other, never with a clock of ours.
"""

from datetime import datetime, timedelta
from typing import Final

from handlers.ports import Reading
from storage.reading import Reader

LAGS_AT_MOST: Final = timedelta(hours=1)
"""How long a domain controller is believed to lag behind; what it still answers then is taken for the live value."""

LOOK_BACK: Final = 50
"""Readings looked through for a newer one."""


def lags(reader: Reader, reading: Reading, now: datetime) -> bool:
    """Whether another value was read within the hour that is newer than this one: then this one proves nothing of the present."""
    if reading.changed_at is None:
        return False
    return any(
        seen.changed_at is not None and seen.changed_at > reading.changed_at and now - seen.at < LAGS_AT_MOST
        for seen in reader.newest_observations(LOOK_BACK)
        if seen.value is not reading.value
    )
