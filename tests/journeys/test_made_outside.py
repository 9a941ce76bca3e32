"""A change made outside the bot: one person takes it back, two let it stand with an end, and whoever did it
may say why, once."""

import pytest

from storage.lifecycle import State
from tests.journeys.stage import ALICE, BOB, CAROL, DAVE, ERIN, Stage
from tests.journeys.words import JSON, buttons, fields, words
from tests.sampling import drawn
from tests.sentences import says


@pytest.fixture
def outside(stage: Stage) -> int:
    """The number of a change to opted in that nobody asked the bot for."""
    stage.tenant.value = True
    stage.observe()
    newest = stage.record(lambda reader: reader.page(limit=1))[0]
    assert newest.state is State.OBSERVED
    stage.card(newest.id, "Changed outside the bot:")
    return newest.id


def test_the_card_says_what_was_seen_and_offers_three_ways(stage: Stage, outside: int) -> None:
    card = stage.card(outside, "Changed outside the bot:")
    assert says("to_opted_in") in words(card)
    assert [button["text"]["text"] for button in buttons(card).values()] == [
        says("opt_out_again"),
        "Adopt",
        "It was me",
    ]
    assert {button["value"] for button in buttons(card).values()} == {str(outside)}


@pytest.mark.parametrize("button", drawn("no role", ["opt_out_now", "extend", "it_was_me"]))
def test_nobody_without_a_role_gets_a_form(stage: Stage, outside: int, button: str) -> None:
    for person in (DAVE, ERIN):
        said = stage.press(person, outside, button)
        assert says("you_are_not_2") in said or says("guest_accounts") in said
        assert stage.slack.views(person) == []


def test_one_person_opts_out_again(stage: Stage, outside: int) -> None:
    view = stage.opened(CAROL, lambda: stage.click(CAROL, outside, "opt_out_now"))
    assert stage.tenant.value is True
    said = words(
        stage.answer(CAROL, lambda: stage.slack.submit(CAROL, view["id"], {"reason": "Nobody asked for it"}))
    )
    assert says("opt_out_is_recorded", number=outside + 1) in said
    stage.card(outside + 1, "Applied:")
    assert stage.tenant.value is False


def adopt(stage: Stage, outside: int) -> int:
    view = stage.opened(ALICE, lambda: stage.click(ALICE, outside, "extend"))
    assert set(fields(view)) == {"reason", "clients", "protocols", "day"}
    values = {"reason": "It may stand for now", "clients": "Ricoh", "day": stage.day(14)}
    said = words(stage.answer(ALICE, lambda: stage.slack.submit(ALICE, view["id"], values)))
    assert says("your_request_is_open", number=outside + 1) in said
    stage.card(outside + 1, "Request")
    return outside + 1


def test_two_people_adopt_it_and_give_it_an_end_without_a_write(stage: Stage, outside: int) -> None:
    assert says("ends_by_itself_2") not in stage.status()
    written, number = len(stage.writes), adopt(stage, outside)
    assert stage.state(number) is State.PENDING
    stage.press(ALICE, number, "approve")
    assert stage.state(number) is State.PENDING
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    assert len(stage.writes) == written
    assert says("ends_by_itself_2") in stage.status()
    assert "Drift" not in stage.status()


def test_what_was_adopted_ends_by_itself(fresh_stage) -> None:
    stage = fresh_stage()
    stage.tenant.value = True
    stage.observe()
    stage.card(1, "Changed outside the bot:")
    number = adopt(stage, 1)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    stage.advance(16 * 86400)
    stage.card(number + 1, "Applied:")
    assert stage.effective_writes == [False]


def claim(stage: Stage, person: str, number: int, reason: str) -> str:
    view = stage.opened(person, lambda: stage.click(person, number, "it_was_me"))
    return send_claim(stage, person, view, reason)


def send_claim(stage: Stage, person: str, view: JSON, reason: str) -> str:
    return words(stage.told(person, lambda: stage.slack.submit(person, view["id"], {"reason": reason})))


def test_whoever_did_it_says_why_and_the_card_shows_it(stage: Stage, outside: int) -> None:
    claimed = claim(stage, CAROL, outside, "A test <!here> of the scanners")
    assert says("your_name_and_reason_are_on_record", number=outside) in claimed
    card = stage.card(outside, saying=says("it_was_me"))
    assert says("says_it_was_me", person=CAROL) in words(card)
    assert "A test &lt;!here&gt; of the scanners" in words(card)
    assert says("nobody_asked_the_bot_for_it") not in words(card)
    assert [button["text"]["text"] for button in buttons(card).values()] == [says("opt_out_again"), "Adopt"]
    assert stage.tenant.value is True


def test_it_is_said_once(stage: Stage, outside: int) -> None:
    slow = stage.opened(BOB, lambda: stage.click(BOB, outside, "it_was_me"))
    claim(stage, CAROL, outside, "Mine")
    assert says("somebody_has_put_a_name_to") in send_claim(stage, BOB, slow, says("no_mine"))
    card = words(stage.card(outside, saying=says("it_was_me")))
    assert says("no_mine") not in card
    assert f"<@{CAROL}>" in card


def test_a_reason_is_needed_to_say_it(stage: Stage, outside: int) -> None:
    view = stage.opened(ALICE, lambda: stage.click(ALICE, outside, "it_was_me"))
    errors = stage.slack.submit(ALICE, view["id"], {"reason": "\u200b \u00a0"})
    assert errors is not None
    assert says("write_a_sentence") in errors["reason"]
    assert "It was me" in words(stage.card(outside))


def test_a_change_to_opted_out_offers_no_opt_out(fresh_stage) -> None:
    stage = fresh_stage()
    stage.tenant.value = False
    stage.observe()
    card = stage.card(1, "Changed outside the bot:")
    assert [button["text"]["text"] for button in buttons(card).values()] == ["It was me"]
    assert says("legacytls_enable_asks_for_it") in words(card)


def test_who_changed_it_is_named_when_the_audit_log_tells_and_never_the_bot_itself(fresh_stage) -> None:
    stage = fresh_stage()
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    for value, person in ((False, "carol@contoso.com"), (True, "dave@contoso.com")):
        stage.tenant.change_outside(value, actor=person)
        stage.observe()
    card = words(stage.card(number + 2, "Changed outside the bot:"))
    assert says("according_to_the_audit_log") not in card
    stage.advance(2 * 3600)
    assert says("according_to_the_audit_log_it_was_dave_contoso") in words(
        stage.card(number + 2, saying=says("according_to_the_audit_log"))
    )
    assert says("according_to_the_audit_log_it_was") in words(
        stage.card(number + 1, saying=says("according_to_the_audit_log"))
    )


def test_nobody_is_named_when_the_audit_log_does_not_tell_within_a_day(fresh_stage) -> None:
    stage = fresh_stage()
    stage.tenant.audit_latency_seconds = 30 * 86400.0
    stage.tenant.value = True
    stage.observe()
    stage.card(1, "Changed outside the bot:")
    stage.advance(25 * 3600)
    assert says("it_is_not_known_who_it_was") in words(stage.card(1, saying=says("within_a_day")))
