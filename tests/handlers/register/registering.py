"""How tests act on the register: commands enter dispatch as the listeners hand them on, one interaction
each."""

import itertools
from datetime import date, timedelta
from typing import Any

from handlers.commands import Command
from handlers.interaction import Interaction
from handlers.register.commands import AddDevice
from storage.devices.records import Device, RecordedAct
from storage.records import Door, MailProtocol
from tests.handlers.driver import ALICE, CHANNEL, ERIN, House

_KEYS = itertools.count(1)


def do(house: House, person: str, command: Command, *, ts: str = "") -> None:
    """Take a command of somebody and handle it, as an executor does after the acknowledgement."""
    house.clock.advance(seconds=1)
    interaction = Interaction(
        f"act:{next(_KEYS)}", person, Door.COMMAND, house.clock(), channel=CHANNEL, ts=ts
    )
    item = house.dispatch.take(command, interaction)
    assert item is not None
    house.dispatch.handle(item)


def scanner(house: House, **changed: Any) -> AddDevice:
    """A device of Erin's, due in ten days, unless said otherwise."""
    told: dict[str, Any] = {
        "device": "Scanner",
        "sender": "scan@contoso.com",
        "site": "Zürich",
        "owner": ERIN,
        "protocol": MailProtocol.SMTP_AUTH,
        "reason": "Its firmware speaks TLS 1.0",
        "plan": "A new one is ordered",
        "due": day(house, 10),
    }
    return AddDevice(**told | changed)


def added(house: House, proposer: str = ALICE, **changed: Any) -> Device:
    """Put a device on the register; returns its entry."""
    do(house, proposer, scanner(house, **changed))
    return newest(house)


def day(house: House, ahead: int) -> date:
    """The day so many days from now."""
    return house.clock().date() + timedelta(days=ahead)


def newest(house: House) -> Device:
    with house.ledger.reading() as reader:
        return list(reader.devices.everything())[-1]


def device(house: House, number: int) -> Device:
    with house.ledger.reading() as reader:
        return reader.devices.device(number)


def acts(house: House, number: int) -> list[RecordedAct]:
    with house.ledger.reading() as reader:
        return reader.devices.acts(number)


def opted_in(
    house: House, *numbers: int, days: int = 20, requester: str = ALICE, approver: str = "U0BOB"
) -> None:
    """Opt in by two people, naming these entries."""
    number = requested(house, *numbers, days=days, requester=requester)
    house.approve(approver, number)
    house.run()
    assert house.request(number).state == "applied", house.request(number).detail


def requested(
    house: House, *numbers: int, days: int = 20, requester: str = ALICE, kind: str = "opt_in"
) -> int:
    """Ask for an opt-in or extension that names these entries; returns its number."""
    from handlers.commands import AskExtension, AskOptIn
    from handlers.policy.forms import OptInForm

    form = OptInForm(
        "They need it",
        "" if numbers else "Two scanners",
        (MailProtocol.SMTP_AUTH,),
        day(house, days),
        numbers,
    )
    do(house, requester, AskOptIn(form) if kind == "opt_in" else AskExtension(form))
    return house.newest().id
