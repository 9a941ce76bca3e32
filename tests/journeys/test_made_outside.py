"""A change made outside the bot: one person takes it back, two let it stand with an end, and whoever did it may say why, once."""

import pytest

from storage.lifecycle import State
from tests.journeys.stage import ALICE, BOB, CAROL, DAVE, ERIN, Stage
from tests.journeys.words import JSON, buttons, fields, words


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
    assert "to *opted in*" in words(card)
    assert [button["text"]["text"] for button in buttons(card).values()] == ["Opt out again", "Adopt", "It was me"]
    assert {button["value"] for button in buttons(card).values()} == {str(outside)}


@pytest.mark.parametrize("button", ["opt_out_now", "extend", "it_was_me"])
def test_nobody_without_a_role_gets_a_form(stage: Stage, outside: int, button: str) -> None:
    for person in (DAVE, ERIN):
        said = stage.press(person, outside, button)
        assert "You are not" in said or "Guest accounts" in said
        assert stage.slack.views(person) == []


def test_one_person_opts_out_again(stage: Stage, outside: int) -> None:
    view = stage.opened(CAROL, lambda: stage.click(CAROL, outside, "opt_out_now"))
    assert stage.tenant.value is True
    said = words(stage.answer(CAROL, lambda: stage.slack.submit(CAROL, view["id"], {"reason": "Nobody asked for it"})))
    assert f"Opt-out #{outside + 1} is recorded" in said
    stage.card(outside + 1, "Applied:")
    assert stage.tenant.value is False


def adopt(stage: Stage, outside: int) -> int:
    view = stage.opened(ALICE, lambda: stage.click(ALICE, outside, "extend"))
    assert set(fields(view)) == {"reason", "clients", "protocols", "day"}
    values = {"reason": "It may stand for now", "clients": "Ricoh", "day": stage.day(14)}
    said = words(stage.answer(ALICE, lambda: stage.slack.submit(ALICE, view["id"], values)))
    assert f"Your request #{outside + 1} is open" in said
    stage.card(outside + 1, "Request")
    return outside + 1


def test_two_people_adopt_it_and_give_it_an_end_without_a_write(stage: Stage, outside: int) -> None:
    assert "Ends by itself" not in stage.status()
    written, number = len(stage.writes), adopt(stage, outside)
    assert stage.state(number) is State.PENDING
    stage.press(ALICE, number, "approve")
    assert stage.state(number) is State.PENDING
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    assert len(stage.writes) == written
    assert "Ends by itself" in stage.status()
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
    assert f"Your name and reason are on record for #{outside}" in claim(stage, CAROL, outside, "A test <!here> of the scanners")
    card = stage.card(outside, saying="it was me")
    assert f"<@{CAROL}> says: it was me." in words(card)
    assert "A test &lt;!here&gt; of the scanners" in words(card)
    assert "Nobody asked the bot for it." not in words(card)
    assert [button["text"]["text"] for button in buttons(card).values()] == ["Opt out again", "Adopt"]
    assert stage.tenant.value is True


def test_it_is_said_once(stage: Stage, outside: int) -> None:
    slow = stage.opened(BOB, lambda: stage.click(BOB, outside, "it_was_me"))
    claim(stage, CAROL, outside, "Mine")
    assert "Somebody has put a name to" in send_claim(stage, BOB, slow, "No, mine")
    card = words(stage.card(outside, saying="it was me"))
    assert "No, mine" not in card
    assert f"<@{CAROL}>" in card


def test_a_reason_is_needed_to_say_it(stage: Stage, outside: int) -> None:
    view = stage.opened(ALICE, lambda: stage.click(ALICE, outside, "it_was_me"))
    errors = stage.slack.submit(ALICE, view["id"], {"reason": "\u200b \u00a0"})
    assert errors is not None
    assert "Write a sentence" in errors["reason"]
    assert "It was me" in words(stage.card(outside))


def test_a_change_to_opted_out_offers_no_opt_out(fresh_stage) -> None:
    stage = fresh_stage()
    stage.tenant.value = False
    stage.observe()
    card = stage.card(1, "Changed outside the bot:")
    assert [button["text"]["text"] for button in buttons(card).values()] == ["It was me"]
    assert "`/legacytls enable` asks for it" in words(card)


def test_who_changed_it_is_named_when_the_audit_log_tells_and_never_the_bot_itself(fresh_stage) -> None:
    stage = fresh_stage()
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    for value, person in ((False, "carol@contoso.com"), (True, "dave@contoso.com")):
        stage.tenant.change_outside(value, actor=person)
        stage.observe()
    card = words(stage.card(number + 2, "Changed outside the bot:"))
    assert "audit log" not in card
    stage.advance(2 * 3600)
    assert "According to the audit log it was dave@contoso.com" in words(stage.card(number + 2, saying="audit log"))
    assert "According to the audit log it was carol@contoso.com" in words(stage.card(number + 1, saying="audit log"))


def test_nobody_is_named_when_the_audit_log_does_not_tell_within_a_day(fresh_stage) -> None:
    stage = fresh_stage()
    stage.tenant.audit_latency_seconds = 30 * 86400.0
    stage.tenant.value = True
    stage.observe()
    stage.card(1, "Changed outside the bot:")
    stage.advance(25 * 3600)
    assert "it is not known who it was" in words(stage.card(1, saying="within a day"))
