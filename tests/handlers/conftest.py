"""A house of its own for every test: ``house`` on SQLite, ``both`` on each database in turn."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from storage.engine import Database
from tests.handlers.house import House


@pytest.fixture
def database(migrated_sqlite_url: str) -> Iterator[Database]:
    opened = Database(migrated_sqlite_url)
    for engine in (opened.engine, opened._quick):
        event.listen(engine, "connect", without_syncing)
    yield opened
    opened.close()


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


@pytest.fixture
def both(migrated_database_url: str) -> Iterator[House]:
    opened = Database(migrated_database_url)
    yield House(opened)
    opened.close()


def without_syncing(connection: Any, record: object) -> None:
    """What is tested here is judgement: no test cuts the power, so none has to wait for the disk."""
    connection.execute("PRAGMA synchronous = OFF")
