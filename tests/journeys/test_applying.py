"""Applying in trouble: one truthful outcome, at most one effective write, and nothing claimed that was not
read back."""

import pytest

from storage.lifecycle import State
from tests.journeys.stage import ALICE, BOB, HOUR, MINUTE, Stage
from tests.journeys.words import begins, words
from tests.sampling import drawn
from tests.sentences import says

SET, GET = "Set-TransportConfig", "Get-TransportConfig"
CLAIM = "Applied"


def test_a_write_that_shows_up_after_its_answer_was_lost_goes_from_uncertain_to_applied(stage: Stage) -> None:
    number, written = approved(stage, "late_apply", seconds=1.5)
    card = stage.card(number, "Uncertain:")
    assert begins(card["blocks"][0]["text"]["text"], "Uncertain:")
    assert says("the_change_is_not_sent_a_second") in words(card)
    stage.wait(lambda: any(f"Uncertain: #{number}" in told for told in stage.private(ALICE)))
    assert says("outcome_not_known_yet") in stage.status()
    stage.wait(lambda: stage.tenant.value)
    stage.advance(MINUTE)
    stage.card(number, "Applied:")
    stage.wait(lambda: any(f"Applied: #{number}" in told for told in stage.private(ALICE)))
    stage.wait(lambda: not any("ncertain" in told for told in stage.private(ALICE)))
    assert "ncertain" not in words(stage.card(number))
    assert len(stage.writes) == written + 1


def test_a_write_that_was_applied_although_its_answer_was_lost_is_read_back(stage: Stage) -> None:
    number, written = approved(stage, "lose_answer")
    stage.card(number, "Applied:")
    assert len(stage.writes) == written + 1


@pytest.mark.parametrize("fault", drawn("settled by reading", ["apply_then_500", "cut_short", "truncated"]))
def test_an_answer_that_tells_nothing_is_settled_by_reading(stage: Stage, fault: str) -> None:
    number, written = approved(stage, fault)
    stage.card(number, "Applied:")
    assert len(stage.writes) == written + 1


@pytest.mark.parametrize(
    "fault",
    drawn(
        "never shows up",
        ["reset_before", "server_error", "html_200", "redirect_foreign", "error_key_in_200", "errors_in_200"],
        keep=2,
    ),
)
def test_what_never_shows_up_is_uncertain_for_fifteen_minutes_and_then_failed(
    stage: Stage, fault: str
) -> None:
    number, written = approved(stage, fault)
    stage.card(number, "Uncertain:")
    assert says("is_already_sent_with_its_outcome_not", number=number) in stage.press(
        ALICE, number, "withdraw"
    )
    stage.advance(14 * MINUTE)
    assert stage.state(number) is State.UNCERTAIN
    stage.advance(MINUTE)
    card = stage.card(number, "Failed:")
    assert says("fifteen_minutes_after_it_was_sent_the") in words(card)
    assert_never_claimed(stage, number)
    stage.wait(lambda: not any(f"Uncertain: #{number}" in told for told in stage.private(ALICE)))
    assert len(stage.writes) == written + 1


@pytest.mark.parametrize("fault", drawn("refused", ["role_missing", "dehydrated", "unauthorized"]))
def test_a_refused_write_failed_and_is_never_called_applied(stage: Stage, fault: str) -> None:
    number, written = approved(stage, fault)
    card = stage.card(number, "Failed:")
    assert begins(card["blocks"][0]["text"]["text"], "Failed:")
    stage.wait(lambda: any(f"Failed: #{number}" in told for told in stage.private(ALICE)))
    assert_never_claimed(stage, number)
    assert len(stage.writes) == written + 1


def test_a_missing_role_is_told_with_what_to_do(stage: Stage) -> None:
    number, _ = approved(stage, "role_missing")
    assert "role" in words(stage.card(number, "Failed:"))


def test_a_refused_write_failed_even_when_the_value_matches_by_other_hands(stage: Stage) -> None:
    number, _ = approved(stage, "role_missing")
    stage.card(number, "Failed:")
    stage.tenant.value = True
    stage.advance(20 * MINUTE)
    stage.status()
    assert stage.state(number) is State.FAILED
    assert_never_claimed(stage, number)


@pytest.mark.parametrize(
    "fault", drawn("sent again", ["throttle", "throttle_date", "unavailable_retry", "transient_400"])
)
def test_what_was_provably_not_processed_is_sent_again_and_applied_once(stage: Stage, fault: str) -> None:
    number, written = approved(stage, fault)
    stage.wait(lambda: len(stage.writes) == written + 1)
    stage.card(number, "Approved, not yet made:", saying=says("it_is_sent_again_until_it_expires"))
    assert_never_claimed(stage, number)
    stage.advance(MINUTE)
    stage.card(number, "Applied:")
    assert [call.effective for call in stage.writes[written:]] == [False, True]


def test_a_throttled_write_is_sent_again_for_longer_than_a_few_times(stage: Stage) -> None:
    number, written = approved(stage, "throttle", count=6)
    for sent in range(1, 7):
        stage.wait(lambda sent=sent: len(stage.writes) == written + sent)
        stage.wait(lambda: stage.state(number) is State.APPROVED)
        stage.card(number, "Approved, not yet made:", saying=says("it_is_sent_again_until_it_expires"))
        stage.advance(10 * MINUTE)
    stage.card(number, "Applied:")
    assert len(stage.writes) == written + 7


@pytest.mark.parametrize("fault", drawn("took effect", ["apply_then_400", "proxy_timeout", "apply_then_500"]))
def test_a_write_that_took_effect_is_never_told_as_failed_whatever_the_answer(
    stage: Stage, fault: str
) -> None:
    number, written = approved(stage, fault)
    stage.card(number, "Applied:")
    assert [call.effective for call in stage.writes[written:]] == [True]
    assert not any(f"Failed: #{number}" in told for told in stage.private(ALICE))


def test_an_error_that_proves_nothing_is_uncertain_until_it_is_read(stage: Stage) -> None:
    number, written = approved(stage, "details_as_json")
    stage.card(number, "Uncertain:")
    stage.advance(HOUR)
    stage.card(number, "Failed:")
    assert_never_claimed(stage, number)
    assert len(stage.writes) == written + 1


def test_a_claims_challenge_is_met_with_a_new_token(stage: Stage) -> None:
    number, written = approved(stage, "unauthorized_claims")
    stage.card(number, "Applied:")
    assert [call.effective for call in stage.writes[written:]] == [False, True]


def test_a_value_that_lags_behind_on_the_other_domain_controller_is_waited_for(stage: Stage) -> None:
    stage.tenant.lag_seconds = 1.5
    try:
        number, written = approved(stage, "slow", seconds=0.0)
        stage.card(number, "Applied:")
    finally:
        stage.tenant.lag_seconds = 0.0
    assert len(stage.writes) == written + 1


@pytest.mark.parametrize("fault", drawn("not readable", ["missing_key", "other_tenant", "role_missing"]))
def test_nothing_is_sent_while_the_live_value_cannot_be_read(stage: Stage, fault: str) -> None:
    number, written = stage.ask(ALICE), len(stage.writes)
    stage.tenant.queue_fault(fault, cmdlet=GET, count=3)
    stage.press(BOB, number, "approve")
    stage.card(number, "Approved, not yet made:", saying=says("waiting_for_exchange_nothing_has_been_sent"))
    assert len(stage.writes) == written
    stage.tenant.clear_faults()
    stage.advance(2 * MINUTE)
    stage.card(number, "Applied:")
    assert len(stage.writes) == written + 1


def test_killed_while_sending_it_is_settled_by_reading_and_not_sent_again(fresh_stage) -> None:
    stage = fresh_stage()
    number = stage.ask(ALICE)
    stage.tenant.queue_fault("slow", cmdlet=SET, seconds=1.0)
    stage.press(BOB, number, "approve")
    stage.wait(lambda: stage.writes)
    stage.sandbox.bot.kill()
    stage.wait(lambda: stage.tenant.value)
    stage.start()
    stage.card(number, "Applied:")
    assert stage.effective_writes == [True]
    assert len(stage.writes) == 1


@pytest.mark.long
def test_killed_before_sending_it_is_resumed_and_sent_once(fresh_stage) -> None:
    stage = fresh_stage()
    number = stage.ask(ALICE)
    stage.tenant.queue_fault("slow", cmdlet=GET, seconds=1.0)
    before = len(stage.tenant.calls)
    stage.press(BOB, number, "approve")
    stage.wait(lambda: len(stage.tenant.calls) > before)
    stage.sandbox.bot.kill()
    stage.start()
    stage.card(number, "Applied:")
    assert stage.effective_writes == [True]
    assert len(stage.writes) == 1


def approved(stage: Stage, fault: str, *, count: int = 1, seconds: float | None = None) -> tuple[int, int]:
    """An approved opt-in whose write meets ``fault``: its number, and how many writes there were before."""
    number, written = stage.ask(ALICE), len(stage.writes)
    stage.tenant.queue_fault(fault, cmdlet=SET, count=count, seconds=seconds)
    stage.press(BOB, number, "approve")
    return number, written


def assert_never_claimed(stage: Stage, number: int) -> None:
    """Nobody was told that it was applied."""
    told = [*map(words, stage.cards(number)), *stage.private(ALICE), *stage.private(BOB)]
    assert [text for text in told if f"#{number}" in text and CLAIM in text] == []
