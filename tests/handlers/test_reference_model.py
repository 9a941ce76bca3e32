"""Whatever people, clocks, Slack and Exchange do, in whichever order: the rule holds, and all comes to one
truthful end."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.counting import Tally
from tests.handlers.reference_model import Machine
from tests.postgres import Server

FIXED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
SHORT = settings(FIXED, max_examples=12, stateful_step_count=6)
LONG = settings(FIXED, max_examples=200, stateful_step_count=20)


Fresh = Callable[[], AbstractContextManager[str]]


def living_on(fresh: Fresh) -> type[Machine]:
    """The machine with a new database for each life."""
    return type("Machine", (Machine,), {"fresh": staticmethod(fresh)})


@pytest.fixture
def machine(_migrated_sqlite: Path) -> type[Machine]:
    @contextmanager
    def copied() -> Iterator[str]:
        with TemporaryDirectory() as room:
            yield f"sqlite:///{shutil.copy(_migrated_sqlite, room)}"

    return living_on(copied)


@pytest.fixture
def machine_on_postgresql(_migrated_postgres: str, postgres_server: Server) -> type[Machine]:
    @contextmanager
    def copied() -> Iterator[str]:
        with postgres_server.database(template=_migrated_postgres) as url:
            yield url.render_as_string(hide_password=False)

    return living_on(copied)


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


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_rule_holds_on_postgresql_as_well(machine_on_postgresql: type[Machine], tally: Tally) -> None:
    live(machine_on_postgresql, settings(LONG, max_examples=50), tally)
