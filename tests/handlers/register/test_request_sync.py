"""What is approved covers the entries that are named, each with its due day: where one changes, no vote
survives."""

from contextlib import suppress

import pytest

from handlers.policy.votes import content_digest
from handlers.register.commands import ChangeDay, NeedLonger, NotMine, Replaced
from storage.devices.records import DeviceState
from storage.lifecycle import State
from storage.record.table_comparison import differences
from storage.records import NamedDevice
from tests.handlers.driver import ALICE, BOB, ERIN, TENANT, TWO, House
from tests.handlers.register.registering import added, day, device, do, opted_in, requested
from tests.sentences import says


def test_the_digest_covers_each_entry_with_its_due_day(house: House) -> None:
    first, second = added(house), added(house, device="Scales")
    number = requested(house, second.id, first.id)
    assert house.request(number).devices == (
        NamedDevice(first.id, first.due),
        NamedDevice(second.id, second.due),
    )
    stood = content_digest(house.request(number), house.context.rule.digest)
    do(house, ERIN, ChangeDay(second.id, day(house, 3), ""))
    assert content_digest(house.request(number), house.context.rule.digest) != stood


@pytest.mark.parametrize("approvals", [1, 2])
def test_a_moved_day_voids_the_votes_and_draws_the_message_anew(house: House, approvals: int) -> None:
    if approvals == 2:
        house.start(TWO)
    made = added(house)
    number = requested(house, made.id)
    house.approve(BOB, number)
    before = house.request(number)
    assert before.state is (State.APPROVED if approvals == 1 else State.PENDING)
    do(house, ERIN, ChangeDay(made.id, day(house, 3), ""))
    after = house.request(number)
    assert (after.state, after.devices) == (State.PENDING, (NamedDevice(made.id, day(house, 3)),))
    assert after.version > before.version
    assert [(vote.vote, vote.door) for vote in house.votes(number)] == [
        ("approve", "button"),
        ("taken_back", "bot"),
    ]
    house.run()
    assert house.request(number).state is State.PENDING
    house.deliver()
    with house.ledger.reading() as reader:
        assert {card.drawn_version for card in reader.messages.cards(number)} == {after.version}


def test_a_press_on_a_card_drawn_before_is_answered_and_redrawn_not_counted(house: House) -> None:
    made = added(house)
    number = requested(house, made.id)
    place = house.card_ts(number)
    do(house, ERIN, ChangeDay(made.id, day(house, 3), ""))
    house.press("approve", BOB, number, ts=place)  # the card has not been drawn again yet
    assert house.request(number).state is State.PENDING
    assert house.votes(number) == []
    assert says("devices_named_have_changed") in house.answer(BOB)
    house.deliver()
    house.clock.advance(minutes=2)
    house.approve(BOB, number)
    assert house.request(number).state is State.APPROVED


def test_a_change_of_nothing_that_is_approved_leaves_the_votes(house: House) -> None:
    made, other = added(house), added(house, device="Scales")
    number = requested(house, made.id)
    house.approve(BOB, number)
    for person, command in ((ERIN, NotMine(made.id)), (ALICE, Replaced(other.id))):
        do(house, person, command)
    assert house.request(number).state is State.APPROVED


def test_an_entry_that_ends_is_named_no_more_and_the_last_one_makes_the_request_stale(house: House) -> None:
    first, second = added(house), added(house, device="Scales")
    number = requested(house, first.id, second.id)
    house.approve(BOB, number)
    do(house, ERIN, Replaced(first.id))
    followed = house.request(number)
    assert (followed.state, [named.number for named in followed.devices]) == (State.PENDING, [second.id])
    do(house, ERIN, Replaced(second.id))
    assert house.request(number).state is State.STALE
    house.run()
    assert house.tenant.writes == []


def test_a_later_day_that_is_asked_for_changes_what_an_open_extension_would_make_of_it(house: House) -> None:
    made = added(house)
    opted_in(house, made.id)
    number = requested(house, made.id, days=45, kind="extension")
    house.approve(BOB, number)
    do(house, ERIN, NeedLonger(made.id, day(house, 40), "Late"))
    followed = house.request(number)
    assert (followed.state, followed.devices) == (State.PENDING, (NamedDevice(made.id, day(house, 40)),))


def test_what_ended_while_the_change_was_on_its_way_stays_ended(house: House) -> None:
    first, second = added(house), added(house, device="Scales")
    number = requested(house, first.id, second.id)
    house.approve(BOB, number)
    real = house.tenant.write

    def ended_meanwhile(*args: object, **kwargs: object) -> object:
        do(house, ERIN, Replaced(first.id))
        do(house, ALICE, ChangeDay(second.id, day(house, 2), ""))
        return real(*args, **kwargs)  # type: ignore[arg-type]

    house.tenant.write = ended_meanwhile  # type: ignore[method-assign, assignment]
    house.run()
    assert house.request(number).state is State.APPLIED
    assert device(house, first.id).state is DeviceState.REPLACED
    assert (device(house, second.id).state, device(house, second.id).due) == (
        DeviceState.ACTIVE,
        day(house, 2),
    )
    assert list(differences(house.database, TENANT)) == []


@pytest.mark.parametrize("number", [77])
def test_what_is_not_on_the_register_cannot_be_named(house: House, number: int) -> None:
    made = added(house)
    do(house, ERIN, Replaced(made.id))
    for gone in (number, made.id):
        with house.ledger.reading() as reader:
            before = reader.page(limit=1)
        with suppress(IndexError):
            requested(house, gone)
        with house.ledger.reading() as reader:
            assert reader.page(limit=1) == before
        assert f"D{gone}" in house.answer(ALICE)


def test_an_entry_altered_past_the_bot_stops_the_request_that_names_it(house: House) -> None:
    made = added(house)
    number = requested(house, made.id)
    house.approve(BOB, number)
    with house.database.write() as connection:
        connection.exec_driver_sql("UPDATE devices SET moves = 5")
    house.run()
    assert house.request(number).state is State.STALE
    assert house.tenant.writes == []
