"""The beginnings that all deaths share, each made when it is first asked for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Lock

import pytest

from tests.crashes.beginnings import Begin, Beginning, on_postgres, on_sqlite
from tests.postgres import Server


class Beginnings:
    """By what has happened before; worlds on several threads may ask at once."""

    def __init__(self, make: Callable[[Begin], Beginning]) -> None:
        self._make = make
        self._made: dict[Begin, Beginning] = {}
        self._lock = Lock()

    def __getitem__(self, begin: Begin) -> Beginning:
        with self._lock:
            if begin not in self._made:
                self._made[begin] = self._make(begin)
            return self._made[begin]


@pytest.fixture(scope="session")
def beginnings(tmp_path_factory: pytest.TempPathFactory) -> Beginnings:
    """Beginnings on SQLite."""
    return Beginnings(lambda begin: on_sqlite(tmp_path_factory.mktemp("beginning"), begin=begin))


@pytest.fixture(scope="session")
def postgres_beginnings(
    postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Beginnings]:
    """Beginnings on PostgreSQL."""
    with ExitStack() as stack:
        yield Beginnings(
            lambda begin: stack.enter_context(
                on_postgres(postgres_server, tmp_path_factory.mktemp("beginning"), begin=begin)
            )
        )
