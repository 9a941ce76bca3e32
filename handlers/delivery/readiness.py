"""Judge whether an owed message is sent now and as what; it may wait for working hours."""

from dataclasses import replace
from datetime import timedelta

from handlers.changes.transitions import is_outdated
from handlers.context.context import Context
from handlers.outgoing.announcement_view import Offer, announcement_of, facts_of, offer_of
from handlers.outgoing.device_news import DeviceDue, DevicesWeekly
from handlers.outgoing.news import Readable, Unreadable
from handlers.outgoing.notices import is_unposted, newest, outage_key
from handlers.outgoing.reminders import Reminder, Scheduled
from handlers.policy.working_hours import in_working_hours, next_opening
from handlers.register.redrawing import monday_of
from handlers.reminders.due import renewed
from storage.devices.records import DeviceState
from storage.errors import NoSuchDevice
from storage.lifecycle import State
from storage.messages.outbox import Outbox
from storage.messages.records import Notice, NoticeKind


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


LET_ANOTHER_DRAW = timedelta(seconds=5)
"""How long a message that would show an earlier rule is left to a copy of the bot that runs with the present
one."""


class Readiness:
    """Look at one tenant's notices before they are sent."""

    def __init__(self, context: Context, outbox: Outbox) -> None:
        self._context = context
        self._outbox = outbox

    def ready(self, notice: Notice) -> Notice | None:
        """Return the notice as it reads by now; ``None`` when it waits or nobody needs it."""
        if is_unposted(notice) and self._is_posted(notice):
            self._outbox.abandoned(
                notice, now=self._context.now(), problem="The message was posted before this could be told."
            )
            return None
        said = announcement_of(notice.facts)
        if isinstance(said, Readable) and self._outage_is_untold(said):
            self._outbox.put_off(notice, until=self._context.now() + LET_ANOTHER_DRAW)
            return None
        if notice.kind == NoticeKind.CARD and self._would_show_another_rule(notice.request_id or 0):
            self._outbox.put_off(notice, until=self._context.now() + LET_ANOTHER_DRAW)
            return None
        is_told = notice.kind in (NoticeKind.CHANNEL, NoticeKind.PERSONAL)
        if not is_told or not isinstance(said, Scheduled | DeviceDue | DevicesWeekly):
            return notice
        now, zone, hours = self._context.now(), self._context.zone, self._context.hours
        if not in_working_hours(now, zone, hours):
            self._outbox.put_off(notice, until=next_opening(now, zone, hours))
            return None
        told = self._told_now(notice, said)
        if told is None:
            self._outbox.abandoned(notice, now=now, problem="Overtaken or over before it could be told.")
            return None
        return replace(notice, facts=told)

    def _told_now(self, notice: Notice, said: Reminder | DeviceDue | DevicesWeekly) -> dict[str, str] | None:
        """Return the facts of what is scheduled as they are now; ``None`` where nobody needs them."""
        if isinstance(said, DeviceDue | DevicesWeekly):
            asked = asked_now(self._context, notice, said)
            return facts_of(*asked) if asked is not None else None
        told = renewed(self._context, notice, said)
        return facts_of(*told) if told is not None else None

    def _is_posted(self, notice: Notice) -> bool:
        with self._context.ledger.reading() as reader:
            return bool(reader.messages.cards(notice.request_id or 0))

    def _outage_is_untold(self, over: Readable) -> bool:
        """Tell whether the beginning of an outage is still untold: its end has to come after it."""
        with self._context.ledger.reading() as reader:
            outage = newest(reader, Unreadable) if over.since is None else over
            return reader.messages.is_unsent(outage_key(outage.since if outage is not None else None))

    def _would_show_another_rule(self, request_id: int) -> bool:
        """Tell whether this copy runs with an earlier rule: what people vote on is left to the others."""
        with self._context.ledger.reading() as reader:
            return (
                is_outdated(reader, self._context.rule) and reader.request(request_id).state is State.PENDING
            )
