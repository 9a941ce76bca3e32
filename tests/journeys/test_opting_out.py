"""Opting out: one person suffices, nobody else may, and the end of a window does it by itself, once."""

import pytest

from tests.journeys.stage import ALICE, BOB, CAROL, DAVE, ERIN, HOUR, UNTIL_LAPSED, Stage
from tests.journeys.words import buttons, fields, words
from tests.sampling import drawn
from tests.sentences import says


@pytest.mark.parametrize("person", drawn("one opts out", [ALICE, CAROL]))
def test_one_operator_or_approver_suffices(stage: Stage, person: str) -> None:
    stage.tenant.value = True
    number = stage.opt_out(person, reason="The last scanner is gone")
    said = words(stage.card(number, "Applied:"))
    assert says("read_back_as_opted_out") in said
    assert "The last scanner is gone" in said
    assert buttons(stage.card(number)) == {}
    assert stage.tenant.value is False


def test_the_confirmation_names_what_stops_working(stage: Stage) -> None:
    written = len(stage.writes)
    view = stage.form(BOB, "disable")
    said = words(view)
    for host in ("smtp-legacy.office365.com", "pop-legacy.office365.com", "imap-legacy.office365.com"):
        assert host in said
    assert fields(view)["reason"]["optional"] is True
    assert len(stage.writes) == written


def test_a_plain_member_gets_no_confirmation(stage: Stage) -> None:
    assert says("you_are_not_an_operator_or_approver_2") in stage.command(DAVE, "disable")
    assert says("guest_accounts_cannot_use_this") in stage.command(ERIN, "disable")
    assert stage.slack.views(DAVE) == []


def test_cancelling_the_confirmation_changes_nothing(stage: Stage) -> None:
    stage.tenant.value = True
    before = len(stage.tenant.calls)
    stage.slack.close_view(BOB, stage.form(BOB, "disable")["id"])
    stage.command(BOB, "history")
    assert len(stage.tenant.calls) == before


def test_opted_out_already_is_confirmed_without_a_write(stage: Stage) -> None:
    stage.tenant.value = False
    written = len(stage.writes)
    first = stage.opt_out(CAROL)
    assert says("confirmed_by_by", number=first, person=CAROL) in stage.status()
    number = stage.opt_out(BOB)
    card = words(stage.card(number))
    assert says("was_opted_out_already_so_nothing_had") in card
    assert says("is_refused_on") not in card
    assert len(stage.writes) == written


def test_the_confirmation_and_status_tell_who_opted_out_before(stage: Stage) -> None:
    assert "opted out" not in words(stage.form(BOB, "disable"))
    stage.tenant.value = True
    made = stage.opt_out(CAROL)
    view = stage.form(BOB, "disable")
    assert says("the_live_value_was_opted_out_already") in words(view)
    assert "smtp-legacy.office365.com" in words(view)
    stage.slack.close_view(BOB, view["id"])
    again = stage.opt_out(BOB)
    said = stage.status()
    assert says("last_change_by", number=made, person=CAROL) in said
    assert says("confirmed_by_by", number=again, person=BOB) in said


def test_it_is_sent_although_one_of_the_domain_controllers_still_answers_that_it_is_so(stage: Stage) -> None:
    stage.tenant.value = False
    stage.tenant.lag_seconds = 60.0
    try:
        asked = stage.ask(ALICE)
        stage.press(BOB, asked, "approve")
        stage.card(asked, "Applied:")
        while not stage.tenant.read()[0].values["AllowLegacyTLSClients"]:
            pass  # they take turns: the next to answer is the one that lags behind
        number = stage.opt_out(BOB)
    finally:
        stage.tenant.lag_seconds = 0.0
    assert says("written_and_read_back_as_opted_out") in words(stage.card(number, "Applied:"))
    assert stage.tenant.value is False
    assert [call.effective for call in stage.writes[-2:]] == [True, True]


def test_a_directly_listed_person_opts_out_while_user_groups_do_not_answer(stage: Stage) -> None:
    stage.tenant.value = True
    stage.slack.fault("usergroups.users.list", "internal_error", count=20)
    stage.opt_out(BOB)
    assert stage.tenant.value is False


def test_both_are_answered_when_two_opt_out_at_once_and_one_write_leaves(stage: Stage) -> None:
    stage.tenant.value = True
    written = len(stage.writes)
    forms = {person: stage.form(person, "disable") for person in (ALICE, BOB)}
    before = {person: len(stage.ephemeral(person)) for person in forms}
    for person, view in forms.items():
        stage.slack.submit(person, view["id"], {})
    for person in forms:
        stage.wait(lambda person=person: len(stage.ephemeral(person)) > before[person])
    stage.wait(lambda: stage.tenant.value is False)
    stage.wait_until_settled()
    assert [call.effective for call in stage.writes[written:]].count(True) == 1


def test_the_end_of_a_window_opts_out_by_itself_exactly_once(fresh_stage) -> None:
    stage = fresh_stage()
    number = stage.ask(ALICE, day=stage.day(2))
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    stage.advance(24 * HOUR)
    stage.observe()
    assert stage.effective_writes == [True]
    stage.advance(48 * HOUR)
    card = stage.card(number + 1, "Applied:")
    assert says("the_bot_opts_out_by_itself") in words(card)
    assert says("the_window_of_has_ended", number=number) in words(card)
    assert stage.effective_writes == [True, False]
    lapsing = stage.ask(ALICE)
    stage.advance(UNTIL_LAPSED)
    stage.card(lapsing, "Expired:")
    stage.observe()
    assert len(stage.writes) == 2
    assert (
        len([message for message in stage.public() if says("opt_out_of_legacy_tls") in message["text"]]) == 1
    )
    assert "*opted out*" in stage.status()


def test_a_window_whose_end_exchange_refuses_is_red_and_escalated_until_it_is_done(fresh_stage) -> None:
    stage = fresh_stage(LEGACYTLS_ESCALATE_TO=CAROL)
    number = stage.ask(ALICE, day=stage.day(2))
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    stage.tenant.queue_fault("role_missing", cmdlet="Set-TransportConfig", count=2)
    stage.advance(72 * HOUR)
    stage.card(number + 1, "Failed:")
    said = words(stage.announced(says("the_opt_out_is_not_done_yet")))
    assert says("the_window_ended", number=number) in said
    assert says("please_see_to_it_2", person=CAROL, person2=ALICE) in said
    assert "Overdue:" in stage.status()
    stage.advance(31 * 60)
    stage.card(number + 2, "Failed:")
    assert says("tried_2_times") in stage.status()
    stage.advance(61 * 60)
    stage.card(number + 3, "Applied:")
    assert "Overdue:" not in stage.status()
    stage.wait_until_delivered()
    assert not any(says("not_done_yet") in words(message) for message in stage.public())
    done = f"and the opt-out was late. Since then #{number + 3} has opted out"
    assert sum(done in words(message) for message in stage.public()) == 1
    assert stage.effective_writes == [True, False]
