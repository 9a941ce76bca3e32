"""Watching: a change outside the bot is noticed once; a value that cannot be read is announced once, and once
when it is back."""

import re

from tests.journeys.stage import ALICE, BOB, DAY, HOUR, MINUTE, Stage
from tests.journeys.words import words
from tests.sentences import says

GET = "Get-TransportConfig"


def test_a_change_outside_the_bot_is_announced_once_with_a_number(stage: Stage) -> None:
    before, written = count(stage, "Changed outside"), len(stage.writes)
    stage.tenant.value = True
    stage.observe()
    first = stage.announced(says("changed_from_not_set_to_opted_in"))
    assert re.match(r"\W*Changed outside the bot: #\d+", first["text"])
    stage.observe()
    assert count(stage, says("changed_outside")) == before + 1
    stage.tenant.value = False
    stage.observe()
    second = stage.announced(says("changed_from_opted_in_to_opted_out"))
    assert second["text"].split(".")[0] != first["text"].split(".")[0]
    assert len(stage.writes) == written


def test_drift_that_status_shows_is_told_in_the_channel_without_waiting_for_the_next_reading(
    stage: Stage,
) -> None:
    before = count(stage, "Changed outside")
    stage.tenant.value = True
    assert "Drift:" in stage.status()
    stage.wait(lambda: count(stage, "Changed outside") == before + 1)
    assert "Drift:" not in stage.status()


def test_what_the_bot_itself_applied_is_no_drift(stage: Stage) -> None:
    number, before = stage.ask(ALICE), count(stage, "Changed outside")
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    stage.observe()
    assert count(stage, says("changed_outside")) == before


def test_a_tenant_opted_in_before_the_bot_came_is_said_once(new_stage) -> None:
    stage = new_stage()
    stage.tenant.value = True
    with stage:
        stage.announced(says("was_so_before_this_bot_came"))
        stage.observe()
        assert count(stage, says("was_so_before_this_bot_came")) == 1
        assert count(stage, says("changed_outside")) == 0


def test_an_unreadable_value_is_announced_after_three_times_and_once_when_it_is_back(stage: Stage) -> None:
    stage.tenant.queue_fault("missing_key", cmdlet=GET, count=4)
    stage.observe()
    stage.observe()
    assert count(stage, says("could_not_be_read")) == 0
    stage.observe()
    said = words(stage.announced(says("could_not_be_read_three_times_in")))
    for word in ("opted in", "opted out", "not set"):
        assert word not in said
    stage.observe()
    stage.observe()
    stage.announced(says("can_be_read_again"))
    stage.observe()
    assert (count(stage, says("could_not_be_read")), count(stage, says("can_be_read_again"))) == (1, 1)


def test_a_drift_behind_an_unreadable_spell_is_noticed_when_it_is_over(stage: Stage) -> None:
    before = count(stage, "Changed outside")
    stage.tenant.queue_fault("role_missing", cmdlet=GET)
    stage.tenant.value = True
    stage.observe()
    assert count(stage, says("changed_outside")) == before
    stage.observe()
    assert count(stage, says("changed_outside")) == before + 1


def test_a_write_that_shows_up_after_it_was_given_up_is_announced_as_a_correction(fresh_stage) -> None:
    stage = fresh_stage()
    number = stage.ask(ALICE)
    stage.tenant.queue_fault("late_apply", cmdlet="Set-TransportConfig", seconds=3)
    stage.press(BOB, number, "approve")
    stage.card(number, "Uncertain:")
    stage.advance(16 * MINUTE)
    stage.card(number, "Failed:")
    stage.wait(lambda: stage.tenant.value)
    stage.advance(HOUR)
    assert says("its_window_holds") in words(stage.announced(says("correction_to", number=number)))
    stage.wait(lambda: any(f"Correction to #{number}" in told for told in stage.private(ALICE)))
    assert stage.cards(number + 1) == []
    stage.advance(11 * DAY)
    stage.card(number + 1, "Applied:", saying=says("the_bot_opts_out_by_itself"))
    assert stage.effective_writes == [True, False]


def count(stage: Stage, saying: str) -> int:
    """How many channel messages say it, once all that is owed is delivered."""
    stage.wait_until_delivered()
    return sum(saying in words(message) for message in stage.public())
