"""Draw what was said of an entry again once somebody acted on it: how it stands, no buttons.

The messages are found by the keys that they were owed under. It owes drawings and nothing else.
"""

from datetime import date, timedelta

from handlers.interaction import Interaction
from handlers.outgoing.notices import enqueue_reminder
from handlers.register.owner_reminder_days import due_reminders
from storage.devices.records import Device
from storage.ledger import Entry
from storage.messages.records import NoticeKind

ONE = timedelta(days=1)


def card_key(monday: date, number: int) -> str:
    """Return the key of an entry's message in the thread of one week."""
    return f"device_card:{monday}:{number}"


def monday_of(day: date) -> date:
    """Return the first day of a day's week."""
    return day - timedelta(days=day.weekday())


def redraw(entry: Entry, before: Device, after: Device, interaction: Interaction | None = None) -> None:
    """Owe the drawings of what was said of an entry before an act; ``interaction`` is a press."""
    day, mark = entry.now.date(), f"{after.id}:{after.version}"
    # of whatever zone: one that was never told has no message
    for reminder in due_reminders(before, day + ONE):
        number, channel, ts = entry.reader.messages.posted_as(f"personal:{reminder.key}") or (0, "", "")
        enqueue_reminder(entry, number, channel=channel, ts=ts, key=mark)
    for monday in {monday_of(day - ONE), monday_of(day), monday_of(day + ONE)}:
        _, channel, ts = entry.reader.messages.posted_as(card_key(monday, after.id)) or (0, "", "")
        if ts:
            facts = {"device": str(after.id), "channel": channel, "ts": ts, "again": "yes"}
            entry.outbox.owe(NoticeKind.DEVICE, f"{card_key(monday, after.id)}:{after.version}", facts=facts)
    if interaction is not None and interaction.ts:
        here = (interaction.channel, interaction.ts)
        pressed = entry.reader.messages.announcement_at(*here, kind=NoticeKind.PERSONAL)
        if pressed is not None:
            enqueue_reminder(entry, pressed, channel=here[0], ts=here[1], key=mark)
