"""The forms about the window choose among the register's entries, and what is chosen is what is asked for and
approved."""

from datetime import date

import pytest

from handlers.changes.form_proposals import CHOOSABLE
from handlers.policy.forms import DEVICES
from handlers.register.commands import ChangeDay, NotMine, Replaced
from handlers.slack.views import cards
from storage.lifecycle import Kind
from storage.records import NamedDevice
from tests.handlers.driver import ALICE, BOB, DAVE, ERIN, House
from tests.handlers.outgoing.test_refusals import say
from tests.handlers.register.registering import added, day, do, newest, opted_in, requested
from tests.journeys.words import JSON, fields, words
from tests.sentences import says


def opened(house: House, subcommand: str = "enable") -> JSON:
    """The form that a subcommand opens for Alice."""
    say(house, subcommand, ALICE)
    return house.windows.opened[-1]


def offered(view: JSON) -> list[str]:
    return [option["value"] for option in fields(view)[DEVICES]["element"]["options"]]


def chosen(view: JSON) -> list[str]:
    return [option["value"] for option in fields(view)[DEVICES]["element"].get("initial_options", [])]


def card(house: House, number: int) -> str:
    """A request's message as it was drawn last, in words."""
    house.deliver()
    drawn = [view for _, view in house.board.cards if view.request.id == number]
    return words(cards.card(drawn[-1], house.context.zone).arguments())


def test_without_a_register_devices_are_typed_as_before(house: House) -> None:
    found = fields(opened(house))
    assert DEVICES not in found
    assert found["clients"]["optional"] is False
    assert house.submit(
        "opt_in", ALICE, "", reason="They need it", clients="", protocols=["smtp-auth"], day=day(house, 9)
    )["errors"].keys() == {"clients"}


def test_each_standing_entry_can_be_chosen_and_shows_its_number_device_owner_and_day(house: House) -> None:
    scanner, fax = (
        added(house),
        added(house, device="Fax\n<!channel>", site="", owner=DAVE, due=day(house, 3)),
    )
    gone = added(house, device="Gone")
    orphan = added(house, device="Plotter", due=day(house, 60))
    do(house, BOB, Replaced(gone.id))
    do(house, ERIN, NotMine(orphan.id))
    view = opened(house)
    assert offered(view) == [str(fax.id), str(scanner.id), str(orphan.id)]
    assert chosen(view) == []
    first, second, _ = fields(view)[DEVICES]["element"]["options"]
    # plain text, in which nothing is mark-up
    assert first["text"]["text"] == says("option_fax", device=fax.id)
    assert second["text"]["text"] == says("option_scanner", device=scanner.id)
    assert second["description"]["text"] == says("option_day")
    said = words(view)
    assert f"<@{DAVE}> D{fax.id}" in said
    assert f"<@{ERIN}> D{scanner.id}" in said
    assert f"*nobody* D{orphan.id}" in said
    assert fields(view)["clients"]["optional"] is True


def test_what_is_chosen_is_named_with_its_day_and_listed_after_what_was_typed(house: House) -> None:
    one, two = added(house), added(house, device="Fax", owner=DAVE)
    added(house, device="Plotter")
    request = house.ask(ALICE, clients="An old till", devices=[str(two.id), str(one.id)])
    assert request.devices == (NamedDevice(one.id, one.due), NamedDevice(two.id, two.due))
    assert request.clients.splitlines() == [
        "An old till",
        says("listed_scanner", device=one.id, person=ERIN),
        says("listed_fax", device=two.id, person=DAVE),
    ]
    house.run()
    assert says("on_the_register", one=one.id, two=two.id) in card(house, request.id)


def test_entries_alone_are_enough_and_nothing_at_all_is_not(house: House) -> None:
    device = added(house)
    acknowledged = house.submit(
        "opt_in", ALICE, "", reason="x y z", protocols=["smtp-auth"], day=day(house, 9)
    )
    assert set(acknowledged["errors"]) == {"clients"}
    assert house.ask(ALICE, clients="", devices=[str(device.id)]).devices == (
        NamedDevice(device.id, device.due),
    )


def test_an_entry_that_ended_while_the_form_was_open_is_said_and_opens_nothing(house: House) -> None:
    device = added(house)
    opened(house)
    do(house, BOB, Replaced(device.id))
    devices, protocols = [str(device.id)], ["smtp-auth"]
    house.submit(
        "opt_in", ALICE, "", reason="They need it", devices=devices, protocols=protocols, day=day(house, 9)
    )
    with house.ledger.reading() as reader:
        assert reader.open_request() is None
    assert says("not_on_the_register_any_more", device=device.id) in house.answer(ALICE)


def test_an_extension_is_filled_with_the_entries_of_its_window_that_still_stand(house: House) -> None:
    one, two, other = added(house), added(house, device="Fax"), added(house, device="Till")
    opted_in(house, one.id, two.id)
    do(house, BOB, Replaced(two.id))
    view = opened(house, "extend")
    assert chosen(view) == [str(one.id)]
    assert set(offered(view)) == {str(one.id), str(other.id)}
    assert "initial_value" not in fields(view)["clients"]["element"]


@pytest.mark.parametrize("typed", ["An old till", "D7 is no entry\nbut two lines", ""])
def test_what_was_typed_beside_entries_is_filled_in_again_alone(house: House, typed: str) -> None:
    one, two = added(house, device="Fax\nof the plant"), added(house, device="Till")
    both = [str(one.id), str(two.id)]
    withdrawn = house.ask(ALICE, clients=typed, devices=both)
    house.press("withdraw", ALICE, withdrawn.id)
    house.press("again", ALICE, withdrawn.id)
    again = house.windows.opened[-1]
    house.approve(BOB, house.ask(ALICE, clients=typed, devices=both).id)
    house.run()
    do(house, BOB, Replaced(two.id))
    for view, named in ((again, both), (opened(house, "extend"), both[:1])):
        assert fields(view)["clients"]["element"].get("initial_value", "") == typed
        assert chosen(view) == named


def test_of_more_entries_than_slack_takes_those_due_next_are_offered_and_those_named_before(
    house: House,
) -> None:
    late = added(house, device="Late", due=day(house, 80))
    opted_in(house, late.id)
    for number in range(CHOOSABLE):
        added(house, device=f"Scanner {number}", due=day(house, 5))
    view = opened(house, "extend")
    assert len(offered(view)) == CHOOSABLE
    assert offered(view)[-1] == str(late.id)
    assert says("due_next_of", count=CHOOSABLE, standing=CHOOSABLE + 1) in words(view)


def test_a_day_that_moves_while_the_request_is_open_voids_its_votes_and_shows_on_the_card(
    house: House,
) -> None:
    device = added(house)
    number = requested(house, device.id)
    house.run()
    do(house, ALICE, ChangeDay(device.id, date(2026, 11, 28), ""))
    house.run()
    assert says("until_28_november_2026") in card(house, number)
    assert house.newest().devices == (NamedDevice(device.id, date(2026, 11, 28)),)


def test_the_form_of_opting_out_names_who_stops_and_what_was_typed_without_the_register(house: House) -> None:
    first = house.ask(ALICE, clients="An old till").id
    house.approve(BOB, first)
    house.run()
    one, two = added(house), added(house, device="Fax", site="", owner=DAVE, due=day(house, 2))
    named = requested(house, one.id, kind=Kind.EXTENSION.value, days=50)
    house.approve(BOB, named)
    house.run()
    said = words(opened(house, "disable"))
    assert says("fax_stops", device=two.id, person=DAVE) in said
    assert said.index(f"*{two.name}* Fax") < said.index(f"*{one.name}* Scanner")
    assert says("on_record_by", number=first) in said
    assert says("on_record_by", number=named) not in said
    assert newest(house) == two


def test_the_form_of_opting_out_counts_the_entries_for_which_it_has_no_room(house: House) -> None:
    for number in range(33):
        added(house, device=f"Scanner {number}")
    assert says("and_3_more") in words(opened(house, "disable"))
