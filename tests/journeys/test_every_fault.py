"""Every fault the simulator can play, through the whole bot: one truthful outcome, and one effective write at
most."""

import re

import pytest

from bot.sandbox.microsoft.faults import FAULTS
from storage.lifecycle import State
from storage.records import SettingValue
from tests.journeys.stage import ALICE, BOB, CAROL, MINUTE, Stage
from tests.journeys.words import begins, words
from tests.sentences import says

SET, GET = "Set-TransportConfig", "Get-TransportConfig"
AT_EXCHANGE = [name for name in FAULTS if not name.startswith("entra_")]
AT_ENTRA = [name for name in FAULTS if name.startswith("entra_")]
SETTLED = {State.APPLIED, State.FAILED}
pytestmark = pytest.mark.long
LEAKS = "Traceback|eyJ|stacktrace|StackTrace"
BRIEF = 0.2
"""Seconds of a delay where a fault has one."""


@pytest.mark.parametrize("fault", AT_EXCHANGE)
def test_a_write_ends_in_one_truth_whatever_it_meets(stage: Stage, fault: str) -> None:
    stage.tenant.queue_fault(fault, cmdlet=SET, seconds=BRIEF)
    assert_one_truth(stage)


@pytest.mark.parametrize("fault", AT_ENTRA)
def test_a_write_that_needs_a_new_token_ends_in_one_truth_whatever_the_sign_in_meets(
    fresh_stage, fault: str
) -> None:
    stage = fresh_stage()  # a refused token, and a refusal that MSAL repeats for a minute, are left behind
    stage.tenant.queue_fault("unauthorized_claims", cmdlet=SET)
    stage.tenant.queue_fault(fault)
    assert_one_truth(stage)


def test_a_reading_tells_the_value_or_that_it_could_not_be_read(fresh_stage) -> None:
    stage = fresh_stage()  # an opt-in that was given up would be taken for this one, and be taken back
    stage.tenant.value = True
    for fault in AT_EXCHANGE:
        stage.tenant.queue_fault(fault, cmdlet=GET, seconds=BRIEF)
        said = stage.status(CAROL)
        told = [value for value in SettingValue if value.value in said]
        assert told == ([] if says("could_not_be_read") in said else [SettingValue.OPTED_IN]), fault
        assert re.search(LEAKS, said) is None, fault


def assert_one_truth(stage: Stage) -> None:
    number, written, changed = stage.ask(ALICE), len(stage.writes), len(stage.effective_writes)
    stage.press(BOB, number, "approve")
    stage.wait(lambda: len(stage.writes) > written)
    for _ in range(20):
        stage.wait(lambda: stage.state(number) is not State.APPLYING)
        if stage.state(number) in SETTLED:
            break
        stage.advance(MINUTE)
        before = stage.state(number)
        stage.wait(lambda before=before: stage.state(number) is not before or due_later(stage, number))
    end = stage.state(number)
    assert end in SETTLED
    assert (end is State.APPLIED) is (stage.tenant.value is True)
    assert len(stage.effective_writes) - changed == (end is State.APPLIED)
    card = words(stage.card(number, "Applied:" if end is State.APPLIED else "Failed:"))
    assert re.search(LEAKS, card) is None
    private = stage.wait(
        lambda: [
            told for told in stage.private(ALICE) if f"#{number}" in told and told.startswith(("App", "Fai"))
        ]
    )
    assert all(begins(told, "Applied:") is (end is State.APPLIED) for told in private)


def due_later(stage: Stage, number: int) -> bool:
    """Whether the bot has looked at the request at its present and put it off."""
    request = stage.record(lambda reader: reader.request(number))
    return request.retry_at is not None and request.retry_at > stage.clock()
