"""A house of its own for every test: ``house`` on SQLite, ``both`` on each database in turn."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from storage.engine import Database
from tests.handlers.driver import House


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


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def migrated_database_url(request: pytest.FixtureRequest) -> str:
    """Use cases are played on PostgreSQL by the long tests; storage, journeys and deaths are always on both
    databases."""
    url: str = request.getfixturevalue(
        "migrated_sqlite_url" if request.param == "sqlite" else "migrated_postgres_url"
    )
    return url


@pytest.fixture
def both(migrated_database_url: str) -> Iterator[House]:
    opened = Database(migrated_database_url)
    yield House(opened)
    opened.close()


def without_syncing(connection: Any, record: object) -> None:
    """What is tested here is judgement: no test cuts the power, so none has to wait for the disk."""
    connection.execute("PRAGMA synchronous = OFF")
