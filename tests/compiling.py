"""Compiles a statement once for all the databases that a process of the tests opens.

Every test has a database of its own, and SQLAlchemy keeps what it has compiled with the engine: compiling the
same statements anew took more than a quarter of the time of every test that acts. What a statement is
compiled to depends on the dialect and its driver alone, so the engines share it, by ``compiled_cache``, which
is what SQLAlchemy has for that (docs.sqlalchemy.org/en/21/core/connections.html, "Execution options").
"""

from functools import partial
from typing import Any

from sqlalchemy import create_engine

from storage.database import connections


class Compiled(dict[Any, Any]):
    """By dialect and driver where SQLAlchemy's key has the dialect's object, of which every engine has its
    own."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_shared(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(_shared(key), compiled)


def _shared(key: Any) -> tuple[Any, ...]:
    dialect, *rest = key
    return dialect.name, dialect.driver, *rest


def compile_once() -> None:
    """Let every engine of the product that is made from now on share what is compiled."""
    connections.create_engine = partial(create_engine, execution_options={"compiled_cache": Compiled()})
