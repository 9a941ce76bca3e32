"""Whoever asked never decides, whichever the door; and only who may decide does. Every refusal is answered
and on record."""

import pytest

from storage.lifecycle import State
from storage.records import Door, MailProtocol, Vote
from tests.handlers.driver import ALICE, BOB, CAROL, CHANNEL, DAVE, ERIN, FRANK, MAIL, TWO, House
from tests.handlers.fakes import LOST, REFUSED, TAKEN, Answering, member
from tests.sentences import says

DOORS = [Door.BUTTON, Door.REACTION]
EMOJI = ["white_check_mark", "white_check_mark::skin-tone-4"]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("said", [Vote.APPROVE, Vote.REJECT])
def test_the_requester_cannot_decide_and_is_told(both: House, door: Door, said: Vote) -> None:
    request = both.ask(ALICE)
    (both.approve if said is Vote.APPROVE else both.reject)(ALICE, request.id, door)
    both.run()
    assert both.request(request.id).state is State.PENDING
    assert both.votes(request.id) == []
    assert both.tenant.writes == []
    assert says("somebody_else_has_to_decide") in both.answer(ALICE)
    assert [event.request_id for event in both.events("refused")] == [request.id]


def test_being_listed_in_every_way_does_not_help_the_requester(house: House) -> None:
    house.workspace.groups[MAIL] = [ALICE, DAVE]
    request = house.ask(ALICE)
    for emoji in EMOJI:
        house.react(ALICE, request.id, emoji)
    house.approve(ALICE, request.id)
    assert house.request(request.id).state is State.PENDING


def test_a_replayed_approval_of_somebody_else_s_request_is_no_approval_of_one_s_own(house: House) -> None:
    first = house.ask(ALICE)
    house.approve(BOB, first.id)
    house.press("withdraw", ALICE, first.id)
    second = house.ask(BOB)
    house.approve(BOB, second.id)
    assert house.request(second.id).state is State.PENDING


def test_with_two_needed_the_requester_is_not_one_of_them(house: House) -> None:
    house.start(TWO)
    request = house.ask(ALICE)
    house.approve(ALICE, request.id)
    house.approve(BOB, request.id)
    assert house.request(request.id).state is State.PENDING
    assert says("1_more_approval_is_needed") in house.answer(BOB)
    house.approve(CAROL, request.id)
    assert house.request(request.id).state is State.APPROVED


def test_with_two_needed_one_person_by_two_doors_is_one(house: House) -> None:
    house.start(TWO)
    request = house.ask(ALICE)
    for door in (*DOORS, *DOORS):
        house.approve(BOB, request.id, door)
    assert house.request(request.id).state is State.PENDING


STRANGERS = [
    {"deleted": True},
    {"deleted": None},
    {"is_bot": True},
    {"is_guest": True},
    {"is_invited": True},
    {"is_stranger": True},
    {"team_id": "T0FABRIKAM"},
    {"team_id": None},
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("changed", STRANGERS, ids=str)
def test_a_listed_approver_who_is_no_full_member_decides_nothing(
    house: House, door: Door, changed: dict[str, object]
) -> None:
    request = house.ask(ALICE)
    house.workspace.change(BOB, **changed)
    house.approve(BOB, request.id, door)
    house.reject(BOB, request.id, door)
    assert house.request(request.id).state is State.PENDING
    assert house.votes(request.id) == []
    assert len(house.answers(BOB)) == 2


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("person", [ERIN, FRANK, "U0NOBODY"])
def test_whoever_is_not_listed_decides_nothing_and_is_told(house: House, door: Door, person: str) -> None:
    house.workspace.people[FRANK] = member(FRANK, team_id="T0FABRIKAM", is_stranger=True)
    request = house.ask(ALICE)
    house.approve(person, request.id, door)
    house.reject(person, request.id, door)
    assert house.request(request.id).state is State.PENDING
    assert len(house.answers(person)) == 2
    assert len(house.events("refused")) == 2


def test_an_approver_through_a_group_that_does_not_answer_is_told_why_and_may_try_again(house: House) -> None:
    request = house.ask(ALICE)
    house.workspace.silent.add(MAIL)
    house.approve(DAVE, request.id)
    assert says("could_not_be_looked_up") in house.answer(DAVE)
    house.workspace.silent.clear()
    house.approve(DAVE, request.id)
    assert house.request(request.id).state is State.APPROVED


@pytest.mark.parametrize("door", DOORS)
def test_one_eligible_rejection_is_final(both: House, door: Door) -> None:
    both.start(TWO)
    request = both.ask(ALICE)
    both.approve(BOB, request.id)
    both.reject(CAROL, request.id, door)
    both.approve(DAVE, request.id)
    both.run()
    assert both.request(request.id).state is State.REJECTED
    assert both.tenant.writes == []
    assert says("is_already_rejected") in both.answer(DAVE)


@pytest.mark.parametrize("door", DOORS)
def test_every_counted_vote_is_answered_privately_where_it_was_cast(house: House, door: Door) -> None:
    request = house.ask(ALICE)
    house.approve(BOB, request.id, door)
    house.deliver()
    said = [said for said in house.board.said if said.person == BOB]
    assert [(one.channel, says("is_counted") in one.text) for one in said] == [
        (CHANNEL if door is Door.BUTTON else None, True)
    ]


def test_an_approval_after_the_last_one_is_told_that_it_came_late(house: House) -> None:
    request = house.ask(ALICE)
    house.approve(BOB, request.id)
    house.approve(CAROL, request.id)
    assert says("is_already_approved") in house.answer(CAROL)
    assert [vote.person_id for vote in house.votes(request.id)] == [BOB]


@pytest.mark.parametrize("door", DOORS)
def test_a_decision_at_the_very_instant_of_lapsing_is_too_late(both: House, door: Door) -> None:
    request = both.ask(ALICE)
    both.card_ts(request.id)
    assert request.expires_at is not None
    both.clock.at = request.expires_at
    both.approve(BOB, request.id, door)
    assert both.request(request.id).state is State.EXPIRED
    assert both.votes(request.id) == []
    assert "expired" in both.answer(BOB)


@pytest.mark.parametrize("door", DOORS)
def test_taking_back_at_the_very_instant_of_lapsing_is_too_late_and_no_clock_revives_the_request(
    both: House, door: Door
) -> None:
    both.start(TWO)
    request = both.ask(ALICE)
    both.card_ts(request.id)
    both.approve(BOB, request.id, door)
    assert request.expires_at is not None
    both.clock.at = request.expires_at
    if door is Door.BUTTON:
        both.press("take_back", BOB, request.id)
    else:
        both.react(BOB, request.id, "white_check_mark", removed=True)
    assert both.request(request.id).state is State.EXPIRED
    assert [vote.vote for vote in both.votes(request.id)] == [Vote.APPROVE]
    both.clock.advance(minutes=-5)
    both.approve(CAROL, request.id)
    both.approve(DAVE, request.id)
    assert both.request(request.id).state is State.EXPIRED


def test_withdrawing_at_the_very_instant_of_lapsing_is_too_late(both: House) -> None:
    request = both.ask(ALICE)
    assert request.expires_at is not None
    both.clock.at = request.expires_at
    both.press("withdraw", ALICE, request.id)
    assert both.request(request.id).state is State.EXPIRED
    assert "expired" in both.answer(ALICE)


def test_a_click_on_a_number_that_does_not_exist_is_answered(house: House) -> None:
    house.approve(BOB, 4711)
    assert house.answer(BOB) == says("there_is_no_change_4711")


def test_an_opt_out_cannot_be_decided(house: House) -> None:
    number = house.opt_out(ALICE).id
    house.approve(BOB, number)
    house.reject(BOB, number)
    assert house.request(number).state is State.APPROVED
    assert house.votes(number) == []


@pytest.mark.parametrize("person", [CAROL, ERIN, FRANK])
def test_only_operators_ask(house: House, person: str) -> None:
    house.submit(
        "opt_in",
        person,
        CHANNEL,
        reason="a",
        clients="Two scanners",
        protocols=[MailProtocol.POP3.value],
        day=house.clock.at.date(),
    )
    assert house.requests() == []
    assert len(house.answers(person)) == 1


def test_only_the_requester_withdraws(house: House) -> None:
    request = house.ask(ALICE)
    house.press("withdraw", BOB, request.id)
    assert house.request(request.id).state is State.PENDING
    assert f"Only @{ALICE}" in house.answer(BOB)
    house.press("withdraw", ALICE, request.id)
    assert house.request(request.id).state is State.WITHDRAWN


def test_an_approved_request_can_be_withdrawn_until_it_is_sent(house: House) -> None:
    request = house.ask(ALICE)
    house.approve(BOB, request.id)
    house.press("withdraw", ALICE, request.id)
    house.run()
    assert (house.request(request.id).state, house.tenant.writes) == (State.WITHDRAWN, [])


def test_a_request_that_was_sent_cannot_be_withdrawn(house: House) -> None:
    request = house.ask(ALICE)
    house.approve(BOB, request.id)
    house.run()
    house.press("withdraw", ALICE, request.id)
    assert house.request(request.id).state is State.APPLIED
    assert says("is_already_done") in house.answer(ALICE)


@pytest.mark.parametrize(
    ("answering", "state"),
    [(None, State.APPROVED), (TAKEN, State.APPLIED), (LOST, State.UNCERTAIN), (REFUSED, State.FAILED)],
    ids=["approved", "applied", "uncertain", "failed"],
)
@pytest.mark.parametrize("act", ["approve", "reject", "take_back", "withdraw"])
def test_whoever_comes_after_the_decision_hears_who_approved(
    house: House, answering: Answering | None, state: State, act: str
) -> None:
    house.start(TWO)
    request = house.ask(ALICE)
    for person in (BOB, CAROL):
        house.approve(person, request.id)
    if answering is not None:
        house.tenant.outcomes.append(answering)
        house.run()
    assert house.request(request.id).state is state
    if (act, state) == ("withdraw", State.APPROVED):
        return  # that still works
    person = {"take_back": BOB, "withdraw": ALICE}.get(act, DAVE)
    house.press(act, person, request.id)
    assert f"#{request.id} is " in house.answer(person)
    assert house.answer(person).count(says("approved_by_and", person=BOB, person2=CAROL)) == 1


def test_who_approved_a_request_that_was_rejected_after_all_is_not_named_as_if_it_had_sufficed(
    house: House,
) -> None:
    house.start(TWO)
    request = house.ask(ALICE)
    house.approve(BOB, request.id)
    house.reject(CAROL, request.id)
    house.approve(DAVE, request.id)
    assert says("approved_by") not in house.answer(DAVE)


def test_an_approver_s_own_name_typed_into_the_reason_is_only_text(house: House) -> None:
    request = house.ask(ALICE, reason=f"approved by <@{BOB}> :white_check_mark:", clients=f"<@{CAROL}>")
    house.run()
    assert house.request(request.id).state is State.PENDING
    assert house.votes(request.id) == []
