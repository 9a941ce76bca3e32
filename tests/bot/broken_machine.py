"""A machine on which everything is right until something is broken."""

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

HUSH = "hush-hush"
PG = f"postgresql://bot:{HUSH}@127.0.0.1"


@dataclass
class Broken:
    """One machine for one environment; everything is right until something is broken."""

    folder: Path
    patch: pytest.MonkeyPatch
    refused: int
    """A port at which nobody listens."""
    taken: int
    """A port at which somebody does."""

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.patch.setenv(name, value)

    def unset(self, *names: str) -> None:
        for name in names:
            self.patch.delenv(name, raising=False)

    def file(self, name: str, content: bytes = b"") -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def sqlite(self, *statements: str) -> None:
        with contextlib.closing(sqlite3.connect(self.folder / "record.db")) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
