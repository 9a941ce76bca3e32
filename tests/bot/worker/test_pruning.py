"""The bot lets go of what is past its retention by itself, and goes on."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from bot.worker.pruning import PASSING, prune_batch
from handlers.delivery.deliver import PRIVATE, PUBLIC
from handlers.reminders.remind import Reminders
from storage.engine import Database
from storage.messages.outbox import Outbox
from storage.messages.records import NoticeKind
from storage.migrate import upgrade
from tests.handlers.driver import ALICE, BOB, House

DAY = timedelta(days=1)
KEEP = 400 * DAY


def counted(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table: int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in ("inbox", "notices", "decisions", "attempts", "change_requests")
        }


def test_a_change_of_long_ago_leaves_its_record_and_nothing_else(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path / 'house.db'}")
    database = Database(f"sqlite:///{tmp_path / 'house.db'}")
    house = House(database)
    tenant_id = house.ledger.tenant_id
    house.approve(BOB, house.ask(ALICE).id)
    house.run()
    house.deliver()
    before = counted(database)
    assert prune_batch(database, tenant_id, keep=KEEP, clock=house.clock) == 0
    house.clock.at += KEEP + DAY
    assert prune_batch(database, tenant_id, keep=KEEP, clock=house.clock) > 0
    after = counted(database)
    assert (after["inbox"], after["notices"]) == (0, 0)
    assert {name: after[name] for name in ("decisions", "attempts", "change_requests")} == {
        name: before[name] for name in ("decisions", "attempts", "change_requests")
    }
    house.deliver()
    assert Outbox(database, tenant_id).oldest_owed(house.clock.at) is None, (
        "nothing that was told is told again"
    )
    house.opt_out(ALICE)
    house.run()
    house.deliver()
    assert house.newest().state.value == "applied"
    database.close()


def test_every_kind_of_message_goes_but_what_the_channel_is_told_once() -> None:
    assert {*PUBLIC, *PRIVATE} - {*PASSING} == {NoticeKind.CHANNEL}


def test_what_was_told_to_one_person_or_drawn_again_goes_too_and_is_not_told_twice(
    migrated_database_url: str,
) -> None:
    database = Database(migrated_database_url)
    house = House(database)
    house.clock.at += 3 * DAY
    house.observe()
    house.approve(BOB, house.ask(ALICE, day=(house.clock.at + 30 * DAY).date()).id)
    house.work()
    house.clock.at += 8 * DAY
    remind(house)
    (weekly,) = [row for row in house.owed("channel") if row.key.startswith("weekly:")]
    house.press("snooze", BOB, weekly.id, ts=weekly.posted_ts)
    house.clock.at += 17 * DAY
    remind(house)
    told = len(house.board.told), len(house.board.announced), len(house.board.drawn_again)
    assert told[0] == told[2] == 1
    announcements = len(house.owed("channel"))
    for _ in range(2):
        prune_batch(house.database, house.ledger.tenant_id, keep=-DAY, clock=house.clock)
        assert house.owed("personal", "reminder", "card", "outcome", "answer") == []
        assert len(house.owed("channel")) == announcements
        house.clock.at += timedelta(hours=1)
        remind(house)
    assert (len(house.board.told), len(house.board.announced), len(house.board.drawn_again)) == told
    database.close()


def remind(house: House) -> None:
    Reminders(house.context).run()
    house.deliver()
