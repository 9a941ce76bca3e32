"""Judge whether a waiting reminder about devices is still due, and what it says now. Only reads."""

from dataclasses import replace

from handlers.context.context import Context
from handlers.outgoing.announcement_view import Offer, offer_of
from handlers.outgoing.device_news import DeviceDue, DevicesWeekly
from handlers.register.redrawing import monday_of
from storage.database.errors import NoSuchDevice
from storage.devices.lifecycle import DeviceState
from storage.message_records import Notice


def asked_now(
    context: Context, notice: Notice, said: DeviceDue | DevicesWeekly
) -> tuple[DeviceDue | DevicesWeekly, Offer] | None:
    """Judge a reminder again before it is sent.

    ``None`` where the entry has ended, moved or changed hands, or where the week is over.
    """
    offer, today = offer_of(notice.facts), context.today()
    if isinstance(said, DevicesWeekly):
        return (said, offer) if said.monday == monday_of(today) else None
    try:
        with context.ledger.reading() as reader:
            device = reader.devices.device(said.device)
    except NoSuchDevice:
        return None
    same = (
        device.state is DeviceState.ACTIVE and device.due == said.due and device.owner_id == notice.recipient
    )
    return (replace(said, days=(device.due - today).days, moves=device.moves), offer) if same else None
