"""Whatever one person does to the register, by any door and in any order: no window longer, nothing opted in,
no vote left."""

from datetime import date, timedelta
from typing import get_args

import pytest

from handlers.commands import Command
from handlers.policy.votes import content_digest, standing_approvals
from handlers.register.commands import (
    AcceptDevice,
    ChangeDay,
    ChangeOwner,
    ImportFile,
    KeepUntilTheEnd,
    NeedLonger,
    NotMine,
    RefuseDevice,
    RegisterCommand,
    Replaced,
    WithdrawDevice,
)
from handlers.register.none_left import NoneLeft
from handlers.register.owner_reminders import OwnerReminders
from handlers.register.report_imports import Imports
from handlers.register.weekly_message import WeeklyDevices
from storage.devices.records import DeviceState
from storage.lifecycle import Kind, State
from storage.record.table_comparison import differences
from tests.chance import chance
from tests.handlers.driver import ALICE, BOB, ERIN, TENANT, House
from tests.handlers.register.registering import added, day, device, do, newest, opted_in, requested, scanner
from tests.handlers.register.test_device_lists import row, sheet
from tests.handlers.register.test_report_imports import FULL

ACTS = 40


def anything(house: House, seed: str, number: int) -> Command:
    """One act on the register, chosen by chance."""
    draw = chance(f"{seed}:{number}")
    one, when = draw.randint(1, newest(house).id), day(house, draw.randint(-1, 95))
    return draw.choice(
        [
            scanner(house, device=f"Scanner {number}", due=when, owner=draw.choice([ALICE, ERIN])),
            *(
                ChangeDay(one, when, "Because"),
                NeedLonger(one, when, "Late"),
                ChangeOwner(one, draw.choice([ALICE, BOB])),
            ),
            *(
                Replaced(one),
                WithdrawDevice(one),
                AcceptDevice(one),
                RefuseDevice(one),
                NotMine(one),
                KeepUntilTheEnd(one),
            ),
            *(ImportFile(address=name) for name in given(house, number, when)),
        ]
    )


def given(house: House, number: int, when: date) -> list[str]:
    """A list of devices and a report that somebody has at hand, new and known ones among them."""
    of_list = {"device": f"Scanner {number % 7}", "due": when.isoformat(), "state": "proposed"}
    house.files = {
        "list": sheet([row(house, **of_list), row(house, device="Fax", site="Zürich")]),
        "report": FULL,
    }
    return list(house.files)


def test_every_act_on_the_register_is_among_those_that_are_drawn(house: House) -> None:
    added(house)
    drawn = {type(anything(house, "all", number)) for number in range(300)}
    assert drawn == set(get_args(RegisterCommand))


@pytest.mark.parametrize("seed", ["first", "second", "third"])
def test_no_window_becomes_longer_nothing_opts_in_and_no_vote_survives(house: House, seed: str) -> None:
    named, other = added(house), added(house, BOB, device="Fax")
    opted_in(house, named.id, days=20, requester=BOB, approver=ALICE)
    extension = requested(house, named.id, other.id, days=40, requester=BOB, kind="extension")
    house.clock.advance(minutes=2)
    window, asked_for = house.baseline(), len(house.requests())
    for number in range(ACTS):
        if house.request(extension).state is State.PENDING:
            house.clock.advance(seconds=2)
            house.approve("U0CAROL", extension)
        before = house.request(extension)
        accepted_by_others = {one: device(house, one).due for one in range(1, newest(house).id + 1)}
        do(house, ALICE, anything(house, seed, number))
        OwnerReminders(house.context).run()
        WeeklyDevices(house.context).run()
        NoneLeft(house.context).look()
        Imports(house.ledger, house.context.zone, house.clock).take(
            FULL + f"s{number}@contoso.com,x,9,0,91,1".encode()
        )
        after = house.request(extension)
        assert house.baseline() == window
        assert len(house.requests()) == asked_for
        assert house.requests(Kind.OPT_IN)[-1].state is State.APPLIED
        if after.devices != before.devices and after.state is not State.STALE:
            standing = standing_approvals(house.votes(extension)).values()
            digest = content_digest(after, house.context.rule.digest)
            assert all(vote.digest == digest for vote in standing)
            assert after.state is not State.APPROVED
        for one, due in accepted_by_others.items():
            now = device(house, one)
            if now.state is DeviceState.ACTIVE and now.due > due:
                assert now.due_by not in (ALICE, None)
        house.clock.advance(seconds=5)
    assert house.clock() - before.created_at < timedelta(hours=24)
    assert list(differences(house.database, TENANT)) == []
