"""Whether no active device is left in the present window, and whether the bot may end it by now.

It only reads.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.ledger_reader import Reader
from storage.lifecycle import WISHES
from storage.records import SettingValue

WAIT = timedelta(hours=24)
"""How long the bot waits, once it has said so, before it opts out."""


@dataclass(frozen=True, slots=True)
class Left:
    """A window in which the last active entry has ended."""

    window_of: int
    """The newest opt-in or extension behind the window."""
    device: int
    """The entry that ended last."""

    @property
    def key(self) -> str:
        """Return what it is told once for: another entry that ends last begins a new series."""
        return f"none_left:{self.window_of}:{self.device}"


def none_left(reader: Reader, now: datetime) -> Left | None:
    """Return the window whose last active entry has ended; ``None`` where one is left or never was."""
    baseline = reader.baseline()
    if (
        baseline is None
        or baseline.value is not SettingValue.OPTED_IN
        or baseline.is_over(now)
        or baseline.request_id is None
    ):
        return None
    if reader.devices.has_active():
        return None
    behind = next(
        (
            request
            for request in reader.windows.requests_behind(baseline.request_id)
            if request.kind in WISHES
        ),
        None,
    )
    last = reader.devices.last_ended()
    if (
        behind is None
        or last is None
        or last.ended_at is None
        or last.ended_at < (behind.settled_at or behind.created_at)
    ):
        return None
    return Left(behind.id, last.id)


def is_kept(reader: Reader, left: Left) -> bool:
    """Tell whether somebody keeps this window open to its end."""
    return bool(reader.messages.reminder_answers(left.key))


def may_be_ended(reader: Reader, now: datetime) -> Left | None:
    """Return the window that the bot may end now: its notice and wait are over, and nobody keeps it."""
    left = none_left(reader, now)
    if left is None or is_kept(reader, left):
        return None
    told = reader.messages.told_at(left.key)
    return left if told is not None and now >= told + WAIT else None
