"""Stopping and starting: quick and clean, silent, with nothing lost; changed settings are announced once and
void the votes."""

import time

from sqlalchemy import select

from bot.sandbox.slack.cast import BOT_USER, GENERAL
from storage.lifecycle import State
from storage.schema.tables import leases
from tests.journeys.stage import ALICE, BOB, CAROL, CHANGES, DAVE, HOUR, PEOPLE, Stage
from tests.journeys.words import begins, words
from tests.patience import patience
from tests.sentences import says

SET = "Set-TransportConfig"
SETTINGS = {"LEGACYTLS_APPROVALS_REQUIRED": "2"}


def test_sigterm_ends_an_idle_bot_within_five_seconds_with_zero(stage: Stage) -> None:
    began = time.monotonic()
    assert stage.stop() == 0
    assert time.monotonic() - began < patience(5)
    stage.start()


def test_what_was_being_made_when_it_was_told_to_stop_is_made_and_told_before_it_ends(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.tenant.queue_fault("slow", cmdlet=SET, seconds=2.0)
    stage.press(BOB, number, "approve")
    stage.click(CAROL, number, "approve")
    stage.wait(lambda: stage.state(number) is State.APPLYING)
    assert stage.stop() == 0
    assert stage.state(number) is State.APPLIED
    assert begins(stage.cards(number)[-1]["text"], "Applied:")
    assert begins(stage.private(ALICE)[-1], "Applied:")
    stage.start()


def test_what_was_acknowledged_is_answered_before_it_ends(stage: Stage) -> None:
    number = stage.ask(ALICE)
    before = len(stage.slack.deliveries)
    stage.click(ALICE, number, "approve")
    stage.click(DAVE, number, "approve")
    stage.click(BOB, number, "approve")
    stage.wait(lambda: len(stage.slack.deliveries) == before + 3)
    stage.wait_until_acknowledged()
    assert stage.stop() == 0
    answers = [words(message) for message in stage.slack.messages(CHANGES) if message["ephemeral"]]
    for said in (
        f"You asked for #{number} yourself",
        "You are not one of the approvers",
        "1 more approval is needed",
    ):
        assert any(said in answer for answer in answers), answers
    stage.start()


def test_a_restart_alone_posts_nothing(stage: Stage) -> None:
    done = stage.opt_out(BOB)
    waiting = stage.ask(ALICE)
    stage.wait_until_delivered()
    before = everything(stage)
    stage.stop()
    stage.start()
    stage.status()
    stage.wait_until_delivered()
    assert everything(stage) == before
    assert stage.state(done) is State.APPLIED
    assert stage.state(waiting) is State.PENDING


def test_a_bot_that_has_nothing_to_do_writes_nothing_but_the_lease_of_looking_ahead(stage: Stage) -> None:
    stage.ask(ALICE)
    stage.wait_until_delivered()
    before = taken(stage)
    stage.wait(lambda: taken(stage)["remind"] >= before["remind"] + 3)
    after = taken(stage)
    assert after == before | {"remind": after["remind"]}


def test_a_request_survives_a_restart_and_can_be_decided(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.stop()
    stage.start()
    assert says("the_last_one_needed") in stage.react(CAROL, number)
    stage.card(number, "Applied:")


def test_what_happened_at_exchange_while_the_bot_was_away_is_noticed(stage: Stage) -> None:
    stage.stop()
    stage.tenant.value = True
    stage.advance(HOUR)
    stage.start()
    stage.announced(says("changed_from_not_set_to_opted_in"))


def test_a_reaction_while_the_bot_was_away_counts_once_slack_sends_it_again(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.stop()
    event = stage.slack.react(BOB, CHANGES, stage.card(number)["ts"], "white_check_mark")
    assert event is not None
    stage.start()
    stage.slack.replay(event)
    stage.card(number, saying=says("approved_so_far_by", person=BOB))
    assert len(stage.record(lambda reader: reader.decisions([number]))) == 1


def test_changed_approvers_are_announced_once_and_void_the_votes(fresh_stage) -> None:
    stage = fresh_stage(**SETTINGS)
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.card(number, saying=says("approved_so_far"))
    stage.stop()
    stage.start(LEGACYTLS_APPROVERS=f"{ALICE},{BOB},{CAROL}")
    stage.announced(says("the_rule_of_this_bot_was_changed"))
    card = stage.card(number, "Request", saying=says("the_rule_was_changed_so_earlier_votes"))
    assert says("nobody_has_approved_yet_2_more_approvals") in words(card)
    stage.wait_until_delivered()  # the new rule counts as shown once Slack's answer has arrived
    assert says("1_more_approval_is_needed") in stage.press(CAROL, number, "approve")
    assert stage.writes == []
    stage.stop()
    stage.start()
    assert says("the_last_one_needed") in stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    assert len([said for said in stage.public() if says("the_rule_of_this_bot") in said["text"]]) == 1


def test_changed_approvers_void_what_was_approved_and_not_yet_sent(fresh_stage) -> None:
    stage = fresh_stage()
    number = stage.ask(ALICE)
    stage.tenant.queue_fault("missing_key", cmdlet="Get-TransportConfig", count=50)
    stage.press(BOB, number, "approve")
    stage.card(number, "Approved, not yet made:", saying=says("nothing_has_been_sent"))
    stage.stop()
    stage.tenant.clear_faults()
    stage.start(LEGACYTLS_APPROVERS=f"{ALICE},{CAROL}")
    stage.card(number, "Request", saying=says("approve_again"))
    stage.wait_until_delivered()
    assert says("not_one_of_the_approvers") in stage.press(BOB, number, "approve")
    assert stage.writes == []
    stage.press(CAROL, number, "approve")
    stage.card(number, "Applied:")


def test_another_channel_gets_the_open_request_and_its_old_message_still_counts(fresh_stage) -> None:
    stage = fresh_stage()
    number = stage.ask(ALICE)
    old = stage.card(number)["ts"]
    stage.stop()
    stage.slack.workspace.rearrange(GENERAL, members={*PEOPLE, BOT_USER})
    stage.start(LEGACYTLS_CHANNEL=GENERAL)

    def shown() -> list[str]:
        return [
            message["text"] for message in stage.slack.messages(GENERAL) if f"#{number}" in message["text"]
        ]

    stage.wait(lambda: any(text.startswith(f"Request #{number}") for text in shown()))
    stage.wait_until_delivered()
    told = words(stage.told(BOB, lambda: stage.slack.react(BOB, CHANGES, old, "white_check_mark")))
    assert says("your_approval_of_is_counted", number=number) in told
    stage.card(number, "Applied:")
    stage.wait(lambda: any(begins(text, "Applied:") for text in shown()))


def test_a_message_deleted_while_the_bot_was_away_is_posted_anew_when_it_is_drawn(fresh_stage) -> None:
    stage = fresh_stage(**SETTINGS)
    number = stage.ask(ALICE)
    stage.stop()
    workspace = stage.slack.workspace
    workspace.remove(workspace.message(CHANGES, stage.card(number)["ts"]))
    stage.start(LEGACYTLS_APPROVALS_REQUIRED="1")
    stage.card(number, "Request", saying=says("1_more_approval_is_needed"))
    stage.wait_until_delivered()
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    assert len(stage.cards(number)) == 1


def taken(stage: Stage) -> dict[str, int]:
    """How often each duty was taken so far."""
    assert stage._database is not None
    with stage._database.read() as connection:
        return {
            row.name.split(":")[0]: row.epoch
            for row in connection.execute(select(leases.c.name, leases.c.epoch))
        }


def everything(stage: Stage) -> list[str]:
    """All that stands in the channel for everybody and in everybody's direct messages."""
    return [words(message) for message in stage.public()] + [
        told for person in PEOPLE for told in stage.private(person)
    ]
