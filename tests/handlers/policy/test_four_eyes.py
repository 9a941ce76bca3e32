"""Whoever asked never decides, whichever the door; and only who may decide does. Every refusal is answered and on record."""

import pytest

from handlers.policy.rule import Home
from storage.lifecycle import State
from storage.records import Door, MailProtocol, Vote
from tests.handlers.driver import ALICE, BOB, CAROL, CHANNEL, DAVE, ERIN, FRANK, MAIL, TWO, House
from tests.handlers.fakes import HOME_TEAM, LOST, REFUSED, TAKEN, Answering, member
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


def organisation(house: House) -> None:
    """Everybody is of one Enterprise Grid organisation, each under an id of its own there."""
    for person in house.workspace.people:
        house.workspace.change(person, enterprise_id="E0CONTOSO", enterprise_user_id=person.replace("U0", "W0"))
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


@pytest.mark.parametrize("in_organisation", [True, False], ids=["in an organisation", "outside, as far as sign-in tells"])
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
def test_what_was_recorded_of_the_requester_holds_when_slack_forgets_them(house: House, how: str, when: str) -> None:
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


@pytest.mark.parametrize("ids", [("W0BOTH", "W0BOTH"), (CAROL, "W0CAROL"), ("W0BOB", BOB), ("W0BOB", None), (None, "W0CAROL")])
def test_with_two_needed_one_person_under_two_ids_is_one(house: House, ids: tuple[str | None, str | None]) -> None:
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
def test_a_listed_approver_who_is_no_full_member_decides_nothing(house: House, door: Door, changed: dict[str, object]) -> None:
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
    assert [(one.channel, says("is_counted") in one.text) for one in said] == [(CHANNEL if door is Door.BUTTON else None, True)]


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
def test_taking_back_at_the_very_instant_of_lapsing_is_too_late_and_no_clock_revives_the_request(both: House, door: Door) -> None:
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


def test_who_approved_a_request_that_was_rejected_after_all_is_not_named_as_if_it_had_sufficed(house: House) -> None:
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
