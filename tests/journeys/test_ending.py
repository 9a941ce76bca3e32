"""Every way a request ends without being applied: rejected, withdrawn, expired, stale, superseded. Each is
told and final."""

import pytest

from storage.lifecycle import State
from tests.journeys.stage import ALICE, BOB, CAROL, DAVE, UNTIL_LAPSED, Stage
from tests.journeys.words import body, buttons, words
from tests.sentences import says

# Rejected


def test_rejecting_by_button_decides_at_once_and_asks_why(stage: Stage) -> None:
    number = stage.ask(ALICE)
    view = stage.opened(
        BOB, lambda: stage.told(ALICE, lambda: stage.click(BOB, number, "reject"), saying="Rejected:")
    )
    assert says("is_rejected_already", number=number) in words(view)
    card = stage.card(number, "Rejected:")
    assert says("no_reason_given") in words(card)
    assert "approve" not in buttons(card)

    def submit() -> None:
        assert stage.slack.submit(BOB, view["id"], {"reason": "Replace <!channel> them"}) is None

    told = words(stage.told(ALICE, submit, saying="Replace"))
    assert "Replace &lt;!channel&gt; them" in told
    assert says("no_reason_given") not in told
    assert "Replace &lt;!channel&gt; them" in words(stage.card(number, saying="Replace"))
    stage.wait(
        lambda: any(
            f"Your reason for rejecting #{number} is on record" in said for said in stage.private(BOB)
        )
    )


def test_a_rejection_without_a_reason_stands_as_no_reason_given(stage: Stage) -> None:
    number = stage.ask(ALICE)
    view = stage.opened(BOB, lambda: stage.click(BOB, number, "reject"))
    stage.slack.close_view(BOB, view["id"])
    assert says("no_reason_given") in words(stage.card(number, "Rejected:"))
    assert says("no_reason_given") in stage.command(DAVE, "history")
    assert stage.state(number) is State.REJECTED


def test_rejecting_by_reaction_sends_a_button_that_asks_why(stage: Stage) -> None:
    number = stage.ask(ALICE)
    ts = stage.card(number)["ts"]
    asked = stage.told(BOB, lambda: stage.slack.react(BOB, "C0CHANGES", ts, "x"))
    assert says("is_rejected", number=number) in words(asked)
    view = stage.opened(BOB, lambda: stage.slack.press(BOB, stage.slack.dm(BOB), asked["ts"], "give_reason"))
    stage.slack.submit(BOB, view["id"], {"reason": "There is a firmware update"})
    assert "There is a firmware update" in words(stage.card(number, "Rejected:", saying="firmware"))


def test_a_reason_is_given_once(stage: Stage) -> None:
    number = stage.ask(ALICE)
    ts = stage.card(number)["ts"]
    asked = stage.told(BOB, lambda: stage.slack.react(BOB, "C0CHANGES", ts, "x"))

    def press() -> None:
        stage.slack.press(BOB, stage.slack.dm(BOB), asked["ts"], "give_reason")

    earlier, later = stage.opened(BOB, press), stage.opened(BOB, press)
    known = "is on record already; the record is never altered"
    for view, said, answer in ((later, "First", "is on record"), (earlier, "Second", known)):
        given = {"reason": said}
        told = stage.told(BOB, lambda view=view, given=given: stage.slack.submit(BOB, view["id"], given))
        assert answer in words(told)
    assert "Second" not in words(stage.card(number, saying="First"))
    before = len(stage.private(BOB))
    stage.advance(61)  # within a minute the same refusal is not answered again
    press()
    assert known in stage.wait(lambda: stage.private(BOB)[before:])[0]


def test_one_rejection_is_final(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "reject")
    assert says("is_already_rejected_2", number=number) in stage.press(CAROL, number, "approve")
    stage.advance(61)  # within a minute the same refusal is not answered again
    assert says("is_already_rejected_2", number=number) in stage.react(CAROL, number)
    assert stage.state(number) is State.REJECTED


# Withdrawn


def test_the_requester_withdraws_and_others_are_told_why_not(stage: Stage) -> None:
    number = stage.ask(ALICE)
    for person in (BOB, DAVE):
        assert says("only_who_asked_for_can_withdraw_it", person=ALICE, number=number) in stage.press(
            person, number, "withdraw"
        )
    assert says("is_withdrawn_nothing_was_changed_in_exchange", number=number) in stage.press(
        ALICE, number, "withdraw"
    )
    assert "approve" not in buttons(stage.card(number, "Withdrawn:"))
    assert says("is_already_withdrawn", number=number) in stage.press(BOB, number, "approve")


def test_an_approved_request_that_waits_for_exchange_can_still_be_withdrawn(stage: Stage) -> None:
    number, written = stage.ask(ALICE), len(stage.writes)
    stage.tenant.queue_fault("missing_key", cmdlet="Get-TransportConfig", count=50)
    stage.press(BOB, number, "approve")
    stage.card(number, "Approved, not yet made:", saying=says("nothing_has_been_sent"))
    assert says("is_withdrawn", number=number) in stage.press(ALICE, number, "withdraw")
    stage.card(number, "Withdrawn:")
    assert len(stage.writes) == written


# Expired


def test_an_undecided_request_lapses_and_late_votes_are_told(stage: Stage) -> None:
    number = stage.ask(ALICE)
    told = words(stage.told(ALICE, lambda: stage.advance(UNTIL_LAPSED), saying="Expired:"))
    assert f"Expired: #{number}" in told
    assert says("nobody_decided_in_time") in words(stage.card(number, "Expired:"))
    assert says("has_already_expired", number=number) in stage.press(BOB, number, "approve")
    assert says("has_already_expired", number=number) in stage.press(ALICE, number, "withdraw")
    assert stage.state(number) is State.EXPIRED


def test_an_approved_request_lapses_when_exchange_cannot_be_reached_in_time(stage: Stage) -> None:
    number, written = stage.ask(ALICE), len(stage.writes)
    stage.tenant.queue_fault("missing_key", cmdlet="Get-TransportConfig", count=50)
    stage.press(BOB, number, "approve")
    stage.card(number, "Approved, not yet made:", saying=says("nothing_has_been_sent"))
    stage.advance(UNTIL_LAPSED)
    assert says("its_time_ran_out_first_nothing_was") in words(stage.card(number, "Expired:"))
    assert len(stage.writes) == written


# Stale


@pytest.mark.parametrize("value", [True, False])
def test_a_value_changed_outside_in_between_makes_it_stale(stage: Stage, value: bool) -> None:
    number, written = stage.ask(ALICE), len(stage.writes)
    stage.tenant.value = value
    told = words(stage.told(ALICE, lambda: stage.press(BOB, number, "approve"), saying="Stale:"))
    needed = "An extension can be asked for, to give it an end." if value else "A new request is needed."
    assert says("nothing_was_sent_2", needed=needed) in told
    assert says("the_live_value_is_opted_now", value="in" if value else "out") in words(
        stage.card(number, "Stale:")
    )
    assert len(stage.writes) == written


# Superseded


def test_a_later_opt_out_supersedes_an_open_request(stage: Stage) -> None:
    number = stage.ask(ALICE)
    opt_out = stage.opt_out(BOB)
    assert says("opt_out_came_later_and_wins", number=opt_out) in words(stage.card(number, "Superseded:"))
    assert any(f"Superseded: #{number}" in told for told in stage.private(ALICE))
    assert says("is_already_superseded", number=number) in stage.press(BOB, number, "approve")
    assert stage.tenant.value is False


def test_a_later_opt_out_supersedes_what_was_approved_and_not_yet_sent(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.tenant.queue_fault("missing_key", cmdlet="Get-TransportConfig", count=50)
    stage.press(BOB, number, "approve")
    stage.card(number, "Approved, not yet made:", saying=says("nothing_has_been_sent"))
    view = stage.form(CAROL, "disable")
    assert says("goes_to_exchange_now") in words(
        stage.answer(CAROL, lambda: stage.slack.submit(CAROL, view["id"], {}))
    )
    stage.card(number, "Superseded:")
    opt_out = stage.card(number + 1, "Recorded, not yet made:")
    assert says("opts_out", person=CAROL) in body(opt_out)
    stage.tenant.clear_faults()
    stage.advance(90)
    stage.card(number + 1, "Applied:")
    assert stage.tenant.value is False
