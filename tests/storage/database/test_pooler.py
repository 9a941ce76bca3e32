"""Behind PgBouncer in transaction mode: a transaction may meet any server connection, and the next one
another."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import event, make_url, text

from storage.engine import Database, durability
from storage.inbox import Inbox
from storage.ledger import Ledger
from storage.migrate import is_current, upgrade
from storage.privileges import role_of
from storage.record.verify import verify
from tests.pooler import POOL
from tests.storage.racer import racers
from tests.storage.states import NOW, TENANT, opened

SESSION = re.compile(
    r"\s*SET (?!LOCAL|TRANSACTION)|pg_(try_)?advisory_lock|\s*(PREPARE|LISTEN|DISCARD)\b|CREATE TEMP|WITH "
    r"HOLD",
    re.IGNORECASE,
)
"""What is kept in a session of PostgreSQL (pgbouncer.org/features.html lists what transaction mode
breaks)."""


@pytest.fixture
def database(pooled_url: str) -> Iterator[Database]:
    upgrade(pooled_url)
    found = Database(pooled_url)
    yield found
    found.close()


def test_two_replicas_write_and_read_through_it_and_the_record_holds(pooled_url: str) -> None:
    with racers(pooled_url, 2) as replicas:
        assert len(set(replicas.all("migrate", pooled_url))) == 1
        database = Database(pooled_url)
        number = str(opened(Ledger(database, TENANT)).id)
        votes = [("vote", TENANT, number, f"U0REPLICA{which}", "12") for which in range(2)]
        assert replicas.each(votes) == ["voted"] * 2
        assert [line.split()[0] for line in replicas.all("open", TENANT)] == ["lost"] * 2
    assert verify(database, TENANT).ok
    database.close()


def test_one_statement_again_and_again_meets_no_statement_of_another_client(pooled_url: str) -> None:
    upgrade(pooled_url)
    clients = [Database(pooled_url) for _ in range(POOL + 2)]
    for number in range(12):
        for client in clients:
            assert (
                Inbox(client, TENANT).put(f"{number}-{id(client)}", "vote", {}, now=NOW, patience=5)
                is not None
            )
    for client in clients:
        client.close()


def test_nothing_is_kept_in_a_session(database: Database) -> None:
    said: list[str] = []
    for engine in (database.engine, database._quick):
        event.listen(engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    opened(Ledger(database, TENANT))
    Inbox(database, TENANT).put("key", "vote", {}, now=NOW, patience=1)
    assert is_current(database)
    assert durability(database).finding
    assert role_of(database).owns_tables is True
    assert verify(database, TENANT).ok
    assert any("SET LOCAL" in one for one in said)
    assert [one for one in said if SESSION.search(one)] == []


def test_a_lock_timeout_does_not_outlive_its_transaction(database: Database) -> None:
    with database.read() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar() == "10s"
    bare = Database(make_url(database.engine.url))
    with bare.engine.connect() as connection:
        assert {connection.execute(text("SHOW lock_timeout")).scalar() for _ in range(5)} == {"0"}
    bare.close()


def test_a_pooler_that_lets_no_options_through_is_named(pooled_url: str) -> None:
    from storage.database.troubles import Trouble
    from storage.engine import Unreachable

    database = Database(make_url(pooled_url).update_query_dict({"options": "-cwork_mem=4MB"}))
    with pytest.raises(Unreachable) as refused, database.read():
        pass
    assert refused.value.trouble is Trouble.POOLER
    database.close()
