"""Which reminders the owners of devices were owed by now, and that it is a day on which they are reminded."""

from handlers.register.owner_reminder_days import due_reminders
from storage.ledger_reader import Reader
from tests.crashes.world import World

JUMP = 12 * 3600.0
"""Seconds by which the clock goes ahead at once: less than lies between two reminders of a device."""
SATURDAY = 5


def leave_weekend(world: World) -> None:
    """Let the time pass until a working day."""
    while world.clock().weekday() >= SATURDAY:
        world.clock.advance(JUMP)


def reminders(world: World) -> tuple[int, list[str]]:
    """How many reminders of owners are due by now, and the keys of those that nobody was ever owed."""
    today = world.clock().date()
    with world.database.read() as connection:
        reader = Reader(connection, world.microsoft.others[0].tenant_id)
        devices = list(reader.devices.everything())
        due = [reminder.key for device in devices for reminder in due_reminders(device, today)]
        owed = reader.messages.owed
        return len(due), [key for key in due if not owed(f"personal:{key}") and not owed(key)]
