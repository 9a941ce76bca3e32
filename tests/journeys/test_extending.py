"""Keeping an opt-in longer: the same rule as for opting in, a later end, and no write to Exchange."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from storage.lifecycle import State
from tests.journeys.stage import ALICE, BOB, CAROL, CHANGES, DAVE, DAY, ERIN, Stage
from tests.journeys.words import JSON, buttons, fields, typed, words
from tests.sentences import says

SETTINGS = {"LEGACYTLS_REQUEST_TTL": "5d"}
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def opted_in(stage: Stage) -> int:
    """The number of an opt-in for another ten days."""
    return opt_in(stage, 10)


def opt_in(stage: Stage, days: int) -> int:
    number = stage.ask(ALICE, day=stage.day(days))
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    return number


def submit(stage: Stage, person: str, view: JSON, days: int) -> str:
    """Fill in the form of an extension; returns the private answer in words."""
    values = {
        "reason": "The lease was prolonged",
        "clients": "Ricoh MP 301, owner: Facilities",
        "day": stage.day(days),
    }

    def send() -> None:
        assert stage.slack.submit(person, view["id"], values) is None

    return words(stage.answer(person, send))


def extend(stage: Stage, days: int, person: str = ALICE) -> int:
    said = submit(stage, person, stage.form(person, "extend"), days)
    number = int(said.split("#")[1].split(" ")[0])
    assert says("your_request_is_open", number=number) in said
    stage.card(number, "Request")
    return number


def spelled(stage: Stage, days: int) -> str:
    return f"24:00 of {datetime.fromisoformat(stage.day(days)):%-d %B %Y}"


def test_the_form_is_that_of_an_opt_in_under_its_own_name(stage: Stage, opted_in: int) -> None:
    view = stage.form(ALICE, "extend")
    assert view["title"]["text"] == says("extend_the_opt_in")
    assert list(fields(view)) == ["reason", "clients", "protocols", "day"]


def test_who_asked_first_hears_that_somebody_else_extended_it(stage: Stage, opted_in: int) -> None:
    number = extend(stage, 40, person=BOB)
    stage.press(CAROL, number, "approve")
    said = stage.wait(
        lambda: next(
            (text for text in stage.private(ALICE) if "has extended the opt-in that you asked for" in text),
            None,
        )
    )
    assert says("has_extended_the_opt_in_that_you", person=BOB, number=number) in said
    stage.card(number, "Applied:")
    stage.wait_until_delivered()
    assert not [text for text in stage.private(BOB) if says("has_extended") in text]


def test_it_is_applied_by_a_reading_and_moves_the_end(stage: Stage, opted_in: int) -> None:
    written = len(stage.writes)
    number = extend(stage, 40)
    assert spelled(stage, 10) in stage.status()
    said = words(stage.card(number))
    assert says("asks_to_keep_the_tenant_opted_in") in said
    assert spelled(stage, 40) in said
    read = len(stage.tenant.calls)
    stage.press(BOB, number, "approve")
    done = words(stage.card(number, "Applied:"))
    assert says("the_live_value_is_opted_in_as") in done
    assert says("approved_by_4", person=BOB) in done
    assert len(stage.tenant.calls) > read
    assert len(stage.writes) == written
    status = stage.status()
    assert spelled(stage, 40) in status
    assert spelled(stage, 10) not in status
    assert says("last_change_by_extension_approved_by", number=number, person=ALICE, person2=BOB) in status


def test_whoever_asks_does_not_count_and_one_rejection_is_final(stage: Stage, opted_in: int) -> None:
    number = extend(stage, 40)
    assert says("you_asked_for") in stage.press(ALICE, number, "approve")
    assert says("you_are_not_one_of_the_approvers") in stage.press(DAVE, number, "approve")
    assert stage.state(number) is State.PENDING
    stage.opened(CAROL, lambda: stage.click(CAROL, number, "reject"))
    stage.card(number, "Rejected:")
    assert says("is_already_rejected") in stage.press(BOB, number, "approve")
    assert spelled(stage, 10) in stage.status()


def test_two_approvals_are_needed_where_opting_in_needs_two(fresh_stage) -> None:
    stage = fresh_stage(LEGACYTLS_APPROVALS_REQUIRED="2")
    number = stage.ask(ALICE)
    for person in (BOB, CAROL):
        stage.press(person, number, "approve")
    stage.card(number, "Applied:")
    number = extend(stage, 40)
    assert says("1_more_approval_is_needed") in stage.press(BOB, number, "approve")
    assert stage.state(number) is State.PENDING
    stage.press(CAROL, number, "approve")
    stage.card(number, "Applied:")


def test_the_same_end_opens_nothing(stage: Stage, opted_in: int) -> None:
    values = {"reason": "The lease was prolonged", "clients": "Ricoh MP 301", "day": stage.day(10)}
    errors = stage.slack.submit(ALICE, stage.form(ALICE, "extend")["id"], values)
    assert errors == {"day": says("the_opt_in_runs_until_already_choose", value=spelled(stage, 10))}
    assert stage.record(lambda reader: reader.open_request()) is None


def test_an_earlier_end_takes_one_person_and_holds_at_once(stage: Stage, opted_in: int) -> None:
    written = len(stage.writes)
    assert spelled(stage, 3) in submit(stage, ALICE, stage.form(ALICE, "extend"), 3)
    assert stage.record(lambda reader: reader.open_request()) is None
    status = stage.status(DAVE)
    assert spelled(stage, 3) in status
    assert spelled(stage, 10) not in status
    assert len(stage.writes) == written


def test_the_maximum_window_counts_from_the_extension(stage: Stage, opted_in: int) -> None:
    view = stage.form(ALICE, "extend")
    errors = stage.slack.submit(
        ALICE, view["id"], {"reason": "Longer", "clients": "Ricoh", "day": stage.day(92)}
    )
    assert errors is not None
    assert says("may_last_90_days_at_most") in errors["day"]


def test_there_is_nothing_to_extend_without_an_opt_in(stage: Stage) -> None:
    assert says("the_tenant_is_not_opted_in_so") in stage.command(ALICE, "extend")
    assert stage.slack.views(ALICE) == []


def test_who_may_not_ask_for_an_opt_in_may_not_ask_to_extend_it(stage: Stage, opted_in: int) -> None:
    assert says("you_are_not_one_of_the_operators_2") in stage.command(DAVE, "extend")
    assert says("guest_accounts") in stage.command(ERIN, "extend")


def test_there_is_one_open_wish_at_a_time(stage: Stage, opted_in: int) -> None:
    number = extend(stage, 40)
    assert says("there_is_already_an_open_extension", number=number) in stage.command(BOB, "enable")
    view = stage.form(BOB, "extend")
    values = {"reason": "The lease was prolonged", "clients": "Ricoh MP 301, owner: Facilities"}
    errors = stage.slack.submit(BOB, view["id"], values | {"day": stage.day(50)})
    assert errors is not None
    assert list(errors) == ["day"]
    assert f"#{number}" in errors["day"]
    submit(stage, BOB, view, 5)
    stage.card(number, "Superseded:")
    assert spelled(stage, 5) in stage.status()


def test_an_extension_of_an_opt_in_that_somebody_ended_outside_is_stale(stage: Stage, opted_in: int) -> None:
    number, written = extend(stage, 40), len(stage.writes)
    stage.tenant.value = False
    stage.press(BOB, number, "approve")
    said = words(stage.card(number, "Stale:"))
    assert says("is_opted_out_now_but_the_approval") in said
    assert len(stage.writes) == written


def test_an_opt_out_wins_over_an_open_extension(stage: Stage, opted_in: int) -> None:
    number = extend(stage, 40)
    opt_out = stage.opt_out(BOB)
    assert says("opt_out_came_later_and_wins_2", number=opt_out) in words(stage.card(number, "Superseded:"))
    assert stage.tenant.value is False


def test_a_window_that_ends_first_ends_the_extension_too(stage: Stage) -> None:
    opt_in(stage, 1)
    number = extend(stage, 20)
    stage.advance(2 * DAY + 3600)
    stage.card(number + 1, "Applied:")
    assert says("opt_out_came_later_and_wins_2", number=number + 1) in words(
        stage.card(number, "Superseded:")
    )
    assert stage.tenant.value is False
    assert says("is_already_superseded", number=number) in stage.press(BOB, number, "approve")
    assert stage.tenant.value is False


def test_who_left_before_the_window_ended_is_given_up_and_nothing_stays_owed(fresh_stage) -> None:
    stage = fresh_stage()
    opt_in(stage, 1)
    stage.wait_until_delivered()
    stage.stop()  # the next start does not know the conversation yet
    stage.slack.workspace.alter(ALICE, deleted=True)
    stage.advance(2 * DAY + 3600)
    stage.start()
    stage.card(2, "Applied:")
    stage.wait_until_delivered()
    assert not any("#2" in said for said in stage.private(ALICE))


@pytest.fixture
def reminded(fresh_stage) -> tuple[Stage, JSON]:
    """A stage on a working morning within the last week of an opt-in, and the message that says so."""
    stage = fresh_stage()
    opt_in(stage, 12)
    morning = datetime.combine(
        (stage.clock() + timedelta(days=7)).astimezone(BERLIN).date(), time(10), tzinfo=BERLIN
    )
    while morning.weekday() >= 5:
        morning += timedelta(days=1)
    stage.advance((morning - stage.clock()).total_seconds())
    return stage, stage.announced(says("the_opt_in_to_legacy_tls_ends"))


def test_the_reminder_has_a_button_for_each_way_on(reminded: tuple[Stage, JSON]) -> None:
    stage, message = reminded
    assert [button["text"]["text"] for button in buttons(message).values()] == ["Extend", says("opt_out_now")]
    for button in buttons(message):
        refusal = stage.answer(
            DAVE, lambda button=button: stage.slack.press(DAVE, CHANGES, message["ts"], button)
        )
        assert says("you_are_not_2") in words(refusal)
    view = stage.opened(BOB, lambda: stage.slack.press(BOB, CHANGES, message["ts"], "extend"))
    assert view["title"]["text"] == says("extend_the_opt_in")
    assert (typed(view)["reason"], typed(view)["clients"]) == (
        "Forty scanners",
        "Ricoh MP 301, owner: Facilities",
    )
    assert says("is_open") in submit(stage, BOB, view, 40)
    stage.press(CAROL, 2, "approve")
    stage.card(2, "Applied:")
    assert spelled(stage, 40) in stage.status()


def test_the_reminder_s_other_button_opts_out_after_one_confirmation(reminded: tuple[Stage, JSON]) -> None:
    stage, message = reminded
    view = stage.opened(CAROL, lambda: stage.slack.press(CAROL, CHANGES, message["ts"], "opt_out_now"))
    assert stage.tenant.value is True
    said = words(stage.answer(CAROL, lambda: stage.slack.submit(CAROL, view["id"], {})))
    assert says("opt_out_2_is_recorded") in said
    stage.card(2, "Applied:")
    assert stage.tenant.value is False
