"""Where the newest head cannot be kept, nothing is opted in: a backup of that moment, put back later, would
do it once more."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.changes.apply import Apply
from handlers.changes.restored_database import TrustWatch, accept
from handlers.changes.settle import Settling
from storage.engine import Database
from storage.lifecycle import State
from storage.record.database_trust import Standing
from storage.record.head_file import head_file
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, TENANT, House
from tests.handlers.fakes import CHANNEL


@pytest.fixture
def house(migrated_database_url: str, tmp_path: Path) -> Iterator[House]:
    """The operator has named a folder for the newest head."""
    database = Database(migrated_database_url)
    house = House(database)
    (tmp_path / "state").mkdir()
    standing = Standing(database, TENANT, head_file(tmp_path / "state", TENANT, None), must_keep=True)
    house.context = replace(house.context, standing=standing)
    house.apply = Apply(house.context, Settling(house.context), sleep=house.clock.sleep)
    yield house
    database.close()


def test_a_folder_that_fails_in_the_moment_of_sending_costs_no_approval_and_sends_nothing(
    house: House, tmp_path: Path
) -> None:
    house.observe()
    request = house.ask(ALICE)
    house.approve(BOB, request.id)
    (tmp_path / "state").rmdir()
    house.run()
    assert (house.tenant.writes, house.request(request.id).state) == ([], State.APPROVED)
    for _ in range(5):
        house.clock.advance(seconds=600)
        TrustWatch(house.context).watch()
        house.work()
    assert (house.tenant.writes, house.request(request.id).state) == ([], State.APPROVED)
    house.submit("opt_out", BOB, CHANNEL, reason="")
    house.work()
    assert [write.value for write in house.tenant.writes] == [SettingValue.OPTED_OUT]


def test_it_goes_on_once_the_folder_can_be_written(house: House, tmp_path: Path) -> None:
    house.observe()
    request = house.ask(ALICE)
    house.approve(BOB, request.id)
    (tmp_path / "state").rmdir()
    house.run()
    (tmp_path / "state").mkdir()
    TrustWatch(house.context).watch()
    house.clock.advance(seconds=600)
    house.work()
    assert ([write.value for write in house.tenant.writes], house.request(request.id).state) == (
        [SettingValue.OPTED_IN],
        State.APPLIED,
    )


def test_there_is_nothing_to_accept_where_nothing_is_in_the_way(house: House) -> None:
    request = house.ask(ALICE)
    standing = house.context.standing
    assert standing is not None
    assert accept(house.ledger, standing, house.clock.at) is None
    assert house.request(request.id).state is State.PENDING
