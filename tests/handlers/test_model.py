"""Whatever people, clocks, Slack and Exchange do, in whichever order: the rule holds, and all comes to one truthful end."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import make_url

from tests.counting import Tally
from tests.handlers.model import Machine

FIXED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
SHORT = settings(FIXED, max_examples=20, stateful_step_count=6)
LONG = settings(FIXED, max_examples=200, stateful_step_count=20)


@pytest.fixture
def machine(migrated_sqlite_url: str) -> type[Machine]:
    Machine.template = Path(make_url(migrated_sqlite_url).database or "")
    return Machine


def live(machine: type[Machine], length: settings, tally: Tally) -> None:
    """Live many lives and count them."""
    machine.lived.clear()
    run_state_machine_as_test(machine, settings=length)
    for what, number in machine.lived.items():
        tally(f"{what}, whatever people, clocks, Slack and Exchange did", number)


def test_the_rule_holds_whatever_happens(machine: type[Machine], tally: Tally) -> None:
    live(machine, SHORT, tally)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_rule_holds_for_much_longer(machine: type[Machine], tally: Tally) -> None:
    live(machine, LONG, tally)
