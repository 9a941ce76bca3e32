"""The beginnings that all deaths share, made once a run."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.crashes.beginnings import Beginning, on_postgres, on_sqlite
from tests.postgres import Server

Beginnings = dict[bool, Beginning]
"""By whether a request stands in the channel."""


@pytest.fixture(scope="session")
def beginnings(tmp_path_factory: pytest.TempPathFactory) -> Beginnings:
    """Beginnings on SQLite."""
    return {asked: on_sqlite(tmp_path_factory.mktemp("beginning"), asked=asked) for asked in (True, False)}


@pytest.fixture(scope="session")
def postgres_beginnings(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beginnings]:
    """Beginnings on PostgreSQL."""
    with ExitStack() as stack:
        yield {
            asked: stack.enter_context(on_postgres(postgres_server, tmp_path_factory.mktemp("beginning"), asked=asked))
            for asked in (True, False)
        }
