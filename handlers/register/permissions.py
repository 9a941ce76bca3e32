"""Judge which act on an entry is allowed, and to whom, by the roles they hold right now.

One rule stands above all: no act on the register opts in or lengthens a window. So what makes things shorter
(an earlier day, an end) takes one person, a later day within the window another approver, and a day beyond
the window an extension, which two people make.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from handlers.calendar.milestone import spelled
from handlers.context.people import People
from handlers.policy.days import end_of_day
from handlers.policy.rule import ALLOWED, Reason, Verdict, refuse
from handlers.register.commands import (
    AboutDevice,
    AcceptDevice,
    ChangeDay,
    ChangeOwner,
    NeedLonger,
    NotMine,
    RefuseDevice,
    Replaced,
    WithdrawDevice,
)
from handlers.suggested import Suggested
from storage.devices.records import Device, DeviceState
from storage.records import Baseline, SettingValue


class DayMove(StrEnum):
    """What another due day amounts to."""

    HOLDS = "holds"
    """It holds at once: an earlier day, or any day of an entry that is only proposed."""
    ASKED = "asked"
    """It is later and within the window: it holds once another approver accepts it."""
    BEYOND = "beyond"
    """It is later than the window, or there is none: it is noted, and holds with the extension or opt-in that
    names the entry."""


@dataclass(frozen=True, slots=True)
class DayVerdict:
    """What another due day amounts to, or why it is not taken: then ``move`` is ``None``."""

    move: DayMove | None
    sentence: str = ""


def window_of(baseline: Baseline | None, now: datetime) -> datetime | None:
    """Return when the window ends; ``None``: not opted in, without end, or over."""
    opted_in = baseline is not None and baseline.value is SettingValue.OPTED_IN and not baseline.is_over(now)
    return baseline.window_end if opted_in and baseline is not None else None


def judge_standing(device: Device) -> Verdict:
    """Tell whether anything can still be done to an entry: one that has ended is proposed anew."""
    if device.has_ended:
        again = f"Should it need old TLS again, put it on the register anew: {Suggested('devices add')}."
        return refuse(Reason.NOT_PENDING, f"{device.name} is {device.state.value} already. {again}")
    return ALLOWED


def judge_day(
    device: Device, day: date, *, window_end: datetime | None, today: date, latest: date, zone: ZoneInfo
) -> DayVerdict:
    """Judge ``day`` as due day; ``latest`` is the last day any window may have now."""
    problem = due_problem(day, today=today, latest=latest)
    if problem:
        return DayVerdict(None, problem)
    if day == device.due:
        return DayVerdict(None, f"{device.name} is due on {spelled(day)} already.")
    if device.state is DeviceState.PROPOSED or day < device.due:
        return DayVerdict(DayMove.HOLDS)
    within = window_end is not None and end_of_day(day, zone) <= window_end
    return DayVerdict(DayMove.ASKED if within else DayMove.BEYOND)


def due_problem(day: date, *, today: date, latest: date) -> str:
    """Return what is wrong with a due day, or an empty string."""
    if day < today:
        return "This day is over. The due day has to be today or later."
    if day > latest:
        return f"Too late: no window may be longer by now, so {spelled(latest)} is the latest day."
    return ""


def awaited_day(device: Device) -> date | None:
    """Return the day an approver may accept, of a later day or a proposal; ``None``: none waits."""
    if device.state is DeviceState.PROPOSED:
        return device.due
    return device.asked_due if device.state is DeviceState.ACTIVE else None


def concerned(device: Device) -> tuple[str, ...]:
    """Return who may not accept what waits: the proposer, and who set or asked for the day."""
    if device.state is DeviceState.PROPOSED:
        return tuple(dict.fromkeys((device.proposer_id, device.due_by)))
    return (device.asked_by,) if device.asked_by else ()


def judge_acceptance(
    device: Device, person: str, *, window_end: datetime | None, today: date, zone: ZoneInfo
) -> Verdict:
    """Tell whether this approver may accept what waits: another's request, within the window."""
    day = awaited_day(device)
    if day is None:
        active = f"it is active until {spelled(device.due)}"
        return refuse(Reason.NOT_PENDING, f"Nothing waits for an approver on {device.name}: {active}.")
    if person in concerned(device):
        return refuse(
            Reason.OWN_REQUEST,
            f"You proposed this of {device.name} yourself, so another approver has to accept it.",
        )
    if window_end is None:
        with_it = f"It becomes active with the opt-in that names it: {Suggested('enable')}."
        return refuse(
            Reason.VALUE,
            f"The tenant is not opted in, so {device.name} cannot be accepted by itself. {with_it}",
        )
    if day < today:
        return refuse(
            Reason.LAPSED,
            f"The due day of {device.name}, {spelled(day)}, is over. Have it changed first.",
        )
    if end_of_day(day, zone) > window_end:
        with_it = f"It takes an extension that names it: {Suggested('extend')}."
        return refuse(Reason.VALUE, f"{spelled(day)} of {device.name} lies beyond the window. {with_it}")
    return ALLOWED


def judge_refusal(device: Device) -> Verdict:
    """Tell whether an approver may refuse what waits: safe, so also their own."""
    if awaited_day(device) is None:
        return refuse(
            Reason.NOT_PENDING,
            f"Nothing waits for an approver on {device.name}, so there is nothing to refuse.",
        )
    return ALLOWED


def may_act(people: People, command: AboutDevice, device: Device, person: str) -> Verdict:
    """Tell whether somebody may do this to an entry, as far as who they are tells. Raises ``Unavailable``."""
    match command:
        case ChangeDay() | NeedLonger() | ChangeOwner() | Replaced():
            return people.member(person) if person == device.owner_id else _answers(people, device, person)
        case WithdrawDevice():
            return (
                people.member(person) if person == device.proposer_id else people.operator_or_approver(person)
            )
        case AcceptDevice():
            return _other_approver(people, device, person)
        case RefuseDevice():
            return people.approver(person)
        case NotMine():
            return people.member(person) if person == device.owner_id else _not_owner(device)
        case _:
            assert_never(command)


def _answers(people: People, device: Device, person: str) -> Verdict:
    verdict = people.operator_or_approver(person)
    if verdict.allowed or verdict.reason is Reason.NOT_CHECKED or device.owner_id is None:
        return verdict
    return refuse(verdict.reason, f"{verdict.sentence} So can its owner, @{device.owner_id}.")


def _other_approver(people: People, device: Device, person: str) -> Verdict:
    """An approver who is none of those whose request it is, under whatever id."""
    verdict = people.approver(person)
    for other in concerned(device):
        recorded = device.proposer_enterprise_id if other == device.proposer_id else None
        verdict = (
            people.apart(person, verdict, people.requester(other, recorded)) if other != person else verdict
        )
    return verdict


def _not_owner(device: Device) -> Verdict:
    whose = f"@{device.owner_id} is its owner" if device.owner_id else "it has no owner"
    return refuse(Reason.NOT_REQUESTER, f"{device.name} is not yours: {whose}.")
