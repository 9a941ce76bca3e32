"""The PostgreSQL of a run, or the reason why there is none."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tests.postgres import NoPostgres, Server, _text, own_server


class Postgres:
    """Use as a context manager; without a server every database is ``None`` and ``why`` says why, for the
    table."""

    def __init__(self) -> None:
        self.why = ""
        self._stack = ExitStack()
        self._server: Server | None = None

    def __enter__(self) -> Self:
        try:
            self._server = self._stack.enter_context(own_server())
        except NoPostgres as absent:
            self.why = f"not measured: {str(absent).splitlines()[0]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def new_database(self) -> str | None:
        """The URL of an empty database that lives as long as the run does."""
        return _text(self._stack.enter_context(self._server.database())) if self._server is not None else None
