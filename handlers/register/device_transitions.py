"""Take the steps on one entry inside their transaction: judge, do, and say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.calendar.milestone import spelled
from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.device_news import DevicesOrphaned, DevicesUnanswered, DevicesYours, DeviceYours
from handlers.outgoing.notices import enqueue_announcement, enqueue_personal
from handlers.policy.days import latest_day
from handlers.policy.rule import Rule, Verdict
from handlers.register.commands import ChangeDay, NeedLonger
from handlers.register.permissions import (
    DayMove,
    awaited_day,
    judge_acceptance,
    judge_day,
    judge_refusal,
    window_of,
)
from handlers.suggested import Suggested
from storage import register
from storage.devices.records import Device, DeviceAct, DeviceState
from storage.ledger import Entry
from storage.register import Changes

OUTDATED = "It was changed since the message that you acted on was posted. Look at it again, then decide."

_NOTHING_ASKED: Changes = {"asked_due": None, "asked_by": None}


@dataclass(frozen=True, slots=True)
class Done:
    """Hold an act's sentence and the entry as it then is; ``None`` where nothing changed."""

    text: str
    device: Device | None = None


def move(
    context: Context, entry: Entry, device: Device, command: ChangeDay | NeedLonger, person: str
) -> Done:
    """Move the due day to an earlier one, or ask for a later one."""
    verdict = judge_day(
        device,
        command.due,
        window_end=window_of(entry.reader.baseline(), entry.now),
        today=context.today(),
        latest=latest_day(entry.now, context.rule.max_window, context.zone),
        zone=context.zone,
    )
    if verdict.move is None:
        return Done(verdict.sentence)
    name, day, why = device.name, spelled(command.due), command.reason
    if verdict.move is DayMove.HOLDS:
        holds: Changes = {**_NOTHING_ASKED, "due": command.due, "due_by": person}
        moved = register.act(entry, device, DeviceAct.MOVED, actor=person, why=why, changes=holds)
        return Done(f"{name} is due on {day} now.", moved)
    asked: Changes = {"asked_due": command.due, "asked_by": person}
    longer = register.act(entry, device, DeviceAct.LONGER_ASKED, actor=person, why=why, changes=asked)
    until = f"Until then {spelled(device.due)} holds."
    if verdict.move is DayMove.ASKED:
        return Done(f"{day} is asked for {name}: another approver has to accept it. {until}", longer)
    return Done(
        f"{day} for {name} is later than the window: it takes {Suggested('extend')} that names it. {until}",
        longer,
    )


def hand_over(entry: Entry, device: Device, owner: str, person: str) -> Done:
    """Give an entry to somebody else, who hears of it."""
    if owner == device.owner_id:
        return Done(f"{device.name} is @{owner}'s already.")
    handed = register.act(entry, device, DeviceAct.OWNER_CHANGED, actor=person, changes={"owner_id": owner})
    tell_owner(entry, handed, person)
    return Done(f"{device.name} is @{owner}'s now.", handed)


def end(entry: Entry, device: Device, done: DeviceAct, to: DeviceState, person: str) -> Done:
    """Take an entry off the register for good."""
    ended = register.act(entry, device, done, actor=person, to=to, changes=_NOTHING_ASKED)
    left = entry.reader.devices.active()
    more = (
        "No active device is left."
        if not left
        else f"{left} {'device is' if left == 1 else 'devices are'} still active."
    )
    return Done(f"{device.name} is {to.value}. {more}", ended)


def accept(context: Context, entry: Entry, device: Device, interaction: Interaction) -> Done:
    """Agree to a proposed entry or to a later day, within the window that there is."""
    if is_outdated(device, interaction):
        return Done(f"{device.name}: {OUTDATED}")
    window_end, person = window_of(entry.reader.baseline(), entry.now), interaction.person
    verdict = judge_acceptance(
        device, person, window_end=window_end, today=context.today(), zone=context.zone
    )
    day = awaited_day(device)
    if not verdict.allowed or day is None:
        return Done(verdict.sentence)
    if device.state is DeviceState.PROPOSED:
        accepted = register.act(entry, device, DeviceAct.ACCEPTED, actor=person, to=DeviceState.ACTIVE)
        return Done(f"{device.name} is active until {spelled(day)}. The window stays as it is.", accepted)
    changes: Changes = {**_NOTHING_ASKED, "due": day, "due_by": device.asked_by}
    longer = register.act(entry, device, DeviceAct.LONGER_ACCEPTED, actor=person, changes=changes)
    return Done(f"{device.name} is due on {spelled(day)} now. The window stays as it is.", longer)


def refuse(entry: Entry, device: Device, interaction: Interaction) -> Done:
    """Refuse a proposed entry, or a later day."""
    if is_outdated(device, interaction):
        return Done(f"{device.name}: {OUTDATED}")
    verdict, person = judge_refusal(device), interaction.person
    if not verdict.allowed:
        return Done(verdict.sentence)
    if device.state is DeviceState.PROPOSED:
        ended = register.act(entry, device, DeviceAct.REFUSED, actor=person, to=DeviceState.REFUSED)
        return Done(f"{device.name} is refused.", ended)
    kept = register.act(entry, device, DeviceAct.LONGER_REFUSED, actor=person, changes=_NOTHING_ASKED)
    return Done(f"The later day for {device.name} is refused; {spelled(device.due)} holds.", kept)


def orphan(entry: Entry, device: Device, person: str, why: str = "") -> Done:
    """Leave an entry without an owner; ``person`` is who said so, the bot where the owner has left."""
    left = register.act(entry, device, DeviceAct.ORPHANED, actor=person, why=why, changes={"owner_id": None})
    return Done(f"{device.name} has no owner any more; the operators are told.", left)


NAMED = 20
"""Entries named in one message."""


def say_orphaned(entry: Entry, numbers: Sequence[int], *, owner: str, by: str | None, rule: Rule) -> None:
    """Tell operators which entries have no owner; ``by`` is ``None`` where the owner left."""
    named, more = tuple(sorted(numbers)[:NAMED]), max(0, len(numbers) - NAMED)
    said = DevicesOrphaned(devices=named, more=more, mention=rule.operators, owner=owner, by=by)
    enqueue_announcement(entry, f"{said.kind}:{named[0]}:{entry.now.isoformat()}", said)


def say_unanswered(entry: Entry, key: str, numbers: Sequence[int], rule: Rule) -> None:
    """Tell the operators, once for this key, that nobody says what became of these entries."""
    named, more = tuple(sorted(numbers)[:NAMED]), max(0, len(numbers) - NAMED)
    enqueue_announcement(entry, key, DevicesUnanswered(devices=named, more=more, mention=rule.operators))


def tell_owner(entry: Entry, device: Device, by: str) -> None:
    """Tell whoever answers for an entry from now on, unless they did it themselves."""
    if device.owner_id and device.owner_id != by:
        said = DeviceYours(device=device.id, due=device.due, by=by)
        enqueue_personal(entry, f"{said.kind}:{device.id}:{device.version}", said, person=device.owner_id)


def tell_owners(entry: Entry, devices: Sequence[Device], by: str) -> None:
    """Tell each person who answers for any of several entries in one message, but not who did it."""
    owners: dict[str, list[Device]] = {}
    for device in devices:
        if device.owner_id and device.owner_id != by:
            owners.setdefault(device.owner_id, []).append(device)
    for owner, theirs in owners.items():
        if len(theirs) == 1:
            tell_owner(entry, theirs[0], by)
            continue
        named, more = tuple(device.id for device in theirs[:NAMED]), max(0, len(theirs) - NAMED)
        said = DevicesYours(devices=named, more=more, by=by)
        enqueue_personal(entry, f"{said.kind}:{named[0]}:{named[-1]}", said, person=owner)


def owner_problem(owner: Verdict) -> str:
    """Return why somebody cannot be an owner, or an empty string."""
    return "" if owner.allowed else f"This person cannot answer for a device: {owner.sentence}"


def is_outdated(device: Device, interaction: Interaction) -> bool:
    """Tell whether the message that was acted on, or the act, is older than the entry's newest change.

    A message's time stamp tells when it was posted: what it showed then is what was decided on.
    """
    shown = datetime.fromtimestamp(float(interaction.ts), tz=UTC) if interaction.ts else interaction.at
    return min(shown, interaction.at) < device.changed_at
