"""A machine on which the command line is tried, and its record."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.engine import Database
from storage.migrate import upgrade
from tests.bot.machine import Machine
from tests.handlers.driver import ALICE, BOB, House

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One machine whose record holds an opt-in of two days ago, an opt-out of yesterday and an open
    request."""
    with Machine(tmp_path_factory.mktemp("machine")) as found:
        upgrade(found.settings["DATABASE_URL"])
        database = Database(found.settings["DATABASE_URL"])
        _play(House(database, at=datetime.now(UTC).replace(microsecond=0) - 2 * DAY))
        database.close()
        found.microsoft.tenant.value = False
        yield found


def _play(house: House) -> None:
    house.observe()
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.work()
    house.clock.advance(days=1)
    house.opt_out(BOB, reason="The last scanner is gone")
    house.work()
    house.clock.advance(days=1)
    house.ask(ALICE, reason="Another scanner")


@pytest.fixture(scope="module")
def exported(machine: Machine) -> str:
    """The record as ``export`` writes it."""
    return machine.run("export").out


@pytest.fixture(scope="module")
def head(machine: Machine) -> tuple[int, str]:
    """The head as ``verify`` tells it."""
    verdict = json.loads(machine.run("verify", "--json").out)
    assert (verdict["ok"], verdict["problem"]) == (True, None)
    return verdict["head_seq"], verdict["head_hash"]


@pytest.fixture
def copy(machine: Machine, tmp_path: Path) -> Path:
    """A copy of the record that a test may spoil."""
    copied = tmp_path / "copy.db"
    with sqlite3.connect(machine.database) as original, sqlite3.connect(copied) as target:
        original.backup(target)
    for connection in (original, target):
        connection.close()
    return copied
