"""The bot lets go of what is past its retention by itself, and goes on."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from bot.pruning import EVERY, Pruning
from storage.engine import Database
from storage.migrate import upgrade
from storage.outbox import Outbox
from tests.handlers.house import ALICE, BOB, House

KEEP = timedelta(days=400)


def counted(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table: int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in ("inbox", "notices", "decisions", "attempts", "change_requests")
        }


def test_a_change_of_long_ago_leaves_its_record_and_nothing_else(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path / 'house.db'}")
    database = Database(f"sqlite:///{tmp_path / 'house.db'}")
    house, passed = House(database), [0.0]
    tenant_id = house.ledger.tenant_id
    pruning = Pruning(database, tenant_id, keep=KEEP, clock=house.clock, monotonic=lambda: passed[0])
    house.approve(BOB, house.ask(ALICE).id)
    house.run()
    house.deliver()
    before = counted(database)
    assert pruning.run() == 0
    house.clock.at += KEEP + timedelta(days=1)
    assert pruning.run() == 0, "it looks once an hour"
    passed[0] += EVERY
    assert pruning.run() > 0
    after = counted(database)
    assert (after["inbox"], after["notices"]) == (0, 0)
    assert {name: after[name] for name in ("decisions", "attempts", "change_requests")} == {
        name: before[name] for name in ("decisions", "attempts", "change_requests")
    }
    house.deliver()
    assert Outbox(database, tenant_id).oldest_owed(house.clock.at) is None, "nothing that was told is told again"
    house.opt_out(ALICE)
    house.run()
    house.deliver()
    assert house.newest().state.value == "applied"
    database.close()
