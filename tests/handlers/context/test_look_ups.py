"""Who may do nothing uses up nobody's look-ups: a refusal is remembered for a minute, a right or a failed
look-up never is."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.context.look_ups import CHECKS, GROUP_CHECKS, SCARCE, ActedTooOften, SharedDirectory
from handlers.context.people import People
from handlers.policy.rule import Home, Reason, Verdict
from handlers.ports import Person, Unavailable
from tests.handlers.driver import ALICE, BOB, DAVE, ERIN, MAIL, NOWHERE, RULE, House
from tests.handlers.fakes import CHANNEL, HOME_TEAM, Workspace, member

GUEST = "U0GUEST"


class Seconds:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def workspace() -> Workspace:
    made = Workspace(ALICE, BOB, DAVE, ERIN, GUEST, groups={MAIL: [DAVE]})
    made.change(GUEST, is_guest=True)
    return made


@pytest.fixture
def people(workspace: Workspace, seconds: Seconds) -> People:
    return People(workspace, Home(HOME_TEAM), replace(RULE, approvers=(BOB, MAIL)), monotonic=seconds)


@pytest.mark.parametrize("role", ["approver", "operator", "operator_or_approver", "opting_out", "member"])
def test_somebody_without_rights_is_looked_up_once_a_minute(
    people: People, workspace: Workspace, seconds: Seconds, role: str
) -> None:
    who = GUEST if role == "member" else ERIN
    for _ in range(150):
        assert not getattr(people, role)(who).allowed
    asked = len(workspace.asked)
    assert asked <= 2
    seconds.at += 60
    assert not getattr(people, role)(who).allowed
    assert len(workspace.asked) == 2 * asked


def test_a_right_that_was_given_meanwhile_is_seen_after_a_minute(
    people: People, workspace: Workspace, seconds: Seconds
) -> None:
    assert not people.approver(ERIN).allowed
    workspace.groups[MAIL].append(ERIN)
    assert not people.approver(ERIN).allowed
    assert people.eligible([ERIN]) == {ERIN}, "what is judged for others is looked up"
    assert people.approver(ERIN).allowed, "and what was found out then holds"
    assert people.opting_out(ERIN).allowed, "a refusal is of one role"


@pytest.mark.parametrize("judged", ["eligible", "checked"])
def test_what_was_found_out_for_somebody_else_keeps_nobody_waiting_who_has_their_right_again(
    people: People, workspace: Workspace, judged: str
) -> None:
    for person, role in ((DAVE, "approver"), (BOB, "operator_or_approver"), (BOB, "opting_out")):
        workspace.change(person, deleted=True)
        getattr(people, judged)([person])
        workspace.change(person, deleted=False)
        assert getattr(people, role)(person).allowed


def test_a_right_that_is_gone_is_gone_at_once(people: People, workspace: Workspace) -> None:
    assert people.approver(DAVE).allowed
    workspace.groups[MAIL].clear()
    assert not people.approver(DAVE).allowed


def test_a_look_up_that_failed_is_no_refusal_and_is_not_remembered(
    people: People, workspace: Workspace
) -> None:
    workspace.silent.add(MAIL)
    assert people.approver(DAVE).reason is Reason.NOT_CHECKED
    workspace.silent.clear()
    assert people.approver(DAVE).allowed
    workspace.down = True
    with pytest.raises(Unavailable):
        people.approver(BOB)
    workspace.down = False
    assert people.approver(BOB).allowed


def test_one_person_has_a_share_and_leaves_everybody_else_theirs(
    people: People, workspace: Workspace, seconds: Seconds
) -> None:
    for _ in range(CHECKS):
        assert people.approver(BOB).allowed
    with pytest.raises(ActedTooOften):
        people.approver(BOB)
    assert people.operator(ALICE).allowed
    assert people.eligible([BOB]) == {BOB}, "what is judged for others is out of nobody's share"
    seconds.at += 60
    assert people.approver(BOB).allowed


def test_opting_out_has_a_share_of_its_own(people: People, workspace: Workspace) -> None:
    for _ in range(CHECKS + 1):
        people.approver(DAVE)
        if len(workspace.asked) > CHECKS:
            break
    assert people.opting_out(DAVE).allowed
    for _ in range(CHECKS):
        people.opting_out(BOB)
    assert people.opting_out(BOB).allowed, "whoever is listed by their own id may whatever is used up"


def test_the_groups_are_expanded_a_few_times_a_minute_for_one_person(
    people: People, workspace: Workspace
) -> None:
    verdicts = [people.approver(DAVE) for _ in range(GROUP_CHECKS + 5)]
    assert [verdict.allowed for verdict in verdicts] == [True] * GROUP_CHECKS + [False] * 5
    assert verdicts[-1].reason is Reason.NOT_CHECKED
    assert workspace.asked.count(MAIL) == GROUP_CHECKS
    assert people.opting_out(DAVE).allowed


def test_very_many_people_without_rights_leave_members_of_a_group_their_look_ups(
    people: People, workspace: Workspace, seconds: Seconds
) -> None:
    crowd = [f"U0CROWD{number}" for number in range(60)]
    workspace.people |= {who: member(who) for who in crowd}
    assert not any(people.approver(who).allowed or people.opting_out(who).allowed for who in crowd)
    assert workspace.asked.count(MAIL) == SCARCE
    assert people.approver(DAVE).allowed
    assert people.opting_out(DAVE).allowed
    workspace.groups[MAIL].clear()
    assert not people.approver(DAVE).allowed, "who is let in is looked up all the same"
    workspace.groups[MAIL].append(crowd[0])
    seconds.at += 60
    assert people.approver(crowd[0]).allowed


def test_somebody_who_acts_many_times_in_one_moment_is_looked_up_once(
    people: People, workspace: Workspace
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    ask = workspace._ask

    def slowly(who: str) -> None:
        begun.set()
        go_on.wait(timeout=20)
        ask(who)

    workspace._ask = slowly  # type: ignore[method-assign]
    verdicts: list[Verdict] = []
    threads = [
        threading.Thread(target=lambda: verdicts.append(people.approver(ERIN)))
        for _ in range(GROUP_CHECKS + 12)
    ]
    threads[0].start()
    assert begun.wait(timeout=20)
    for thread in threads[1:]:
        thread.start()
    threading.Timer(0.1, go_on.set).start()
    for thread in threads:
        thread.join(timeout=20)
    assert {verdict.reason for verdict in verdicts} == {Reason.NOT_APPROVER}
    assert len(verdicts) == len(threads)
    assert workspace.asked.count(MAIL) == 1


def test_equal_look_ups_in_flight_are_one_and_nothing_is_kept_beyond() -> None:
    begun, go_on, asked = threading.Event(), threading.Event(), []

    class Slow:
        def person(self, user_id: str) -> Person:
            asked.append(user_id)
            begun.set()
            go_on.wait(timeout=20)
            return member(user_id)

        def members(self, group_id: str) -> frozenset[str]:
            raise Unavailable("Slack could not be reached.")

    shared = SharedDirectory(Slow())
    found: list[Person] = []
    threads = [threading.Thread(target=lambda: found.append(shared.person(ALICE))) for _ in range(5)]
    threads[0].start()
    assert begun.wait(timeout=20)
    for thread in threads[1:]:
        thread.start()
    while sum(thread.is_alive() for thread in threads) < 5:
        """All have begun."""
    threading.Timer(0.2, go_on.set).start()
    for thread in threads:
        thread.join(timeout=20)
    assert found == [member(ALICE)] * 5
    assert len(asked) <= 2
    shared.person(ALICE)
    assert len(asked) >= 2
    for _ in range(2):
        with pytest.raises(Unavailable):
            shared.members(MAIL)


def test_the_same_refusal_is_recorded_and_answered_once_a_minute(house: House) -> None:
    number = house.ask(ALICE).id
    house.deliver()
    drawn = len(house.board.cards)
    for _ in range(20):
        house.approve(ERIN, number)
        house.clock.advance(seconds=1)
    assert len(house.answers(ERIN)) == 1
    assert len(house.events("refused")) == 1
    assert len(house.board.cards) == drawn + 1, "nor is the message drawn again each time"
    house.reject(ERIN, number)
    assert len(house.answers(ERIN)) == 2, "another act is another refusal"
    house.clock.advance(minutes=1)
    house.approve(ERIN, number)
    assert len(house.answers(ERIN)) == 3


def test_another_reason_another_request_or_another_person_is_answered_within_the_minute(house: House) -> None:
    number = house.ask(ALICE).id
    house.approve(ERIN, number)
    house.approve(GUEST, number)
    house.workspace.change(ERIN, is_guest=True)
    house.start(house.context.rule)
    house.approve(ERIN, number)
    house.press("withdraw", ALICE, number)
    house.approve(ERIN, number)
    house.approve(ERIN, house.ask(ALICE).id)
    said = house.answers(ERIN)
    assert len(said) == len(set(said)) == 4
    assert len(house.answers(GUEST)) == 1


@pytest.mark.parametrize("act", ["approve", "reject", "withdraw"])
def test_a_copy_whose_place_was_lost_is_drawn_once_though_the_refusal_was_just_told(
    house: House, act: str
) -> None:
    number = house.ask(ALICE).id
    house.press(act, ERIN, number)
    house.deliver()
    drawn = len(house.board.cards)
    for _ in range(20):
        house.press(act, ERIN, number, ts=NOWHERE)
    assert len(house.answers(ERIN)) == 1
    assert len(house.board.cards) == drawn + 1
    with house.ledger.reading() as reader:
        assert NOWHERE in [copy.ts for copy in reader.messages.cards(number)]


@pytest.mark.parametrize("kind", ["opt_in", "opt_out"])
def test_what_was_typed_is_given_back_however_often_it_is_refused_within_a_minute(
    house: House, kind: str
) -> None:
    house.workspace.down = True
    for number in range(3):
        filled: dict[str, object] = {"reason": f"Reason {number}"}
        if kind == "opt_in":
            filled |= {
                "clients": "One",
                "protocols": ["smtp-auth"],
                "day": house.clock.at.date() + timedelta(days=20),
            }
        house.submit(kind, ERIN, CHANNEL, **filled)
    house.workspace.down = False
    house.deliver()
    assert [said.typed["Reason"] for said in house.board.said if said.person == ERIN] == [
        "Reason 0",
        "Reason 1",
        "Reason 2",
    ]
