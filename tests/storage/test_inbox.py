"""What Slack delivered is kept once, survives the process, and is dealt with once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from storage.engine import Database
from storage.errors import AlreadyHandled
from storage.inbox import Inbox
from storage.ledger import Ledger
from tests.storage.states import NOW, TENANT, asked, everything


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database, TENANT)


def forget_claims(database: Database) -> None:
    """As if the time that a worker may keep an item had passed, by the database's own clock."""
    with database.write() as connection:
        connection.execute(text("UPDATE inbox SET claimed_until = claimed_until - 16000"))


def test_a_redelivery_is_told_apart(inbox: Inbox, database: Database) -> None:
    first = inbox.put("Ev1", "reaction", {"emoji": "x"}, now=NOW, patience=1)
    assert first is not None
    assert (first.key, first.kind, first.payload, first.received_at) == (
        "Ev1",
        "reaction",
        {"emoji": "x"},
        NOW,
    )
    assert inbox.put("Ev1", "reaction", {"emoji": "x"}, now=NOW, patience=1) is None
    assert inbox.put("Ev2", "reaction", {}, now=NOW, patience=1) is not None
    assert Inbox(database, "another").put("Ev1", "reaction", {}, now=NOW, patience=1) is not None


def test_what_was_begun_is_noted_once_and_asks_for_nothing(inbox: Inbox, database: Database) -> None:
    assert inbox.note("command:1", now=NOW)
    assert not Inbox(database, TENANT).note("command:1", now=NOW)
    assert inbox.note("command:2", now=NOW)
    assert Inbox(database, "another").note("command:1", now=NOW)
    forget_claims(database)
    assert inbox.claim_waiting(NOW) == []


def test_a_redelivery_after_the_work_was_done_is_told_apart_too(inbox: Inbox, ledger: Ledger) -> None:
    item = inbox.put("Ev1", "reaction", {}, now=NOW, patience=1)
    assert item
    with ledger.recording(NOW) as entry:
        entry.finish_inbox(item.key)
    assert inbox.put("Ev1", "reaction", {}, now=NOW, patience=1) is None


def test_of_eight_deliveries_at_once_one_is_kept(inbox: Inbox) -> None:
    barrier = threading.Barrier(8)

    def deliver(_: int) -> bool:
        barrier.wait(timeout=30)
        return inbox.put("Ev1", "reaction", {}, now=NOW, patience=10) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(deliver, range(8))) == [False] * 7 + [True]


def test_what_its_taker_left_behind_is_taken_up_when_its_time_is_over(
    inbox: Inbox, database: Database
) -> None:
    kept = [inbox.put(f"Ev{number}", "click", {"n": str(number)}, now=NOW, patience=1) for number in range(3)]
    assert inbox.claim_waiting(NOW) == []
    forget_claims(database)
    assert Inbox(database, "another").claim_waiting(NOW) == []
    assert inbox.claim_waiting(NOW, limit=2) == kept[:2]
    assert Inbox(database, TENANT).claim_waiting(NOW) == kept[2:]
    assert inbox.claim_waiting(NOW) == []


def test_what_was_held_before_the_databases_clock_was_set_back_is_taken_up_too(
    inbox: Inbox, database: Database
) -> None:
    kept = inbox.put("Ev1", "click", {}, now=NOW, patience=1)
    with database.write() as connection:
        connection.execute(text("UPDATE inbox SET claimed_until = claimed_until + 3600000"))
    assert inbox.claim_waiting(NOW) == [kept]
    assert inbox.claim_waiting(NOW) == []


def test_leftovers_are_shared_without_overlap(
    inbox: Inbox, database: Database, migrated_database_url: str
) -> None:
    for number in range(40):
        inbox.put(f"Ev{number}", "click", {}, now=NOW, patience=1)
    forget_claims(database)

    def work(_: int) -> list[int]:
        own = Database(migrated_database_url)
        try:
            return [item.id for _ in range(4) for item in Inbox(own, TENANT).claim_waiting(NOW, limit=5)]
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        taken = [number for found in pool.map(work, range(4)) for number in found]
    taken += [item.id for _ in range(8) for item in inbox.claim_waiting(NOW, limit=5)]
    assert len(taken) == len(set(taken)) == 40


def test_what_was_done_is_never_taken_up_again(inbox: Inbox, ledger: Ledger) -> None:
    item = inbox.put("Ev1", "click", {}, now=NOW, patience=1)
    assert item
    with ledger.recording(NOW) as entry:
        entry.finish_inbox(item.key)
    forget_claims(ledger.database)
    assert inbox.claim_waiting(NOW) == []


def test_doing_it_a_second_time_takes_back_what_the_second_time_caused(inbox: Inbox, ledger: Ledger) -> None:
    item = inbox.put("Ev1", "click", {}, now=NOW, patience=1)
    assert item
    with ledger.recording(NOW) as entry:
        entry.finish_inbox(item.key)
    stood = everything(ledger.database)
    with pytest.raises(AlreadyHandled), ledger.recording(NOW) as entry:  # noqa: PT012
        asked(entry)
        entry.finish_inbox(item.key)
    assert everything(ledger.database) == stood


def test_an_effect_that_failed_leaves_the_delivery_to_be_taken_up(inbox: Inbox, ledger: Ledger) -> None:
    item = inbox.put("Ev1", "click", {}, now=NOW, patience=1)
    assert item
    with pytest.raises(ZeroDivisionError), ledger.recording(NOW) as entry:  # noqa: PT012
        entry.finish_inbox(item.key)
        _ = 1 / 0
    forget_claims(ledger.database)
    assert inbox.claim_waiting(NOW) == [item]


def test_another_tenant_finishes_nothing_of_ours(inbox: Inbox, ledger: Ledger) -> None:
    item = inbox.put("Ev1", "click", {}, now=NOW, patience=1)
    assert item
    with pytest.raises(AlreadyHandled), Ledger(ledger.database, "another").recording(NOW) as entry:
        entry.finish_inbox(item.key)


def test_leftovers_are_taken_in_people_s_turns(inbox: Inbox, database: Database) -> None:
    for number in range(50):
        inbox.put(f"flood-{number}", "vote", {"person": "U0FLOOD"}, now=NOW, patience=1)
    for person in ("U0BOB", "U0CAROL"):
        inbox.put(person, "vote", {"person": person}, now=NOW, patience=1)
    forget_claims(database)
    taken = [item.key for item in inbox.claim_waiting(NOW, limit=4)]
    assert taken == ["flood-0", "flood-1", "U0BOB", "U0CAROL"]
    assert len(inbox.claim_waiting(NOW, limit=100)) == 48
