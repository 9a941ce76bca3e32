"""A migrated ledger of its own for every test, on both databases."""

from collections.abc import Iterator

import pytest

from storage.engine import Database
from storage.ledger import Ledger
from tests.storage.states import TENANT


@pytest.fixture
def database(migrated_database_url: str) -> Iterator[Database]:
    opened = Database(migrated_database_url)
    yield opened
    opened.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database, TENANT)
