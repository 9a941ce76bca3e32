"""A replica that falls silent in the middle of a transaction does not keep the others from writing:
PostgreSQL ends it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from storage import engine
from storage.engine import PATIENCE, Database, Unreachable
from storage.ledger import Ledger
from storage.record.verify import verify
from tests.storage.states import NOW, TENANT, asked


@pytest.fixture
def two(migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Database, Database]]:
    """Two replicas, of which one may be silent for a third of a second."""
    monkeypatch.setattr(engine, "IDLE_LIMIT", 0.3)
    replicas = Database(migrated_postgres_url), Database(migrated_postgres_url)
    yield replicas
    for replica in replicas:
        replica.close()


def test_whoever_waits_outlives_the_silent_owner() -> None:
    assert engine.IDLE_LIMIT < PATIENCE


def test_a_silent_owner_loses_its_transaction_and_is_told(two: tuple[Database, Database]) -> None:
    silent, other = two
    with pytest.raises(Unreachable, match="silent"), Ledger(silent, TENANT).recording(NOW) as entry:  # noqa: PT012
        asked(entry)
        with Ledger(other, TENANT).recording(NOW) as next_entry:
            assert asked(next_entry).version == 1
    assert verify(other, TENANT).checked == 1


def test_a_silent_owner_can_write_again(two: tuple[Database, Database]) -> None:
    silent, other = two
    with pytest.raises(Unreachable), silent.recording(TENANT) as connection:  # noqa: PT012
        with other.recording(TENANT):
            pass
        connection.execute(text("SELECT 1"))
    with Ledger(silent, TENANT).recording(NOW) as entry:
        asked(entry)
    assert verify(other, TENANT).checked == 1
