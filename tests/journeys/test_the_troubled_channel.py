"""Slack in trouble: what cannot be posted stays owed, people hear of it, and nothing is lost or decided by
it."""

import pytest

from bot.sandbox.slack.cast import BOT_USER
from storage.lifecycle import State
from tests.journeys.stage import ALICE, BOB, CAROL, CHANGES, DAVE, ERIN, MINUTE, PEOPLE, Stage
from tests.journeys.words import begins, words
from tests.sampling import drawn
from tests.sentences import says


def test_a_card_that_cannot_be_posted_is_told_to_the_requester_and_delivered_later(stage: Stage) -> None:
    stage.slack.workspace.rearrange(CHANGES, members=set(PEOPLE))
    view = stage.form(ALICE)
    values = {"reason": "Scanners", "clients": "Ricoh", "day": stage.day(5)}
    told = words(
        stage.told(
            ALICE, lambda: stage.slack.submit(ALICE, view["id"], values), saying=says("could_not_be_posted")
        )
    )
    assert says("is_on_record_but_its_message_could") in told
    assert says("invite_legacytls") in told
    asked = stage.record(lambda reader: reader.open_request())
    assert asked is not None
    assert stage.cards(asked.id) == []
    stage.slack.workspace.rearrange(CHANGES, members={*PEOPLE, BOT_USER})
    stage.advance(60)
    stage.card(asked.id, "Request")
    assert (
        len([said for said in stage.private(ALICE) if says("is_on_record_but", number=asked.id) in said]) == 1
    )
    stage.press(BOB, asked.id, "approve")
    stage.card(asked.id, "Applied:")


@pytest.mark.parametrize(
    "fault",
    drawn("passes", ["ratelimited", "server_error", "bad_gateway", "reset", "internal_error"], keep=2),
)
def test_passing_trouble_delays_the_card_and_no_more(stage: Stage, fault: str) -> None:
    stage.slack.fault("chat.postMessage", fault)
    number = stage.ask(ALICE)
    assert len(stage.cards(number)) == 1
    assert stage.state(number) is State.PENDING
    assert not any(f"#{number}" in said for said in stage.private(ALICE))


def test_a_channel_shared_with_another_organisation_gets_no_request(stage: Stage) -> None:
    stage.slack.workspace.rearrange(CHANGES, is_ext_shared=True)
    try:
        view = stage.form(ALICE)
        values = {"reason": "Scanners", "clients": "Ricoh", "day": stage.day(5)}
        told = words(
            stage.told(
                ALICE,
                lambda: stage.slack.submit(ALICE, view["id"], values),
                saying=says("could_not_be_posted"),
            )
        )
        assert says("shared_with_another_organisation") in told
        asked = stage.record(lambda reader: reader.open_request())
        assert asked is not None
        assert stage.cards(asked.id) == []
    finally:
        stage.slack.workspace.rearrange(CHANGES, is_ext_shared=False)
        stage.advance(60)
    stage.card(asked.id, "Request")


def test_a_request_is_posted_although_slack_does_not_say_whether_the_channel_is_shared(stage: Stage) -> None:
    stage.slack.fault("conversations.info", "internal_error", count=9)
    number = stage.ask(ALICE)
    assert len(stage.cards(number)) == 1
    assert not any(says("is_on_record_but", number=number) in said for said in stage.private(ALICE))


def test_a_direct_message_arrives_although_no_conversation_can_be_opened(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.slack.fault("conversations.open", "token_revoked", count=9)
    assert says("not_one_of_the_approvers") in stage.react(DAVE, number)


def test_an_answer_outlives_a_token_that_slack_refused(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.wait_until_delivered()  # its thread as well: the faults are for the answer
    for method in ("chat.postEphemeral", "chat.postMessage"):
        stage.slack.fault(method, "token_revoked")
    assert says("somebody_else_has_to_decide_it") in stage.press(ALICE, number, "approve")


@pytest.mark.parametrize("fault", drawn("not checked", ["token_revoked", "fatal_error", "server_error"]))
def test_whoever_could_not_be_checked_is_not_called_unknown_and_decides_nothing(
    stage: Stage, fault: str
) -> None:
    number = stage.ask(ALICE)
    stage.slack.fault("users.info", fault)
    told = stage.react(CAROL, number)
    assert says("the_account_could_not_be_checked", person=CAROL) in told
    assert says("ry_again") in told
    assert stage.record(lambda reader: reader.decisions([number])) == []
    stage.slack.fault("users.info", "user_not_found")
    assert says("slack_does_not_know_this_account") in stage.press(ERIN, number, "approve")


def test_a_channel_that_slack_wants_left_alone_keeps_nobody_else_waiting(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.slack.fault("chat.update", "ratelimited", seconds=3)
    assert says("your_approval_of_is_counted", number=number) in stage.press(BOB, number, "approve")
    assert stage.card(number)["text"].startswith("Request")
    stage.card(number, "Applied:")


def test_a_result_is_drawn_although_slack_fails_meanwhile(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.slack.fault("chat.update", "server_error", count=2)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    stage.wait_until_delivered()
    assert not any(says("is_on_record_but", number=number) in said for said in stage.private(ALICE))


def test_an_answer_whose_response_url_fails_comes_another_way(stage: Stage) -> None:
    stage.slack.fault("response_url", "server_error")
    assert "*not set*" in stage.status(ALICE)


def test_a_connection_that_slack_takes_away_is_replaced(stage: Stage) -> None:
    stage.slack.disconnect()
    assert "*not set*" in stage.status(ALICE)
    stage.slack.sever()
    stage.wait(lambda: stage.slack.connections)
    assert "*not set*" in stage.status(ALICE)


# A post whose answer was lost leaves a second copy


def test_whichever_copy_is_touched_is_answered_and_redrawn(stage: Stage) -> None:
    number = two_copies(stage)
    for copy in stage.cards(number):
        stage.answer(ALICE, lambda ts=copy["ts"]: stage.slack.press(ALICE, CHANGES, ts, "approve"))
        stage.advance(MINUTE)  # the same refusal is told once a minute
    stage.answer(BOB, lambda: stage.slack.press(BOB, CHANGES, stage.cards(number)[0]["ts"], "approve"))
    stage.wait(lambda: all(begins(copy["text"], "Applied:") for copy in stage.cards(number)))
    assert len(stage.cards(number)) == 2


def test_an_untouched_copy_still_answers_after_the_decision(stage: Stage) -> None:
    number = two_copies(stage)
    first, second = stage.cards(number)
    stage.answer(BOB, lambda: stage.slack.press(BOB, CHANGES, second["ts"], "approve"))
    stage.wait(lambda: begins(stage.cards(number)[1]["text"], "Applied:"))
    late = stage.answer(BOB, lambda: stage.slack.press(BOB, CHANGES, first["ts"], "reject"))
    assert says("is_already_done_2", number=number) in words(late)
    stage.wait(lambda: begins(stage.cards(number)[0]["text"], "Applied:"))


def test_a_reaction_on_a_copy_whose_place_was_lost_is_answered_and_one_on_the_other_counts(
    stage: Stage,
) -> None:
    number = two_copies(stage)
    stage.wait_until_delivered()
    lost, noted = stage.cards(number)

    def react() -> None:
        stage.slack.react(BOB, CHANGES, lost["ts"], "white_check_mark")
        stage.wait_until_acknowledged()
        stage.advance(5)  # a post that was under way would have been noted by then

    assert says("your_reaction_decided_nothing") in words(stage.told(BOB, react))
    assert stage.state(number) is State.PENDING
    told = stage.told(BOB, lambda: stage.slack.react(BOB, CHANGES, noted["ts"], "white_check_mark"))
    assert says("your_approval_of_is_counted", number=number) in words(told)


def test_a_copy_whose_place_was_lost_is_redrawn_when_somebody_reacts_and_their_next_reaction_counts(
    stage: Stage,
) -> None:
    number = two_copies(stage)
    stage.wait_until_delivered()
    lost = stage.cards(number)[0]
    assert not lost["edited"]

    def react() -> None:
        stage.slack.react(BOB, CHANGES, lost["ts"], "white_check_mark")
        stage.wait_until_acknowledged()
        stage.advance(5)  # a post that was under way would have been noted by then

    assert says("your_reaction_decided_nothing_yet", number=number) in words(stage.told(BOB, react))
    stage.wait(lambda: stage.cards(number)[0]["edited"])
    stage.wait_until_delivered()
    stage.slack.unreact(BOB, CHANGES, lost["ts"], "white_check_mark")
    told = stage.told(BOB, lambda: stage.slack.react(BOB, CHANGES, lost["ts"], "white_check_mark"))
    assert says("your_approval_of_is_counted", number=number) in words(told)


def test_a_card_that_somebody_deleted_holds_nothing_up(stage: Stage) -> None:
    number = stage.ask(ALICE)
    workspace = stage.slack.workspace
    workspace.remove(workspace.message(CHANGES, stage.card(number)["ts"]))
    opt_out = stage.opt_out(BOB)
    stage.wait(lambda: any(f"Superseded: #{number}" in told for told in stage.private(ALICE)))
    assert stage.state(opt_out) is State.APPLIED


def two_copies(stage: Stage) -> int:
    """A request whose message stands twice in the channel."""
    stage.wait_until_delivered()  # or another message would lose its answer
    stage.slack.fault("chat.postMessage", "lost_answer")
    number = stage.ask(ALICE)
    stage.wait(lambda: len(stage.cards(number)) == 2)
    return number
