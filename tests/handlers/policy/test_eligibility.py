"""Who counts as somebody: full, active, human members of our own workspace, in the role they need, and nobody
on a guess."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.context.people import People
from handlers.policy.rule import Home, Reason, judge_member, judge_role
from handlers.policy.same_person import Identity, is_same_person
from handlers.ports import Unavailable
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, ERIN, MAIL, RULE, House
from tests.handlers.fakes import HOME_TEAM, Workspace, member
from tests.sentences import says

HOME = Home(HOME_TEAM)
GRID = Home(HOME_TEAM, "E0CONTOSO")

WRONG: list[tuple[dict[str, Any], Reason]] = [
    ({"deleted": True}, Reason.DEACTIVATED),
    ({"deleted": None}, Reason.DEACTIVATED),
    ({"is_bot": True}, Reason.BOT),
    ({"is_guest": True}, Reason.GUEST),
    ({"is_invited": True}, Reason.GUEST),
    ({"is_stranger": True}, Reason.STRANGER),
    ({"team_id": "T0FABRIKAM"}, Reason.STRANGER),
    ({"team_id": None}, Reason.STRANGER),
    ({"team_id": None, "enterprise_id": "E0CONTOSO"}, Reason.STRANGER),
    ({"team_id": "T0FABRIKAM", "enterprise_id": "E0FABRIKAM"}, Reason.STRANGER),
    ({"team_id": "T0FABRIKAM", "deleted": True, "is_bot": True}, Reason.STRANGER),
]


def test_a_full_active_human_member_is_let_in() -> None:
    assert judge_member(member(BOB), HOME).allowed


@pytest.mark.parametrize(("changed", "reason"), WRONG, ids=str)
def test_everybody_else_is_refused_with_the_reason_and_a_sentence(
    changed: dict[str, Any], reason: Reason
) -> None:
    verdict = judge_member(member(BOB, **changed), HOME)
    assert (verdict.allowed, verdict.reason) == (False, reason)
    assert len(verdict.sentence) > 20


def test_somebody_whom_slack_does_not_know_is_refused() -> None:
    assert judge_member(None, HOME).reason is Reason.UNKNOWN_PERSON


@pytest.mark.parametrize(
    ("team", "enterprise", "allowed"),
    [
        (HOME_TEAM, None, True),
        ("T0SISTER", "E0CONTOSO", True),
        (None, "E0CONTOSO", True),
        ("T0SISTER", "E0FABRIKAM", False),
        ("T0SISTER", None, False),
        (None, None, False),
    ],
)
def test_in_a_grid_the_enterprise_decides_and_without_one_the_workspace(
    team: str | None, enterprise: str | None, allowed: bool
) -> None:
    assert judge_member(member(BOB, team_id=team, enterprise_id=enterprise), GRID).allowed is allowed


def test_a_workspace_without_enterprise_does_not_take_another_one_without_enterprise_for_its_own() -> None:
    assert not judge_member(member(BOB, team_id=None, enterprise_id=None), HOME).allowed


@pytest.mark.parametrize("changed", [changed for changed, _ in WRONG], ids=str)
def test_no_role_makes_up_for_not_being_a_member(changed: dict[str, Any]) -> None:
    verdict = judge_member(member(BOB, **changed), HOME)
    assert judge_role(verdict, listed=True, role="approver") is verdict


IDS = st.sampled_from(["U0A", "U0B", "W0A"])
IDENTITIES = st.builds(Identity.known, IDS, st.none() | IDS)


@given(IDENTITIES, IDENTITIES, st.booleans())
def test_two_accounts_are_two_people_only_where_that_is_known_from_both_sides(
    one: Identity, other: Identity, in_organisation: bool
) -> None:
    same = is_same_person(one, other, in_organisation=in_organisation)
    assert same is is_same_person(other, one, in_organisation=in_organisation)
    if one.ids & other.ids:
        assert same
    elif in_organisation or one.is_organisations or other.is_organisations:
        assert same is (False if one.is_organisations and other.is_organisations else None)
    else:
        assert same is False


def people(workspace: Workspace, **rule: Any) -> People:
    return People(workspace, HOME, replace(RULE, **rule))


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(ALICE, BOB, CAROL, DAVE, ERIN, groups={MAIL: [DAVE]})


def test_a_listed_id_needs_no_look_up_of_groups(workspace: Workspace) -> None:
    assert people(workspace).approver(BOB).allowed
    assert workspace.asked == [BOB]


def test_a_member_of_a_listed_group_is_in_and_everybody_else_is_not(workspace: Workspace) -> None:
    assert people(workspace).approver(DAVE).allowed
    assert people(workspace).approver(ERIN).reason is Reason.NOT_APPROVER


def test_an_empty_group_lets_nobody_in(workspace: Workspace) -> None:
    workspace.groups[MAIL] = []
    assert people(workspace, approvers=(MAIL,)).approver(DAVE).reason is Reason.NOT_APPROVER
    assert people(workspace, approvers=(MAIL,)).eligible([DAVE, ERIN]) == frozenset()


def test_an_empty_list_lets_nobody_in(workspace: Workspace) -> None:
    for person in workspace.people:
        assert people(workspace, approvers=()).approver(person).reason is Reason.NOT_APPROVER


@pytest.mark.parametrize("known", [True, False], ids=["silent", "unknown to Slack"])
def test_a_group_that_cannot_be_looked_up_lets_nobody_in_and_says_so(
    workspace: Workspace, known: bool
) -> None:
    if known:
        workspace.silent.add(MAIL)
    else:
        del workspace.groups[MAIL]
    verdict = people(workspace).approver(DAVE)
    assert (verdict.allowed, verdict.reason) == (False, Reason.NOT_CHECKED)
    assert says("could_not_be_looked_up") in verdict.sentence


def test_one_failing_group_does_not_hide_that_another_one_lists_somebody(workspace: Workspace) -> None:
    workspace.groups["S0NIGHT"] = [ERIN]
    workspace.silent.add(MAIL)
    assert people(workspace, approvers=(MAIL, "S0NIGHT")).approver(ERIN).allowed


def test_the_id_of_a_person_is_never_looked_up_as_a_groups(workspace: Workspace) -> None:
    workspace.groups[BOB] = [ERIN]
    assert not people(workspace).approver(ERIN).allowed


def test_a_group_is_looked_up_by_its_id_and_never_by_its_name(workspace: Workspace) -> None:
    workspace.groups["mail"] = [ERIN]
    assert people(workspace, approvers=(MAIL,)).approver(ERIN).reason is Reason.NOT_APPROVER


def test_whoever_cannot_be_looked_up_is_not_judged_at_all(workspace: Workspace) -> None:
    workspace.silent.add(BOB)
    with pytest.raises(Unavailable):
        people(workspace).approver(BOB)
    with pytest.raises(Unavailable):
        people(workspace).eligible([CAROL, BOB])


def test_a_failed_group_makes_eligibility_unknown_rather_than_lost(workspace: Workspace) -> None:
    workspace.silent.add(MAIL)
    with pytest.raises(Unavailable):
        people(workspace).eligible([DAVE])
    assert people(workspace).eligible([BOB, CAROL]) == {BOB, CAROL}


def test_whoever_cannot_be_looked_up_is_told_apart_from_who_may_not(workspace: Workspace) -> None:
    workspace.silent.update([BOB, MAIL])
    workspace.change(CAROL, deleted=True)
    checked = people(workspace).checked([ALICE, BOB, CAROL, DAVE])
    assert (checked.eligible, checked.unknown) == ({ALICE}, {BOB, DAVE})


def test_the_eligible_are_those_who_are_approvers_now(workspace: Workspace) -> None:
    workspace.change(CAROL, deleted=True)
    assert people(workspace).eligible([BOB, CAROL, DAVE, ERIN, "U0NOBODY"]) == {BOB, DAVE}


def test_operators_may_ask_and_approvers_may_not_unless_listed(workspace: Workspace) -> None:
    assert people(workspace).operator(ALICE).allowed
    assert people(workspace).operator(CAROL).reason is Reason.NOT_OPERATOR


def test_opting_out_works_for_listed_people_while_no_group_answers(house: House) -> None:
    house.workspace.silent.add(MAIL)
    for person in (ALICE, BOB, CAROL):
        number = house.opt_out(person).id
        house.run()
        assert house.request(number).requester_id == person


def test_opting_out_works_for_listed_people_while_slack_tells_nothing_of_anybody(house: House) -> None:
    house.observe()
    house.tenant.value = SettingValue.OPTED_IN
    house.workspace.down = True
    house.opt_out(BOB)
    house.run()
    assert house.tenant.value is SettingValue.OPTED_OUT


def test_opting_out_needs_a_role_and_the_refusal_says_whom_to_ask(house: House) -> None:
    house.submit("opt_out", ERIN, "C0GENERAL", reason="")
    assert house.requests() == []
    assert says("not_an_operator_or_approver") in house.answer(ERIN)
    assert [event.actor for event in house.events("refused")] == [ERIN]


def test_what_slack_cannot_say_changes_nothing_and_is_told(house: House) -> None:
    house.workspace.down = True
    house.submit("opt_out", DAVE, "C0GENERAL", reason="")
    assert house.requests() == []
    assert house.answer(DAVE).startswith(says("nothing_was_changed_slack_could_not_be"))


def test_a_full_member_may_read_on_for_a_minute_without_being_looked_up_again(house: House) -> None:
    assert house.dispatch.may_read(ERIN).allowed
    house.workspace.change(ERIN, deleted=True)
    house.clock.advance(seconds=59)
    assert house.dispatch.may_read(ERIN).allowed
    house.clock.advance(seconds=1)
    assert not house.dispatch.may_read(ERIN).allowed


def test_a_refusal_to_read_is_remembered_for_a_minute(house: House) -> None:
    house.workspace.change(ERIN, is_guest=True)
    assert not house.dispatch.may_read(ERIN).allowed
    house.workspace.change(ERIN, is_guest=False)
    assert not house.dispatch.may_read(ERIN).allowed
    house.clock.advance(minutes=1)
    assert house.dispatch.may_read(ERIN).allowed
