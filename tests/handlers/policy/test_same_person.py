"""One person under several ids of an organisation counts once, and never for their own request."""

import pytest

from handlers.policy.rule import Home
from storage.lifecycle import State
from storage.records import Door, Vote
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, TWO, House
from tests.handlers.fakes import HOME_TEAM, member
from tests.handlers.policy.test_four_eyes import DOORS
from tests.sentences import says


def organisation(house: House) -> None:
    """Everybody is of one Enterprise Grid organisation, each under an id of its own there."""
    for person in house.workspace.people:
        house.workspace.change(
            person, enterprise_id="E0CONTOSO", enterprise_user_id=person.replace("U0", "W0")
        )
    house.dispatch.context.people.at(Home(HOME_TEAM, "E0CONTOSO"))


def one_person(house: House, *ids: str, known_as: str | None = "W0BOTH") -> None:
    """In an organisation one person may be known by several ids."""
    for person in ids:
        house.workspace.change(person, enterprise_user_id=known_as)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("said", [Vote.APPROVE, Vote.REJECT])
def test_the_requester_cannot_decide_under_another_id_either(house: House, door: Door, said: Vote) -> None:
    organisation(house)
    one_person(house, ALICE, CAROL)
    request = house.ask(ALICE)
    assert request.requester_enterprise_id == "W0BOTH"
    (house.approve if said is Vote.APPROVE else house.reject)(CAROL, request.id, door)
    assert (house.request(request.id).state, house.votes(request.id)) == (State.PENDING, [])
    assert says("you_asked_for_this_yourself_under_another", number=request.id) in house.answer(CAROL)
    house.approve(BOB, request.id, door)
    assert house.request(request.id).state is State.APPROVED


@pytest.mark.parametrize(
    "in_organisation", [True, False], ids=["in an organisation", "outside, as far as sign-in tells"]
)
@pytest.mark.parametrize("known_as", [ALICE, BOB, None])
@pytest.mark.parametrize(("asked_by", "other"), [(ALICE, BOB), (BOB, ALICE)])
@pytest.mark.parametrize("told_of", ["the requester", "the approver"])
def test_the_organisation_s_id_on_one_side_only_never_counts(
    house: House, *, asked_by: str, other: str, known_as: str | None, in_organisation: bool, told_of: str
) -> None:
    if in_organisation:
        organisation(house)
    one_person(house, asked_by, other, known_as=None)
    one_person(house, asked_by if told_of == "the requester" else other, known_as=known_as)
    request = house.ask(asked_by)
    house.approve(other, request.id)
    told_apart = known_as is None and not in_organisation  # ordinary accounts of an ordinary workspace
    assert house.request(request.id).state is (State.APPROVED if told_apart else State.PENDING)
    assert len(house.answers(other)) == 1


GONE = ["silent", "unknown to Slack", "without its id"]


def lose(house: House, person: str, how: str) -> None:
    """Slack does not give somebody's record any more, or not all of it."""
    if how == "silent":
        house.workspace.silent.add(person)
    elif how == "unknown to Slack":
        house.workspace.people.pop(person, None)
    else:
        one_person(house, person, known_as=None)


@pytest.mark.parametrize("how", GONE)
@pytest.mark.parametrize("when", ["before the vote", "before the write"])
def test_what_was_recorded_of_the_requester_holds_when_slack_forgets_them(
    house: House, how: str, when: str
) -> None:
    organisation(house)
    one_person(house, ALICE, CAROL)
    request = house.ask(ALICE)
    if when == "before the vote":
        lose(house, ALICE, how)
        house.approve(CAROL, request.id)
        assert says("you_asked_for_this_yourself_under_another", number=request.id) in house.answer(CAROL)
        assert (house.request(request.id).state, house.votes(request.id)) == (State.PENDING, [])
    house.approve(BOB, request.id)
    lose(house, ALICE, how)
    house.run()
    assert house.request(request.id).state is State.APPLIED


@pytest.mark.parametrize("how", GONE)
def test_who_asked_has_to_be_known_before_anybody_of_the_organisation_counts(house: House, how: str) -> None:
    organisation(house)
    one_person(house, ALICE, known_as=None)  # as on record since before it was kept
    request = house.ask(ALICE)
    lose(house, ALICE, how)
    for cast in (house.approve, house.reject):
        cast(BOB, request.id)
        assert house.votes(request.id) == []
        assert says("may_be_one_person") in house.answer(BOB)
    house.workspace.silent.clear()
    house.workspace.people[ALICE] = member(ALICE, enterprise_id="E0CONTOSO", enterprise_user_id="W0ALICE")
    house.approve(BOB, request.id)
    assert house.request(request.id).state is State.APPROVED


def test_an_approval_waits_while_it_is_not_known_whose_it_is(house: House) -> None:
    organisation(house)
    request = house.ask(ALICE)
    house.approve(BOB, request.id)
    one_person(house, BOB, known_as=None)
    house.run()
    assert (house.request(request.id).state, house.tenant.writes) == (State.APPROVED, [])
    one_person(house, BOB, known_as="W0BOB")
    house.clock.advance(minutes=15)
    house.run()
    assert house.request(request.id).state is State.APPLIED


@pytest.mark.parametrize(
    "ids", [("W0BOTH", "W0BOTH"), (CAROL, "W0CAROL"), ("W0BOB", BOB), ("W0BOB", None), (None, "W0CAROL")]
)
def test_with_two_needed_one_person_under_two_ids_is_one(
    house: House, ids: tuple[str | None, str | None]
) -> None:
    house.start(TWO)
    organisation(house)
    for person, known_as in zip((BOB, CAROL), ids, strict=True):
        one_person(house, person, known_as=known_as)
    request = house.ask(ALICE)
    for person in (BOB, CAROL, BOB):
        house.approve(person, request.id)
    assert house.request(request.id).state is State.PENDING
    house.approve(DAVE, request.id)
    assert house.request(request.id).state is State.APPROVED


def test_whether_two_ids_are_one_person_is_asked_again_before_the_write(house: House) -> None:
    house.start(TWO)
    organisation(house)
    for ids in ((BOB, CAROL), (ALICE, CAROL)):
        request = house.ask(ALICE)
        house.approve(BOB, request.id)
        house.approve(CAROL, request.id)
        assert house.request(request.id).state is State.APPROVED
        one_person(house, *ids)
        house.run()
        assert (house.request(request.id).state, house.tenant.writes) == (State.PENDING, [])
        house.press("withdraw", ALICE, request.id)
        organisation(house)


def test_different_people_of_one_organisation_decide_as_ever(house: House) -> None:
    house.start(TWO)
    organisation(house)
    request = house.ask(ALICE)
    house.approve(BOB, request.id)
    house.approve(CAROL, request.id)
    house.run()
    assert house.request(request.id).state is State.APPLIED
