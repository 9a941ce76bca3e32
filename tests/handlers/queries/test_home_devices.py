"""The register on the App Home: what a person answers for, and which days wait for an approver."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.sandbox.slack.blockkit import view_problems
from handlers.queries.home import Homes
from handlers.register.commands import ChangeOwner, NeedLonger
from handlers.slack.views.mrkdwn import sentence
from storage import register
from storage.app_home import MOST_DEVICES
from storage.devices.records import DeviceState, NewDevice
from storage.records import MailProtocol
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, ERIN, TWO, House
from tests.handlers.queries.test_home import buttons, words
from tests.handlers.register.registering import added, day, device, do, opted_in, requested
from tests.handlers.slack.views.test_block_limits import WORST, harmless, marked_up
from tests.sentences import says


def registered(house: House, count: int, *, owner: str = ERIN, name: str = "Ricoh <{number}>") -> None:
    """Put so many devices on the register, the later ones due later."""
    with house.ledger.recording(house.clock()) as entry:
        for number in range(count):
            due = house.clock.at.date() + timedelta(days=number - 1)
            told = NewDevice(
                device=name.format(number=number),
                sender=f"d{number}@contoso.com",
                site="",
                protocol=MailProtocol.SMTP_AUTH,
                reason="Old",
                plan="Gone",
                owner_id=owner,
                due=due,
            )
            register.add(entry, told, proposer=ALICE)


def opens(house: House, person: str) -> set[str]:
    """The entries that somebody's page opens."""
    return {block["accessory"]["value"] for block in house.home(person) if block.get("accessory")}


def test_whoever_answers_for_devices_sees_them_the_overdue_first(house: House) -> None:
    registered(house, 2)
    told = words(house.open_home(ERIN))
    assert says("d1_is_overdue") in told
    assert says("d2_is_due_today") in told
    assert says("your_devices") not in words(house.open_home(ALICE))


def test_each_of_ones_devices_has_its_buttons_and_pressing_them_draws_the_page_anew(house: House) -> None:
    registered(house, 2)
    found = buttons(house.open_home(ERIN))
    assert found[4:8] == [
        (action, value) for value in "12" for action in ("device_replaced", "device_longer")
    ]
    house.press_home("device_replaced", ERIN, 1)
    assert device(house, 1).state is DeviceState.REPLACED
    assert ("device_replaced", "1") not in buttons(house.home(ERIN))
    house.press_home("device_longer", ERIN, 2)
    assert house.windows.opened[-1]["private_metadata"] == "2"
    house.submit("form_device_longer", ERIN, "2", due=day(house, 9), reason="The new one is late")
    assert device(house, 2).due == day(house, 9)
    assert house.windows.published == [ERIN] * 3
    house.deliver()
    assert {said.channel for said in house.board.said if said.person == ERIN} == {None}


def test_pressing_replaced_asks_first_since_several_stand_below_each_other(house: House) -> None:
    registered(house, 1)
    (row,) = (
        block
        for block in house.open_home(ERIN)
        if block.get("elements", [{}])[0].get("action_id") == "device_replaced"
    )
    assert row["elements"][0]["confirm"]["title"]["text"] == says("is_d1_replaced")


def test_whoever_does_not_answer_for_a_device_any_more_is_told_so(house: House) -> None:
    one = added(house)
    house.open_home(ERIN)
    do(house, BOB, ChangeOwner(one.id, DAVE))
    for action in ("device_replaced", "device_longer"):
        house.press_home(action, ERIN, one.id)
    assert device(house, one.id).state is DeviceState.PROPOSED
    assert house.windows.opened == []
    assert says("so_can_its_owner", person=DAVE) in sentence(house.answer(ERIN))
    assert says("your_devices") not in words(house.home(ERIN))


def test_a_button_beside_ones_devices_answers_with_the_entries_and_their_buttons(house: House) -> None:
    registered(house, 2)
    house.open_home(ERIN)
    house.press_home("devices_mine", ERIN, 0)
    opened = {
        block["accessory"]["value"] for block in house.windows.said[-1]["blocks"] if block.get("accessory")
    }
    assert opened == {"1", "2"}


def test_devices_are_read_on_both_databases(both: House) -> None:
    registered(both, 3)
    assert [device.name for device in both.dispatch.query(Homes).page(ERIN).rows.devices] == [
        "D1",
        "D2",
        "D3",
    ]
    assert both.dispatch.query(Homes).page(ERIN).rows.device_count == 3


def test_what_waits_names_the_devices_with_the_days_that_are_approved(house: House) -> None:
    one, two = added(house), added(house, device="Fax", due=day(house, 3))
    requested(house, one.id, two.id)
    assert says("on_the_register_both", one=one.id, two=two.id) in words(house.open_home(BOB))


def test_a_later_day_and_a_proposed_entry_wait_for_each_approver_who_may_accept_them(both: House) -> None:
    house = both
    one = added(house)
    opted_in(house, one.id)
    new = added(house, proposer=BOB, device="Fax")
    do(house, ERIN, NeedLonger(one.id, day(house, 15), "The new one is late"))
    told = words(house.open_home(CAROL))
    assert says("asks_for_a_day", device=one.id, person=ERIN) in told
    assert says("proposes_it_until", device=new.id, person=BOB) in told
    assert opens(house, CAROL) == {str(one.id), str(new.id)}
    for person, shown in ((BOB, {str(one.id)}), (ERIN, set())):
        house.open_home(person)
        assert opens(house, person) == shown
    house.press_home("device_show", CAROL, one.id)
    assert ("device_accept", str(one.id)) in buttons(house.windows.said[-1]["blocks"])
    house.opt_out(BOB)
    house.run()
    house.open_home(CAROL)
    assert opens(house, CAROL) == set()


def test_a_day_beyond_the_window_waits_for_nobody(house: House) -> None:
    opted_in(house, added(house).id)
    added(house, device="Fax", due=day(house, 40))
    house.open_home(CAROL)
    assert opens(house, CAROL) == set()


@pytest.mark.parametrize("name", [WORST["entities"][:300], WORST["pings"][:300], WORST["emoji"][:300]])
def test_five_hundred_of_everything_take_one_statement_and_fit(house: House, name: str) -> None:
    house.observe()
    house.start(TWO)
    registered(house, 500, owner=BOB, name=f"{name} {{number}}")
    first = requested(house, *range(3, 15), days=20)
    for person in (BOB, CAROL):
        house.press("approve", person, first)
    house.run()
    requested(house, *range(3, 40), days=60, kind="extension")
    spoken: list[str] = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *args: spoken.append(args[2]))
    page = house.dispatch.query(Homes).page(BOB)
    assert len([text for text in spoken if not text.startswith("PRAGMA")]) == 1
    assert (len(page.rows.devices), page.rows.device_count) == (MOST_DEVICES, 500)
    assert page.waits is not None
    blocks = house.open_home(BOB)
    assert says("480_more_are_due_later") in words(blocks)
    assert len(blocks) <= 100
    view = {name: value for name, value in house.windows.homes[BOB].items() if name != "hash"}
    assert view_problems(json.loads(json.dumps(view))) == []
    for shown in marked_up(view):
        harmless(shown)
