"""What people may do to the register, and what follows: one person makes things shorter, another has to agree
to longer."""

from datetime import timedelta

import pytest

from handlers.ports import AcceptedDomains
from handlers.register.commands import (
    AcceptDevice,
    ChangeDay,
    ChangeOwner,
    NeedLonger,
    NotMine,
    RefuseDevice,
    Replaced,
    WithdrawDevice,
)
from handlers.register.device_acts import Register
from storage.devices.records import DeviceAct, DeviceState
from storage.lifecycle import State
from storage.record.table_comparison import differences
from tests.handlers.audit_log import AuditLog
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, ERIN, FRANK, TENANT, House
from tests.handlers.register.registering import (
    acts,
    added,
    day,
    device,
    do,
    newest,
    opted_in,
    requested,
    scanner,
)
from tests.sentences import says


def state(house: House, number: int) -> DeviceState:
    return device(house, number).state


def test_an_operator_puts_a_device_on_the_register_and_its_owner_hears(house: House) -> None:
    made = added(house)
    assert (made.state, made.owner_id, made.proposer_id, made.due) == (
        DeviceState.PROPOSED,
        ERIN,
        ALICE,
        day(house, 10),
    )
    assert house.answer(ALICE).startswith(f"D{made.id} is proposed.")
    (owed,) = house.owed("personal")
    assert owed.recipient == ERIN


@pytest.mark.parametrize(
    ("sender", "is_foreign"),
    [
        ("scan@contoso.com", False),
        ("scan@mail.contoso.com", False),
        ("scan@CONTOSO.com", False),
        ("scan@fabrikam.com", True),
    ],
)
def test_a_sender_of_a_foreign_domain_is_taken_with_a_warning(
    house: House, sender: str, is_foreign: bool
) -> None:
    house.dispatch.register = Register(
        house.context, None, AuditLog(domains=AcceptedDomains(("contoso.com",), complete=True))
    )
    made = added(house, sender=sender)
    assert made.state is DeviceState.PROPOSED
    assert (says("not_among_the_tenants_domains", domain="fabrikam.com") in house.answer(ALICE)) is is_foreign


@pytest.mark.parametrize("domains", [None, AcceptedDomains(("contoso.com",), complete=False)])
def test_nothing_is_warned_of_where_the_domains_are_not_known(
    house: House, domains: AcceptedDomains | None
) -> None:
    house.dispatch.register = Register(house.context, None, AuditLog(domains=domains))
    added(house, sender="scan@fabrikam.com")
    assert says("not_among_the_tenants_domains", domain="fabrikam.com") not in house.answer(ALICE)


@pytest.mark.parametrize("odd", ["is_guest", "is_bot", "is_stranger", "deleted"])
def test_an_owner_has_to_be_a_full_member_who_is_still_here(house: House, odd: str) -> None:
    house.workspace.change(ERIN, **{odd: True})
    do(house, ALICE, scanner(house))
    with house.ledger.reading() as reader:
        assert reader.devices.is_empty()
    assert says("cannot_answer_for_a_device") in house.answer(ALICE)


@pytest.mark.parametrize(("proposer", "owner"), [(ERIN, ERIN), (ALICE, "U0GHOST"), (ALICE, "U0LEGACY")])
def test_who_may_not_add_or_own_is_told_why_and_nothing_is_kept(
    house: House, proposer: str, owner: str
) -> None:
    do(house, proposer, scanner(house, owner=owner))
    with house.ledger.reading() as reader:
        assert reader.devices.is_empty()
    assert house.answer(proposer)
    assert house.events("refused")


@pytest.mark.parametrize("ahead", [-1, 91])
def test_a_due_day_that_is_over_or_beyond_any_window_is_refused(house: House, ahead: int) -> None:
    do(house, ALICE, scanner(house, due=day(house, ahead)))
    with house.ledger.reading() as reader:
        assert reader.devices.is_empty()


def test_the_same_device_twice_is_named_with_its_number(house: House) -> None:
    first = added(house)
    do(house, BOB, scanner(house))
    assert newest(house) == first
    assert f"D{first.id}" in house.answer(BOB)


@pytest.mark.parametrize("person", [ERIN, ALICE, CAROL, DAVE])
def test_owner_operator_and_approver_each_end_an_entry_alone(house: House, person: str) -> None:
    made = added(house)
    do(house, person, Replaced(made.id))
    ended = device(house, made.id)
    assert (ended.state, ended.ended_at) == (DeviceState.REPLACED, house.clock())


def test_anybody_else_is_told_who_may(house: House) -> None:
    made = added(house, owner=BOB)
    do(house, ERIN, Replaced(made.id))
    assert state(house, made.id) is DeviceState.PROPOSED
    assert f"@{BOB}" in house.answer(ERIN)


def test_what_has_ended_is_never_reopened(house: House) -> None:
    made = added(house)
    do(house, ERIN, Replaced(made.id))
    for person, command in (
        (ALICE, ChangeDay(made.id, day(house, 3), "x")),
        (BOB, AcceptDevice(made.id)),
        (ALICE, Replaced(made.id)),
    ):
        do(house, person, command)
        assert says("device_replaced_already", number=made.id) in house.answer(person)
    again = added(house)
    assert (again.id, again.state) != (made.id, DeviceState.REPLACED)


def test_an_entry_becomes_active_with_the_opt_in_that_names_it(house: House) -> None:
    made = added(house)
    opted_in(house, made.id)
    active = device(house, made.id)
    assert (active.state, active.due) == (DeviceState.ACTIVE, made.due)
    assert acts(house, made.id)[-1].request_id == house.newest().id
    assert house.newest().clients == f"D{made.id} Scanner, Zürich, @{ERIN}"


def test_an_entry_is_accepted_by_another_approver_within_the_window_alone(house: House) -> None:
    opted_in(house, added(house).id, days=20)
    window = house.baseline()
    second = added(house, BOB, device="Scales")
    do(house, BOB, AcceptDevice(second.id))
    assert state(house, second.id) is DeviceState.PROPOSED
    assert "yourself" in house.answer(BOB)
    do(house, ERIN, AcceptDevice(second.id))
    assert state(house, second.id) is DeviceState.PROPOSED
    do(house, CAROL, AcceptDevice(second.id))
    assert state(house, second.id) is DeviceState.ACTIVE
    beyond = added(house, BOB, device="Fax", due=day(house, 40))
    do(house, CAROL, AcceptDevice(beyond.id))
    assert state(house, beyond.id) is DeviceState.PROPOSED
    assert "/legacytls extend" in house.answer(CAROL)
    assert house.baseline() == window


def test_nothing_is_accepted_while_the_tenant_is_not_opted_in(house: House) -> None:
    made = added(house)
    do(house, BOB, AcceptDevice(made.id))
    assert state(house, made.id) is DeviceState.PROPOSED
    assert "/legacytls enable" in house.answer(BOB)


def test_an_approver_refuses(house: House) -> None:
    made = added(house)
    do(house, ERIN, RefuseDevice(made.id))
    assert state(house, made.id) is DeviceState.PROPOSED
    do(house, CAROL, RefuseDevice(made.id))
    assert state(house, made.id) is DeviceState.REFUSED


def test_an_earlier_day_holds_at_once_and_the_move_is_counted(house: House) -> None:
    made = added(house)
    opted_in(house, made.id)
    do(house, ERIN, ChangeDay(made.id, day(house, 5), ""))
    moved = device(house, made.id)
    assert (moved.due, moved.moves) == (day(house, 5), 1)
    assert (acts(house, made.id)[-1].due_before, acts(house, made.id)[-1].due_after) == (made.due, moved.due)


def test_a_later_day_within_the_window_holds_once_another_approver_accepts_it(house: House) -> None:
    made = added(house)
    opted_in(house, made.id)
    do(house, ERIN, NeedLonger(made.id, day(house, 15), "The new one is late"))
    asked_for = device(house, made.id)
    assert (asked_for.due, asked_for.asked_due, asked_for.asked_by, asked_for.moves) == (
        made.due,
        day(house, 15),
        ERIN,
        0,
    )
    do(house, BOB, AcceptDevice(made.id))
    moved = device(house, made.id)
    assert (moved.due, moved.asked_due, moved.moves) == (day(house, 15), None, 1)


def test_whoever_asked_for_a_later_day_does_not_accept_it(house: House) -> None:
    made = added(house)
    opted_in(house, made.id)
    do(house, BOB, ChangeDay(made.id, day(house, 15), "Late"))
    do(house, BOB, AcceptDevice(made.id))
    assert device(house, made.id).due == made.due
    do(house, CAROL, RefuseDevice(made.id))
    kept = device(house, made.id)
    assert (kept.due, kept.asked_due, kept.state) == (made.due, None, DeviceState.ACTIVE)


def test_a_day_beyond_the_window_holds_with_the_extension_that_names_the_entry(house: House) -> None:
    made = added(house)
    opted_in(house, made.id, days=20)
    do(house, ERIN, NeedLonger(made.id, day(house, 40), "Ordered late"))
    do(house, BOB, AcceptDevice(made.id))
    assert device(house, made.id).due == made.due
    number = requested(house, made.id, days=45, kind="extension")
    assert [named.due for named in house.request(number).devices] == [day(house, 40)]
    house.approve(BOB, number)
    house.run()
    assert house.request(number).state is State.APPLIED
    moved = device(house, made.id)
    assert (moved.due, moved.asked_due, moved.moves) == (day(house, 40), None, 1)
    assert acts(house, made.id)[-1].act is DeviceAct.LONGER_ACCEPTED


def test_only_its_owner_says_not_mine_and_an_orphan_is_given_to_somebody(house: House) -> None:
    made = added(house)
    do(house, ALICE, NotMine(made.id))
    assert device(house, made.id).owner_id == ERIN
    do(house, ERIN, NotMine(made.id))
    assert device(house, made.id).owner_id is None
    do(house, ALICE, ChangeOwner(made.id, "U0GHOST"))
    assert device(house, made.id).owner_id is None
    do(house, ALICE, ChangeOwner(made.id, CAROL))
    assert device(house, made.id).owner_id == CAROL


def test_an_entry_is_taken_back_by_its_proposer(house: House) -> None:
    made = added(house)
    do(house, ERIN, WithdrawDevice(made.id))
    assert state(house, made.id) is DeviceState.PROPOSED
    do(house, ALICE, WithdrawDevice(made.id))
    assert state(house, made.id) is DeviceState.WITHDRAWN


def test_a_press_on_what_was_posted_before_the_newest_change_does_not_count(house: House) -> None:
    made = added(house)
    opted_in(house, made.id)
    do(house, ERIN, NeedLonger(made.id, day(house, 12), "Late"))
    posted = f"{house.clock().timestamp():.6f}"
    house.clock.advance(minutes=5)
    do(house, ERIN, NeedLonger(made.id, day(house, 18), "Later still"))
    do(house, BOB, AcceptDevice(made.id), ts=posted)
    assert device(house, made.id).due == made.due
    assert says("device_look_again") in house.answer(BOB)


def test_a_number_that_there_is_not_is_answered(house: House) -> None:
    do(house, ALICE, Replaced(77))
    assert says("no_such_device", number=77) in house.answer(ALICE)


def test_a_row_that_is_not_as_recorded_is_not_acted_on(house: House) -> None:
    made = added(house)
    with house.database.write() as connection:
        connection.exec_driver_sql("UPDATE devices SET owner_id = 'U0FRANK'")
    house.workspace.people[FRANK] = house.workspace.people[ERIN]
    do(house, ALICE, Replaced(made.id))
    assert state(house, made.id) is DeviceState.PROPOSED
    assert says("device_disagrees") in house.answer(ALICE)


def test_all_that_is_on_record_agrees(both: House) -> None:
    made = added(both)
    opted_in(both, made.id)
    both.clock.advance(days=1)
    for person, command in (
        (ERIN, NeedLonger(made.id, day(both, 15), "Late")),
        (BOB, AcceptDevice(made.id)),
        (ERIN, NotMine(made.id)),
        (ALICE, ChangeOwner(made.id, CAROL)),
        (CAROL, ChangeDay(made.id, day(both, 2), "")),
        (CAROL, Replaced(made.id)),
    ):
        do(both, person, command)
        both.clock.advance(seconds=30)
    assert [act.act.value for act in acts(both, made.id)] == [
        *(
            "added",
            "activated",
            "longer_asked",
            "longer_accepted",
            "orphaned",
            "owner_changed",
            "moved",
            "replaced",
        ),
    ]
    assert list(differences(both.database, TENANT)) == []


def test_the_sentence_for_the_last_device_says_so(house: House) -> None:
    made = added(house)
    opted_in(house, made.id)
    do(house, ERIN, Replaced(made.id))
    assert house.answer(ERIN) == says("device_replaced_none_left", number=made.id)
    assert timedelta(0) == house.clock() - device(house, made.id).changed_at


def test_who_may_not_act_hears_that_and_not_how_an_entry_ended(house: House) -> None:
    made = added(house)
    do(house, ERIN, Replaced(made.id))
    do(house, FRANK, Replaced(made.id))
    assert DeviceState.REPLACED.value not in house.answer(FRANK)
