"""Send entries of the register into the thread of the week's message about devices."""

from handlers.context.context import Context
from handlers.outgoing.announcer_port import Announcer
from handlers.outgoing.device_news import DevicesWeekly
from handlers.ports import Place
from handlers.register.redrawing import card_key
from storage.database.errors import NoSuchDevice
from storage.messages.notice_kind import NoticeKind
from storage.messages.records import Notice
from storage.sightings import SightingReader


class DeviceCards:
    """Show entries, and owe those that a message names."""

    def __init__(self, context: Context, announcer: Announcer) -> None:
        self._context = context
        self._announcer = announcer

    def draw(self, notice: Notice) -> Place | None:
        """Show one entry, or draw its copy again; an entry that cannot be read is not shown."""
        number, place = int(notice.facts["device"]), Place(notice.facts["channel"], notice.facts["ts"])
        ledger = self._context.ledger
        try:
            with ledger.reading() as reader:
                device = reader.devices.device(number)
                seen = (
                    SightingReader(reader.connection, ledger.tenant_id).of([device.sender]).get(device.sender)
                )
        except NoSuchDevice:
            return None
        again = "again" in notice.facts
        shown = self._announcer.device(device, seen, self._context.today(), place, again=again)
        return None if again else shown

    def owe(self, said: DevicesWeekly, place: Place) -> None:
        """Owe what a message names before its place is noted: a second copy has its own thread."""
        with self._context.ledger.recording(self._context.now()) as entry:
            for number in said.devices:
                facts = {"device": str(number), "channel": place.channel, "ts": place.ts}
                entry.outbox.owe(NoticeKind.DEVICE, card_key(said.monday, number), facts=facts)
        self._context.wake_worker()
