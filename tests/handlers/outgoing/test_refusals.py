"""Every refusal is on record, whichever the door; nobody can flood the record with them; and none depends on
being recorded."""

from dataclasses import replace
from typing import Any

import pytest
from slack_bolt import Respond

from handlers.context.rate_limits import Rations
from handlers.reaction_targets import NOTING
from handlers.slack.listeners.commands import Commands
from handlers.slack.views.mrkdwn import sentence
from storage.engine import Unreachable
from storage.ledger import Ledger
from tests.handlers.driver import ALICE, BOB, CAROL, ERIN, MAIL, NOWHERE, RULE, House
from tests.handlers.slack.shapes import command
from tests.sentences import says


def refused(house: House) -> list[tuple[str, str, int | None]]:
    return [(event.actor, str(event.payload["what"]), event.request_id) for event in house.events("refused")]


def say(house: House, text: str, person: str = ERIN) -> None:
    respond = Respond(response_url=None, proxy=None, ssl=None)
    Commands(house.edge).listen(lambda *a, **k: None, command(person, text), respond)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("enable", "ask_opt_in"),
        ("extend", "ask_extension"),
        ("disable", "opt_out"),
        ("export csv", "export"),
        ("why a@b.c", "why"),
    ],
)
def test_a_refused_command_is_on_record(both: House, text: str, what: str) -> None:
    say(both, text)
    (event,) = both.events("refused")
    assert (event.actor, event.payload["what"]) == (ERIN, what)
    assert str(event.payload["because"]).startswith(says("you_are_not"))
    assert both.windows.said[-1]["text"] == sentence(str(event.payload["because"]))


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("again", "ask_opt_in"),
        ("extend", "ask_extension"),
        ("opt_out_now", "opt_out"),
        ("it_was_me", "claim"),
    ],
)
def test_a_refused_button_is_on_record_with_its_number(house: House, action: str, what: str) -> None:
    number = house.ask(ALICE).id
    house.press(action, ERIN, number)
    assert refused(house) == [(ERIN, what, number)]


@pytest.mark.parametrize("act", ["disable", "opt_out_now", "export", "why a@b.c", "it_was_me"])
def test_only_who_may_not_opt_out_hears_that_opting_out_needs_one_person(house: House, act: str) -> None:
    number = house.ask(ALICE).id
    if "_" in act:
        house.press(act, ERIN, number)
    else:
        say(house, act)
    opting_out = act in ("disable", "opt_out_now")
    end = "Ask one of them; opting out needs just one person." if opting_out else "Ask one of them to do it."
    assert house.windows.said[-1]["text"].endswith(says("you_are_not_an_operator_or_approver", end=end))


def test_reading_on_is_refused_on_record_as_well(house: House) -> None:
    house.workspace.change(ERIN, is_guest=True)
    say(house, "status")
    say(house, "history")
    assert refused(house) == [(ERIN, "status", None), (ERIN, "history", None)]


def test_a_reason_by_anybody_else_is_refused_on_record(house: House) -> None:
    number = house.ask(ALICE).id
    house.reject(BOB, number)
    house.submit("rejection", CAROL, str(number), reason="Because")
    assert refused(house) == [(CAROL, "reason", number)]


def test_whoever_clicks_all_day_makes_one_event_a_minute(both: House) -> None:
    number = both.ask(ALICE).id
    for _ in range(45):
        both.press("approve", ERIN, number)
        say(both, "export")
        both.clock.advance(seconds=4)
    assert sorted(refused(both)) == sorted([(ERIN, "approve", number), (ERIN, "export", None)] * 3)


def test_whatever_else_fills_the_record_within_the_minute_a_refusal_is_recorded_once(both: House) -> None:
    number = both.ask(ALICE).id
    for _ in range(5):
        both.press("approve", ERIN, number)
        with both.ledger.recording(both.clock()) as entry:
            for event in range(150):
                entry.record("settings", "bot", {"event": event})
    assert refused(both) == [(ERIN, "approve", number)]
    assert len(both.answers(ERIN)) == 1


def test_whoever_snoozes_or_reacts_on_a_lost_copy_all_day_makes_one_event_a_minute(both: House) -> None:
    number = both.ask(ALICE).id
    both.card_ts(number)
    for _ in range(20):
        both.press("snooze", ERIN, 4711)
        both.react(ERIN, number, ts=NOWHERE)
        both.clock.advance(seconds=3)
    both.clock.at += NOTING
    both.free_leftovers()
    while both.dispatch.take_up_leftovers():
        pass
    assert sorted(refused(both)) == [(ERIN, says("snoozed_reminder_4711"), None), (ERIN, "vote", None)]
    assert len(both.answers(ERIN)) == 2


@pytest.mark.parametrize(("act", "kind"), [("approve", "vote"), ("withdraw", "withdraw")])
def test_an_act_that_came_to_nothing_is_on_record_with_its_number_once_a_minute(
    house: House, act: str, kind: str
) -> None:
    house.workspace.silent.add(BOB)
    for _ in range(3):
        house.press(act, BOB, 4711)
    house.press(act, BOB, 4712)
    assert refused(house) == [(BOB, kind, 4711), (BOB, kind, 4712)]


def test_a_reminder_that_could_not_be_answered_is_not_said_to_be_a_change(house: House) -> None:
    house.workspace.silent.add(BOB)
    house.press("snooze", BOB, 4711)
    assert house.answer(BOB).startswith(says("nothing_was_changed_2"))
    assert refused(house) == [(BOB, "reply", None)]


WITHOUT_CHECK = {"a person": BOB, "a user group": MAIL}
"""What Slack does not tell, so that nobody can be let in by it."""


@pytest.mark.parametrize("silent", WITHOUT_CHECK.values(), ids=WITHOUT_CHECK)
@pytest.mark.parametrize(
    "act", ["approve", "reject", "snooze", "enable", "disable", "export", "why a@b.c", "again", "it_was_me"]
)
def test_what_could_not_be_checked_is_answered_every_time(both: House, act: str, silent: str) -> None:
    both.start(replace(RULE, approvers=(ALICE, MAIL), operators=(ALICE, MAIL)))
    number = both.ask(ALICE).id
    both.card_ts(number)
    both.workspace.silent.add(silent)

    def heard() -> int:
        return len(both.answers(BOB)) + len(both.windows.said)

    for times in range(1, 4):
        if act.split(maxsplit=1)[0] in ("enable", "disable", "export", "why"):
            say(both, act, BOB)
        else:
            both.press(act, BOB, number)
        assert heard() == times
        both.clock.advance(seconds=1)
    assert len(both.events("refused")) <= 1, "on record once a minute all the same"


def test_a_refusal_after_a_failed_look_up_is_told_once(house: House) -> None:
    number = house.ask(ALICE).id
    house.workspace.silent.add(MAIL)
    for _ in range(2):
        house.press("approve", ERIN, number)
    house.workspace.silent.clear()
    for _ in range(2):
        house.press("approve", ERIN, number)
    assert len(house.answers(ERIN)) == 3


def test_whoever_acts_more_often_than_is_looked_up_hears_so_once_a_minute(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.context.people, "_acts", Rations(2, lambda: house.clock().timestamp()))
    for _ in range(5):
        house.press("snooze", BOB, 4711)
    assert len(house.answers(BOB)) == 2
    assert refused(house) == [(BOB, says("snoozed_reminder_4711"), None), (BOB, "reply", None)]


def test_a_defect_is_told_every_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> Any:
        raise KeyError("a defect")

    number = house.ask(ALICE).id
    house.card_ts(number)
    monkeypatch.setattr(house.dispatch.decisions, "decide", broken)
    for _ in range(3):
        with pytest.raises(KeyError):
            house.press("approve", BOB, number)
    assert len(house.answers(BOB)) == 3


def test_each_person_each_act_and_each_change_has_its_own_event(house: House) -> None:
    first = house.ask(ALICE).id
    for person in (ERIN, ALICE):
        house.press("approve", person, first)
    house.press("reject", ERIN, first)
    house.press("withdraw", ALICE, first)
    second = house.ask(ALICE).id
    house.press("approve", ERIN, second)
    assert refused(house) == [
        (ERIN, "approve", first),
        (ALICE, "approve", first),
        (ERIN, "reject", first),
        (ERIN, "approve", second),
    ]


def test_a_clock_that_was_set_back_leaves_no_refusal_out(house: House) -> None:
    say(house, "export")
    house.clock.advance(hours=-1)
    say(house, "export")
    assert len(refused(house)) == 2


def test_a_refusal_that_cannot_be_recorded_is_answered(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: object, **kwargs: object) -> Any:
        raise Unreachable("the database is gone")

    monkeypatch.setattr(Ledger, "recording", gone)
    say(house, "export")
    assert says("not_an_operator_or_approver") in house.windows.said[-1]["text"]


def test_who_may_not_ask_is_told_whom_to_ask_and_nobody_is_pinged(house: House) -> None:
    house.start(replace(RULE, operators=(ALICE, BOB, MAIL)))
    say(house, "enable", ERIN)
    assert house.windows.said[-1]["text"] == (
        says("you_are_not_one_of_the_operators", person=ALICE, person2=BOB, mail=MAIL)
    )


def test_of_very_many_operators_the_first_are_named(house: House) -> None:
    house.start(replace(RULE, operators=tuple(f"U0{number:04}" for number in range(30))))
    say(house, "enable", ERIN)
    assert says("u00009_and_20_more_ask_one_of") in house.windows.said[-1]["text"]
