"""Carry an act on the register over to the one open request, and an applied request over to the register.

What is approved covers each entry that a request names, with its due day. So where one of them changes before
the request is sent, its votes are void and its message is drawn anew. Must never open a request or move the
end of a window.
"""

from datetime import datetime

from handlers.outgoing.notices import enqueue_card, enqueue_change
from handlers.policy.votes import standing_approvals
from handlers.register.redrawing import redraw
from storage import register
from storage.devices.records import Device, DeviceAct, DeviceState
from storage.errors import NoSuchDevice
from storage.ledger import BOT, Entry
from storage.ledger_reader import Reader
from storage.lifecycle import UNSENT, WISHES, State
from storage.messages.records import NoticeKind
from storage.records import ChangeRequest, NamedDevice

CHANGED = (
    "The devices that it names have changed since, so earlier votes no longer count: look again, then "
    "approve."
)

SHOWN_OTHER_DEVICES = (
    "The devices that it names have changed, and the message did not show it yet when you decided, so your "
    "vote is not counted. Look at the message again, then decide."
)

ALL_ENDED = "Every device that it names has ended, so nothing needs it any more. Nothing was sent."


def follow(entry: Entry, device: Device) -> None:
    """Update the open request that names this entry: votes void, stale without entries."""
    request = entry.reader.open_request()
    if (
        request is None
        or request.state not in UNSENT
        or device.id not in {named.number for named in request.devices}
    ):
        return
    followed = register.follow(entry, request)
    if followed is request:
        return
    if not followed.devices:
        enqueue_change(entry, entry.move(followed, State.STALE, actor=BOT, detail=ALL_ENDED))
        return
    cast = standing_approvals(entry.reader.decisions([request.id])).values()
    voided = entry.void(followed, cast)
    if voided.state is State.APPROVED:
        enqueue_change(entry, entry.move(voided, State.PENDING, actor=BOT, detail=CHANGED))
    else:
        enqueue_card(entry, entry.say(voided, detail=CHANGED))


def was_shown_other_devices(reader: Reader, request: ChangeRequest, at: datetime) -> bool:
    """Tell whether who acted ``at`` (Slack's time) saw the message before its entries changed.

    It shows them only once it has been drawn again.
    """
    changed = reader.devices.named_anew(request.id) if request.devices else None
    if changed is None:
        return False
    if at < changed:
        return True
    drawn = reader.messages.first_sent(request.id, NoticeKind.CARD, changed)
    return drawn is None or (isinstance(drawn, datetime) and at < drawn)


def activate(entry: Entry, done: ChangeRequest) -> None:
    """Activate the entries an applied opt-in or extension names, each until its approved day.

    One that has ended meanwhile stays so, and a day that was made earlier meanwhile stays earlier.
    """
    if done.kind in WISHES:
        for named in done.devices:
            _activate(entry, done, named)


def _activate(entry: Entry, done: ChangeRequest, named: NamedDevice) -> None:
    try:
        device = entry.reader.devices.device(named.number)
    except NoSuchDevice:
        return
    if device.has_ended:
        return
    if device.state is DeviceState.PROPOSED:
        due = min(device.due, named.due)
        after = register.act(
            entry,
            device,
            DeviceAct.ACTIVATED,
            actor=BOT,
            to=DeviceState.ACTIVE,
            request_id=done.id,
            changes={"due": due},
        )
    elif device.asked_due is not None and min(device.asked_due, named.due) > device.due:
        asks_more = device.asked_due > named.due
        after = register.act(
            entry,
            device,
            DeviceAct.LONGER_ACCEPTED,
            actor=BOT,
            request_id=done.id,
            changes={
                "due": min(device.asked_due, named.due),
                "due_by": device.asked_by,
                "asked_due": device.asked_due if asks_more else None,
                "asked_by": device.asked_by if asks_more else None,
            },
        )
    else:
        return
    redraw(entry, device, after)
