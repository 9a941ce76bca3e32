"""Two approvals: distinct people, votes that can be taken back, and votes that stop counting."""

from storage.lifecycle import State
from tests.journeys.stage import ALICE, BOB, CAROL, CHANGES, Stage
from tests.journeys.words import words
from tests.sentences import says

SETTINGS = {"LEGACYTLS_APPROVALS_REQUIRED": "2"}


def test_the_first_approval_changes_nothing_and_the_second_completes(stage: Stage) -> None:
    number, written = stage.ask(ALICE), len(stage.writes)
    assert says("1_more_approval_is_needed_from_other") in stage.press(BOB, number, "approve")
    assert len(stage.writes) == written
    assert says("the_last_one_needed") in stage.react(CAROL, number)
    said = words(stage.card(number, "Applied:"))
    assert says("approved_by_5", person=BOB, person2=CAROL) in said
    assert len(stage.writes) == written + 1


def test_one_person_by_button_and_by_reaction_is_one_approval(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    assert says("1_more_approval_is_needed") in stage.react(BOB, number)
    assert says("1_more_approval_is_needed") in stage.press(BOB, number, "approve")
    assert stage.state(number) is State.PENDING


def test_removing_the_reaction_takes_the_vote_back(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.react(BOB, number)
    assert says("your_approval_of_is_taken_back", number=number) in unreact(stage, BOB, number)
    stage.card(number, saying=says("nobody_has_approved_yet"))
    assert says("1_more_approval_is_needed") in stage.press(CAROL, number, "approve")
    assert stage.state(number) is State.PENDING


def test_a_redelivered_reaction_after_its_removal_revives_nothing(stage: Stage) -> None:
    number = stage.ask(ALICE)
    events: list[str | None] = []
    stage.told(
        BOB,
        lambda: events.append(stage.slack.react(BOB, CHANGES, stage.card(number)["ts"], "white_check_mark")),
    )
    unreact(stage, BOB, number)
    assert events[0] is not None
    stage.slack.replay(events[0])
    stage.wait_until_acknowledged()
    stage.press(CAROL, number, "approve")
    assert stage.state(number) is State.PENDING
    stage.card(number, saying=says("approved_so_far_by_2", person=CAROL))


def test_whoever_took_a_vote_back_may_approve_again(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.react(BOB, number)
    unreact(stage, BOB, number)
    assert says("1_more_approval_is_needed") in stage.react(BOB, number)
    stage.press(CAROL, number, "approve")
    stage.card(number, "Applied:")


def test_removing_a_reaction_leaves_a_vote_cast_by_button(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.react(BOB, number)
    stage.press(BOB, number, "approve")
    assert says("was_cast_by_button_and_still_counts") in unreact(stage, BOB, number)
    stage.press(CAROL, number, "approve")
    stage.card(number, "Applied:")


def test_the_button_takes_a_vote_back_and_tells_whoever_has_none(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.card(number, saying=says("approved_so_far"))
    assert says("you_have_no_vote_on_to_take", number=number) in stage.press(CAROL, number, "take_back")
    assert says("your_approval_of_is_taken_back", number=number) in stage.press(BOB, number, "take_back")
    stage.card(number, saying=says("nobody_has_approved_yet"))


def test_a_decided_request_keeps_its_votes(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.react(BOB, number)
    stage.press(CAROL, number, "approve")
    stage.card(number, "Applied:")
    assert unreact(stage, BOB, number, saying=says("is_decided_already"))


def test_the_vote_of_somebody_deactivated_meanwhile_does_not_count(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.slack.workspace.alter(BOB, deleted=True)
    try:
        assert says("1_more_approval_is_needed") in stage.press(CAROL, number, "approve")
        assert stage.state(number) is State.PENDING
    finally:
        stage.slack.workspace.alter(BOB, deleted=False)


def test_an_approver_deactivated_between_the_decision_and_the_write_sends_it_back(stage: Stage) -> None:
    number, written = stage.ask(ALICE), len(stage.writes)
    stage.tenant.queue_fault("missing_key", cmdlet="Get-TransportConfig", count=50)
    stage.press(BOB, number, "approve")
    stage.press(CAROL, number, "approve")
    stage.card(number, "Approved, not yet made:", saying=says("waiting_for_exchange_nothing_has_been_sent"))
    stage.slack.workspace.alter(BOB, deleted=True)
    try:
        stage.tenant.clear_faults()
        stage.advance(90)
        card = stage.card(number, "Request", saying=says("may_no_longer_approve_this"))
    finally:
        stage.slack.workspace.alter(BOB, deleted=False)
    assert says("may_no_longer_approve_this_so_it", person=BOB) in words(card)
    assert len(stage.writes) == written


def test_one_person_under_two_ids_of_an_organisation_is_one_person(stage: Stage) -> None:
    for person, organisation in ((ALICE, "W0ALICE"), (BOB, "W0BOB"), (CAROL, "W0BOB")):
        stage.slack.workspace.alter(person, enterprise_user_id=organisation)
    number, written = stage.ask(ALICE), len(stage.writes)
    try:
        assert says("1_more_approval_is_needed") in stage.press(BOB, number, "approve")
        assert says("1_more_approval_is_needed") in stage.press(CAROL, number, "approve")
        stage.slack.workspace.alter(ALICE, enterprise_user_id="W0BOB")
        assert says("under_another_id_of_yours") in stage.press(BOB, number, "approve")
    finally:
        for person in (ALICE, BOB, CAROL):
            stage.slack.workspace.alter(person, enterprise_user_id=None)
    assert stage.state(number) is State.PENDING
    assert len(stage.writes) == written


def unreact(stage: Stage, person: str, number: int, *, saying: str = "") -> str:
    """Remove a reaction; returns the direct message in words, the first that contains ``saying``."""
    ts, act = stage.card(number)["ts"], stage.slack.unreact
    return words(stage.told(person, lambda: act(person, CHANGES, ts, "white_check_mark"), saying=saying))
