"""Who may do what to an entry, by the roles that Slack's answers and the settings give somebody right now."""

from typing import assert_never

from handlers.context.people import People
from handlers.policy.rule import Reason, Verdict
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
from handlers.register.policy import concerned, no
from storage.devices.records import Device


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
    return no(verdict.reason, f"{verdict.sentence} So can its owner, @{device.owner_id}.")


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
    return no(Reason.NOT_REQUESTER, f"{device.name} is not yours: {whose}.")
