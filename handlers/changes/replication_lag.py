"""Tell whether a reading may be older than what is known: domain controllers replicate with a delay.

``WhenChangedUTC`` moves on any change of the transport configuration, so the later one tells of the two
readings which is newer. Only times of Exchange's are compared with each other, never with a clock of ours.
"""

from datetime import datetime, timedelta
from typing import Final

from handlers.ports import Reading
from storage.ledger_reader import Reader
from storage.lifecycle import State
from storage.records import SettingValue

LAGS_AT_MOST: Final = timedelta(hours=1)
"""How long a domain controller is believed to lag behind; what it still answers then is taken for the live
value."""

LATE: Final = timedelta(hours=24)
"""How long after it was sent a change that was given up may still show up as itself."""

GOOD_FOR: Final = timedelta(seconds=60)
"""How old the reading may be that a request is judged by: in between, Slack is asked about the approvers,
which may be slow."""

LOOK_BACK: Final = 50
"""Readings looked through for a newer one: so many in a row would have to lag before it is forgotten within
the hour."""


def lags(reader: Reader, reading: Reading, now: datetime) -> bool:
    """Tell whether a newer value was read within the hour, so that this reading proves nothing."""
    if reading.changed_at is None:
        return False
    return any(
        seen.changed_at is not None
        and seen.changed_at > reading.changed_at
        and seen.is_within(LAGS_AT_MOST, now)
        for seen in reader.readings.newest_observations(LOOK_BACK)
        if seen.value is not reading.value
    )


def is_outrun(reader: Reader, reading: Reading, now: datetime) -> bool:
    """Tell whether a later or newer value is known, so that this reading decides nothing.

    A reading stamped in the future tells nothing of the order: the clock was set back since, or is another
    replica's.
    """
    known = (run.as_of(now) for run in reader.readings.newest_observations(LOOK_BACK))
    later = any(
        one is not None and one.value not in (None, reading.value) and reading.read_at < one.at
        for one in known
    )
    return later or lags(reader, reading, now)


def is_no_news(reader: Reader, reading: Reading, now: datetime) -> bool:
    """Tell whether a reading is too old to judge by, or overtaken by another."""
    return now - reading.read_at > GOOD_FOR or is_outrun(reader, reading, now)


def may_be_on(reader: Reader, now: datetime) -> bool:
    """Tell whether an opt-in was sent whose effect nobody has read yet: then no reading proves it void."""
    unsettled = reader.in_states({State.APPLYING, State.UNCERTAIN})
    sent = any(request.to_value is SettingValue.OPTED_IN for request in unsettled)
    return sent or reader.given_up(SettingValue.OPTED_IN, now - LATE) is not None
