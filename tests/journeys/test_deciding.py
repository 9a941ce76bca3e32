"""Deciding by button and by reaction: who may, what counts, that every act is answered, and that one yes is
one write."""

import pytest

from storage.lifecycle import State
from tests.journeys.stage import ALICE, BOB, CAROL, CHANGES, DAVE, ERIN, FRANK, MINUTE, Stage
from tests.journeys.words import begins, buttons, words
from tests.sampling import drawn
from tests.sentences import says


def test_ones_own_request_cannot_be_approved_by_button(stage: Stage) -> None:
    number = stage.ask(ALICE)
    assert says("you_asked_for") in stage.press(ALICE, number, "approve")
    assert stage.state(number) is State.PENDING


def test_ones_own_request_cannot_be_approved_by_reaction_and_a_direct_message_says_so(stage: Stage) -> None:
    number = stage.ask(ALICE)
    assert says("you_asked_for") in stage.react(ALICE, number)
    assert stage.state(number) is State.PENDING


def test_ones_own_request_cannot_be_rejected_either(stage: Stage) -> None:
    number = stage.ask(ALICE)
    assert says("you_asked_for") in stage.press(ALICE, number, "reject")
    assert stage.slack.views(ALICE) == []


@pytest.mark.parametrize(
    ("person", "why"),
    drawn(
        "who may not decide",
        [(DAVE, "the approvers: the request's message names"), (ERIN, "Guest"), (FRANK, "another one")],
    ),
)
def test_whoever_may_not_decide_is_told_by_button_and_by_reaction(
    stage: Stage, person: str, why: str
) -> None:
    number = stage.ask()
    assert why in stage.press(person, number, "approve")
    assert why in stage.press(person, number, "reject")
    stage.advance(MINUTE)  # the same refusal is told once a minute, whichever the door
    assert why in stage.react(person, number)
    assert stage.state(number) is State.PENDING
    assert stage.writes == []


def test_approval_by_button_applies_once_and_says_what_was_read_back(stage: Stage) -> None:
    number, written = stage.ask(ALICE), len(stage.writes)
    done = stage.told(ALICE, lambda: stage.press(BOB, number, "approve"), saying="Applied:")
    assert begins(words(done), f"Applied: #{number}")
    card = stage.card(number, "Applied:")
    assert begins(card["blocks"][0]["text"]["text"], "Applied:")
    assert says("read_back_as_opted_in") in words(card)
    assert says("approved_by_4", person=BOB) in words(card)
    assert buttons(card) == {}
    assert stage.tenant.value is True
    assert [call.parameters["AllowLegacyTLSClients"] for call in stage.writes[written:]] == [True]


def test_approval_by_reaction_is_answered_by_direct_message(stage: Stage) -> None:
    number, written = stage.ask(ALICE), len(stage.writes)
    assert says("your_approval_of_is_counted", number=number) in stage.react(BOB, number)
    stage.card(number, "Applied:")
    assert len(stage.writes) == written + 1


@pytest.mark.parametrize(
    "name", drawn("second names", ["+1", "thumbsup", "+1::skin-tone-5", "thumbsup::skin-tone-2"])
)
def test_skin_tones_and_slacks_second_names_are_understood(thumbs: Stage, name: str) -> None:
    number = thumbs.ask(ALICE)
    assert says("is_counted") in thumbs.react(BOB, number, name)
    thumbs.press(BOB, number, "take_back")
    thumbs.press(ALICE, number, "withdraw")


@pytest.mark.parametrize(
    "name", drawn("look-alikes", ["heavy_check_mark", "ballot_box_with_check", "thumbsdown::skin-tone-3"])
)
def test_look_alikes_count_for_nothing_and_are_answered_once_with_the_ones_that_count(
    stage: Stage, name: str
) -> None:
    number = stage.ask(ALICE)
    said = stage.react(BOB, number, name)
    assert says("counts_for_nothing", number=number) in said
    assert ":white_check_mark:" in said
    before = len(stage.private(BOB))
    stage.slack.react(BOB, CHANGES, stage.card(number)["ts"], "negative_squared_cross_mark")
    stage.wait_until_acknowledged()
    stage.status(BOB)
    assert len(stage.private(BOB)) == before
    assert stage.state(number) is State.PENDING


def test_every_other_reaction_is_ignored(stage: Stage) -> None:
    number = stage.ask(ALICE)
    before = len(stage.private(BOB))
    stage.slack.react(BOB, CHANGES, stage.card(number)["ts"], "eyes")
    stage.wait_until_acknowledged()
    stage.status(BOB)
    assert len(stage.private(BOB)) == before
    assert stage.state(number) is State.PENDING


def test_a_reaction_on_somebody_elses_message_decides_nothing(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.slack.say(DAVE, "Shall we?")
    said = next(message for message in stage.slack.messages(CHANGES) if message["user"] == DAVE)
    before = len(stage.private(BOB))
    stage.slack.react(BOB, CHANGES, said["ts"], "white_check_mark")
    stage.wait_until_acknowledged()
    stage.status(BOB)
    assert len(stage.private(BOB)) == before
    assert stage.state(number) is State.PENDING


def test_a_member_of_the_approving_user_group_approves(stage: Stage) -> None:
    number = stage.ask(ALICE)
    assert says("your_approval_of_is_counted", number=number) in stage.press(CAROL, number, "approve")
    stage.card(number, "Applied:")


def test_a_user_group_that_cannot_be_looked_up_lets_nobody_in_and_says_so(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.slack.fault("usergroups.users.list", "internal_error", count=2)
    assert says("could_not_be_looked_up") in stage.press(CAROL, number, "approve")
    assert stage.state(number) is State.PENDING


def test_whoever_left_the_user_group_may_no_longer_approve(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.slack.workspace.regroup("S0MAIL", [DAVE])
    try:
        assert says("not_one_of_the_approvers") in stage.press(CAROL, number, "approve")
    finally:
        stage.slack.workspace.regroup("S0MAIL", [CAROL])


def test_both_clicks_of_a_double_click_are_answered_and_one_write_leaves(stage: Stage) -> None:
    number, written = stage.ask(ALICE), len(stage.writes)
    before = len(stage.ephemeral(BOB))
    stage.click(BOB, number, "approve")
    stage.click(BOB, number, "approve")
    answers = stage.wait(
        lambda: stage.ephemeral(BOB)[before:] if len(stage.ephemeral(BOB)) == before + 2 else None
    )
    assert sum(says("is_counted") in answer for answer in answers) == 1, answers
    assert sum("already" in answer for answer in answers) == 1, answers
    stage.card(number, "Applied:")
    assert len(stage.writes) == written + 1


def test_two_approvers_in_the_same_moment_are_both_answered_and_one_write_leaves(stage: Stage) -> None:
    number, written = stage.ask(ALICE), len(stage.writes)
    before = {person: len(stage.ephemeral(person)) for person in (BOB, CAROL)}
    stage.click(BOB, number, "approve")
    stage.click(CAROL, number, "approve")
    for person, had in before.items():
        stage.wait(lambda person=person, had=had: len(stage.ephemeral(person)) > had)
    stage.card(number, "Applied:")
    assert len(stage.writes) == written + 1


def test_a_redelivered_event_is_answered_once(stage: Stage) -> None:
    number = stage.ask(ALICE)
    events: list[str | None] = []
    stage.told(
        BOB,
        lambda: events.append(stage.slack.react(BOB, CHANGES, stage.card(number)["ts"], "white_check_mark")),
    )
    assert events[0] is not None
    stage.slack.replay(events[0])
    stage.wait_until_acknowledged()
    stage.status(BOB)
    said = stage.private(BOB)  # its result may be among it already
    assert sum(says("your_approval_of_is_counted", number=number) in one for one in said) == 1, said
    assert not any(says("is_already_done_2", number=number) in one for one in said), said
    assert len(stage.record(lambda reader: reader.decisions([number]))) == 1


def test_late_clicks_are_told_how_it_ended(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    for button in ("approve", "reject", "withdraw"):
        assert says("is_already_done_2", number=number) in stage.press(CAROL, number, button)
    stage.advance(MINUTE)  # the same refusal is told once a minute, whichever the door
    assert says("is_already_done_2", number=number) in stage.react(CAROL, number, "x")


@pytest.fixture(scope="module")
def thumbs(new_stage):
    with new_stage(LEGACYTLS_APPROVALS_REQUIRED="2", LEGACYTLS_APPROVE_EMOJI="+1") as stage:
        yield stage
